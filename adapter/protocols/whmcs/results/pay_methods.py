"""Replies about stored ways to pay."""

from datetime import datetime, tzinfo
from typing import Final

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
)
from adapter.protocols.upstream import NO_TIME, Fields, Reader, UpstreamAnswer, listed


def _added(reply: Fields, command: AddPayMethod, _: UpstreamAnswer) -> PayMethodAdded:
    return PayMethodAdded(command.client_id, reply.integer("paymethodid"))


def _updated(_: Fields, command: UpdatePayMethod, __: UpstreamAnswer) -> PayMethodUpdated:
    return PayMethodUpdated(command.client_id, command.pay_method_id)


def _listed(reply: Fields, command: ListPayMethods, answer: UpstreamAnswer) -> PayMethodsListed:
    return PayMethodsListed(
        command.client_id,
        tuple(
            PayMethodRecord(
                pay_method_id=row.integer("id"),
                kind=row.choice("type", PayMethodKind),
                description=row.text("description"),
                gateway=row.text("gateway_name"),
                last_four=row.text("card_last_four"),
                expires=row.text("expiry_date").replace("/", ""),
                starts=row.text("start_date").replace("/", ""),
                issue_number=row.text("issue_number"),
                card_type=row.text("card_type"),
                updated_at=_time(row.text("last_updated"), answer.zone),
            )
            for row in listed(reply.raw("paymethods"))
        ),
    )


def _time(text: str, zone: tzinfo) -> datetime:
    try:
        return datetime.strptime(text, "%d/%m/%Y %H:%M").replace(tzinfo=zone)
    except ValueError:
        return NO_TIME


def _deleted(_: Fields, command: DeletePayMethod, __: UpstreamAnswer) -> PayMethodDeleted:
    return PayMethodDeleted(command.pay_method_id)


READERS: Final[dict[type[Command], Reader]] = {
    AddPayMethod: _added,
    UpdatePayMethod: _updated,
    ListPayMethods: _listed,
    DeletePayMethod: _deleted,
}
