"""A backend that is an upstream speaking one of the legacy protocols."""

from adapter.backends.forward.config import ForwardConfig, UpstreamTerms
from adapter.backends.forward.connector import ForwardConnector

__all__ = ["ForwardConfig", "ForwardConnector", "UpstreamTerms"]
