"""Results about contacts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from adapter.commands.results.base import Listing, Result


@dataclass(frozen=True, slots=True)
class ContactCreated(Result):
    """A contact was added."""

    contact_id: int


@dataclass(frozen=True, slots=True)
class ContactUpdated(Result):
    """A contact was changed."""

    contact_id: int


@dataclass(frozen=True, slots=True)
class ContactDeleted(Result):
    """A contact was erased."""

    contact_id: int


@dataclass(frozen=True, slots=True)
class ContactRecord:
    """A contact of a client; kinds of mail that are not named are not sent to it."""

    contact_id: int
    client_id: int
    first_name: str
    last_name: str
    company_name: str
    email: str
    address_1: str
    address_2: str
    city: str
    state: str
    postcode: str
    country: str
    phone: str
    tax_number: str
    email_preferences: Mapping[str, bool]
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class ContactsListed(Result):
    """A window of contacts."""

    listing: Listing
    contacts: tuple[ContactRecord, ...]
