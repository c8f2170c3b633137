"""Alembic's entry point; everything is in `adapter.store.migrate`."""

from alembic import context

from adapter.store.migrate import run_migrations

run_migrations(context)
