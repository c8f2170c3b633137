"""Stored ways to pay: what identifies them to a person, and nothing that money can be taken with.

Source: contracts/decisions.md, "Pay methods".
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import sqlalchemy as sa

from adapter.backends.local.lengths import check_lengths
from adapter.backends.local.lookups import active_methods, require_client
from adapter.commands.context import Context
from adapter.commands.model import (
    AddPayMethod,
    Command,
    DeletePayMethod,
    ListPayMethods,
    PayMethodKind,
    UpdatePayMethod,
)
from adapter.commands.results import (
    PayMethodAdded,
    PayMethodDeleted,
    PayMethodRecord,
    PayMethodsListed,
    PayMethodUpdated,
    Result,
)
from adapter.errors import (
    GatewayInvalid,
    GatewayStoresNothing,
    InvalidField,
    PayMethodNotFound,
    PayMethodNotOwned,
)
from adapter.store import tables
from adapter.store.unit_of_work import UnitOfWork

_P: Final = tables.pay_methods
_DETAILS: Final = (
    "last_four",
    "card_type",
    "expires",
    "starts",
    "issue_number",
    "bank_name",
    "account_type",
)


def add_pay_method(uow: UnitOfWork, command: AddPayMethod, context: Context) -> PayMethodAdded:
    """Note a way to pay.

    Raises `ClientNotFound`, `GatewayInvalid`, and `GatewayStoresNothing` for a card that a gateway
    should keep: none does here.
    """
    uow.lock_client(command.client_id)
    require_client(uow, command.client_id)
    if command.gateway:
        methods = active_methods(uow)
        if command.gateway not in methods:
            raise GatewayInvalid(methods)
    if command.kind is PayMethodKind.REMOTE_CREDIT_CARD:
        raise GatewayStoresNothing
    values = {name: getattr(command, name) for name in (*_DETAILS, "description", "gateway")}
    check_lengths(_P, values)
    record_id = uow.insert(
        _P,
        client_id=command.client_id,
        kind=command.kind.value,
        created_at=context.now,
        updated_at=context.now,
        **values,
    )
    if command.make_default:
        _make_default(uow, command.client_id, record_id)
    uow.audit(context, "create", "pay_method", record_id, {"kind": command.kind.value})
    return PayMethodAdded(command.client_id, record_id)


def update_pay_method(
    uow: UnitOfWork, command: UpdatePayMethod, context: Context
) -> PayMethodUpdated:
    """Change a way to pay. Raises `PayMethodNotFound`, `PayMethodNotOwned`."""
    row = _held(uow, command.client_id, command.pay_method_id)
    given = {name: getattr(command, name) for name in _DETAILS}
    values = {name: value for name, value in given.items() if value is not None}
    if not values and not command.make_default:
        raise InvalidField("paymethodid", "nothing", "No Details Provided for Update")
    check_lengths(_P, values)
    uow.execute(sa.update(_P).where(_P.c.id == row["id"]).values(updated_at=context.now, **values))
    if command.make_default:
        _make_default(uow, command.client_id, row["id"])
    uow.audit(context, "change", "pay_method", row["id"], {"changed": sorted(values)})
    return PayMethodUpdated(command.client_id, row["id"])


def list_pay_methods(
    uow: UnitOfWork, command: ListPayMethods, _context: Context
) -> PayMethodsListed:
    """List a client's ways to pay by id. Raises `ClientNotFound`."""
    require_client(uow, command.client_id)
    query = sa.select(_P).where(_P.c.client_id == command.client_id).order_by(_P.c.id)
    if command.pay_method_id is not None:
        query = query.where(_P.c.id == command.pay_method_id)
    if command.kind is not None:
        query = query.where(_P.c.kind == command.kind.value)
    return PayMethodsListed(
        command.client_id,
        tuple(
            PayMethodRecord(
                pay_method_id=row["id"],
                kind=PayMethodKind(row["kind"]),
                description=row["description"],
                gateway=row["gateway"],
                last_four=row["last_four"],
                expires=row["expires"],
                starts=row["starts"],
                issue_number=row["issue_number"],
                card_type=row["card_type"],
                updated_at=row["updated_at"],
            )
            for row in uow.execute(query).mappings()
        ),
    )


def delete_pay_method(
    uow: UnitOfWork, command: DeletePayMethod, context: Context
) -> PayMethodDeleted:
    """Forget a way to pay: nothing of it stays."""
    row = _held(uow, command.client_id, command.pay_method_id)
    uow.execute(sa.delete(_P).where(_P.c.id == row["id"]))
    uow.audit(context, "delete", "pay_method", row["id"])
    return PayMethodDeleted(row["id"])


def _held(uow: UnitOfWork, client_id: int, pay_method_id: int) -> sa.RowMapping:
    row = uow.held(_P, pay_method_id)
    if row is None:
        raise PayMethodNotFound(pay_method_id)
    if row["client_id"] != client_id:
        raise PayMethodNotOwned
    return row


def _make_default(uow: UnitOfWork, client_id: int, record_id: int) -> None:
    """Make one of a client's ways to pay the one that is tried first."""
    chosen = sa.case((_P.c.id == record_id, sa.true()), else_=sa.false())
    uow.execute(sa.update(_P).where(_P.c.client_id == client_id).values(is_default=chosen))


HANDLERS: Mapping[type[Command], Callable[[UnitOfWork, Any, Context], Result]] = {
    AddPayMethod: add_pay_method,
    UpdatePayMethod: update_pay_method,
    ListPayMethods: list_pay_methods,
    DeletePayMethod: delete_pay_method,
}
