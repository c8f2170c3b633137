"""Documents of every kind: issuing, converting, showing them, and the accounts they make."""

from collections.abc import Callable, Mapping
from typing import Any

from adapter.backends.local.documents.issuing import (
    convert_proforma,
    issue_document,
    issue_documents,
)
from adapter.backends.local.documents.payments import record_client_payment
from adapter.backends.local.documents.reading import (
    get_client_history,
    get_document,
    list_documents,
)
from adapter.backends.local.documents.statements import create_statement
from adapter.commands.context import Context
from adapter.commands.model import (
    Command,
    ConvertProforma,
    CreateStatement,
    GetClientHistory,
    GetDocument,
    IssueDocument,
    IssueDocuments,
    ListDocuments,
    RecordClientPayment,
)
from adapter.commands.results import Result
from adapter.store.unit_of_work import UnitOfWork

HANDLERS: Mapping[type[Command], Callable[[UnitOfWork, Any, Context], Result]] = {
    IssueDocument: issue_document,
    IssueDocuments: issue_documents,
    ConvertProforma: convert_proforma,
    RecordClientPayment: record_client_payment,
    GetDocument: get_document,
    ListDocuments: list_documents,
    GetClientHistory: get_client_history,
    CreateStatement: create_statement,
}
