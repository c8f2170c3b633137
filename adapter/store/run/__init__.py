"""The invoice run on the store: what is due, read; what was decided, written; in pages."""

from adapter.store.run.by_hand import issue_held
from adapter.store.run.driver import DAILY, Progress, generate_due, last_daily_run, run
from adapter.store.run.page import bill_first
from adapter.store.run.preview import Preview, PreviewDocument, preview
from adapter.store.run.rows import recurring_line

__all__ = [
    "DAILY",
    "Preview",
    "PreviewDocument",
    "Progress",
    "bill_first",
    "generate_due",
    "issue_held",
    "last_daily_run",
    "preview",
    "recurring_line",
    "run",
]
