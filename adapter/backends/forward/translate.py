"""Commands of one protocol said in the other: what is translated, how, and what is refused why.

A translation is a few calls. Whatever cannot be said is refused before the first of them that
changes anything; an end between two of them is `OutcomeLost` unless nothing was left behind.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from types import MappingProxyType
from typing import Any, Final, cast

from adapter.backends.base import Proof
from adapter.backends.forward.config import UpstreamTerms
from adapter.backends.forward.items import check_start, items_of
from adapter.backends.forward.upstream import Ask
from adapter.commands import model, results
from adapter.commands.context import Context
from adapter.commands.model import UNSET, ClientIdentity, Command
from adapter.commands.results import Result
from adapter.errors import (
    AdapterError,
    CannotExpress,
    ClientNotFound,
    CurrencyNotListed,
    NotProved,
    OutcomeLost,
)
from adapter.protocols.invoicesonline.client import InvoicesOnlineClient
from adapter.protocols.whmcs.client import WhmcsClient

_PAGE: Final = 100
# Any id does where only the form of a call is checked.
_SOME_ID: Final = 1


@dataclass(frozen=True, slots=True)
class Terms:
    """What a translation may know: what the upstream has set, and how to try a call's form.

    `check` raises `CannotExpress` for a command that the upstream's protocol cannot say.
    """

    terms: UpstreamTerms
    check: Callable[[Command], object]


@dataclass(frozen=True, slots=True)
class Translation:
    """One command said in another protocol.

    `about` says how, `by` what it is looked up by. `refuse` raises `CannotExpress` for what cannot
    be said, without any call. `proof` and `find` as in the connector.
    """

    about: str
    send: Callable[[Ask, Any, Context, Terms], Result]
    refuse: Callable[[Any, Terms], object] = lambda _, __: None
    by: str = ""
    proof: Callable[[Any], Proof] = lambda _: Proof.NONE
    find: Callable[[Ask, Any, Terms], Result | None] | None = None


# Clients: positional callers, form-post upstream


def _said_client(client: model.ClientFields, terms: Terms) -> model.CreateClient:
    """Return the call that makes a client there. Raises `CannotExpress`."""
    told = {name: value for name in CLIENT_SAID if (value := getattr(client, name))}
    names = (field.name for field in fields(client))
    known = {*CLIENT_SAID, "invoice_name", "payment_terms_days"}
    for name in names:
        if name not in known and getattr(client, name):
            raise CannotExpress(f"{name} of a client")
    if client.payment_terms_days not in {UNSET, None}:
        raise CannotExpress("payment_terms_days of a client")
    command = model.CreateClient(
        model.ClientFields(
            **told,
            company_name=(client.invoice_name or "").strip(),
            country=terms.terms.client_country or None,
        ),
        ClientIdentity.EMAIL,
        send_email=False,
    )
    terms.check(command)
    return command


CLIENT_SAID: Final = (
    "first_name",
    "last_name",
    "email",
    "address_1",
    "address_2",
    "city",
    "postcode",
    "phone",
    "tax_number",
)


def _found_client(ask: Ask, client: model.ClientFields) -> results.ClientRecord | None:
    """Return the client with this e-mail address; it must have this name on documents.

    There an address is one client's: another name would bill somebody else, and a second client
    with the address is refused.
    """
    try:
        shown = cast(results.ClientShown, ask(model.GetClient(email=client.email)))
    except ClientNotFound:
        return None
    if not _is_named(shown.client, client.invoice_name or ""):
        raise CannotExpress("a second client with the e-mail address of another one")
    return shown.client


def _is_named(client: results.ClientRecord, name: str) -> bool:
    names = {client.company_name.strip(), f"{client.first_name} {client.last_name}".strip()}
    return bool(name.strip()) and name.strip() in names


def _create_client(ask: Ask, command: model.CreateClient, _: Context, terms: Terms) -> Result:
    said = _said_client(command.client, terms)
    found = _found_client(ask, command.client)
    if found is not None:
        return results.ClientCreated(found.client_id, created=False)
    return ask(said)


def _find_created(ask: Ask, command: model.CreateClient, _: Terms) -> Result | None:
    found = _found_client(ask, command.client)
    return None if found is None else results.ClientCreated(found.client_id)


def _find_client(ask: Ask, command: model.FindClient, _: Context, __: Terms) -> Result:
    shown = cast(results.ClientShown, ask(model.GetClient(email=command.email)))
    if not _is_named(shown.client, command.invoice_name):
        raise ClientNotFound
    return results.ClientFound(shown.client.client_id)


def _refuse_branch(command: model.FindClient, terms: Terms) -> None:
    if command.branch_name:
        raise CannotExpress("branch_name of a client")
    terms.check(model.GetClient(email=command.email))


def _get_client(ask: Ask, command: model.GetClient, _: Context, __: Terms) -> Result:
    try:
        shown = cast(results.ClientShown, ask(replace(command, with_stats=True)))
    except ClientNotFound:
        raise ClientNotFound(command.client_id) from None
    stats = cast(results.ClientStats, shown.stats)
    balance = shown.client.credit - stats.due.total
    return results.ClientShown(replace(shown.client, balance=balance))


def _list_invoices(ask: Ask, command: model.ListInvoices, _: Context, __: Terms) -> Result:
    rows: list[results.InvoiceRecord] = []
    while True:
        page = replace(
            command,
            page=model.Page(len(rows), _PAGE),
            order_by="invoice_id",
            descending=False,
        )
        listed = cast(results.InvoicesListed, ask(page))
        rows += listed.invoices
        if not listed.invoices or len(rows) >= listed.listing.total:
            break
    for row in rows:
        if row.number is None and row.number_text:
            raise CannotExpress(f"the invoice number {row.number_text}, which is no number")
    return results.InvoicesListed(results.Listing(len(rows), 0), tuple(rows))


def _refuse_other_documents(command: model.ListInvoices, _: Terms) -> None:
    if command.page is not None:
        raise CannotExpress("a list of documents other than invoices")


# Recurring invoices: positional callers, form-post upstream


def _refuse_schedule(command: model.CreateRecurringInvoice, terms: Terms) -> None:
    for item in items_of(command, terms.terms, _SOME_ID):
        terms.check(item)
    if command.new_client is not None:
        _said_client(command.new_client, terms)


def _create_schedule(
    ask: Ask, command: model.CreateRecurringInvoice, context: Context, terms: Terms
) -> Result:
    """Find or make the client, then make the items; past the first one there is no way back."""
    check_start(command, context.today)
    _refuse_schedule(command, terms)
    client_id, made, kept = _client_of(ask, command, terms)
    items = items_of(command, terms.terms, client_id)
    done: list[int] = []
    for item in items:
        try:
            created = cast(results.BillableItemCreated, ask(item))
        except AdapterError as error:
            if not made and not done:
                raise
            left = "its new client" if made else f"client {client_id}"
            raise OutcomeLost(
                context.reference, f"{len(done)} of {len(items)} items of {left}: {error!r}"
            ) from error
        done.append(created.billable_item_id)
    return results.RecurringInvoiceCreated(done[0], client_id, kept_fields=kept)


def _client_of(
    ask: Ask, command: model.CreateRecurringInvoice, terms: Terms
) -> tuple[int, bool, tuple[str, ...]]:
    """Return the client's id, whether it was made now, and which details were kept."""
    currency = command.lines[0].currency
    new = command.new_client
    if new is None:
        try:
            shown = cast(results.ClientShown, ask(model.GetClient(client_id=command.client_id)))
        except ClientNotFound:
            raise ClientNotFound(command.client_id) from None
        found: results.ClientRecord | None = shown.client
    else:
        found = _found_client(ask, new)
    if found is not None:
        if found.currency_code and found.currency_code != currency:
            raise CurrencyNotListed(0, currency, (found.currency_code,))
        if found.tax_exempt and terms.terms.rate:
            raise CannotExpress("VAT for a client who is exempt there")
        return found.client_id, False, () if new is None else _kept(new, found)
    new = new or model.ClientFields()
    if terms.terms.currency != currency:
        raise CannotExpress(f"a new client with the currency {currency} (terms.currency)")
    if terms.terms.rate and not terms.terms.client_country:
        raise CannotExpress("VAT for a new client without a country (terms.client_country)")
    created = cast(results.ClientCreated, ask(_said_client(new, terms)))
    return created.client_id, True, ()


