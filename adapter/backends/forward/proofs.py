"""How each command can be looked up at a form-post upstream later.

A record that is asked for and found was made, one that is not there was not. A change is proved
only by being in force: another value may be a later change of somebody else's, and sending the
older one again would undo it. Source: contracts/decisions.md, "Forwarded calls".
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, cast

from adapter.backends.forward.looks import Look, Taken, holds, in_force, one, stated
from adapter.backends.forward.states import (
    CONTACTS,
    ORDER_STATES,
    SERVICE_STATES,
    client_closed,
    client_gone,
)
from adapter.backends.forward.upstream import Ask
from adapter.billing.model import InvoiceStatus, OrderStatus
from adapter.commands import model, results
from adapter.commands.model import Command
from adapter.commands.results import Result
from adapter.errors import ClientNotFound, NotFound, NotProved

# Records of the form-post protocol


def _client_by_email(ask: Ask, command: model.CreateClient, taken: Taken) -> Result | None:
    """Find a client; one with the address and other details was there before, or has changed."""
    try:
        shown = cast(results.ClientShown, ask(model.GetClient(email=command.client.email)))
    except ClientNotFound:
        return None
    found = results.ClientCreated(shown.client.client_id)
    if taken(found) or not holds(stated(command.client), shown.client, _CLIENT_TOLD):
        raise NotProved("another client has the e-mail address")
    return found


def _payment_by_transaction(ask: Ask, command: model.RecordPayment, _: Taken) -> Result | None:
    shown = cast(results.InvoiceShown, ask(model.GetInvoice(command.invoice_id)))
    booked = {row.transaction_id.strip() for row in shown.invoice.transactions}
    found = command.transaction_id.strip() in booked
    return results.PaymentRecorded(command.invoice_id) if found else None


def _transaction_by_id(ask: Ask, command: model.RecordTransaction, _: Taken) -> Result | None:
    listed = ask(model.ListTransactions(transaction_id=command.transaction_id.strip()))
    wanted = (command.invoice_id or 0, command.amount_in, command.amount_out)
    for row in cast(results.TransactionsListed, listed).transactions:
        if (row.invoice_id, row.amount_in.amount, row.amount_out.amount) == wanted:
            return results.TransactionRecorded(row.record_id)
    return None


def _product_by_name(ask: Ask, command: model.CreateProduct, taken: Taken) -> Result | None:
    listed = ask(model.ListProducts(group_id=command.group_id))
    rows = cast(results.ProductsListed, listed).products
    wanted = (command.name, command.product_type, command.pay_type.value, command.description)
    alike = (
        results.ProductCreated(row.product_id)
        for row in rows
        if (row.name, row.product_type, row.pay_type, row.description) == wanted
    )
    return one(alike, taken, "products")


def _order_by_status(ask: Ask, command: model.AcceptOrder, _: Taken) -> Result | None:
    orders = cast(results.OrdersListed, ask(model.ListOrders(order_id=command.order_id))).orders
    states = {order.status for order in orders}
    if states == {OrderStatus.PENDING}:
        return None  # no other deed makes an accepted order pending again
    if states == {OrderStatus.ACTIVE}:
        return results.OrderAccepted(command.order_id)
    raise NotProved("the order is neither pending nor active")


# Changes of the form-post protocol

_CLIENT_TOLD: Final = frozenset(
    {
        "first_name",
        "last_name",
        "company_name",
        "email",
        "address_1",
        "address_2",
        "city",
        "state",
        "postcode",
        "country",
        "phone",
        "tax_number",
        "custom",
        "currency_id",
        "group_id",
        "language",
        "notes",
        "status",
        "payment_method",
        "tax_exempt",
        "separate_invoices",
        "no_late_fee",
        "no_overdue_notices",
        "no_auto_charge",
        "no_auto_close",
        "marketing_emails",
        "email_preferences",
    }
)
_SERVICE_TOLD: Final = frozenset(
    {
        "product_id",
        "registered_on",
        "next_due_on",
        "domain",
        "first_amount",
        "recurring_amount",
        "payment_method",
        "cycle",
        "status",
        "promotion_id",
        "notes",
        "username",
        "password",
        "subscription_id",
        "dedicated_ip",
        "assigned_ips",
        "ns1",
        "ns2",
        "suspend_reason",
        "override_auto_suspend",
        "override_suspend_until",
    }
)
_DOMAIN_TOLD: Final = frozenset(
    {
        "registered_on",
        "next_due_on",
        "expires_on",
        "name",
        "registrar",
        "years",
        "first_amount",
        "recurring_amount",
        "payment_method",
        "promotion_id",
        "subscription_id",
        "status",
        "notes",
        "dns_management",
        "email_forwarding",
        "id_protection",
        "do_not_renew",
    }
)
_INVOICE_TOLD: Final = frozenset(
    {
        "status",
        "payment_method",
        "issued_on",
        "due_on",
        "notes",
        "tax_rate",
        "tax_rate_2",
        "credit",
    }
)


def _client_changed(ask: Ask, command: model.UpdateClient, _: Taken) -> Result:
    asked = model.GetClient(client_id=command.client_id, email=command.email)
    try:
        client = cast(results.ClientShown, ask(asked)).client
    except NotFound as error:
        raise NotProved("the client is not found") from error
    done = results.ClientUpdated(client.client_id)
    return in_force(stated(command.changes), client, _CLIENT_TOLD, done)


def _invoice_changed(ask: Ask, command: model.UpdateInvoice, _: Taken) -> Result:
    invoice = cast(results.InvoiceShown, ask(model.GetInvoice(command.invoice_id))).invoice
    said = stated(command)
    for name in ("invoice_id", "lines", "delete_line_ids", "publish", "send_email"):
        said.pop(name, None)
    lines = {line.line_id: line for line in invoice.lines}
    if not (
        all(_lineholds(line, lines) for line in command.lines)
        and lines.keys().isdisjoint(command.delete_line_ids)
        and not (command.publish and invoice.status is InvoiceStatus.DRAFT)
    ):
        raise NotProved("the lines are not as asked for")
    return in_force(said, invoice, _INVOICE_TOLD, results.InvoiceUpdated(command.invoice_id))


def _lineholds(line: model.InvoiceLineChange, lines: Mapping[int, results.InvoiceLine]) -> bool:
    shown = lines.get(line.line_id or 0)
    return shown is not None and (
        (shown.description, shown.amount.amount, shown.taxed)
        == (line.description, line.amount, line.taxed)
    )


def _service_changed(ask: Ask, command: model.UpdateService, _: Taken) -> Result:
    found = cast(results.ServicesListed, ask(model.ListServices(service_id=command.service_id)))
    said = stated(command)
    said.pop("service_id")
    done = results.ServiceUpdated(command.service_id)
    return in_force(said, _alone(found.services), _SERVICE_TOLD, done)


def _domain_changed(ask: Ask, command: model.UpdateDomain, _: Taken) -> Result:
    found = cast(results.DomainsListed, ask(model.ListDomains(domain_id=command.domain_id)))
    said = stated(command)
    said.pop("domain_id")
    done = results.DomainUpdated(command.domain_id)
    return in_force(said, _alone(found.domains), _DOMAIN_TOLD, done)


def _alone(rows: tuple[Any, ...]) -> Any:
    if len(rows) != 1:
        raise NotProved("the record is not found")
    return rows[0]


def _setting_changed(ask: Ask, command: model.ChangeSetting, _: Taken) -> Result:
    shown = cast(results.SettingShown, ask(model.GetSetting(command.name)))
    if shown.value != command.value:
        raise NotProved("the setting has another value")
    return results.SettingChanged(changed=True)


_NO_READ: Final = "there is no call that shows it"

FORM_POST: Final[Mapping[type[Command], Look]] = MappingProxyType(
    {
        model.CreateClient: Look("e-mail address and the details sent", _client_by_email),
        model.RecordPayment: Look(
            "transaction id among the invoice's payments; none without one",
            _payment_by_transaction,
            lambda command: bool(command.transaction_id.strip()),
        ),
        model.CreateProduct: Look("group, name, type, pay type and description", _product_by_name),
        model.AcceptOrder: Look("state of the order", _order_by_status),
        **ORDER_STATES,
        **SERVICE_STATES,
        **CONTACTS,
        model.CloseClient: Look("state of the client", client_closed),
        model.DeleteClient: Look("absence of the client", client_gone),
        model.LogActivity: Look("equal entries cannot be told apart"),
        model.UpdateClient: Look("values in force", _client_changed),
        model.UpdateInvoice: Look(
            "values in force; none where lines are added",
            _invoice_changed,
            lambda command: all(line.line_id is not None for line in command.lines),
        ),
        model.UpdateService: Look("values in force", _service_changed),
        model.UpdateDomain: Look("values in force", _domain_changed),
        model.ChangeSetting: Look("value in force", _setting_changed),
        model.UpdateServiceAddon: Look("no call shows an addon by its id"),
        model.CreateBillableItem: Look(_NO_READ),
        model.UpgradeService: Look("equal orders cannot be told apart"),
        model.PlaceOrder: Look("equal orders cannot be told apart"),
        model.IssueInvoice: Look("equal invoices cannot be told apart"),
        model.RecordTransaction: Look(
            "transaction id, invoice and amounts; none without a transaction id",
            _transaction_by_id,
            lambda command: bool(command.transaction_id.strip()) and not command.allow_duplicate,
        ),
        model.UpdateTransaction: Look("no call shows a transaction by its own id"),
        model.ApplyCredit: Look("equal bookings cannot be told apart"),
        model.CapturePayment: Look("a paid invoice does not say who collected its money"),
        model.SendMail: Look("equal mails cannot be told apart"),
        model.CreateQuote: Look("equal quotes cannot be told apart"),
        model.UpdateQuote: Look("lines that were added cannot be told from others"),
        model.SendQuote: Look("a quote may have been sent before"),
        model.AcceptQuote: Look("a quote may have been accepted before"),
        model.DeleteQuote: Look("a quote may have been deleted before"),
        model.AddPayMethod: Look("equal pay methods cannot be told apart"),
        model.UpdatePayMethod: Look("numbers that were changed are not shown"),
        model.DeletePayMethod: Look("a pay method that is gone may never have been there"),
        model.AddCredit: Look("equal bookings cannot be told apart"),
        model.RequestCancellation: Look(_NO_READ),
        model.GenerateDueInvoices: Look("what a run issued is not told afterwards"),
    }
)
