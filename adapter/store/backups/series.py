"""What a store counts: the highest number of each series, the highest ids, and stepping beyond."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final

import sqlalchemy as sa

from adapter.billing.model import DocumentKind
from adapter.store import tables
from adapter.store.numbers import printed_counters, raise_counter
from adapter.store.unit_of_work import DOCUMENT_ID, ORDER_NUMBER, RUN_ID, Store, UnitOfWork

# Their ids are history's own, or the operator's: no caller has them from a reply.
_UNSEEN: Final = frozenset(
    {"audit", "credentials", "currencies", "prices", "schedule_changes", "tax_rules", "tlds"}
)
# The highest id that the database gave from a table, whether the row is there or not.
_GIVEN_IDS: Final = {
    "sqlite": "SELECT name, seq AS highest FROM sqlite_sequence",
    "postgresql": "SELECT replace(sequencename, '_id_seq', '') AS name, last_value AS highest "
    "FROM pg_sequences WHERE schemaname = current_schema()",
    "mariadb": "SELECT table_name AS name, auto_increment - 1 AS highest "
    "FROM information_schema.tables WHERE table_schema = DATABASE()",
}
_COUNTER_IDS: Final = (DOCUMENT_ID, RUN_ID, ORDER_NUMBER)
_C: Final = tables.counters.c
_D: Final = tables.documents.c


class Group(StrEnum):
    """Numbers are printed and without gaps; ids only have to be unique."""

    NUMBER = "number"
    ID = "id"


@dataclass(frozen=True, slots=True)
class Series:
    """One series and the highest value that the store gave, or has; 0 for none."""

    name: str
    group: Group
    highest: int


def all_series(uow: UnitOfWork, today: date) -> tuple[Series, ...]:
    """Return every series: documents' numbers by kind, printed numbers, ids of records."""
    given = {
        row.name: row.next_value - 1 for row in uow.execute(sa.select(_C.name, _C.next_value))
    }
    query = sa.select(_D.kind, sa.func.max(_D.number).label("highest")).group_by(_D.kind)
    used = {row.kind: row.highest or 0 for row in uow.execute(query)}
    numbers = [
        Series(kind.value, Group.NUMBER, max(given.get(kind.number_counter, 0), used.get(kind, 0)))
        for kind in DocumentKind
    ]
    printed = printed_counters(uow.settings, today, given)
    numbers += [Series(name, Group.NUMBER, given.get(name, 0)) for name in printed]
    given |= _given_ids(uow)
    having = {name: _TABLES_OF.get(name, ()) for name in _COUNTER_IDS}
    having |= {name: (table,) for name, table in record_tables()}
    ids = [
        Series(name, Group.ID, max(given.get(name, 0), _highest_id(uow, those)))
        for name, those in having.items()
    ]
    return (*numbers, *ids)


def _given_ids(uow: UnitOfWork) -> dict[str, int]:
    rows = uow.execute(sa.text(_GIVEN_IDS[uow.connection.dialect.name]))
    return {row.name: int(row.highest or 0) for row in rows}


def record_tables() -> list[tuple[str, sa.Table]]:
    """Return the tables whose rows get their ids from the database, by name."""
    return [
        (each.name, each)
        for each in tables.metadata.sorted_tables
        if "id" in each.c and each.c.id.autoincrement is True and each.name not in _UNSEEN
    ]


def last_write(uow: UnitOfWork) -> datetime | None:
    """Return when something was last written that has a time, by the account's clock."""
    moments = [
        _latest(uow, table.c[moment], table.c.id)
        for table, moment in (
            (tables.audit, "recorded_at"),
            (tables.documents, "created_at"),
            (tables.outbox, "created_at"),
            (tables.runs, "started_at"),
        )
    ]
    return max((each for each in moments if each is not None), default=None)


def step_numbers(uow: UnitOfWork, wanted: Mapping[str, int]) -> None:
    """Let every counter that is named as a series go on after its value."""
    kinds = {kind.value: kind.number_counter for kind in DocumentKind}
    records = dict(record_tables())
    for name, value in wanted.items():
        if name in records:
            if uow.is_alone:
                _step_sqlite(uow, name, value)
            continue
        raise_counter(uow, kinds.get(name, name), value + 1)


def step_server_ids(store: Store, wanted: Mapping[str, int]) -> None:
    """Let a server give ids after these values; commits by itself, and may be done again."""
    if store.is_alone:
        return
    is_postgresql = store.engine.dialect.name == "postgresql"
    names = [name for name, _ in record_tables() if name in wanted]
    with store.engine.connect() as plain:
        connection = plain.execution_options(isolation_level="AUTOCOMMIT")
        for name in names:
            value = int(wanted[name])
            if is_postgresql and value:
                sequence = sa.func.pg_get_serial_sequence(name, "id")
                connection.execute(sa.select(sa.func.setval(sequence, value)))
            elif not is_postgresql:
                connection.exec_driver_sql(f"ALTER TABLE `{name}` AUTO_INCREMENT = {value + 1}")


def _step_sqlite(uow: UnitOfWork, table: str, value: int) -> None:
    here = {"table": table, "value": value}
    done = uow.execute(
        sa.text("UPDATE sqlite_sequence SET seq = max(seq, :value) WHERE name = :table"), here
    )
    if not done.rowcount:
        uow.execute(sa.text("INSERT INTO sqlite_sequence VALUES (:table, :value)"), here)


_TABLES_OF: Final[Mapping[str, tuple[sa.Table, ...]]] = {
    DOCUMENT_ID: (tables.documents, tables.recurring_invoices),
    RUN_ID: (tables.runs,),
}


def _highest_id(uow: UnitOfWork, having: Iterable[sa.Table]) -> int:
    found = (uow.execute(sa.select(sa.func.max(each.c.id))).scalar() for each in having)
    return max((value or 0 for value in found), default=0)


def _latest(uow: UnitOfWork, moment: Any, record_id: Any) -> datetime | None:
    found: datetime | None = uow.execute(
        sa.select(moment).order_by(record_id.desc()).limit(1)
    ).scalar()
    return found
