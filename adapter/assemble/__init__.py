"""Builds stores, backends, protocols and the gateway, and picks the clocks; nothing else does."""

import logging
import random
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from os import urandom
from typing import Any

from adapter.assemble.elsewhere import Elsewhere, Notes, open_elsewhere, open_remotes
from adapter.backends.base import Backend
from adapter.backends.local.backend import LocalBackend
from adapter.backends.local.pages import LetterWriter, LinkedPages
from adapter.backends.remote import RemoteBackend
from adapter.backends.resolving import WORKER, Tender
from adapter.bridge.access import Access
from adapter.bridge.canonical import CanonicalWire
from adapter.bridge.clock import AccountClock, ClockFixed
from adapter.bridge.daily import DailyAccount
from adapter.bridge.forwards import AccountTender
from adapter.bridge.front_door import FrontDoors
from adapter.bridge.idempotency import Idempotency
from adapter.bridge.journal import Journal
from adapter.bridge.links import DocumentLinks, LinkedAccount
from adapter.bridge.management import Management
from adapter.bridge.routing import LOCAL, Routes
from adapter.bridge.secrets import load_server_key, parse_server_key
from adapter.bridge.service import Clock, Gateway
from adapter.commands.access import Caller, Mode
from adapter.commands.context import Context
from adapter.commands.links import Links, link_secret
from adapter.documents.render import Renderer
from adapter.outbox.config import Transport
from adapter.outbox.deliver import MailAccount
from adapter.outbox.transport import FileTransport, MailTransport, SmtpTransport
from adapter.protocols.base import LegacyProtocol
from adapter.protocols.invoicesonline import InvoicesOnlineProtocol
from adapter.protocols.whmcs import WhmcsProtocol
from adapter.settings import MAIN, AccountSettings, Settings, SettingsError
from adapter.store.attempts import Ledger
from adapter.store.credential_finder import CredentialFinder
from adapter.store.migrate import needed_revision
from adapter.store.unit_of_work import Store


@dataclass(frozen=True, slots=True)
class Assembly:
    """Everything that answers requests in one process."""

    settings: Settings
    gateway: Gateway
    protocols: tuple[LegacyProtocol[Any], ...]
    management: Management
    canonical: CanonicalWire
    places: Mapping[str, "Workplace"]
    links: DocumentLinks
    credentials: Store
    schema_revision: str
    elsewhere: Mapping[str, Elsewhere]
    notes: Notes
    journal: Journal

    @property
    def stores(self) -> Mapping[str, Store]:
        """Every served account's database."""
        return {name: place.store for name, place in self.places.items()}

    def close(self) -> None:
        """Write what the journal still holds, and close every connection."""
        self.journal.close()
        self.leave()
        for store in (*self.stores.values(), self.credentials):
            store.close()

    def leave(self) -> None:
        """Close the connections to other systems; the stores stay open."""
        for each in self.elsewhere.values():
            each.close()


@dataclass(frozen=True, slots=True)
class Workplace:
    """One account as the command line uses it: the same commands as the web, no access check."""

    account: AccountSettings
    store: Store
    backend: LocalBackend
    clock: AccountClock
    ledger: Ledger
    notes: Notes
    remotes: Mapping[str, RemoteBackend] = field(default_factory=dict)
    closing: tuple[Callable[[], None], ...] = ()

    def leave(self) -> None:
        """Close the connections to other systems."""
        for close in self.closing:
            close()

    def context(self, caller: str, *, on: date | None = None, dry_run: bool = False) -> Context:
        """Return the circumstances of one command; `on` is another day, for sandboxes only."""
        account = self.account.account
        now = self.clock.clock()
        today = now.astimezone(account.zone).date()
        if on is not None and on != today:
            if account.mode is Mode.PRODUCTION:
                raise ClockFixed(account.name)
            now += timedelta(days=(on - today).days)
            today = on
        began = time.monotonic()
        identifier = new_id()
        return Context(
            caller=Caller(account, caller, ""),
            today=today,
            now=now,
            request_id=identifier,
            reference=identifier,
            elapsed=lambda: time.monotonic() - began,
            dry_run=dry_run,
        )


def new_id() -> str:
    """Return a new id for a request."""
    return urandom(16).hex()


def unmoved_clock(account: AccountSettings) -> Clock:
    """Return the real clock, moved by the days that the settings of a sandbox name."""
    shift = timedelta(days=account.clock_shift_days)
    if shift:
        return lambda: datetime.now(UTC) + shift
    return lambda: datetime.now(UTC)


def server_key(settings: Settings) -> bytes:
    """Return the server key of the settings or its file, which is made on first use."""
    if settings.access.server_key:
        return parse_server_key(settings.access.server_key, "access.server_key")
    file = settings.server_key_file
    if file is None:
        raise SettingsError(("access.server_key: choose one, or access.server_key_file",))
    try:
        return load_server_key(file)
    except ValueError as error:
        raise SettingsError((f"access.server_key_file: {error}",)) from error


