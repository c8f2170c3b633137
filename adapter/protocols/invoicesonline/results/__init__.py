"""Replies of this protocol read back as results: one reader per command.

What the wire does not say is neutral: blank, zero, or the first moment of 1970.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from adapter.commands.model import (
    AddRecurringLine,
    Command,
    ConvertProforma,
    CreateClient,
    CreateRecurringInvoice,
    CreateStatement,
    FindClient,
    GetClient,
    GetClientHistory,
    IssueDocument,
    IssueDocuments,
    ListClients,
    ListDocuments,
    ListInvoices,
    ListRecurringInvoices,
    RecordClientPayment,
    RemoveRecurringLines,
    UpdateClient,
)
from adapter.commands.results import Result
from adapter.protocols.invoicesonline.results import clients, documents, recurring
from adapter.protocols.upstream import UpstreamAnswer

READERS: Final[Mapping[type[Command], Callable[[Any, UpstreamAnswer], Result]]] = {
    AddRecurringLine: recurring.lines_changed,
    ConvertProforma: documents.converted,
    CreateClient: clients.created,
    CreateRecurringInvoice: recurring.created,
    CreateStatement: documents.stated,
    FindClient: clients.found,
    GetClient: clients.shown,
    GetClientHistory: documents.history,
    IssueDocument: documents.issued,
    IssueDocuments: documents.batch_issued,
    ListClients: clients.listed,
    ListDocuments: documents.others,
    ListInvoices: documents.invoices,
    ListRecurringInvoices: documents.recurring_invoices,
    RecordClientPayment: documents.paid,
    RemoveRecurringLines: recurring.lines_changed,
    UpdateClient: clients.updated,
}
