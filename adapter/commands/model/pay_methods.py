"""Commands about what a client may be charged by: tails and dates, never a number."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from adapter.commands.model.base import Command, Effect


class PayMethodKind(StrEnum):
    """Kinds of stored ways to pay; values as displayed."""

    CREDIT_CARD = "CreditCard"
    REMOTE_CREDIT_CARD = "RemoteCreditCard"
    BANK_ACCOUNT = "BankAccount"


@dataclass(frozen=True, slots=True)
class AddPayMethod(Command):
    """Note a card or a bank account; `last_four` is all that is known of its number.

    `expires` and `starts` are MMYY, blank where there is none.
    """

    effect: ClassVar[Effect] = Effect.CREATES
    client_id: int
    last_four: str
    kind: PayMethodKind = PayMethodKind.CREDIT_CARD
    description: str = ""
    gateway: str = ""
    card_type: str = ""
    expires: str = ""
    starts: str = ""
    issue_number: str = ""
    bank_name: str = ""
    account_type: str = ""
    make_default: bool = False


@dataclass(frozen=True, slots=True)
class UpdatePayMethod(Command):
    """Change a stored way to pay; `None` leaves what is stored."""

    effect: ClassVar[Effect] = Effect.CHANGES
    client_id: int
    pay_method_id: int
    last_four: str | None = None
    card_type: str | None = None
    expires: str | None = None
    starts: str | None = None
    issue_number: str | None = None
    bank_name: str | None = None
    account_type: str | None = None
    make_default: bool = False


@dataclass(frozen=True, slots=True)
class ListPayMethods(Command):
    """List a client's stored ways to pay; cards of both kinds are `CREDIT_CARD` here."""

    client_id: int
    pay_method_id: int | None = None
    kind: PayMethodKind | None = None


@dataclass(frozen=True, slots=True)
class DeletePayMethod(Command):
    """Forget a stored way to pay."""

    effect: ClassVar[Effect] = Effect.CHANGES
    client_id: int
    pay_method_id: int
