"""Results about money: transactions and credit."""

from dataclasses import dataclass
from datetime import date

from adapter.billing.money import Money
from adapter.commands.results.base import Result
from adapter.commands.results.billing import TransactionRecord


@dataclass(frozen=True, slots=True)
class TransactionRecorded(Result):
    """A transaction was booked."""

    record_id: int


@dataclass(frozen=True, slots=True)
class TransactionUpdated(Result):
    """A transaction was changed."""

    record_id: int


@dataclass(frozen=True, slots=True)
class TransactionsListed(Result):
    """Transactions, all of them."""

    transactions: tuple[TransactionRecord, ...]


@dataclass(frozen=True, slots=True)
class CreditApplied(Result):
    """Credit was used on an invoice; `paid` tells whether the invoice is Paid now."""

    invoice_id: int
    amount: Money
    paid: bool


@dataclass(frozen=True, slots=True)
class CreditEntry:
    """A row of the credit log: below zero is a use; `invoice_id` 0 names no document."""

    record_id: int
    entered_on: date
    description: str
    amount: Money
    invoice_id: int


@dataclass(frozen=True, slots=True)
class CreditsListed(Result):
    """A client's credit log."""

    client_id: int
    entries: tuple[CreditEntry, ...]


@dataclass(frozen=True, slots=True)
class PaymentCaptured(Result):
    """The whole balance of an invoice was collected."""

    invoice_id: int
