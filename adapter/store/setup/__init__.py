"""Filling a store: what an empty one needs, and the operator's catalogue file."""

from adapter.store.setup.applying import SetupChange, SetupReport, apply_catalogue
from adapter.store.setup.defaults import ensure_defaults
from adapter.store.setup.exporting import catalogue_text, export_catalogue
from adapter.store.setup.reading import parse_catalogue

__all__ = [
    "SetupChange",
    "SetupReport",
    "apply_catalogue",
    "catalogue_text",
    "ensure_defaults",
    "export_catalogue",
    "parse_catalogue",
]
