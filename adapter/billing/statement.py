"""A client's account over time: what was owed, what was paid, and the balance after each.

Signs are the client's: negative means he owes. Source: contracts/decisions.md, "Statements".
"""

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Self

from adapter.billing.money import Money, Sum


class MovementKind(StrEnum):
    """What moved a client's balance; values are stored and printed."""

    INVOICE = "invoice"
    PAYOUT = "payout"
    CREDIT_NOTE = "credit_note"
    PAYMENT = "payment"
    REFUND = "refund"
    CREDIT = "credit"
    WRITE_OFF = "write_off"  # an invoice that was cancelled, or set Paid without money


class StatementKind(StrEnum):
    """Which part of the account a statement shows."""

    DATE_RANGE = "date_range"
    FULL = "full"
    HISTORICAL = "historical"


class StatementTotal(StrEnum):
    """What stands at the foot: the client's balance as it is now, or the sum of what is shown."""

    CLIENT_BALANCE = "client_balance"
    ONLY_SHOWN = "only_shown"


@dataclass(frozen=True, slots=True)
class Movement:
    """One change of a balance. `document_id` is 0 where no document of ours stands for it.

    `number` is as printed, `reference` the caller's own (order number, payment reference).
    """

    on: date
    kind: MovementKind
    document_id: int
    number: str
    reference: str
    description: str
    amount: Money


@dataclass(frozen=True, slots=True)
class Entry:
    """A movement and the balance after it."""

    movement: Movement
    balance: Money


@dataclass(frozen=True, slots=True)
class Statement:
    """An account from `from_on` to `to_on` (None: from its beginning), both included.

    `brought_forward` is the balance before the first entry, the client's opening balance
    included; `total` is what stands at the foot.
    """

    client_id: int
    client_name: str
    kind: StatementKind
    made_on: date
    from_on: date | None
    to_on: date
    brought_forward: Money
    entries: tuple[Entry, ...]
    closing: Money
    total: Money

    @property
    def currency(self) -> str:
        """The currency of all amounts."""
        return self.brought_forward.currency

    def as_json(self) -> dict[str, Any]:
        """Return plain values that `from_json` reads; amounts are hundredths."""
        return {
            "client_id": self.client_id,
            "client_name": self.client_name,
            "kind": self.kind.value,
            "currency": self.currency,
            "made_on": self.made_on.isoformat(),
            "from_on": None if self.from_on is None else self.from_on.isoformat(),
            "to_on": self.to_on.isoformat(),
            "brought_forward": self.brought_forward.hundredths,
            "total": self.total.hundredths,
            "movements": [
                [
                    each.movement.on.isoformat(),
                    each.movement.kind.value,
                    each.movement.document_id,
                    each.movement.number,
                    each.movement.reference,
                    each.movement.description,
                    each.movement.amount.hundredths,
                ]
                for each in self.entries
            ],
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Return the statement that `as_json` made these values of."""
        currency = stored["currency"]
        movements = [
            Movement(
                date.fromisoformat(on),
                MovementKind(kind),
                document_id,
                number,
                reference,
                description,
                Money(amount, currency),
            )
            for on, kind, document_id, number, reference, description, amount in stored[
                "movements"
            ]
        ]
        brought_forward = Sum(stored["brought_forward"], currency)
        entries = with_balances(brought_forward, movements)
        from_on = stored["from_on"]
        return cls(
            client_id=stored["client_id"],
            client_name=stored["client_name"],
            kind=StatementKind(stored["kind"]),
            made_on=date.fromisoformat(stored["made_on"]),
            from_on=None if from_on is None else date.fromisoformat(from_on),
            to_on=date.fromisoformat(stored["to_on"]),
            brought_forward=brought_forward,
            entries=entries,
            closing=entries[-1].balance if entries else brought_forward,
            total=Sum(stored["total"], currency),
        )


def with_balances(brought_forward: Money, movements: Iterable[Movement]) -> tuple[Entry, ...]:
    """Return the movements, which are in order, each with the balance after it."""
    balance = brought_forward
    entries = []
    for movement in movements:
        balance += movement.amount
        entries.append(Entry(movement, balance))
    return tuple(entries)


def statement_csv(statement: Statement) -> bytes:
    """Write a statement as CSV in UTF-8: a head line, what was brought forward, a line an entry.

    A cell that a spreadsheet would take for a formula is preceded by an apostrophe.
    Source: architecture, "Security".
    """
    text = io.StringIO(newline="")
    lines = csv.writer(text, lineterminator="\r\n")
    lines.writerow(("Date", "Type", "Number", "Reference", "Description", "Amount", "Balance"))
    begins = "" if statement.from_on is None else statement.from_on.isoformat()
    brought = str(statement.brought_forward)
    lines.writerow((begins, "brought_forward", "", "", "", "", brought))
    for entry in statement.entries:
        moved = entry.movement
        texts = (moved.number, moved.reference, moved.description)
        lines.writerow(
            (
                moved.on.isoformat(),
                moved.kind.value,
                *map(_inert, texts),
                str(moved.amount),
                str(entry.balance),
            )
        )
    lines.writerow((statement.to_on.isoformat(), "total", "", "", "", "", str(statement.total)))
    return text.getvalue().encode()


def _inert(text: str) -> str:
    """Return text that no spreadsheet takes for a formula."""
    risky = text.lstrip(" \t\r\n\0")[:1] in ("=", "+", "-", "@") or text[:1] in ("\t", "\r")
    return f"'{text}" if risky and text else text
