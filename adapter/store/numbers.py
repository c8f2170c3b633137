"""The printed numbers of invoices: formats with tags, and counters that start again."""

from datetime import date

import sqlalchemy as sa

from adapter.store import tables
from adapter.store.unit_of_work import UnitOfWork

CUSTOM_NUMBER = "custom_number"
SEQUENTIAL_NUMBER = "sequential_number"


def formatted(template: str, number: int, on: date) -> str:
    """Return `template` with {NUMBER}, {YEAR}, {MONTH} and {DAY} replaced."""
    return _dated(template.replace("{NUMBER}", str(number)), on)


def _dated(template: str, on: date) -> str:
    return (
        template.replace("{YEAR}", f"{on.year:04d}")
        .replace("{MONTH}", f"{on.month:02d}")
        .replace("{DAY}", f"{on.day:02d}")
    )


def _counter(base: str, reset: str, on: date) -> str:
    """Return the counter's name for this period; a new period begins again at 1."""
    if reset == "monthly":
        return f"{base}:{on.year:04d}-{on.month:02d}"
    if reset == "annually":
        return f"{base}:{on.year:04d}"
    return base


def custom_number(uow: UnitOfWork, on: date) -> str:
    """Take the next custom invoice number, given when an invoice is issued."""
    settings = uow.settings
    counter = _counter(CUSTOM_NUMBER, settings.custom_number_reset, on)
    return formatted(settings.custom_number_format, uow.take(counter), on)


def printed_block(uow: UnitOfWork, on: date, count: int) -> tuple[int, str]:
    """Take the custom numbers of `count` invoices issued at once: the first, and their format.

    The format has {NUMBER} left to replace. Without custom numbering nothing is taken.
    """
    settings = uow.settings
    if not settings.custom_numbers or settings.proforma:
        return 0, ""
    first = uow.take(_counter(CUSTOM_NUMBER, settings.custom_number_reset, on), count)
    return first, _dated(settings.custom_number_format, on)


def sequential_number(uow: UnitOfWork, on: date) -> str:
    """Take the next sequential number, given when an invoice is paid."""
    settings = uow.settings
    counter = _counter(SEQUENTIAL_NUMBER, settings.sequential_number_reset, on)
    return formatted(settings.sequential_number_format, uow.take(counter), on)


def peek(uow: UnitOfWork, counter: str) -> int:
    """Return the value a counter will give next."""
    counters = tables.counters
    query = sa.select(counters.c.next_value).where(counters.c.name == counter)
    return int(uow.execute(query).scalar() or 1)
