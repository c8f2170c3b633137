"""Invoices: showing, listing and changing them, and the money booked on them."""

from collections.abc import Callable, Mapping
from typing import Any

from adapter.backends.local.invoices.changing import update_invoice
from adapter.backends.local.invoices.credit import (
    capture_payment,
    list_credits,
    use_client_credit,
)
from adapter.backends.local.invoices.issuing import issue_invoice
from adapter.backends.local.invoices.payments import add_client_credit, record_payment
from adapter.backends.local.invoices.reading import get_invoice, list_invoices
from adapter.backends.local.invoices.transactions import (
    list_transactions,
    record_transaction,
    update_transaction,
)
from adapter.commands.context import Context
from adapter.commands.model import (
    AddCredit,
    ApplyCredit,
    CapturePayment,
    Command,
    GetInvoice,
    IssueInvoice,
    ListCredits,
    ListInvoices,
    ListTransactions,
    RecordPayment,
    RecordTransaction,
    UpdateInvoice,
    UpdateTransaction,
)
from adapter.commands.results import Result
from adapter.store.unit_of_work import UnitOfWork

HANDLERS: Mapping[type[Command], Callable[[UnitOfWork, Any, Context], Result]] = {
    IssueInvoice: issue_invoice,
    GetInvoice: get_invoice,
    ListInvoices: list_invoices,
    UpdateInvoice: update_invoice,
    RecordPayment: record_payment,
    RecordTransaction: record_transaction,
    UpdateTransaction: update_transaction,
    ListTransactions: list_transactions,
    AddCredit: add_client_credit,
    ApplyCredit: use_client_credit,
    ListCredits: list_credits,
    CapturePayment: capture_payment,
}