def _kept(sent: model.ClientFields, found: results.ClientRecord) -> tuple[str, ...]:
    """Name the details that were sent and differ from those of the client found."""
    return tuple(
        name
        for name in CLIENT_SAID
        if name != "email" and (value := getattr(sent, name)) and value != getattr(found, name)
    )


def _schedule_proof(command: model.CreateRecurringInvoice) -> Proof:
    return Proof.NONE if command.new_client is None else Proof.NATURAL


def _find_schedule(ask: Ask, command: model.CreateRecurringInvoice, _: Terms) -> Result | None:
    """Prove that nothing was made where not even the client was; items are shown by no call."""
    if command.new_client is not None and _found_client(ask, command.new_client) is None:
        return None
    raise NotProved("the client exists, and no call shows its billable items")


TRANSLATED: Final[Mapping[str, Mapping[type[Command], Translation]]] = MappingProxyType(
    {
        WhmcsClient.name: MappingProxyType(
            {
                model.CreateRecurringInvoice: Translation(
                    "the client found by e-mail address or made by AddClient, then one recurring "
                    "AddBillableItem per line with the discounted amount; `document_id` is the "
                    "id of the first item",
                    _create_schedule,
                    _refuse_schedule,
                    "its client, where the document brings one: without the client nothing "
                    "was made; else none, as no call shows billable items",
                    _schedule_proof,
                    _find_schedule,
                ),
                model.CreateClient: Translation(
                    "GetClientsDetails by e-mail address, else AddClient with the name on "
                    "documents as company name",
                    _create_client,
                    lambda command, terms: _said_client(command.client, terms),
                    "e-mail address",
                    lambda _: Proof.NATURAL,
                    _find_created,
                ),
                model.FindClient: Translation(
                    "GetClientsDetails by e-mail address; company name or full name must be "
                    "the name on documents",
                    _find_client,
                    _refuse_branch,
                ),
                model.GetClient: Translation(
                    "GetClientsDetails with figures; the balance is credit less what is due",
                    _get_client,
                ),
                model.ListInvoices: Translation(
                    "every page of GetInvoices; a number with letters is refused",
                    _list_invoices,
                    _refuse_other_documents,
                ),
            }
        ),
        InvoicesOnlineClient.name: MappingProxyType({}),
    }
)

