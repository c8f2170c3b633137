"""What an account's documents need: links and their key, a renderer, the way out for mail."""

import logging
import random
from dataclasses import replace
from datetime import UTC, datetime

from adapter.assemble.workplaces import Workplace
from adapter.backends.local.backend import LocalBackend
from adapter.backends.local.pages import LetterWriter, LinkedPages
from adapter.bridge.links import LinkedAccount
from adapter.bridge.secrets import load_server_key, parse_server_key
from adapter.commands.links import Links, link_secret
from adapter.documents.render import Renderer
from adapter.outbox.config import Transport
from adapter.outbox.deliver import MailAccount
from adapter.outbox.transport import FileTransport, MailTransport, SmtpTransport
from adapter.settings import AccountSettings, Settings, SettingsError


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


def linking(place: Workplace, settings: Settings) -> Workplace:
    """Return the workplace with a backend whose replies say where documents can be opened."""
    links = account_links(settings, place.account)
    return replace(place, backend=LocalBackend(place.store, settings.run, links))


def linked_account(settings: Settings, place: Workplace) -> LinkedAccount:
    """Return an account as its document links see it."""
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
