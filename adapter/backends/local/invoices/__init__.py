"""Invoices: showing, listing and changing them, and the money booked on them."""

from collections.abc import Callable, Mapping
from typing import Any

from adapter.backends.local.invoices.changing import update_invoice
from adapter.backends.local.invoices.payments import add_client_credit, record_payment
from adapter.backends.local.invoices.reading import get_invoice, list_invoices
from adapter.commands.context import Context
from adapter.commands.model import (
    AddCredit,
    Command,
    GetInvoice,
    ListInvoices,
    RecordPayment,
    UpdateInvoice,
)
from adapter.commands.results import Result
from adapter.store.unit_of_work import UnitOfWork

HANDLERS: Mapping[type[Command], Callable[[UnitOfWork, Any, Context], Result]] = {
    GetInvoice: get_invoice,
    ListInvoices: list_invoices,
    UpdateInvoice: update_invoice,
    RecordPayment: record_payment,
    AddCredit: add_client_credit,
}
