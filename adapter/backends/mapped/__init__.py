"""Backends as data: a file says how each command is carried out.

Described in docs/mapped-backends.md.
"""

from adapter.backends.mapped.connector import MappedConfig, MappedConnector
from adapter.backends.mapped.ids import IdBook
from adapter.backends.mapped.load import load_mapping, shipped_mappings
from adapter.backends.mapped.model import Mapped

__all__ = [
    "IdBook",
    "Mapped",
    "MappedConfig",
    "MappedConnector",
    "load_mapping",
    "shipped_mappings",
]
