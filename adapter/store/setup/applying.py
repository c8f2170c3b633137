"""Writing a planned catalogue, and the report of what that changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from adapter.commands.context import Context
from adapter.store import tables
from adapter.store.numbers import raise_counter
from adapter.store.queue import requeue_all
from adapter.store.setup.defaults import insert_with_id
from adapter.store.setup.planning import Planned, id_of, plan_rows
from adapter.store.setup.reading import NEXT, SETTINGS, Mistakes, read_catalogue
from adapter.store.setup.settings import change_settings
from adapter.store.unit_of_work import UnitOfWork

_PRICES = tables.prices.c


@dataclass(frozen=True, slots=True)
class SetupChange:
    """One record that was written: `deed` is `created` or `changed`, `keys` names what of it."""

    section: str
    label: str
    deed: str
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SetupReport:
    """What applying a catalogue did; no `changes` means that the store was like it already."""

    changes: tuple[SetupChange, ...]
    unchanged: int


def apply_catalogue(
    uow: UnitOfWork, context: Context, catalogue: Mapping[str, Any]
) -> SetupReport:
    """Bring the store to what the catalogue says; what it does not name stays as it is.

    Raises `InvalidCatalogue`, naming every key at fault, before anything is written. Applying it
    again changes nothing. Format: docs/catalogue.md.
    """
    mistakes = Mistakes()
    wanted = read_catalogue(catalogue, mistakes)
    uow.lock_settings()
    rows = plan_rows(uow, wanted, mistakes)
    mistakes.check()
    changes = [change for row in rows if (change := _write(uow, context, row)) is not None]
    if any("cycles_limit" in row.values and row.stored is not None for row in rows):
        requeue_all(uow)
    changes += [
        SetupChange(SETTINGS, name, "changed")
        for name in change_settings(uow, context, wanted.settings)
    ]
    changes += [
        SetupChange(NEXT, name, "changed")
        for name, value in wanted.next_values.items()
        if _raise_counter(uow, context, name, value)
    ]
    stated = len(rows) + len(wanted.settings) + len(wanted.next_values)
    return SetupReport(tuple(changes), stated - len(changes))


def _write(uow: UnitOfWork, context: Context, row: Planned) -> SetupChange | None:
    values = {column: id_of(value) for column, value in row.values.items()}
    changed = _changes(row, values)
    if row.stored is None:
        row.row_id = _insert(uow, row, values)
    elif values:
        table = row.section.table
        at = table.c[row.section.id_column] == row.row_id
        uow.execute(sa.update(table).where(at).values(**values))
    names = {kind: name for name, kind in row.section.price_lists.items()}
    for kind, lists in row.prices.items():
        for currency, terms in lists.items():
            if _write_prices(uow, (kind, id_of(row.row_id), id_of(currency)), terms):
                changed.setdefault(names[kind], "changed")
    if row.stored is not None and not changed:
        return None
    deed = "create" if row.stored is None else "change"
    record_id = row.row_id if isinstance(row.row_id, int) else 0
    label = _label(row)
    uow.audit(context, deed, row.section.noun, record_id, {"label": label, "changes": changed})
    return SetupChange(row.section.name, label, f"{deed}d", tuple(sorted(changed)))


def _changes(row: Planned, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return old and new value of each changed key; of a new row nothing but its label counts."""
    if row.stored is None:
        return {}
    names = {key.column: key.name for key in row.section.keys}
    return {
        names[column]: {"old": row.stored[column], "new": value}
        for column, value in values.items()
    }


def _insert(uow: UnitOfWork, row: Planned, values: dict[str, Any]) -> int | str:
    section = row.section
    if not section.has_id:
        uow.execute(sa.insert(section.table).values(**values))
        return str(values[section.id_column])
    if row.row_id is None:
        # Servers count on in transactions that are rolled back: a file that was tried first would
        # get other ids. Nobody else is writing: the settings are locked.
        highest = uow.execute(sa.select(sa.func.max(section.table.c.id))).scalar() or 0
        return insert_with_id(uow, section.table, int(highest) + 1, **values)
    return insert_with_id(uow, section.table, int(row.row_id), **values)


def _label(row: Planned) -> str:
    parts = [row.final(column) for column in row.section.natural if column != "group_id"]
    return " ".join(str(part) for part in parts if part != "")


def _write_prices(
    uow: UnitOfWork, item: tuple[str, int, int], terms: Mapping[str, tuple[int, int]]
) -> bool:
    """Make one price list what it shall be, whole; return whether that changed anything."""
    kind, item_id, currency_id = item
    listed = sa.and_(
        _PRICES.item_kind == kind,
        _PRICES.item_id == item_id,
        _PRICES.currency_id == currency_id,
    )
    stored = {
        row.term: (row.price, row.setup_fee)
        for row in uow.execute(sa.select(tables.prices).where(listed))
    }
    new = [
        {"term": term, "price": price, "setup_fee": fee}
        for term, (price, fee) in terms.items()
        if term not in stored
    ]
    if new:
        owner = {"item_kind": kind, "item_id": item_id, "currency_id": currency_id}
        uow.execute(sa.insert(tables.prices), [owner | price for price in new])
    changed = {
        term: cell for term, cell in terms.items() if term in stored and stored[term] != cell
    }
    for term, (price, fee) in changed.items():
        at = sa.update(tables.prices).where(listed, _PRICES.term == term)
        uow.execute(at.values(price=price, setup_fee=fee))
    # A price below zero says "not offered", as no price does.
    gone = [term for term, (price, _) in stored.items() if term not in terms and price >= 0]
    if gone:
        uow.execute(sa.delete(tables.prices).where(listed, _PRICES.term.in_(gone)))
    return bool(new or changed or gone)


def _raise_counter(uow: UnitOfWork, context: Context, name: str, value: int) -> bool:
    """Let a counter go on from `value`; one that is there already or beyond stays."""
    before = raise_counter(uow, name, value)
    if before is None:
        return False
    uow.audit(context, "change", "counter", 0, {"name": name, "old": before, "new": value})
    return True
