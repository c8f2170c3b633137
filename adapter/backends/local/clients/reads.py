"""Showing, finding and listing clients."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa

from adapter.backends.local.clients import rules
from adapter.backends.local.clients.figures import client_stats
from adapter.backends.local.lookups import joined_window
from adapter.billing.model import ClientStatus
from adapter.billing.money import Money, Sum
from adapter.commands.context import Context
from adapter.commands.model import FindClient, GetClient, ListClients
from adapter.commands.results import (
    ClientFound,
    ClientRecord,
    ClientShown,
    ClientsListed,
)
from adapter.errors import ClientNotFound
from adapter.store import tables
from adapter.store.balances import balances
from adapter.store.unit_of_work import UnitOfWork

_C = tables.clients.c
_CURRENCY = tables.currencies.c

_SELECT = sa.select(
    tables.clients,
    _CURRENCY.code.label("currency_code"),
    _CURRENCY.prefix.label("currency_prefix"),
    _CURRENCY.suffix.label("currency_suffix"),
).join_from(tables.clients, tables.currencies, _C.currency_id == _CURRENCY.id)
_IS_SHOWN = sa.not_(_C.hidden)

# Text sorts without regard to case, so that every engine gives the same order of plain names.
_ORDER: Final[Mapping[str, sa.ColumnElement[Any]]] = {
    "client_id": _C.id,
    "first_name": sa.func.lower(_C.first_name),
    "last_name": sa.func.lower(_C.last_name),
    "company_name": sa.func.lower(_C.company_name),
    "email": _C.email_key,
    "group_id": _C.group_id,
    "created_on": _C.created_on,
    "status": _C.status,
}
_SAME = (
    "uuid",
    "invoice_name",
    *rules.DETAILS,
    "email",
    "payment_terms_days",
    "currency_id",
    "currency_code",
    "group_id",
    "ip_address",
    "payment_method",
    "tax_exempt",
    "separate_invoices",
    "no_late_fee",
    "no_overdue_notices",
    "no_auto_charge",
    "no_auto_close",
    "marketing_emails",
    "send_documents",
    "email_preferences",
    "created_at",
    "created_on",
)
_RECORD_FIELDS = tuple(name for name in _SAME if not name.startswith("physical_address"))


def get_client(uow: UnitOfWork, command: GetClient, context: Context) -> ClientShown:
    """Show one client, with figures where asked for."""
    client_id = command.client_id
    if client_id is None and command.email is not None:
        client_id = rules.id_by_email(uow, command.email)
    if client_id is None or not 0 < client_id < 2**63:
        raise ClientNotFound(client_id)
    row = uow.execute(_SELECT.where(_C.id == client_id, _IS_SHOWN)).mappings().first()
    if row is None:
        raise ClientNotFound(client_id)
    (client,) = _records(uow, [row])
    stats = client_stats(uow, row, context.today) if command.with_stats else None
    return ClientShown(client, stats)


def find_client(uow: UnitOfWork, command: FindClient, _context: Context) -> ClientFound:
    """Find a client by name on documents and e-mail; a branch counts only where it is given."""
    found = rules.id_by_pair(uow, command.invoice_name, command.email, command.branch_name or "")
    if found is None:
        raise ClientNotFound
    return ClientFound(found)


def list_clients(uow: UnitOfWork, command: ListClients, _context: Context) -> ClientsListed:
    """List clients in the order asked for, the lowest id first among equals."""
    wanted = list(_filters(command))
    key = _ORDER.get(command.order_by or "client_id", _C.id)
    keys = [key.desc() if command.descending else key.asc()]
    chosen = sa.select(_C.id).where(*wanted).order_by(*keys, *([] if key is _C.id else [_C.id]))
    listing, rows = joined_window(uow, chosen, _SELECT, command.page)
    return ClientsListed(listing, tuple(_records(uow, rows)))


def _filters(command: ListClients) -> Iterable[sa.ColumnElement[bool]]:
    yield _IS_SHOWN
    if command.status is not None:
        yield _C.status == command.status.value
    if command.search and command.search.strip():
        prefix = command.search.strip().lower()
        yield sa.or_(
            *(
                sa.func.lower(text).startswith(prefix, autoescape=True)
                for text in (
                    _C.email,
                    _C.first_name,
                    _C.last_name,
                    _C.first_name + " " + _C.last_name,
                    _C.company_name,
                )
            )
        )


def _records(uow: UnitOfWork, rows: Sequence[sa.RowMapping]) -> Iterable[ClientRecord]:
    stands = balances(uow, [row["id"] for row in rows])
    for row in rows:
        currency = row["currency_code"]
        yield ClientRecord(
            client_id=row["id"],
            physical_address=(
                row["physical_address_1"],
                row["physical_address_2"],
                row["physical_address_3"],
                row["physical_address_4"],
            ),
            custom={
                int(number): row["custom"][number] for number in sorted(row["custom"], key=int)
            },
            status=ClientStatus(row["status"]),
            credit=Sum(row["credit"], currency),
            balance=stands[row["id"]].balance,
            opening_balance=Money(row["opening_balance"], currency),
            **{name: row[name] for name in _RECORD_FIELDS},
        )
