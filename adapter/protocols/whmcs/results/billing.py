"""Replies about invoices, items and money."""

from datetime import tzinfo
from typing import Any, Final

from adapter.billing.model import InvoiceStatus
from adapter.commands.model import (
    AddCredit,
    Command,
    CreateBillableItem,
    GenerateDueInvoices,
    GetInvoice,
    IssueInvoice,
    ListInvoices,
    RecordPayment,
    UpdateInvoice,
)
from adapter.commands.results import (
    BillableItemCreated,
    CreditAdded,
    InvoiceIssued,
    InvoiceLine,
    InvoiceRecord,
    InvoicesGenerated,
    InvoiceShown,
    InvoicesListed,
    InvoiceUpdated,
    Listing,
    PaymentRecorded,
)
from adapter.protocols.upstream import (
    NO_CURRENCY,
    NO_TIME,
    Fields,
    Reader,
    UpstreamAnswer,
    listed,
    told,
)
from adapter.protocols.whmcs.results.money import transaction


def listing(reply: Fields) -> Listing:
    """Read the paging counters."""
    return Listing(reply.integer("totalresults"), reply.integer("startnumber", 0))


def _generated(reply: Fields, _: GenerateDueInvoices, __: UpstreamAnswer) -> InvoicesGenerated:
    latest = reply.integer("latestinvoiceid", 0)
    return InvoicesGenerated(reply.integer("numcreated"), latest or None)


def _item(reply: Fields, _: CreateBillableItem, __: UpstreamAnswer) -> BillableItemCreated:
    return BillableItemCreated(reply.integer("billableid"))


def _shown(reply: Fields, _: GetInvoice, answer: UpstreamAnswer) -> InvoiceShown:
    transactions = reply.raw("transactions")
    rows = listed(reply.inner("transactions").raw("transaction")) if transactions else []
    return InvoiceShown(
        _invoice(
            reply,
            answer.zone,
            invoice_id=reply.integer("invoiceid"),
            balance=reply.money("balance"),
            lines=tuple(map(_line, reply.rows("items", "item"))),
            transactions=tuple(transaction(row, answer.zone) for row in rows),
        )
    )


def _listed(reply: Fields, _: ListInvoices, answer: UpstreamAnswer) -> InvoicesListed:
    rows = reply.rows("invoices", "invoice")
    return InvoicesListed(
        listing(reply),
        tuple(
            _invoice(
                row,
                answer.zone,
                invoice_id=row.integer("id"),
                balance=row.money("total", row.text("currencycode") or NO_CURRENCY),
            )
            for row in rows
        ),
    )


def _invoice(row: Fields, zone: tzinfo, **known: Any) -> InvoiceRecord:
    currency = row.text("currencycode") or NO_CURRENCY
    number = row.text("invoicenum")
    return told(
        InvoiceRecord,
        number=int(number) if number.isascii() and number.isdecimal() else None,
        number_text=number,
        client_id=row.integer("userid"),
        client_first_name=row.text("firstname"),
        client_last_name=row.text("lastname"),
        client_company_name=row.text("companyname"),
        issued_on=row.date("date"),
        due_on=row.date("duedate"),
        paid_at=row.time("datepaid", zone),
        refunded_at=row.time("date_refunded", zone),
        cancelled_at=row.time("date_cancelled", zone),
        subtotal=row.money("subtotal", currency),
        credit=row.money("credit", currency),
        tax=row.money("tax", currency),
        tax_2=row.money("tax2", currency),
        total=row.money("total", currency),
        tax_rate=row.decimal("taxrate"),
        tax_rate_2=row.decimal("taxrate2"),
        status=row.choice("status", InvoiceStatus),
        payment_method=row.text("paymentmethod"),
        notes=row.text("notes"),
        currency_code=row.text("currencycode"),
        currency_prefix=row.text("currencyprefix"),
        currency_suffix=row.text("currencysuffix"),
        created_at=row.time("created_at", zone) or NO_TIME,
        updated_at=row.time("updated_at", zone) or NO_TIME,
        **known,
    )


def _line(row: Fields) -> InvoiceLine:
    return InvoiceLine(
        line_id=row.integer("id"),
        line_type=row.text("type"),
        related_id=row.integer("relid", 0),
        description=row.text("description"),
        amount=row.money("amount"),
        taxed=row.flag("taxed"),
    )


def _issued(reply: Fields, _: IssueInvoice, __: UpstreamAnswer) -> InvoiceIssued:
    return InvoiceIssued(reply.integer("invoiceid"), reply.choice("status", InvoiceStatus))


def _updated(_: Fields, command: UpdateInvoice, __: UpstreamAnswer) -> InvoiceUpdated:
    return InvoiceUpdated(command.invoice_id)


def _paid(_: Fields, command: RecordPayment, __: UpstreamAnswer) -> PaymentRecorded:
    return PaymentRecorded(command.invoice_id)


def _credited(reply: Fields, _: AddCredit, __: UpstreamAnswer) -> CreditAdded:
    return CreditAdded(reply.money("newbalance"))


READERS: Final[dict[type[Command], Reader]] = {
    GenerateDueInvoices: _generated,
    CreateBillableItem: _item,
    GetInvoice: _shown,
    ListInvoices: _listed,
    IssueInvoice: _issued,
    UpdateInvoice: _updated,
    RecordPayment: _paid,
    AddCredit: _credited,
}
