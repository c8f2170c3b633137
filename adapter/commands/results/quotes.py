"""Results about quotes."""

from dataclasses import dataclass
from datetime import date

from adapter.billing.model import ClientStatus, QuoteStage
from adapter.billing.money import Money
from adapter.commands.model import QuoteFields
from adapter.commands.results.base import Listing, Result


@dataclass(frozen=True, slots=True)
class QuoteCreated(Result):
    """A quote was made."""

    quote_id: int


@dataclass(frozen=True, slots=True)
class QuoteUpdated(Result):
    """A quote was changed."""

    quote_id: int


@dataclass(frozen=True, slots=True)
class QuoteClient:
    """The client of a quote, in short."""

    client_id: int
    first_name: str
    last_name: str
    company_name: str
    email: str
    created_on: date
    group_id: int
    status: ClientStatus


@dataclass(frozen=True, slots=True)
class QuoteRecord:
    """A quote with its lines; `fields` are what was said of it, all given."""

    quote_id: int
    stage: QuoteStage
    fields: QuoteFields
    valid_until: date
    created_on: date
    modified_on: date
    sent_on: date | None
    accepted_on: date | None
    client_id: int
    client: QuoteClient | None
    currency_id: int
    subtotal: Money
    tax: Money
    tax_2: Money
    total: Money


@dataclass(frozen=True, slots=True)
class QuotesListed(Result):
    """A window of quotes."""

    listing: Listing
    quotes: tuple[QuoteRecord, ...]


@dataclass(frozen=True, slots=True)
class QuoteSent(Result):
    """A quote is being mailed to its client."""

    quote_id: int


@dataclass(frozen=True, slots=True)
class QuoteAccepted(Result):
    """A quote has become this invoice."""

    quote_id: int
    invoice_id: int


@dataclass(frozen=True, slots=True)
class QuoteDeleted(Result):
    """A quote is hidden."""

    quote_id: int