def known_account(settings: Settings, name: str) -> AccountSettings:
    """Return a configured account. Raises `SettingsError`."""
    account = settings.accounts.get(name)
    if account is None:
        known = ", ".join(settings.accounts)
        raise SettingsError((f"no account {name}; known are {known} (set [accounts.{name}])",))
    return account


def open_workplace(settings: Settings, name: str, notes: Notes | None = None) -> Workplace:
    """Open one account's store. Raises `SettingsError` for an account that is not configured."""
    account = known_account(settings, name)
    store = open_store(account)
    clock = AccountClock.of(account.account, store, unmoved_clock(account))
    # Deadlines are real time: a sandbox's clock may be moved while a call is on its way.
    ledger = Ledger(store, lambda: datetime.now(UTC))
    place = Workplace(
        account, store, LocalBackend(store, settings.run), clock, ledger, notes or Notes()
    )
    return _with_remotes(place, settings)


def check_elsewhere(settings: Settings) -> None:
    """Build what accounts have outside and leave it: mapping files are read, nothing is called.

    Raises `SettingsError` with what is wrong in each account.
    """
    problems: list[str] = []
    for name, account in settings.accounts.items():
        if not account.backends:
            continue
        try:
            place = open_workplace(settings, name)
            backends: dict[str, Backend] = {LOCAL: place.backend, **place.remotes}
            open_elsewhere(account, backends, place.leave).close()
            place.store.close()
        except SettingsError as error:
            problems += error.problems
    if problems:
        raise SettingsError(tuple(problems))


def at_store(place: Workplace, store: Store) -> Workplace:
    """Return the workplace as it is on another store, a copy of the account's."""
    clock = AccountClock.of(place.account.account, store, unmoved_clock(place.account))
    return replace(place, store=store, clock=clock)


def _linking(place: Workplace, settings: Settings) -> Workplace:
    """Return the workplace with a backend whose replies say where documents can be opened."""
    links = account_links(settings, place.account)
    return replace(place, backend=LocalBackend(place.store, settings.run, links))


def _with_remotes(place: Workplace, settings: Settings) -> Workplace:
    """Return the workplace with its account's backends elsewhere. Raises `SettingsError`."""
    remotes, closing = open_remotes(
        place.account, settings.limits, place.store, place.ledger, place.notes
    )
    return replace(place, remotes=remotes, closing=closing)


def open_store(account: AccountSettings) -> Store:
    """Return an account's database. Raises `SettingsError` when its driver is not installed."""
    try:
        return Store(account.store)
    except ModuleNotFoundError as error:
        name = account.account.name
        raise SettingsError(
            (f"account {name}: its database needs the module {error.name}",)
        ) from error


def daily_account(workplace: Workplace) -> DailyAccount:
    """Return an account as the daily worker sees it."""
    return DailyAccount(
        workplace.account.account.name, workplace.store, lambda: workplace.context("daily")
    )


def account_tenders(workplace: Workplace) -> tuple[AccountTender, ...]:
    """Return who looks after the attempts of an account, one for each backend elsewhere."""
    return tuple(
        AccountTender(
            workplace.account.account.name,
            name,
            Tender(remote, lambda: workplace.context(WORKER)),
        )
        for name, remote in workplace.remotes.items()
    )


class _Warnings:
    """Logs each warning once: what is wrong with a template is wrong with every document."""

    def __init__(self) -> None:
        self._told: set[str] = set()
        self._log = logging.getLogger("adapter.documents")

    def __call__(self, text: str) -> None:
        if text not in self._told:
            self._told.add(text)
            self._log.warning("%s", text)


def account_links(settings: Settings, account: AccountSettings) -> Links:
    """Return what makes and checks an account's links."""
    name = account.account.name
    return Links(
        settings.base_url,
        account.account.business_id,
        link_secret(server_key(settings), name),
        keyless=settings.links.links_without_key,
    )


def account_renderer(account: AccountSettings) -> Renderer:
    """Return what renders an account's documents; what cannot be used is logged."""
    return Renderer(account.business, account.documents, _Warnings())


def mail_account(settings: Settings, place: Workplace) -> MailAccount:
    """Return an account as the delivery of mail sees it."""
    account = place.account
    zone = account.account.zone
    writer = LetterWriter(
        place.store, account_renderer(account), account_links(settings, account), zone
    )
    return MailAccount(
        name=account.account.name,
        store=place.store,
        business=account.business,
        config=settings.mail,
        write=writer,
        transport=mail_transport(settings),
        now=place.clock.clock,
        wall=lambda: datetime.now(UTC),
        jitter=random.random,
    )


def mail_transport(settings: Settings) -> MailTransport:
    """Return the way out that the settings name."""
    if settings.mail.transport is Transport.SMTP:
        return SmtpTransport(settings.mail)
    return FileTransport(settings.mail_folder)


def _linked(settings: Settings, place: Workplace) -> LinkedAccount:
    pages = LinkedPages(
        store=place.store,
        renderer=account_renderer(place.account),
        zone=place.account.account.zone,
        links_per_hour=settings.mail.links_per_hour,
        context=lambda request_id: replace(place.context("link"), request_id=request_id),
    )
    return LinkedAccount(
        place.account.account.name,
        account_links(settings, place.account),
        pages,
    )


