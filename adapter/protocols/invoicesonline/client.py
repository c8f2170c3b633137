"""The other end of this protocol: commands written as requests, replies read.

Names and tables are the server side's, and every request is read back before it is handed out:
what it would not say exactly is refused, never sent as something near it.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal
from typing import Any, Final

from adapter.billing.model import RecurringLine
from adapter.commands.access import Credentials
from adapter.commands.model import (
    ClientFields,
    Command,
    CreateClient,
    CreateRecurringInvoice,
    FindClient,
    GetClient,
    ListInvoices,
    ListRecurringInvoices,
)
from adapter.commands.results import ClientCreated, ClientFound, RecurringInvoiceCreated, Result
from adapter.errors import BadAnswer, CannotExpress, Rejected, RequestError
from adapter.protocols import phpjson
from adapter.protocols.base import Limits, Params
from adapter.protocols.invoicesonline.columns import LINE_COLUMNS
from adapter.protocols.invoicesonline.quirks import Quirks
from adapter.protocols.invoicesonline.schemas import (
    ALL_CLIENTS,
    INVOICES,
    PAYMENT_TERMS,
    RECURRING_INVOICES,
    ClientBlock,
    ClientDetailsSchema,
    DocumentsSchema,
    EndpointSchema,
    GetClientIdSchema,
    NewClientSchema,
    RecurringInvoiceSchema,
    wire_names,
)

_JSON_HEADERS: Final[Mapping[str, str]] = {"Content-Type": "application/json"}
_TERM_WORDS: Final[Mapping[Any, str]] = {
    **{days: word for word, days in PAYMENT_TERMS.items()},
    None: "",  # unspecified on purpose; UNSET is not sent
}
_DIGITS: Final = re.compile(r"[0-9]{1,18}").fullmatch
_CUSTOM_COLUMNS: Final = ("custom_1", "custom_2", "custom_3", "custom_4", "custom_5")


@dataclass(frozen=True, slots=True)
class UpstreamRequest:
    """A POST to send; the body holds the credentials, so it is left out of repr."""

    url: str
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


def encode_command(command: Command, credentials: Credentials, base_url: str) -> UpstreamRequest:
    """Write a command as a request in JSON mode; `base_url` ends before the file name.

    Raises `CannotExpress` unless the request says exactly this command.
    """
    writer = _WRITERS.get(type(command))
    if writer is None:
        raise CannotExpress(type(command).__name__)
    schema, write = writer
    params = write(command)
    _check(schema, params, command)
    body = {
        "username": credentials.identifier,
        "password": credentials.secret,
        "BID": credentials.business_id,
        **params,
    }
    url = f"{base_url.rstrip('/')}/{schema.endpoint}.php?apiformat=json"
    sent = {name: value for name, value in body.items() if value is not None}
    return UpstreamRequest(url, _JSON_HEADERS, phpjson.dumps(sent))


def decode_reply(body: bytes, command: Command) -> Result:
    """Read the reply to a command that creates or finds one thing.

    What the reply does not say is 0 (`client_id`) or empty. Raises `Rejected` and `BadAnswer`,
    and `CannotExpress` for a command whose reply is a map: see `decode_map`.
    """
    match command:
        case CreateRecurringInvoice():
            reply = _json_object(body)
            document_id = _whole_number(reply.get("document_id"))
            return RecurringInvoiceCreated(document_id, command.client_id or 0)
        case CreateClient():
            return ClientCreated(_bare_number(body))
        case FindClient():
            return ClientFound(_bare_number(body))
        case _:
            raise CannotExpress(f"the result of {type(command).__name__}")


def decode_map(body: bytes) -> Mapping[str, Any]:
    """Read a map reply, numbers as text; an empty one is the list that PHP writes."""
    return {} if body.strip() == b"[]" else _json_object(body)


def _check(schema: type[EndpointSchema], params: Params, command: Command) -> None:
    """Raise `CannotExpress` unless the parameters mean the command."""
    try:
        meant = schema(Quirks(), Limits()).command(params)
    except RequestError as error:
        raise CannotExpress(str(error)) from error
    if meant == command:
        return
    names = (name.name for name in fields(command))
    differing = [name for name in names if getattr(meant, name, None) != getattr(command, name)]
    raise CannotExpress(f"{', '.join(differing)} of {type(command).__name__}")


def _recurring_invoice(command: CreateRecurringInvoice) -> Params:
    limit, increase = command.recurrence_limit, command.increase
    values = {
        "frequency": command.frequency.value,
        "paused": _flag(command.paused),
        "limited": _flag(limit is not None),
        "limit_sent": "" if limit is None else str(limit),
        "increased": _flag(increase is not None),
        "percentage_sent": "" if increase is None else _decimal(increase.percentage),
        "interval_sent": "" if increase is None else str(increase.interval),
        "start_on": command.start_on.isoformat(),
        "rows": [_row(line) for line in command.lines],
        "client_id": None if command.client_id is None else str(command.client_id),
        "order_number": command.order_number,
        "discount_amount": _decimal(command.discount_amount),
        "discount_percentage": _decimal(command.discount_percentage),
        "number_prefix": command.number_prefix,
        "number_suffix": command.number_suffix,
        "send_email": command.send_email,
    }
    values |= {f"custom_{number}": text for number, text in enumerate(command.custom_values, 1)}
    client = {} if command.new_client is None else _client(command.new_client, ClientBlock)
    return _named(values, RecurringInvoiceSchema) | client


def _row(line: RecurringLine) -> list[str]:
    custom = dict(zip(_CUSTOM_COLUMNS, line.custom, strict=True))
    cells = [
        "" if name is None else custom[name] if name in custom else getattr(line, name)
        for name in LINE_COLUMNS
    ]
    return [_cell(value) for value in cells]


def _cell(value: str | bool | Decimal | None) -> str:  # noqa: FBT001
    if isinstance(value, bool):
        return _flag(value)
    return value if isinstance(value, str) else _decimal(value) or ""


def _flag(value: bool) -> str:  # noqa: FBT001
    return "1" if value else "0"


def _decimal(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:f}"


def _new_client(command: CreateClient) -> Params:
    return _client(command.client, NewClientSchema)


def _client(client: ClientFields, schema: type[EndpointSchema]) -> Params:
    """Write a client's fields that are given and that the endpoint has."""
    values: dict[str, Any] = {name: getattr(client, name, None) for name in wire_names(schema)}
    values |= {f"custom_{number}": text for number, text in client.custom}
    values["payment_terms_days"] = _TERM_WORDS.get(client.payment_terms_days)
    return _named(values, schema)


