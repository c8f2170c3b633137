"""Commands about mail to clients."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import ClassVar

from adapter.commands.model.base import Command, Effect, Page


class MailKind(StrEnum):
    """What a mail is about: its related id is a client's, service's, domain's or invoice's."""

    GENERAL = "general"
    PRODUCT = "product"
    DOMAIN = "domain"
    INVOICE = "invoice"


@dataclass(frozen=True, slots=True)
class CustomMail:
    """A mail in the caller's own words: values, in which nothing is ever replaced or run."""

    kind: MailKind
    subject: str
    message: str


@dataclass(frozen=True, slots=True)
class SendMail(Command):
    """Mail a client by a template's name, or in words of the caller's own.

    It goes to the client's own addresses. `variables` are further values for the template.
    """

    effect: ClassVar[Effect] = Effect.CREATES
    related_id: int
    template: str | None = None
    custom: CustomMail | None = None
    variables: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ListMails(Command):
    """List mails to a client, newest first; `subject` is a part of it in any case."""

    client_id: int
    page: Page = Page()
    sent_on: date | None = None
    subject: str | None = None


@dataclass(frozen=True, slots=True)
class ListMailTemplates(Command):
    """List the templates of mails, all or of one kind, in a language."""

    kind: MailKind | None = None
    language: str | None = None
