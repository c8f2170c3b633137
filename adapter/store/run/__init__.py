"""The invoice run on the store: what is due, read; what was decided, written; in pages."""

from adapter.store.run.by_hand import issue_held
from adapter.store.run.committing import Progress
from adapter.store.run.driver import generate_due, run
from adapter.store.run.page import bill_first
from adapter.store.run.preview import Preview, PreviewDocument, next_documents, preview
from adapter.store.run.record import BY_HAND, DAILY, last_complete_run, last_daily_run
from adapter.store.run.rows import LINE_COLUMNS, recurring_line
from adapter.store.run.single import write_invoice

__all__ = [
    "BY_HAND",
    "DAILY",
    "LINE_COLUMNS",
    "Preview",
    "PreviewDocument",
    "Progress",
    "bill_first",
    "generate_due",
    "issue_held",
    "last_complete_run",
    "last_daily_run",
    "next_documents",
    "preview",
    "recurring_line",
    "run",
    "write_invoice",
]