def _find_client(command: FindClient) -> Params:
    values = {
        "invoice_name": command.invoice_name,
        "email": command.email,
        "branch_name": command.branch_name,
    }
    return _named(values, GetClientIdSchema)


def _get_client(command: GetClient) -> Params:
    return _named({"client_id": str(command.client_id)}, ClientDetailsSchema)


def _documents(command: ListInvoices | ListRecurringInvoices) -> Params:
    every = command.client_id is None
    values = {
        "client_id": ALL_CLIENTS if every else str(command.client_id),
        "document_type": (INVOICES if isinstance(command, ListInvoices) else RECURRING_INVOICES),
    }
    return _named(values, DocumentsSchema)


def _named(values: Mapping[str, Any], schema: type[EndpointSchema]) -> Params:
    """Give values their names on the wire; None is not sent, nor what has no name there."""
    names = wire_names(schema)
    return {
        names[name]: value for name, value in values.items() if value is not None and name in names
    }


def _json_object(body: bytes) -> Mapping[str, Any]:
    """Read a JSON object; an error object raises `Rejected`."""
    try:
        reply = json.loads(body, parse_int=str, parse_float=str)
    except (ValueError, RecursionError) as error:
        raise BadAnswer from error
    if not isinstance(reply, dict):
        raise BadAnswer
    if reply.get("type") == "error" or reply.get("error"):
        raise Rejected(str(reply.get("error") or reply.get("message")))
    return reply


def _whole_number(value: Any) -> int:
    if not isinstance(value, str) or not _DIGITS(value):
        raise BadAnswer
    return int(value)


def _bare_number(body: bytes) -> int:
    """Read the reply that is an integer and nothing else; any other text is an error's."""
    text = body.decode("utf-8", "replace").strip()
    if _DIGITS(text):
        return int(text)
    if text.startswith("{"):
        _json_object(body)
        raise BadAnswer
    if not text:
        raise BadAnswer
    raise Rejected(text)


_WRITERS: Final[Mapping[type[Command], tuple[type[EndpointSchema], Callable[[Any], Params]]]] = {
    CreateRecurringInvoice: (RecurringInvoiceSchema, _recurring_invoice),
    CreateClient: (NewClientSchema, _new_client),
    FindClient: (GetClientIdSchema, _find_client),
    GetClient: (ClientDetailsSchema, _get_client),
    ListInvoices: (DocumentsSchema, _documents),
    ListRecurringInvoices: (DocumentsSchema, _documents),
}
