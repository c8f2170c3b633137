"""`adapter demo`: a sandbox with something to bill, a call of each protocol, and a mail."""

import json
import re
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import click
import requests

from adapter.assemble import Workplace, account_links, mail_account
from adapter.billing.model import RecurringLine
from adapter.billing.schedule import Cycle, Frequency
from adapter.bridge.daily import is_due, run_daily
from adapter.cli.base import account_option, workplace
from adapter.cli.credentials import add_generated
from adapter.cli.output import say, say_facts
from adapter.cli.serve import Listening, chosen_bind, run_server
from adapter.commands.access import Mode
from adapter.commands.links import INVOICE
from adapter.commands.model import (
    AcceptOrder,
    ClientFields,
    ClientIdentity,
    Command,
    CreateClient,
    CreateProduct,
    CreateRecurringInvoice,
    CyclePrice,
    GenerateDueInvoices,
    GetClient,
    ListClients,
    ListInvoices,
    OrderedProduct,
    Page,
    PlaceOrder,
    UpdateService,
)
from adapter.commands.results import ClientRecord, ClientShown, ClientsListed, InvoicesListed
from adapter.outbox.config import Transport
from adapter.outbox.deliver import Deliverer, MailAccount
from adapter.settings import MAIN, Settings, load_settings
from adapter.store.credentials import list_credentials, revoke_credential

_CALLER = "demo"
_NAME = re.compile(r"demo(-[0-9]+)?")
_TIMEOUT_SECONDS = 30


@dataclass(frozen=True, slots=True)
class DemoCall:
    """One call: where, what, and how a shell says it."""

    path: str
    body: str

    def curl(self, base_url: str) -> str:
        """Return the call for a shell."""
        return f"curl -s '{base_url}{self.path}' \\\n  -d '{self.body}'"

    def send(self, base_url: str) -> str:
        """Make the call as curl would, and return the reply."""
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        reply = requests.post(
            base_url + self.path, self.body.encode(), headers=headers, timeout=_TIMEOUT_SECONDS
        )
        return reply.text


@click.command()
@click.option("--serve", "bind", metavar="HOST:PORT", help="Then serve, and show both calls work.")
@account_option
def demo(*, bind: str | None, account: str) -> None:
    """Fill a sandbox account with demo data; print credentials, a call of each protocol, a PDF.

    Earlier demo credentials are revoked. An account that has clients keeps them.
    """
    settings = load_settings()
    if bind is not None and not settings.links.base_url:
        host, port = chosen_bind(bind)
        base_url = Listening(host, port, settings.server.workers).url
        settings = replace(settings, links=replace(settings.links, base_url=base_url))
    with workplace(account, settings) as place:
        if place.account.account.mode is Mode.PRODUCTION:
            raise click.ClickException(f"Account {account} is in production: no demo data there")
        mail = mail_account(settings, place)
        # Mail is switched on before any is made.
        Deliverer(mail).round(0)
        client = _fill(settings, place)
        written = _write_mail(settings, mail)
        invoice = _latest_invoice(settings, place)
        today = place.context(_CALLER).today.isoformat()
    identifier, secret = _new_credential(settings, account)
    calls = _calls(identifier, secret, client, today)
    business_id = settings.accounts[account].account.business_id
    say_facts([("identifier", identifier), ("secret", secret), ("business id", business_id)])
    if bind is None:
        for call in calls:
            say()
            say(call.curl(f"http://{settings.server.bind}"))
        _show_documents(invoice, written)
        return
    host, port = chosen_bind(bind)
    listening = Listening(host, port, settings.server.workers)
    run_server(
        settings,
        listening,
        with_worker=True,
        on_ready=lambda url: _show(calls, url, invoice.replace(settings.base_url, url), written),
    )


def _show_documents(invoice: str, written: str) -> None:
    say()
    if invoice:
        say(f"An invoice as PDF: {invoice}")
    say(f"The mail it was sent with: {written}")


def _write_mail(settings: Settings, mail: MailAccount) -> str:
    """Deliver the demo's mail where mail is written to files; return where it is."""
    if settings.mail.transport is not Transport.FILES:
        return "as mail.transport says"
    Deliverer(mail).empty()
    return f"{settings.mail_folder.resolve()}"


def _latest_invoice(settings: Settings, place: Workplace) -> str:
    """Return the link of the newest invoice; blank when there is none."""
    listed: InvoicesListed = _do(place, ListInvoices(Page(limit=1)))
    links = account_links(settings, place.account)
    for each in listed.invoices:
        number = each.invoice_id if each.number is None else each.number
        return links.download(INVOICE, each.invoice_id, number)
    return ""


