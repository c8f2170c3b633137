"""The printed numbers of invoices: formats with tags, and counters that start again."""

from collections.abc import Collection
from datetime import date

import sqlalchemy as sa

from adapter.billing.model import DocumentKind
from adapter.billing.settings import BusinessSettings
from adapter.store import tables
from adapter.store.unit_of_work import UnitOfWork

CUSTOM_NUMBER = "custom_number"
SEQUENTIAL_NUMBER = "sequential_number"
# Beside the counter of a kind of document: how many of its numbers no document got here.
_PASSED_OVER = "passed_over:"


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


def printed_counters(settings: BusinessSettings, on: date, known: Collection[str]) -> list[str]:
    """Return the counters of printed numbers that go on at this day, those in use or `known`."""
    counters = (
        (_counter(CUSTOM_NUMBER, settings.custom_number_reset, on), settings.custom_numbers),
        (
            _counter(SEQUENTIAL_NUMBER, settings.sequential_number_reset, on),
            settings.sequential_numbers,
        ),
    )
    return [name for name, in_use in counters if in_use or name in known]


def alike_warning(settings: BusinessSettings) -> str | None:
    """Return what to say where the two series of invoice numbers would print the same texts.

    Source: docs/integrating.md, "printed numbers".
    """
    other = f"{settings.number_prefix}{{NUMBER}}{settings.number_suffix}"
    if not settings.custom_numbers or settings.custom_number_format != other:
        return None
    return (
        f"invoices of both APIs print {other}, each API by a counter of its own: one number may "
        "stand on two invoices; give TaxCustomInvoiceNumberFormat or InvoicePrefix a form of its "
        "own, or use one API only"
    )


def peek(uow: UnitOfWork, counter: str) -> int:
    """Return the value a counter will give next."""
    counters = tables.counters
    query = sa.select(counters.c.next_value).where(counters.c.name == counter)
    return int(uow.execute(query).scalar() or 1)


def raise_counter(uow: UnitOfWork, name: str, value: int) -> int | None:
    """Let a counter give `value` next; one that is there already or beyond stays.

    Returns what it would have given, None where nothing was changed. Nobody may be taking values
    of a counter that is not there yet. Of a kind of document the numbers that are passed over are
    counted, so that `issued_documents` goes on with documents only.
    """
    counters = tables.counters
    at = counters.c.name == name
    present = uow.execute(sa.select(counters.c.next_value).where(at).with_for_update()).scalar()
    before = present or 1
    if present is None:
        uow.execute(sa.insert(counters).values(name=name, next_value=max(value, 1)))
    if value <= before:
        return None
    uow.execute(sa.update(counters).where(at).values(next_value=value))
    if any(name == kind.number_counter for kind in DocumentKind):
        _pass_over(uow, name, value - before)
    return before


def _pass_over(uow: UnitOfWork, counter: str, count: int) -> None:
    counters = tables.counters
    name = _PASSED_OVER + counter
    more = counters.c.next_value + sa.literal(count, sa.BigInteger)
    done = uow.execute(sa.update(counters).where(counters.c.name == name).values(next_value=more))
    if not done.rowcount:
        uow.execute(sa.insert(counters).values(name=name, next_value=count))


def issued_documents(uow: UnitOfWork) -> dict[DocumentKind, int]:
    """Return how many documents of each kind were given a number here, whatever became of them.

    Numbers have no gaps but those that were passed over: nothing is counted one by one.
    """
    query = sa.select(tables.counters.c.name, tables.counters.c.next_value)
    values = {row.name: row.next_value for row in uow.execute(query)}
    return {
        kind: values.get(kind.number_counter, 1)
        - 1
        - values.get(_PASSED_OVER + kind.number_counter, 0)
        for kind in DocumentKind
    }
