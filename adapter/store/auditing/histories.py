"""Reading what was noted about records: billables, clients and client groups."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

import sqlalchemy as sa

from adapter.billing.history import Change, Timeline
from adapter.billing.model import BillableKind
from adapter.store import tables
from adapter.store.auditing.reading import tuples
from adapter.store.queue import TABLES
from adapter.store.types import JsonText, MoneyAmount, Scaled
from adapter.store.unit_of_work import UnitOfWork

CREATED = "created"
_CHANGES = tables.schedule_changes
_GROUP_NOUN = "client_group"
_ALIGNING = frozenset({"prorata_day", "prorata_next_month_day"})


def noted_changes(
    uow: UnitOfWork, kind: BillableKind, first_id: int, last_id: int
) -> Mapping[int, list[Change]]:
    """Return the noted changes of billables from one id to another, as they were made.

    The creation's `new` is a date. Fields that cannot be read back (hidden, or of no single
    value) are left out: billing does not look at them.
    """
    query = (
        sa.select(
            _CHANGES.c.billable_id,
            _CHANGES.c.recorded_at,
            _CHANGES.c.field,
            _CHANGES.c.old,
            _CHANGES.c.new,
        )
        .where(
            _CHANGES.c.kind == kind.value,
            _CHANGES.c.billable_id >= first_id,
            _CHANGES.c.billable_id <= last_id,
        )
        .order_by(_CHANGES.c.billable_id, _CHANGES.c.id)
    )
    found: dict[int, list[Change]] = defaultdict(list)
    readers = _readers(kind)
    for billable_id, recorded_at, field, old, new in tuples(uow, query):
        read = readers.get(field)
        if read is not None:
            found[billable_id].append(Change(recorded_at, field, read(old), read(new)))
    return found


@cache
def _readers(kind: BillableKind) -> Mapping[str, Callable[[str | None], Any]]:
    readers = {CREATED: _optional(date.fromisoformat)}
    for column in TABLES[kind].columns:
        if column.name != "password" and not isinstance(column.type, JsonText):
            readers[column.name] = _optional(_reader(column))
    return readers


def _reader(column: sa.Column[Any]) -> Callable[[str], Any]:
    if isinstance(column.type, Scaled):
        return Decimal
    if isinstance(column.type, sa.Boolean):
        return lambda text: text == str(True)
    if isinstance(column.type, sa.Date):
        return date.fromisoformat
    if isinstance(column.type, sa.Integer | MoneyAmount):
        return int
    return str


def _optional(read: Callable[[str], Any]) -> Callable[[str | None], Any]:
    return lambda text: None if text is None else read(text)


class Clients:
    """What clients were when they were billed: their groups, discounts and payment terms."""

    def __init__(self, uow: UnitOfWork, client_ids: Iterable[int]) -> None:
        clients = tables.clients
        ids = sorted(set(client_ids))
        query = sa.select(
            clients.c.id,
            clients.c.group_id,
            clients.c.payment_terms_days,
            clients.c.currency_id,
            clients.c.hidden,
        ).where(clients.c.id.in_(ids))
        changes = _audited(uow, "client", ids, _client_values)
        self._clients = {
            row["id"]: Timeline(row, changes.get(row["id"], ()))
            for row in uow.execute(query).mappings()
        }
        currencies = tables.currencies
        self._currencies = dict(tuples(uow, sa.select(currencies.c.id, currencies.c.code)))
        groups = tables.client_groups
        rows = uow.execute(sa.select(groups.c.id, groups.c.discount_percent)).mappings().all()
        regrouped = _audited(uow, _GROUP_NOUN, [row["id"] for row in rows], _group_values)
        self._groups = {row["id"]: Timeline(row, regrouped.get(row["id"], ())) for row in rows}

    def timeline(self, client_id: int) -> Timeline | None:
        """Return a client's states: `group_id`, `payment_terms_days` and `currency_id`.

        Their `hidden` tells whether he has been deleted since. None: there is no such client.
        """
        return self._clients.get(client_id)

    def currency(self, currency_id: int) -> str | None:
        """Return a currency's code, None for one that does not exist."""
        return self._currencies.get(currency_id)

    def group(self, group_id: int) -> Timeline | None:
        """Return a client group's states: `discount_percent`."""
        return self._groups.get(group_id)


def products_were_realigned(uow: UnitOfWork) -> bool:
    """Tell whether a product's day of the month for first periods was ever changed."""
    audit = tables.audit
    query = sa.select(audit.c.detail).where(audit.c.noun == "product", audit.c.deed == "change")
    return any(_ALIGNING & set(detail["changes"]) for (detail,) in tuples(uow, query))


def _audited(
    uow: UnitOfWork,
    noun: str,
    ids: Sequence[int],
    values: Callable[[Any], Mapping[str, tuple[Any, Any]]],
) -> Mapping[int, list[Change]]:
    audit = tables.audit
    query = (
        sa.select(audit.c.record_id, audit.c.recorded_at, audit.c.detail)
        .where(audit.c.noun == noun, audit.c.deed == "change", audit.c.record_id.in_(ids))
        .order_by(audit.c.record_id, audit.c.id)
    )
    found: dict[int, list[Change]] = defaultdict(list)
    for record_id, recorded_at, detail in tuples(uow, query):
        for field, (old, new) in values(detail).items():
            found[record_id].append(Change(recorded_at, field, old, new))
    return found


def _client_values(detail: Any) -> Mapping[str, tuple[Any, Any]]:
    return {
        name: (change["old"], change["new"])
        for name, change in detail["billing"].items()
        if name in {"group_id", "payment_terms_days", "currency_id"}
    }


def _group_values(detail: Any) -> Mapping[str, tuple[Any, Any]]:
    change = detail["changes"].get("discount_percent")
    if change is None:
        return {}
    return {"discount_percent": (Decimal(str(change["old"])), Decimal(str(change["new"])))}
