"""Replies about invoices, items and money."""

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
    PaymentRecorded,
)
from adapter.protocols.whmcs.call import Call
from adapter.protocols.whmcs.formats import Digits, Reply
from adapter.protocols.whmcs.replies.common import (
    RATE_PLACES,
    counters,
    date_text,
    decimal_text,
    echoed,
    flag,
    money,
    rows,
    success,
    time_text,
)
from adapter.protocols.whmcs.replies.money import transaction


def gen_invoices(result: InvoicesGenerated, call: Call) -> Reply:
    """Write `GenInvoices`. Source: the document's example; the form-post facts, 2.2."""
    reply = success(numcreated=Digits(result.count))
    if call.sent_id("clientid") is not None:
        # Callers compare with > 0, so nothing issued is 0 rather than absent.
        reply["latestinvoiceid"] = result.latest_invoice_id or 0
    return reply


def add_billable_item(result: BillableItemCreated, _call: Call) -> Reply:
    """Write `AddBillableItem`: the sample says `status`, the table `result`, so both."""
    return success(status="success", billableid=result.billable_item_id)


def get_invoice(result: InvoiceShown, call: Call) -> Reply:
    """Write `GetInvoice`."""
    invoice = result.invoice
    return success(
        invoiceid=invoice.invoice_id,
        invoicenum=invoice.number_text,
        userid=invoice.client_id,
        date=date_text(invoice.issued_on),
        duedate=date_text(invoice.due_on),
        datepaid=time_text(invoice.paid_at, call.quirks.zone),
        lastcaptureattempt=time_text(None, call.quirks.zone),
        **_amounts(invoice),
        balance=money(invoice.balance),
        **_rates(invoice),
        status=invoice.status.value,
        paymentmethod=invoice.payment_method,
        notes=invoice.notes,
        # No payment method of this gateway charges cards by itself.
        ccgateway=False,
        **rows("items", "item", map(_line, invoice.lines)),
        # "" without bookings is the documented shape of this one list.
        transactions={"transaction": [transaction(row, call) for row in invoice.transactions]}
        if invoice.transactions
        else "",
    )


def get_invoices(result: InvoicesListed, call: Call) -> Reply:
    """Write `GetInvoices`."""
    return success(
        **counters(result.listing, len(result.invoices)),
        **rows("invoices", "invoice", (_invoice_row(row, call) for row in result.invoices)),
    )


def create_invoice(result: InvoiceIssued, _call: Call) -> Reply:
    """Write `CreateInvoice`."""
    return success(invoiceid=result.invoice_id, status=result.status.value)


def update_invoice(result: InvoiceUpdated, _call: Call) -> Reply:
    """Write `UpdateInvoice`."""
    return success(invoiceid=echoed(result.invoice_id))


def add_invoice_payment(_result: PaymentRecorded, _call: Call) -> Reply:
    """Write `AddInvoicePayment`."""
    return success()


def add_credit(result: CreditAdded, _call: Call) -> Reply:
    """Write `AddCredit`."""
    return success(newbalance=money(result.new_balance))


def _amounts(invoice: InvoiceRecord) -> Reply:
    return {
        "subtotal": money(invoice.subtotal),
        "credit": money(invoice.credit),
        "tax": money(invoice.tax),
        "tax2": money(invoice.tax_2),
        "total": money(invoice.total),
    }


def _rates(invoice: InvoiceRecord) -> Reply:
    return {
        "taxrate": decimal_text(invoice.tax_rate, RATE_PLACES),
        "taxrate2": decimal_text(invoice.tax_rate_2, RATE_PLACES),
    }


def _line(line: InvoiceLine) -> Reply:
    return {
        "id": line.line_id,
        "type": line.line_type,
        "relid": line.related_id,
        "description": line.description,
        "amount": money(line.amount),
        "taxed": flag(line.taxed),
    }


def _invoice_row(invoice: InvoiceRecord, call: Call) -> Reply:
    zone = call.quirks.zone
    return {
        "id": invoice.invoice_id,
        "userid": invoice.client_id,
        "firstname": invoice.client_first_name,
        "lastname": invoice.client_last_name,
        "companyname": invoice.client_company_name,
        "invoicenum": invoice.number_text,
        "date": date_text(invoice.issued_on),
        "duedate": date_text(invoice.due_on),
        "datepaid": time_text(invoice.paid_at, zone),
        "last_capture_attempt": time_text(None, zone),
        "date_refunded": time_text(invoice.refunded_at, zone),
        "date_cancelled": time_text(invoice.cancelled_at, zone),
        **_amounts(invoice),
        **_rates(invoice),
        "status": invoice.status.value,
        "paymentmethod": invoice.payment_method,
        "paymethodid": None,
        "notes": invoice.notes,
        "created_at": time_text(invoice.created_at, zone),
        "updated_at": time_text(invoice.updated_at, zone),
        "currencycode": invoice.currency_code,
        "currencyprefix": invoice.currency_prefix,
        "currencysuffix": invoice.currency_suffix,
    }
