"""The invoice run on the store: what is due, read; what was decided, written; in pages."""

from adapter.store.run.driver import DAILY, Progress, generate_due, last_daily_run, run
from adapter.store.run.load import recurring_line
from adapter.store.run.page import bill_first

__all__ = [
    "DAILY",
    "Progress",
    "bill_first",
    "generate_due",
    "last_daily_run",
    "recurring_line",
    "run",
]