def assemble_protocols(
    settings: Settings,
) -> tuple[LegacyProtocol[Any], ...]:
    """Build both protocols with each account's quirks."""
    accounts = settings.accounts
    return (
        WhmcsProtocol(
            {name: each.whmcs for name, each in accounts.items()},
            settings.limits,
            allow_get=settings.form_post.allow_get,
        ),
        InvoicesOnlineProtocol(
            {name: each.invoicesonline for name, each in accounts.items()},
            settings.limits,
        ),
    )


def assemble(settings: Settings) -> Assembly:
    """Build everything that answers requests. Opens no connection yet."""
    served = {name: settings.accounts[name] for name in settings.served_accounts}
    notes = Notes()
    places = {name: _linking(open_workplace(settings, name, notes), settings) for name in served}
    main = places.get(MAIN)
    # The first account holds the credentials, whether it is served or not.
    credentials = open_store(settings.main) if main is None else main.store
    access = Access(
        settings.access,
        server_key(settings),
        CredentialFinder(credentials),
        {name: each.account for name, each in served.items()},
        monotonic=time.monotonic,
        pause=time.sleep,
    )
    journal = Journal(
        {name: place.store for name, place in places.items()},
        settings.journal,
        lambda: datetime.now(UTC),
        logging.getLogger("adapter.journal").warning,
    )
    return _assembled(settings, places, credentials, access, notes, journal)


def reassemble(assembly: Assembly, settings: Settings) -> Assembly:
    """Build everything anew from other settings on the same stores.

    What cannot change while requests are answered is refused by key. The old one still answers
    what it has begun; `leave` it when that has ended. Raises `SettingsError`.
    """
    check_fixed(assembly.settings, settings)
    places = {
        name: _with_remotes(
            _linking(replace(place, account=settings.accounts[name]), settings), settings
        )
        for name, place in assembly.places.items()
    }
    access = assembly.gateway.access.with_config(settings.access)
    journal = assembly.journal
    journal.config = settings.journal
    return _assembled(settings, places, assembly.credentials, access, assembly.notes, journal)


def check_fixed(old: Settings, new: Settings) -> None:
    """Raise `SettingsError` with everything that differs and cannot without a restart."""
    problems = tuple(_fixed_problems(old, new))
    if problems:
        raise SettingsError(problems)


def _fixed_problems(old: Settings, new: Settings) -> Iterator[str]:
    remedy = "cannot be changed while the gateway runs; put it back or restart"
    if old.server != new.server:
        yield f"server: {remedy}"
    if tuple(old.accounts) != tuple(new.accounts):
        yield f"accounts: their number and names {remedy}"
        return
    if (old.access.server_key, old.server_key_file) != (
        new.access.server_key,
        new.server_key_file,
    ):
        yield f"access.server_key: {remedy}"
    if old.limits.body_bytes != new.limits.body_bytes:
        yield f"limits.body_bytes: {remedy}"
    for name, before in old.accounts.items():
        after = new.accounts[name]
        for key in ("account", "store", "clock_shift_days"):
            if getattr(before, key) != getattr(after, key):
                yield f"accounts.{name} (zone, mode, business id, database and clock): {remedy}"
                break


def _assembled(  # noqa: PLR0913 - what an assembly is made of
    settings: Settings,
    places: Mapping[str, Workplace],
    credentials: Store,
    access: Access,
    notes: Notes,
    journal: Journal,
) -> Assembly:
    elsewhere = {
        name: open_elsewhere(place.account, {LOCAL: place.backend, **place.remotes}, place.leave)
        for name, place in places.items()
    }
    find = CredentialFinder(credentials)

    def account_of(identifier: str) -> str | None:
        found = find(identifier)
        return None if found is None else found.account

    gateway = Gateway(
        access=access,
        backends={name: place.backend for name, place in places.items()},
        repeats={
            name: Idempotency(
                place.store,
                place.account.idempotency,
                clock=lambda: datetime.now(UTC),
                pause=time.sleep,
            )
            for name, place in places.items()
        },
        clocks={name: place.clock.clock for name, place in places.items()},
        monotonic=time.monotonic,
        routing={
            name: each.routed
            for name, each in elsewhere.items()
            if each.routed.routes != Routes()  # all is local without any
        },
        front_doors=FrontDoors(
            {name: each.door for name, each in elsewhere.items() if each.door is not None},
            access,
            account_of,
            notes.note,
            time.monotonic,
        ),
        new_reference=new_id,
    )
    return Assembly(
        settings,
        gateway,
        assemble_protocols(settings),
        Management(access, {name: place.clock for name, place in places.items()}),
        CanonicalWire(
            gateway, {name: place.store for name, place in places.items()}, settings.limits
        ),
        places,
        DocumentLinks(tuple(_linked(settings, place) for place in places.values())),
        credentials,
        needed_revision(),
        elsewhere,
        notes,
        journal,
    )
