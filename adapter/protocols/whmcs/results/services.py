"""Replies about what became of services."""

from typing import Final

from adapter.billing.schedule import Cycle
from adapter.commands.model import (
    ActivateService,
    ApplyServicePackage,
    Command,
    ListCancellationRequests,
    SuspendService,
    TerminateService,
    UnsuspendService,
    UpgradeService,
)
from adapter.commands.results import (
    CancellationRequestRecord,
    CancellationRequestsListed,
    ServiceActivated,
    ServicePackageApplied,
    ServiceSuspended,
    ServiceTerminated,
    ServiceUnsuspended,
    ServiceUpgraded,
)
from adapter.errors import BadAnswer
from adapter.protocols.upstream import NO_TIME, Fields, Reader, UpstreamAnswer, money_of
from adapter.protocols.whmcs.names import Ending
from adapter.protocols.whmcs.results.billing import listing
from adapter.protocols.whmcs.results.clients import split_amount


def _requests(
    reply: Fields, _: ListCancellationRequests, answer: UpstreamAnswer
) -> CancellationRequestsListed:
    return CancellationRequestsListed(
        listing(reply),
        tuple(
            CancellationRequestRecord(
                request_id=row.integer("id"),
                service_id=row.integer("relid"),
                requested_at=row.time("date", answer.zone) or NO_TIME,
                reason=row.text("reason"),
                immediate=row.text("type") == Ending.IMMEDIATE,
            )
            for row in reply.rows("packages", "package")
        ),
    )


def _upgraded(reply: Fields, _: UpgradeService, __: UpstreamAnswer) -> ServiceUpgraded:
    prefix, number, suffix = split_amount(reply.text("price"))
    cycle = Cycle.parse(reply.text("newproductbillingcycle"))
    if cycle is None:
        raise BadAnswer
    return ServiceUpgraded(
        old_product_id=reply.integer("oldproductid"),
        old_product_name=reply.text("oldproductname"),
        new_product_id=reply.integer("newproductid"),
        new_product_name=reply.text("newproductname"),
        days_left=reply.integer("daysuntilrenewal", 0),
        total_days=reply.integer("totaldays", 0),
        new_cycle=cycle,
        price=money_of(number),
        currency_prefix=prefix,
        currency_suffix=suffix.strip(),
        in_progress=reply.flag("upgradeinprogress"),
        upgrade_id=reply.integer("id", 0) or None,
        order_id=reply.integer("orderid", 0) or None,
        order_number=reply.integer("order_number", 0) or None,
        invoice_id=reply.integer("invoiceid", 0) or None,
    )


READERS: Final[dict[type[Command], Reader]] = {
    ActivateService: lambda _, command, __: ServiceActivated(command.service_id),
    SuspendService: lambda _, command, __: ServiceSuspended(command.service_id),
    UnsuspendService: lambda _, command, __: ServiceUnsuspended(command.service_id),
    TerminateService: lambda _, command, __: ServiceTerminated(command.service_id),
    ApplyServicePackage: lambda _, command, __: ServicePackageApplied(command.service_id),
    ListCancellationRequests: _requests,
    UpgradeService: _upgraded,
}
