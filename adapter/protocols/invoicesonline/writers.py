"""Commands as endpoints and their fields: one writer per command, with the server side's names.

A writer may leave out what an endpoint has no field for: what was written is read back before it
is sent, and refused where it means something else.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, TypeAlias

from adapter.billing.model import DocumentKind, RecurringLine
from adapter.commands.model import (
    AddRecurringLine,
    ClientFields,
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
from adapter.errors import CannotExpress
from adapter.protocols.base import Params
from adapter.protocols.invoicesonline.columns import LINE_COLUMNS
from adapter.protocols.invoicesonline.schemas import (
    ALL_CLIENTS,
    INVOICES,
    ITEM_WORDS,
    KINDS,
    PAYMENT_TERMS,
    PRODUCT_WORDS,
    RECURRING_INVOICES,
    RECURRING_PROFORMAS,
    RECURRING_TYPES,
    STATEMENT_TOTALS,
    AddItemSchema,
    BatchSchema,
    ClientBlock,
    ClientDetailsSchema,
    ClientHistorySchema,
    ClientsSchema,
    ConvertSchema,
    CreditNoteSchema,
    DeliveryNoteSchema,
    DocumentSchema,
    DocumentsSchema,
    EndpointSchema,
    GetClientIdSchema,
    InvoiceSchema,
    NewClientSchema,
    OrderInvoiceSchema,
    PaymentSchema,
    PayoutSchema,
    ProformaSchema,
    RecordPaymentSchema,
    RecurringInvoiceSchema,
    RemoveItemSchema,
    StatementSchema,
    UpdateClientSchema,
    wire_names,
)

_TERM_WORDS: Final[Mapping[Any, str]] = {
    **{days: word for word, days in PAYMENT_TERMS.items()},
    None: "",  # unspecified on purpose; UNSET is not sent
}
_LIST_WORDS: Final = {kind: word for word, kind in KINDS.items()}
_STATEMENT_TOTALS: Final = {total: word for word, total in STATEMENT_TOTALS.items()}
_RECURRING_WORDS: Final = {kind: word for word, kind in RECURRING_TYPES.items()}
_ON: Final = "1"
# Columns that hold one of the five custom values.
_CUSTOM_COLUMNS: Final[Mapping[str, int]] = {
    "custom_1": 0,
    "custom_2": 1,
    "custom_3": 2,
    "custom_4": 3,
    "custom_5": 4,
    "ordered": 0,
    "back_order": 1,
}
_DOCUMENTS: Final[Mapping[DocumentKind, type[DocumentSchema]]] = {
    schema.kind: schema
    for schema in (
        InvoiceSchema,
        ProformaSchema,
        CreditNoteSchema,
        PayoutSchema,
        DeliveryNoteSchema,
    )
}


@dataclass(frozen=True, slots=True)
class Written:
    """A command as the fields of an endpoint."""

    schema: type[EndpointSchema]
    params: Params


Writer: TypeAlias = Callable[[Any], Written]


# Documents


def _recurring_invoice(command: CreateRecurringInvoice) -> Written:
    limit, increase = command.recurrence_limit, command.increase
    values = _quoted(command) | {
        "frequency": command.frequency.value,
        "paused": _flag(command.paused),
        "limited": _flag(limit is not None),
        "limit_sent": "" if limit is None else str(limit),
        "increased": _flag(increase is not None),
        "percentage_sent": "" if increase is None else _decimal(increase.percentage),
        "interval_sent": "" if increase is None else str(increase.interval),
        "start_on": command.start_on.isoformat(),
        "rows": _rows(command.lines, LINE_COLUMNS),
    }
    params = _named(values, RecurringInvoiceSchema) | _client_block(command.new_client)
    return Written(RecurringInvoiceSchema, params)


def _document(command: IssueDocument) -> Written:
    schema = _DOCUMENTS.get(command.kind)
    if schema is None:
        raise CannotExpress(f"a document of the kind {command.kind}")
    values = _quoted(command) | {
        "rows": _rows(command.lines, schema.layout.columns),
        "issued_on": _day(command.issued_on),
        **_numbered("label", command.custom_labels),
        **_paid(command),
        **_converted(command),
    }
    return Written(schema, _named(values, schema) | _client_block(command.new_client))


def _quoted(command: CreateRecurringInvoice | IssueDocument) -> dict[str, Any]:
    """Return what every document of quoted lines is sent but its lines."""
    return {
        "client_id": _id(command.client_id),
        "order_number": command.order_number,
        "discount_amount": _decimal(command.discount_amount),
        "discount_percentage": _decimal(command.discount_percentage),
        "number_prefix": command.number_prefix,
        "number_suffix": command.number_suffix,
        "send_email": command.send_email,
        **_numbered("custom", command.custom_values),
    }


def _numbered(name: str, texts: Iterable[str]) -> dict[str, str]:
    return {f"{name}_{number}": text for number, text in enumerate(texts, 1)}


def _paid(command: IssueDocument) -> dict[str, Any]:
    """Return the payment that comes with an invoice."""
    values: dict[str, Any] = {"mark_as_paid": None if command.paid is None else _ON}
    payment = command.payment
    if payment is not None:
        values |= {
            "amount": _decimal(payment.amount),
            "paid_on": _day(payment.paid_on),
            "method": payment.method,
            "reference": payment.reference,
            "thank": payment.thank,
        }
    return values


def _converted(command: IssueDocument) -> dict[str, Any]:
    """Return when a pro-forma becomes an invoice by itself."""
    if command.convert is None:
        return {}
    on = command.convert.on
    option = "days" if on is None else "fixed"
    return {"auto_convert": _ON, "convert_option": option, "convert_on": _day(on)}


def _documents(command: IssueDocuments) -> Written:
    entries = [
        {
            "ClientID": _id(each.client_id),
            "Products": [_item(line, PRODUCT_WORDS) for line in each.lines],
        }
        for each in command.documents
    ]
    return Written(BatchSchema, {"data": entries})


def _converting(command: ConvertProforma) -> Written:
    return _plain(ConvertSchema, number=_id(command.number))


def _rows(lines: Iterable[RecurringLine], columns: Iterable[str | None]) -> list[list[str]]:
    columns = tuple(columns)
    return [[_column(line, name) for name in columns] for line in lines]


def _column(line: RecurringLine, name: str | None) -> str:
    if name is None:
        return ""
    if name in _CUSTOM_COLUMNS:
        return line.custom[_CUSTOM_COLUMNS[name]]
    # `internal` is no value of a line: a column that must stay empty.
    return _cell(getattr(line, name, None))


def _item(line: RecurringLine, words: Mapping[str, str]) -> dict[str, str]:
    """Write a line whose values have names."""
    return {word: _cell(getattr(line, name)) for word, name in words.items()}


# Recurring documents


def _add_line(command: AddRecurringLine) -> Written:
    return _plain(
        AddItemSchema,
        recurring_id=_id(command.recurring_id),
        issues=_RECURRING_WORDS.get(command.issues),
        item=_item(command.line, ITEM_WORDS),
    )


def _remove_lines(command: RemoveRecurringLines) -> Written:
    return _plain(
        RemoveItemSchema,
        recurring_id=_id(command.recurring_id),
        issues=_RECURRING_WORDS.get(command.issues),
        product_code=command.product_code,
    )


# Accounts


def _payment(command: RecordClientPayment) -> Written:
    # Only the older endpoint has a default day, and it never mails.
    schema = PaymentSchema if command.paid_on is not None else RecordPaymentSchema
    return _plain(
        schema,
        client_id=_id(command.client_id),
        amount=_decimal(command.amount),
        paid_on=_day(command.paid_on),
        method=command.method,
        reference=command.reference,
        description=command.description,
        thank=command.thank,
        send_email=command.send_email,
    )


def _statement(command: CreateStatement) -> Written:
    return _plain(
        StatementSchema,
        client_id=_id(command.client_id),
        kind=command.kind.value,
        file_format=command.file_format,
        from_on=_day(command.from_on),
        to_on=_day(command.to_on),
        total=_STATEMENT_TOTALS[command.total],
        send_email=command.send_email,
    )


def _history(command: GetClientHistory) -> Written:
    return _plain(
        ClientHistorySchema,
        client_id=_id(command.client_id),
        from_on=_day(command.from_on),
        to_on=_day(command.to_on),
        descending="DESC" if command.descending else "ASC",
    )


# Lists


def _invoices(command: ListInvoices) -> Written:
    if command.order_number is not None:
        client_id = _id(command.client_id)
        return _plain(OrderInvoiceSchema, client_id=client_id, order_id=command.order_number)
    return _list(command.client_id, INVOICES)


def _other_documents(command: ListDocuments) -> Written:
    word = _LIST_WORDS.get(command.kind)
    if word is None:
        raise CannotExpress(f"a list of documents of the kind {command.kind}")
    return _list(command.client_id, word)


def _recurring_invoices(command: ListRecurringInvoices) -> Written:
    is_proforma = command.issues is DocumentKind.PROFORMA
    return _list(command.client_id, RECURRING_PROFORMAS if is_proforma else RECURRING_INVOICES)


def _list(client_id: int | None, word: str) -> Written:
    whose = ALL_CLIENTS if client_id is None else _id(client_id)
    return _plain(DocumentsSchema, client_id=whose, document_type=word)


# Clients


def _new_client(command: CreateClient) -> Written:
    return Written(NewClientSchema, _client(command.client, NewClientSchema))


def _update_client(command: UpdateClient) -> Written:
    named = _named({"client_id": _id(command.client_id)}, UpdateClientSchema)
    return Written(UpdateClientSchema, named | _client(command.changes, UpdateClientSchema))


def _client_block(client: ClientFields | None) -> Params:
    return {} if client is None else _client(client, ClientBlock)


def _client(client: ClientFields, schema: type[EndpointSchema]) -> Params:
    """Write a client's fields that are given and that the endpoint has."""
    values: dict[str, Any] = {name: getattr(client, name, None) for name in wire_names(schema)}
    values |= {f"custom_{number}": text for number, text in client.custom}
    values["payment_terms_days"] = _TERM_WORDS.get(client.payment_terms_days)
    return _named(values, schema)


