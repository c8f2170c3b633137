"""Which clients of a page a caller may bill now: whole clients, held until the page is committed.

On SQLite a writer is alone and holds every client. On a server two callers never hold the same
one: what another one holds is left to it, and looked at again before anyone answers success.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from adapter.store import servers, tables
from adapter.store.prepared import Prepared
from adapter.store.unit_of_work import UnitOfWork

_ID = tables.clients.c.id
_DENSE = 4
_HOLD_ONE = "SELECT id FROM clients WHERE id = :client_id FOR UPDATE"

# A list as one parameter: PostgreSQL need not read thousands of numbers as text for every page.
_AMONG = sa.select(_ID).where(sa.any_(sa.bindparam("ids", type_=sa.ARRAY(sa.BigInteger))) == _ID)
_LOCK = Prepared(_AMONG.order_by(_ID).with_for_update())
_LOCK_FREE = Prepared(_AMONG.order_by(_ID).with_for_update(skip_locked=True))


@dataclass(frozen=True, slots=True)
class Held:
    """A page's clients: those to bill now, and those that another caller holds."""

    mine: tuple[int, ...]
    elsewhere: tuple[int, ...] = ()


def hold(uow: UnitOfWork, client_ids: Sequence[int], *, wait: bool = False) -> Held:
    """Hold as many of these clients (ascending) as nobody else does; with `wait` all of them.

    An id without a client is counted as held: what hangs on it can only be parked.
    """
    if uow.is_alone:
        return Held(tuple(client_ids))
    lock = _LOCK if wait else _LOCK_FREE
    if uow.connection.dialect.name == "postgresql":
        held = {row[0] for row in lock.all(uow.connection, {"ids": list(client_ids)})}
    else:
        query = _listed(client_ids).order_by(_ID).with_for_update(skip_locked=not wait)
        held = set(uow.execute(query).scalars())
    missing = [client_id for client_id in client_ids if client_id not in held]
    if not missing:
        return Held(tuple(client_ids))
    present = set(uow.execute(_listed(missing)).scalars())
    return Held(
        tuple(client_id for client_id in client_ids if client_id not in present),
        tuple(client_id for client_id in missing if client_id in present),
    )


def wait_for(uow: UnitOfWork, client_id: int, seconds: float) -> None:
    """Hold one client as soon as whoever has it is done; `StoreUnavailable` after `seconds`."""
    if uow.is_alone:
        return
    servers.limit_wait(uow.connection, seconds)
    statement = sa.text(servers.with_wait(uow.connection, _HOLD_ONE, seconds))
    uow.execute(statement, {"client_id": client_id})


def among(uow: UnitOfWork, column: Any, client_ids: Sequence[int]) -> Any:
    """Return the condition that a row belongs to one of these clients (ascending).

    SQLite reads a dense range, its quickest way, and leaves out later what lies between; a sparse
    one would cost what exists instead of what is due. On a server rows may appear between the ids
    while they are read, so they are named unless no id lies between.
    """
    if is_dense(uow, client_ids):
        return sa.and_(column >= client_ids[0], column <= client_ids[-1])
    return column.in_(_names(client_ids))


def is_dense(uow: UnitOfWork, client_ids: Sequence[int]) -> bool:
    """Tell whether a page (ascending) may be read as all clients between its first and last."""
    width = client_ids[-1] - client_ids[0] + 1
    # Beside others what lies between may be on a page of theirs.
    return width <= (_DENSE if uow.is_alone else 1) * len(client_ids)


def _listed(client_ids: Sequence[int]) -> sa.Select[tuple[int]]:
    return sa.select(_ID).where(_ID.in_(_names(client_ids)))


def _names(client_ids: Sequence[int]) -> sa.BindParameter[Any]:
    return sa.bindparam(None, list(client_ids), expanding=True, literal_execute=True)