def _show(calls: tuple[DemoCall, ...], url: str, invoice: str, written: str) -> None:
    for call in calls:
        say()
        say(call.curl(url))
        try:
            reply = call.send(url)
        except requests.RequestException:
            # The server is being stopped.
            return
        say(f"-> {reply}")
    _show_documents(invoice, written)
    say()
    say("Both calls can be pasted into another shell. Ctrl-C ends the server.")


def _calls(identifier: str, secret: str, client: ClientRecord, today: str) -> tuple[DemoCall, ...]:
    """Return a recurring invoice through one protocol, and the run that bills it by the other."""
    currency = client.currency_code
    recurring = {
        "username": identifier,
        "password": secret,
        "ClientID": str(client.client_id),
        "Recurrs": "monthly",
        "paused": 0,
        "limit_recurrances": 0,
        "recurrances_limit": "",
        "add_increase": 0,
        "IncreasePercentage": "",
        "IncreaseInterval": "",
        "recurring_start_date": today,
        "data": [["SUPPORT", "1", "Monthly support", "250.00", currency, 1, "15.00", 0]],
    }
    return (
        DemoCall("/api/GenerateNewRecurringInvoice.php?apiformat=json", json.dumps(recurring)),
        DemoCall(
            "/includes/api.php",
            f"action=GenInvoices&identifier={identifier}&secret={secret}&responsetype=json",
        ),
    )


def _new_credential(settings: Settings, account: str) -> tuple[str, str]:
    with workplace(MAIN, settings) as place:
        with place.store.write() as uow:
            names = [row for row in list_credentials(uow) if _NAME.fullmatch(row.name)]
            for row in names:
                if row.revoked_at is None:
                    revoke_credential(uow, row.name, place.context(_CALLER).now)
        return add_generated(settings, place, f"demo-{len(names) + 1}", account)


def _fill(settings: Settings, place: Workplace) -> ClientRecord:
    """Make a client with a service that is due soon, unless there are clients; return a client."""
    context = place.context(_CALLER)
    at, zone = settings.daily.at, context.caller.account.zone
    if at is not None and is_due(place.store, context.now, zone, at):
        # Done here so that the worker started next does not bill what the calls should show.
        run_daily(place.store, settings.run, context)
    listed: ClientsListed = _do(place, ListClients(Page(limit=1)))
    if listed.clients:
        return listed.clients[0]
    created: Any = _do(
        place,
        CreateClient(
            ClientFields(
                first_name="Thandi",
                last_name="Demo",
                company_name="Demo Bakery",
                email="thandi@example.com",
                address_1="1 Main Road",
                city="Cape Town",
                postcode="8001",
                country="ZA",
            ),
            ClientIdentity.EMAIL,
            send_email=False,
        ),
    )
    shown: ClientShown = _do(place, GetClient(created.client_id))
    client = shown.client
    _issue_invoice(place, client)
    price = CyclePrice(client.currency_id, Cycle.MONTHLY, Decimal("99.00"), Decimal("50.00"))
    product: Any = _do(
        place,
        CreateProduct(
            name="Web hosting",
            group_id=1,
            prices=(price,),
        ),
    )
    order: Any = _do(
        place,
        PlaceOrder(
            client.client_id,
            "banktransfer",
            products=(OrderedProduct(product.product_id, cycle=Cycle.MONTHLY),),
            make_invoice=False,
            send_email=False,
        ),
    )
    _do(place, AcceptOrder(order.order_id, send_email=False))
    soon = context.today + timedelta(days=5)
    _do(place, UpdateService(order.service_ids[0], next_due_on=soon))
    return client


def _issue_invoice(place: Workplace, client: ClientRecord) -> None:
    """Bill something today, so that there is an invoice to look at, and its mail."""
    lines = (
        ("DESIGN", "Website design", Decimal(1), Decimal("4500.00")),
        ("PHOTO", "Photographs of the bakery, per hour", Decimal("2.5"), Decimal("650.00")),
    )
    _do(
        place,
        CreateRecurringInvoice(
            Frequency.MONTHLY,
            place.context(_CALLER).today,
            tuple(
                RecurringLine(
                    product_code=code,
                    description=description,
                    quantity=quantity,
                    unit_price=unit_price,
                    currency=client.currency_code,
                    vat_applies=True,
                    vat_rate=Decimal(15),
                    includes_vat=False,
                )
                for code, description, quantity, unit_price in lines
            ),
            client_id=client.client_id,
            recurrence_limit=1,
        ),
    )
    _do(place, GenerateDueInvoices(client_id=client.client_id))


def _do(place: Workplace, command: Command) -> Any:
    return place.backend.execute(command, place.context(_CALLER))
