"""Commands about money: transactions, credit, and charging what is stored."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import ClassVar

from adapter.commands.model.base import Command, Effect


@dataclass(frozen=True, slots=True)
class RecordTransaction(Command):
    """Book a transaction: on an invoice, as credit of a client (`as_credit`), or on its own.

    `amount_in` is what came, `amount_out` what went back. A transaction id that is not blank is
    new in the account unless `allow_duplicate`. `rate` None is 1: the client's own currency.
    """

    effect: ClassVar[Effect] = Effect.CREATES
    gateway: str
    client_id: int | None = None
    invoice_id: int | None = None
    currency_id: int | None = None
    transaction_id: str = ""
    booked_on: date | None = None
    description: str = ""
    amount_in: Decimal = Decimal(0)
    fees: Decimal = Decimal(0)
    amount_out: Decimal = Decimal(0)
    rate: Decimal | None = None
    as_credit: bool = False
    allow_duplicate: bool = False


@dataclass(frozen=True, slots=True)
class UpdateTransaction(Command):
    """Change a transaction; what it moved on invoices and credit moves with it."""

    effect: ClassVar[Effect] = Effect.CHANGES
    record_id: int
    refund_of: int | None = None
    client_id: int | None = None
    invoice_id: int | None = None
    currency_id: int | None = None
    transaction_id: str | None = None
    booked_on: date | None = None
    gateway: str | None = None
    description: str | None = None
    amount_in: Decimal | None = None
    fees: Decimal | None = None
    amount_out: Decimal | None = None
    rate: Decimal | None = None
    as_credit: bool = False


@dataclass(frozen=True, slots=True)
class ListTransactions(Command):
    """List transactions by id; there is no paging."""

    invoice_id: int | None = None
    client_id: int | None = None
    transaction_id: str | None = None


@dataclass(frozen=True, slots=True)
class ApplyCredit(Command):
    """Use a client's credit on his invoice; `amount` None is the lesser of credit and balance."""

    effect: ClassVar[Effect] = Effect.CHANGES
    invoice_id: int
    amount: Decimal | None = None
    send_email: bool = True


@dataclass(frozen=True, slots=True)
class ListCredits(Command):
    """List what was added to and taken from a client's credit, by id."""

    client_id: int


@dataclass(frozen=True, slots=True)
class CapturePayment(Command):
    """Collect the balance of an unpaid invoice without its client doing anything."""

    effect: ClassVar[Effect] = Effect.CHANGES
    invoice_id: int
