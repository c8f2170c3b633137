"""Mails from templates: subject and text in one file, HTML in another, a PDF beside them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from adapter.documents.model import Page, Party
from adapter.documents.render import Renderer
from adapter.documents.templates import BadTemplate

_SUBJECT: Final = re.compile(r"Subject: ([^\n]*)\n\n(.*)", re.DOTALL)
_MAX_SUBJECT: Final = 250
# One mailbox: no blanks, commas or brackets that a header would read as something else.
_ADDRESS: Final = re.compile(
    r"[^\s@,;:<>()\[\]\"\\\x00-\x20\x7f]+@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?"
)
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")


class Undeliverable(Exception):
    """A mail can never leave as it is; the text tells the operator why."""


class Outdated(Exception):
    """A mail is not sent because its time is over; the text tells the operator why."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail that is ready to go; `attachments` are file names and PDFs."""

    recipients: tuple[str, ...]
    subject: str
    text: str
    html: str
    attachments: tuple[tuple[str, bytes], ...] = ()


@dataclass(frozen=True, slots=True)
class MailText:
    """What a mail template makes."""

    subject: str
    text: str


def mail_names(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the mails among template names, without folder and ending."""
    return tuple(
        name[len("mail/") : -len(".txt")]
        for name in names
        if name.startswith("mail/") and name.endswith(".txt")
    )


def write_letter(  # noqa: PLR0913 - the parts of one mail
    renderer: Renderer,
    name: str,
    client: Party,
    page: Page | None,
    values: Mapping[str, Any],
    link: str = "",
) -> Letter:
    """Return one mail to a client, the page attached; raises `Undeliverable`.

    `values` are what the mail was queued with: texts that callers sent are shown, never rendered.
    """
    recipients = split_addresses(client.email)
    named = letter_values(renderer, client, page, values, link)
    try:
        written = renderer.templates.use(f"mail/{name}.txt", named, read_mail_text)
    except BadTemplate as error:
        raise Undeliverable(f"The subject is more than one line: {error}") from error
    if len(written.subject) > _MAX_SUBJECT or _CONTROL.search(written.subject):
        raise Undeliverable("The subject must be one line of at most 250 characters")
    html = renderer.templates.use(f"mail/{name}.html", named, str)
    attachments = () if page is None else ((page.file_name, renderer.pdf(page)),)
    return Letter(recipients, written.subject, written.text, html, attachments)


def letter_values(
    renderer: Renderer,
    client: Party,
    page: Page | None,
    values: Mapping[str, Any],
    link: str = "",
) -> Mapping[str, Any]:
    """Return what a mail template may name."""
    return {
        **(renderer.values(page) if page is not None else renderer.common()),
        "client": client,
        "values": {
            "description": "",
            "order_number": "",
            "subject": "Message",
            "message": "",
            **values,
        },
        "link": link,
    }


def read_mail_text(text: str) -> MailText:
    """Return subject and text of a rendered mail.

    Raises `BadTemplate` unless it begins with a line for the subject and a blank one: a line break
    in a value must not make a header of what follows.
    """
    found = _SUBJECT.fullmatch(text.lstrip("\n"))
    if found is None:
        raise BadTemplate("a mail template must begin with a line `Subject: ...` and a blank one")
    return MailText(found[1].strip(), found[2].strip("\n") + "\n")


def split_addresses(text: str) -> tuple[str, ...]:
    """Return the addresses of a client, written one after another with `;` between.

    Raises `Undeliverable` when there is none, or one that no mail may carry in its header.
    """
    found = tuple(dict.fromkeys(part.strip() for part in text.split(";") if part.strip()))
    if not found:
        raise Undeliverable("The client has no e-mail address")
    for address in found:
        if not _ADDRESS.fullmatch(address) or not address.isascii():
            raise Undeliverable(f"The client's address cannot be used: {address!r}")
    return found
