"""The WSGI application for any server; settings come from `adapter.toml` and the environment."""

from adapter.web.app import app_from_environment

application = app_from_environment()
