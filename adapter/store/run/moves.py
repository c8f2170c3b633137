"""Where billables stand in the queue after a run decided about them, written a kind at a time.

SQLite carries out one small statement a row faster than anything else; a server is asked once,
with the rows in a temporary table.
"""

from collections.abc import Iterable
from functools import cache
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.schema import CreateTable

from adapter.billing.drafts import Decision, QueueMove
from adapter.billing.model import BillableKind
from adapter.commands.context import Context
from adapter.store.bulk import Bulk
from adapter.store.prepared import Prepared
from adapter.store.queue import TABLES
from adapter.store.types import RowId
from adapter.store.unit_of_work import Conflict, UnitOfWork

_PROMOTED: Final = (BillableKind.SERVICE, BillableKind.DOMAIN)
_FEW: Final = 10

_MOVES: Final = sa.Table(
    "run_moves",
    sa.MetaData(),
    sa.Column("billable_id", RowId, primary_key=True, autoincrement=False),
    sa.Column("queue_on", sa.Date),
    sa.Column("issued", sa.Integer, nullable=False),
    sa.Column("due_on", sa.Date),
    sa.Column("occurrence", sa.Integer),
    sa.Column("ended", sa.Boolean, nullable=False),
    sa.Column("promotion_uses", sa.Integer, nullable=False),
    sa.Column("fence", sa.Integer, nullable=False),
    prefixes=["TEMPORARY"],
    postgresql_on_commit="DELETE ROWS",
)
_MAKE: Final = CreateTable(_MOVES, if_not_exists=True)
_ROWS: Final = Bulk(_MOVES, tuple(_MOVES.c.keys()))


def move_queue(uow: UnitOfWork, context: Context, decisions: Iterable[Decision]) -> None:
    """Move every billable that was decided about on, or out of the queue.

    Raises `Conflict` where one has another fence than the one it was decided under: its row is
    ours until the commit only from here on. Alone, nobody can have raised it.
    """
    by_kind: dict[BillableKind, list[QueueMove]] = {}
    for decision in decisions:
        for move in decision.moves:
            by_kind.setdefault(move.kind, []).append(move)
    for kind, moves in by_kind.items():
        table, today = TABLES[kind], {"today": context.today}
        rows = [
            [
                move.billable_id,
                move.next_invoice_on,
                move.issued,
                move.next_due_on,
                move.occurrence,
                move.ended,
                move.promotion_uses,
                move.fence,
            ]
            for move in moves
        ]
        if uow.is_alone or len(rows) <= _FEW:
            named = (*_NAMES, "today")
            today_too = (dict(zip(named, (*row, context.today), strict=True)) for row in rows)
            single = _single(kind)
            if uow.is_alone:
                single.many(uow.connection, today_too)
                continue
            moved = sum(single.changed(uow.connection, each) for each in today_too)
        else:
            uow.execute(_MAKE)
            uow.execute(sa.delete(_MOVES))
            _ROWS.insert(uow.connection, rows)
            joined = _update(kind, dict(_MOVES.c))
            joined = joined.where(table.c.id == _MOVES.c.billable_id)
            moved = uow.execute(joined, today).rowcount
        if moved != len(rows):
            raise Conflict


_NAMES: Final = tuple(f"move_{column.name}" for column in _MOVES.c)
_BINDS: Final = {
    column.name: sa.bindparam(f"move_{column.name}", type_=column.type) for column in _MOVES.c
}


@cache
def _single(kind: BillableKind) -> Prepared:
    """Return the move of one billable, compiled once."""
    of_one = TABLES[kind].c.id == _BINDS["billable_id"]
    return Prepared(_update(kind, _BINDS).where(of_one))


def _update(kind: BillableKind, moved: Any) -> sa.Update:
    table = TABLES[kind]
    today = sa.bindparam("today", type_=sa.Date)
    values: dict[str, Any] = {
        "next_invoice_on": moved["queue_on"],
        "generation_count": table.c.generation_count + moved["issued"],
        "last_issued_on": sa.case((moved["issued"] > 0, today), else_=table.c.last_issued_on),
    }
    if kind is BillableKind.BILLABLE_ITEM:
        values["next_due_on"] = moved["due_on"]
    elif kind is BillableKind.RECURRING_INVOICE:
        values["occurrence"] = moved["occurrence"]
        values["ended"] = moved["ended"]
        values["next_due_on"] = moved["queue_on"]
    if kind in _PROMOTED:
        values["promotion_uses"] = table.c.promotion_uses + moved["promotion_uses"]
    return sa.update(table).where(table.c.fence == moved["fence"]).values(**values)
