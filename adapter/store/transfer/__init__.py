"""Whole accounts in and out, as files: import from another system, and export."""

from adapter.store.transfer.describe import describe_records
from adapter.store.transfer.exporting import content_digest, export_lines, left_out
from adapter.store.transfer.first_day import FirstDay, first_day
from adapter.store.transfer.importing import ImportReport, Job, Told, import_files
from adapter.store.transfer.problems import ImportInvalid, ImportRefused, Problem, Problems
from adapter.store.transfer.records import Origin
from adapter.store.transfer.switching import (
    OWNERS,
    go_live,
    is_held,
    owned_elsewhere,
    unfinished_import,
)

__all__ = [
    "OWNERS",
    "FirstDay",
    "ImportInvalid",
    "ImportRefused",
    "ImportReport",
    "Job",
    "Origin",
    "Problem",
    "Problems",
    "Told",
    "content_digest",
    "describe_records",
    "export_lines",
    "first_day",
    "go_live",
    "import_files",
    "is_held",
    "left_out",
    "owned_elsewhere",
    "unfinished_import",
]
