"""How each command can be looked up at a positional upstream later.

Lists there tell of a document its date and total, of nothing else what it says: most deeds cannot
be told from others like them.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, cast

from adapter.backends.forward.items import priced
from adapter.backends.forward.looks import Look, Taken, in_force, one, stated
from adapter.backends.forward.upstream import Ask
from adapter.billing.model import DocumentKind
from adapter.billing.schedule import first_occurrence_from, occurrence_date
from adapter.commands import model, results
from adapter.commands.model import Command
from adapter.commands.results import Result
from adapter.errors import ClientNotFound, NotFound, NotProved

# What getClientDetails_JSON shows of what UpdateClient can change.
_CLIENT_TOLD: Final = frozenset(
    {
        "invoice_name",
        "account_number",
        "tax_number",
        "phone",
        "phone_2",
        "fax",
        "mobile",
        "email",
        "first_name",
        "last_name",
        "address_1",
        "address_2",
        "city",
        "postcode",
    }
)


def _client_by_pair(ask: Ask, command: model.CreateClient, _: Taken) -> Result | None:
    found = _pair(ask, command.client)
    return None if found is None else results.ClientCreated(found)


def _pair(ask: Ask, client: model.ClientFields) -> int | None:
    wanted = model.FindClient(
        client.invoice_name or "", client.email or "", client.branch_name or None
    )
    try:
        return cast(results.ClientFound, ask(wanted)).client_id
    except ClientNotFound:
        return None


def _schedule_by_total(
    ask: Ask, command: model.CreateRecurringInvoice, taken: Taken
) -> Result | None:
    """Find a recurring invoice of the client by total and next date.

    The next date is the start or a later occurrence. With an increase its total may have moved.
    """
    client_id = command.client_id
    if client_id is None:
        client_id = _pair(ask, command.new_client or model.ClientFields())
        if client_id is None:
            return None  # it would have been made with the document
    listed = ask(model.ListRecurringInvoices(client_id))
    rows = [
        row
        for row in cast(results.RecurringInvoicesListed, listed).recurring_invoices
        if row.client_id == client_id and _is_occurrence(command, row)
    ]
    total = priced(command)[1].gross.amount
    alike = [row for row in rows if row.total.amount == total]
    made = one(
        (results.RecurringInvoiceCreated(row.document_id, client_id) for row in alike),
        taken,
        "recurring invoices of the client",
    )
    if made is None and command.increase is not None and len(rows) > len(alike):
        raise NotProved("a recurring invoice of the client may be this one after an increase")
    return made


def _is_occurrence(
    command: model.CreateRecurringInvoice, row: results.RecurringInvoiceRecord
) -> bool:
    day = row.next_on or row.start_on
    if day < command.start_on:
        return False
    n = first_occurrence_from(command.start_on, command.frequency, day)
    return occurrence_date(command.start_on, command.frequency, n) == day


def _client_changed(ask: Ask, command: model.UpdateClient, _: Taken) -> Result:
    try:
        shown = cast(results.ClientShown, ask(model.GetClient(command.client_id)))
    except NotFound as error:
        raise NotProved("the client is not found") from error
    done = results.ClientUpdated(shown.client.client_id)
    return in_force(stated(command.changes), shown.client, _CLIENT_TOLD, done)


def _has_order_number(command: model.IssueDocument) -> bool:
    """Tell whether it is an invoice whose order number can be asked for: a whole number."""
    number = command.order_number
    is_whole = number.isascii() and number.isdecimal() and number.lstrip("0") == number
    return command.kind is DocumentKind.INVOICE and bool(number) and is_whole


def _invoice_absent(ask: Ask, command: model.IssueDocument, _: Taken) -> Result | None:
    """Prove that no invoice of the client has the order number; one that has may be another."""
    client_id = command.client_id
    if client_id is None:
        client_id = _pair(ask, command.new_client or model.ClientFields())
        if client_id is None:
            return None  # it would have been made with the document
    found = ask(model.ListInvoices(None, client_id, order_number=command.order_number))
    if cast(results.InvoicesListed, found).invoices:
        raise NotProved("the client has an invoice with this order number, and may have had it")
    return None


POSITIONAL: Final[Mapping[type[Command], Look]] = MappingProxyType(
    {
        model.CreateClient: Look("name on documents and e-mail address", _client_by_pair),
        model.CreateRecurringInvoice: Look(
            "client, total and next date, leaving out what other attempts made",
            _schedule_by_total,
        ),
        model.UpdateClient: Look("values in force", _client_changed),
        model.IssueDocument: Look(
            "an invoice's order number, where no invoice of the client has it; none for other "
            "kinds, or without a whole number",
            _invoice_absent,
            _has_order_number,
        ),
        model.IssueDocuments: Look("equal invoices cannot be told apart"),
        model.ConvertProforma: Look("no call shows what a pro-forma became"),
        model.RecordClientPayment: Look("equal payments cannot be told apart"),
        model.CreateStatement: Look("no call lists statements"),
        model.AddRecurringLine: Look("no call shows the lines of a recurring invoice"),
        model.RemoveRecurringLines: Look("no call shows the lines of a recurring invoice"),
    }
)
