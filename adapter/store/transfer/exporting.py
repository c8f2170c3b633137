"""The store's records as an export file says them, page by page."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final

import sqlalchemy as sa

from adapter.billing.model import DocumentKind
from adapter.billing.settings import default_text
from adapter.store import tables
from adapter.store.setup import export_catalogue
from adapter.store.setup.reading import COUNTERS, NEXT, SETTINGS
from adapter.store.transfer.kinds import ENTRIES, EXPECTED, EXPORT, KINDS, LINES, Kind
from adapter.store.transfer.reading import VERSION
from adapter.store.transfer.records import Origin, Said, say
from adapter.store.unit_of_work import UnitOfWork

PAGE: Final = 500
_SERIES: Final = frozenset(COUNTERS)
_E: Final = tables.expected_invoices.c
# Null says that nothing would be invoiced; the others are left out then.
_FIRST_EXPECTED: Final = next(iter(EXPECTED))
# What a file has no records for; an export says how many are left out.
_LEFT_OUT: Final[Mapping[str, sa.Table]] = {
    "quotes": tables.quotes,
    "orders": tables.orders,
    "cancellation requests": tables.cancellation_requests,
    "upgrades": tables.upgrades,
    "stored ways to pay": tables.pay_methods,
    "statements": tables.statements,
    "activity log entries": tables.activity_log,
    "mails": tables.outbox,
}


def export_records(uow: UnitOfWork) -> Iterator[Said]:
    """Yield every record of the store, in the order in which they are imported."""
    catalogue = plain(export_catalogue(uow))
    entries = {name: catalogue.pop(section, []) for name, section in ENTRIES.items()}
    catalogue.pop(NEXT, None)
    # One that was set to its default is as good as one that was never set.
    settings = {
        name: value
        for name, value in catalogue.pop(SETTINGS, {}).items()
        if value != default_text(name)
    }
    catalogue |= {SETTINGS: settings} if settings else {}
    if catalogue:
        yield {"kind": "catalogue", "catalogue": catalogue}
    for name, each in entries.items():
        for entry in each:
            yield {"kind": name, **entry_said(KINDS[name], entry)}
    for kind in KINDS.values():
        if kind.name in {"catalogue", *ENTRIES}:
            continue
        if kind.name == "number":
            yield from _numbers(uow)
            continue
        last: tuple[Any, ...] | None = None
        while rows := _page(uow, kind, last):
            for row in said_rows(uow, kind, rows):
                yield {"kind": kind.name, **row}
            last = tuple(rows[-1][name] for name in kind.key)


def export_lines(uow: UnitOfWork, origin: Origin, account: str) -> Iterator[str]:
    """Yield the lines of an export file, the header first."""
    header = {
        "kind": EXPORT,
        "version": VERSION,
        "exported_at": origin.exported_at.isoformat().replace("+00:00", "Z"),
        "account": account,
    }
    yield json.dumps(header, ensure_ascii=False)
    for record in export_records(uow):
        yield json.dumps(record, ensure_ascii=False)


def content_digest(uow: UnitOfWork) -> str:
    """Return the digest of everything an export of this store says, but for its time."""
    digest = hashlib.sha256()
    for record in export_records(uow):
        digest.update(json.dumps(record, sort_keys=True).encode())
    return digest.hexdigest()


def left_out(uow: UnitOfWork) -> dict[str, int]:
    """Return how many records there are that no file has a kind for, by what they are."""
    found = {}
    for name, table in _LEFT_OUT.items():
        count = int(uow.execute(sa.select(sa.func.count()).select_from(table)).scalar() or 0)
        if count:
            found[name] = count
    return found


def stored_said(uow: UnitOfWork, kind: Kind, ids: Sequence[int]) -> dict[str, Said]:
    """Return those of the records with these ids that the store has, by key.

    Only for kinds whose key is an id.
    """
    query = sa.select(kind.table).where(kind.table.c.id.in_(ids))
    rows = uow.execute(query).mappings().all()
    said = said_rows(uow, kind, rows)
    return {str(row["id"]): each for row, each in zip(rows, said, strict=True)}


def stored_expected(uow: UnitOfWork, kind: Kind, ids: Sequence[int]) -> dict[str, Said]:
    """Return what an import said that the other system would invoice next of these, by key."""
    assert kind.billable is not None  # noqa: S101 - nothing else is billed
    query = sa.select(tables.expected_invoices).where(
        _E.kind == kind.billable.value, _E.billable_id.in_(ids)
    )
    found = {}
    for row in uow.execute(query).mappings():
        values = {name: row[column] for name, column in EXPECTED.items()}
        optional = {name: each for name, each in values.items() if each is not None}
        found[str(row["billable_id"])] = say(kind, {_FIRST_EXPECTED: None} | optional)
    return found


def stored_periods(
    uow: UnitOfWork, kind: Kind, periods: Sequence[tuple[str, int, date]]
) -> dict[str, Said]:
    """Return those of the claims or held dates of these periods that the store has, by key."""
    columns = [kind.table.c[name] for name in kind.key]
    ids = sorted({period[1] for period in periods})
    wanted = set(periods)
    rows = [
        row
        for row in uow.execute(sa.select(kind.table).where(columns[1].in_(ids))).mappings()
        if (row["kind"], row["billable_id"], row["due_on"]) in wanted
    ]
    return {
        kind.key_of(dict(row)): each
        for row, each in zip(rows, said_rows(uow, kind, rows), strict=True)
    }


def said_rows(uow: UnitOfWork, kind: Kind, rows: Sequence[Mapping[Any, Any]]) -> Iterator[Said]:
    """Yield rows of a kind's table as a file says them."""
    lines = {} if kind.lines is None else _lines(uow, kind, [row["id"] for row in rows])
    currencies = _currencies(uow) if kind.name == "client" else {}
    for row in rows:
        values = dict(row)
        if kind.name == "client":
            values["currency"] = currencies[row["currency_id"]]
        if kind.lines is not None:
            values[LINES] = lines.get(row["id"], [])
        yield say(kind, values)


