"""Commands about quotes, from draft to invoice."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import ClassVar

from adapter.billing.model import QuoteStage
from adapter.commands.model.base import Command, Effect, Page


@dataclass(frozen=True, slots=True)
class QuoteLine:
    """A line of a quote; with a `line_id` it changes that line. `discount` is a percentage."""

    description: str
    quantity: Decimal = Decimal(1)
    unit_price: Decimal = Decimal(0)
    discount: Decimal = Decimal(0)
    taxed: bool = False
    line_id: int | None = None


@dataclass(frozen=True, slots=True)
class QuoteFields:
    """What a quote says; `None` is not given. The details are of someone without an account."""

    subject: str | None = None
    stage: QuoteStage | None = None
    valid_until: date | None = None
    created_on: date | None = None
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
    tax_number: str | None = None
    currency_id: int | None = None
    proposal: str | None = None
    customer_notes: str | None = None
    admin_notes: str | None = None
    lines: tuple[QuoteLine, ...] = ()


@dataclass(frozen=True, slots=True)
class CreateQuote(Command):
    """Make a quote; it moves no money. A client who does not exist is nobody."""

    effect: ClassVar[Effect] = Effect.CREATES
    quote: QuoteFields


@dataclass(frozen=True, slots=True)
class UpdateQuote(Command):
    """Change a quote; lines without an id are added."""

    effect: ClassVar[Effect] = Effect.CHANGES
    quote_id: int
    changes: QuoteFields


@dataclass(frozen=True, slots=True)
class ListQuotes(Command):
    """List quotes with their lines, by id."""

    page: Page = Page()
    quote_id: int | None = None
    client_id: int | None = None
    subject: str | None = None
    stage: QuoteStage | None = None
    created_on: date | None = None
    modified_on: date | None = None
    valid_until: date | None = None


@dataclass(frozen=True, slots=True)
class SendQuote(Command):
    """Mail a quote to its client; it is Delivered then."""

    effect: ClassVar[Effect] = Effect.CHANGES
    quote_id: int


@dataclass(frozen=True, slots=True)
class AcceptQuote(Command):
    """Make an invoice of a quote: one, ever."""

    effect: ClassVar[Effect] = Effect.CREATES
    quote_id: int


@dataclass(frozen=True, slots=True)
class DeleteQuote(Command):
    """Hide a quote."""

    effect: ClassVar[Effect] = Effect.CHANGES
    quote_id: int
