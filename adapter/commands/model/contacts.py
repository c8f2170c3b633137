"""Commands about the other people of a client who get mail."""

from dataclasses import dataclass
from typing import ClassVar

from adapter.commands.model.base import Command, Effect, Page


@dataclass(frozen=True, slots=True)
class ContactFields:
    """A contact's own data; `None` means not given, `""` an explicit blank.

    `email_preferences` are the kinds of mail that the contact gets (true) or not.
    """

    first_name: str | None = None
    last_name: str | None = None
    company_name: str | None = None
    email: str | None = None
    address_1: str | None = None
    address_2: str | None = None
    city: str | None = None
    state: str | None = None
    postcode: str | None = None
    country: str | None = None
    phone: str | None = None
    tax_number: str | None = None
    email_preferences: tuple[tuple[str, bool], ...] = ()


@dataclass(frozen=True, slots=True)
class CreateContact(Command):
    """Add a contact to a client."""

    effect: ClassVar[Effect] = Effect.CREATES
    client_id: int
    contact: ContactFields


@dataclass(frozen=True, slots=True)
class UpdateContact(Command):
    """Change a contact."""

    effect: ClassVar[Effect] = Effect.CHANGES
    contact_id: int
    changes: ContactFields


@dataclass(frozen=True, slots=True)
class DeleteContact(Command):
    """Erase a contact."""

    effect: ClassVar[Effect] = Effect.CHANGES
    contact_id: int


@dataclass(frozen=True, slots=True)
class ListContacts(Command):
    """List the contacts that have these very texts, by id."""

    page: Page = Page()
    client_id: int | None = None
    first_name: str | None = None
    last_name: str | None = None
    company_name: str | None = None
    email: str | None = None
    address_1: str | None = None
    address_2: str | None = None
    city: str | None = None
    state: str | None = None
    postcode: str | None = None
    country: str | None = None
    phone: str | None = None
