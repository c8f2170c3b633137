"""What handlers look up alike: a client, his currency, names of payment methods, list windows."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

import sqlalchemy as sa

from adapter.commands.context import Context
from adapter.commands.model import Page
from adapter.commands.results import Listing
from adapter.errors import ClientNotFound
from adapter.store import tables
from adapter.store.balances import CHUNK
from adapter.store.prepared import Prepared
from adapter.store.unit_of_work import UnitOfWork

_C = tables.currencies.c
_ROW = sa.select(_C.id, _C.code, _C.prefix, _C.suffix)
_CURRENCIES = Prepared(_ROW.order_by(_C.id))
_CURRENCIES_BY_CODE = "currencies by code"
_CURRENCY_OF = Prepared(
    _ROW.join(tables.clients, tables.clients.c.currency_id == _C.id).where(
        tables.clients.c.id == sa.bindparam("client_id"), sa.not_(tables.clients.c.hidden)
    )
)


@dataclass(frozen=True, slots=True)
class CurrencyRow:
    """A currency as stored."""

    currency_id: int
    code: str
    prefix: str
    suffix: str


def require_client(uow: UnitOfWork, client_id: int) -> sa.RowMapping:
    """Return a client's row; raises `ClientNotFound`."""
    row = uow.row(tables.clients, client_id)
    if row is None or row["hidden"]:
        raise ClientNotFound(client_id)
    return row


def currency_of(uow: UnitOfWork, client_id: int) -> CurrencyRow:
    """Return the one currency of a client; raises `ClientNotFound`."""
    row = None
    if 0 < client_id < 2**63:
        row = _CURRENCY_OF.one(uow.connection, {"client_id": client_id})
    if row is None:
        raise ClientNotFound(client_id)
    return CurrencyRow(*row)


def currencies_by_code(uow: UnitOfWork) -> Mapping[str, CurrencyRow]:
    """Return the account's currencies by code, in id order; read once in a transaction."""
    known: Mapping[str, CurrencyRow] | None = uow.memo.get(_CURRENCIES_BY_CODE)
    if known is None:
        found = (CurrencyRow(*row) for row in _CURRENCIES.all(uow.connection, {}))
        known = uow.memo[_CURRENCIES_BY_CODE] = {currency.code: currency for currency in found}
    return known


def method_names(uow: UnitOfWork) -> Mapping[str, str]:
    """Return every payment method's label by its system name."""
    methods = tables.payment_methods
    rows = uow.execute(sa.select(methods.c.module, methods.c.display_name))
    return {row.module: row.display_name for row in rows}


def active_methods(uow: UnitOfWork) -> tuple[str, ...]:
    """Return the system names of the active payment methods, in their order."""
    methods = tables.payment_methods
    query = (
        sa.select(methods.c.module)
        .where(methods.c.active == sa.true())
        .order_by(methods.c.position, methods.c.module)
    )
    return tuple(uow.execute(query).scalars())


def window(
    uow: UnitOfWork, query: sa.Select[Any], page: Page | None
) -> tuple[Listing, list[sa.RowMapping]]:
    """Return how many rows an ordered query has in all, and those of one page (None: all)."""
    if page is None:
        rows = list(uow.execute(query).mappings())
        return Listing(len(rows), 0), rows
    counted = query.order_by(None).with_only_columns(sa.func.count(), maintain_column_froms=True)
    total = int(uow.execute(counted).scalar() or 0)
    shown = query.offset(page.offset).limit(page.limit)
    return Listing(total, page.offset), list(uow.execute(shown).mappings())


def joined_window(
    uow: UnitOfWork, chosen: sa.Select[tuple[int]], shown: sa.Select[Any], page: Page | None
) -> tuple[Listing, list[sa.RowMapping]]:
    """Return how many ids an ordered query of one table has, and a page of them (None: all).

    `shown` selects those rows by `id` with what is joined to them. Engines that are told both at
    once join, or sort, every row before they cut a page of them.
    """
    listing, found = window(uow, chosen, page)
    key = chosen.selected_columns[0]
    ids = [row["id"] for row in found]
    rows: dict[int, sa.RowMapping] = {}
    for start in range(0, len(ids), CHUNK):
        some = shown.where(key.in_(ids[start : start + CHUNK]))
        rows |= {row["id"]: row for row in uow.execute(some).mappings()}
    return listing, [rows[each] for each in ids if each in rows]


def booked_at(paid_on: date | None, context: Context) -> datetime:
    """Return when money came: now, or the beginning of the day named."""
    if paid_on is None or paid_on == context.today:
        return context.now
    return datetime.combine(paid_on, time(), context.caller.account.zone).astimezone(UTC)


def chunks(ids: Sequence[int]) -> Iterable[Sequence[int]]:
    """Yield the ids that a row can have, in parts that one statement takes."""
    known = [record_id for record_id in ids if 0 < record_id < 2**63]
    for start in range(0, len(known), CHUNK):
        yield known[start : start + CHUNK]
