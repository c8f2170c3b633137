"""Contexts for calls that are made outside a test function: in processes, threads, machines."""

import time
from datetime import UTC, date, datetime
from datetime import time as day_time
from zoneinfo import ZoneInfo

from adapter.commands.access import Account, Caller, Mode
from adapter.commands.context import Context

ACCOUNT = Account("main", Mode.SANDBOX, ZoneInfo("Africa/Johannesburg"), "1")


def context_on(today: date, request_id: str = "request", *, dry_run: bool = False) -> Context:
    """Return the context of a call that begins now, on an account that lives on `today`."""
    began = time.monotonic()
    return Context(
        caller=Caller(ACCOUNT, "tests", "127.0.0.1"),
        today=today,
        now=datetime.combine(today, day_time(8), UTC),
        request_id=request_id,
        reference=request_id,
        elapsed=lambda: time.monotonic() - began,
        dry_run=dry_run,
    )