def _find_client(command: FindClient) -> Written:
    return _plain(
        GetClientIdSchema,
        invoice_name=command.invoice_name,
        email=command.email,
        branch_name=command.branch_name,
    )


def _get_client(command: GetClient) -> Written:
    return _plain(ClientDetailsSchema, client_id=_id(command.client_id))


def _clients(_: ListClients) -> Written:
    return Written(ClientsSchema, {})


# Values


def _id(record_id: int | None) -> str | None:
    return None if record_id is None else str(record_id)


def _day(day: Any) -> str | None:
    return None if day is None else day.isoformat()


def _cell(value: str | bool | Decimal | None) -> str:  # noqa: FBT001
    if isinstance(value, bool):
        return _flag(value)
    return value if isinstance(value, str) else _decimal(value) or ""


def _flag(value: bool) -> str:  # noqa: FBT001
    return "1" if value else "0"


def _decimal(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:f}"


def _plain(schema: type[EndpointSchema], **values: Any) -> Written:
    return Written(schema, _named(values, schema))


def _named(values: Mapping[str, Any], schema: type[EndpointSchema]) -> Params:
    """Give values their names on the wire; None is not sent, nor what has no name there."""
    names = wire_names(schema)
    return {
        names[name]: value for name, value in values.items() if value is not None and name in names
    }


WRITERS: Final[Mapping[type[Command], Writer]] = {
    AddRecurringLine: _add_line,
    ConvertProforma: _converting,
    CreateClient: _new_client,
    CreateRecurringInvoice: _recurring_invoice,
    CreateStatement: _statement,
    FindClient: _find_client,
    GetClient: _get_client,
    GetClientHistory: _history,
    IssueDocument: _document,
    IssueDocuments: _documents,
    ListClients: _clients,
    ListDocuments: _other_documents,
    ListInvoices: _invoices,
    ListRecurringInvoices: _recurring_invoices,
    RecordClientPayment: _payment,
    RemoveRecurringLines: _remove_lines,
    UpdateClient: _update_client,
}