# Why other callers' commands are refused where it is more than that there is no call for them.
REFUSED: Final[Mapping[str, Mapping[type[Command], str]]] = MappingProxyType(
    {
        WhmcsClient.name: MappingProxyType(
            {
                model.ListRecurringInvoices: "no call lists billable items",
                model.UpdateClient: "an e-mail address is one client's there, its pair with a "
                "name one client's here",
                model.ListClients: "its list tells neither details nor balances",
                model.GetClientHistory: "no call lists a client's documents with their lines",
                model.IssueDocument: "there VAT is rounded on the sum, and numbers are its own",
                model.IssueDocuments: "nothing there is issued all or none",
                model.RecordClientPayment: "money is booked on one invoice there",
                model.AddRecurringLine: "no call finds the items of a recurring invoice",
                model.RemoveRecurringLines: "no call finds the items of a recurring invoice",
            }
        ),
        InvoicesOnlineClient.name: MappingProxyType(
            {
                model.CreateClient: "an e-mail address may be several clients' there",
                model.UpdateClient: "an e-mail address may be several clients' there",
                model.ListClients: "its reply tells neither currency, credit, country nor group",
                model.GetClient: "its reply tells neither currency, credit, country nor group",
                model.ListInvoices: "its reply tells neither state, due date nor taxes",
                model.GenerateDueInvoices: "there the daily run is not for callers to start",
                model.CreateBillableItem: "there is nothing that is billed besides documents",
            }
        ),
    }
)


def refusal(upstream: str, kind: type[Command]) -> str:
    """Return why a command of the other protocol's callers cannot be said to an upstream."""
    return REFUSED[upstream].get(kind, "there is no call for it")