def _page(uow: UnitOfWork, kind: Kind, last: tuple[Any, ...] | None) -> Sequence[sa.RowMapping]:
    columns = [kind.table.c[name] for name in kind.key]
    query = sa.select(kind.table).order_by(*columns).limit(PAGE)
    if kind.name == "invoice":
        query = query.where(kind.table.c.kind != DocumentKind.QUOTE.value)
    if last is not None:
        values = [
            sa.literal(value, column.type) for value, column in zip(last, columns, strict=True)
        ]
        query = query.where(sa.tuple_(*columns) > sa.tuple_(*values))
    return uow.execute(query).mappings().all()


def _lines(uow: UnitOfWork, kind: Kind, ids: Sequence[int]) -> dict[int, list[Any]]:
    table = kind.lines
    found: dict[int, list[Any]] = {}
    if table is None or not ids:
        return found
    owner = table.c[kind.lines_key]
    query = sa.select(table).where(owner.in_(ids)).order_by(owner, table.c.position, table.c.id)
    for row in uow.execute(query).mappings():
        found.setdefault(row[kind.lines_key], []).append(row)
    return found


def _currencies(uow: UnitOfWork) -> dict[int, str]:
    table = tables.currencies.c
    return {row.id: row.code for row in uow.execute(sa.select(table.id, table.code))}


def _numbers(uow: UnitOfWork) -> Iterator[Said]:
    counters = tables.counters.c
    query = sa.select(counters.name, counters.next_value).order_by(counters.name)
    for row in uow.execute(query):
        if row.name.partition(":")[0] in _SERIES and row.next_value > 1:
            yield {"kind": "number", "series": row.name, "next": row.next_value}


def entry_said(kind: Kind, entry: Mapping[str, Any]) -> Said:
    """Return an entry of the catalogue as a record says it."""
    return {
        name: entry[name]
        for name in kind.schema.fields
        if name in entry and kind.defaults.get(name, entry) != entry[name]
    }


def plain(value: Any) -> Any:
    """Return a catalogue's data as JSON has it: dates as text."""
    if isinstance(value, Mapping):
        return {name: plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [plain(each) for each in value]
    return value.isoformat() if isinstance(value, date) else value
