"""Everything a page shows, as frozen values: one shape for every kind of document.

Amounts are what the document stores, never reckoned anew; a kind fills what it has and leaves the
rest empty, and the templates show what is there.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from adapter.billing.money import Money

_WITH_TERMS: Final = frozenset({"invoice", "proforma", "quote"})


@dataclass(frozen=True, slots=True)
class Party:
    """Whom a document is for: a name, address lines without blanks, a tax number."""

    name: str
    lines: tuple[str, ...] = ()
    tax_number: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class Fact:
    """A label and its value, for the head of a page."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class PageLine:
    """One line of a document; None leaves its column blank.

    `ordered` and `back_ordered` are what a delivery note says beside what was delivered.
    `amount` is the line as the document quotes it: without VAT, or with it where the document's
    prices include it.
    """

    description: str
    amount: Money | None
    code: str = ""
    quantity: Decimal | None = None
    unit_price: Decimal | None = None
    vat_rate: Decimal | None = None
    ordered: str = ""
    back_ordered: str = ""


@dataclass(frozen=True, slots=True)
class VatRow:
    """The VAT of all lines of one rate; `label` names what the rate is for."""

    label: str
    net: Money
    vat: Money


@dataclass(frozen=True, slots=True)
class TotalRow:
    """One line of the sums; `strong` is the one that counts."""

    label: str
    amount: Money
    strong: bool = False


@dataclass(frozen=True, slots=True)
class StatementRow:
    """One entry of a statement; what the client owes is a charge, what came in is a credit.

    `balance` is the client's after it: below zero he owes.
    """

    day: date
    description: str
    charge: Money | None
    credit: Money | None
    balance: Money


@dataclass(frozen=True, slots=True)
class Page:
    """One document as it is shown. `kind` is the word that its links carry.

    `number` is the printed one; `stamp` a word such as PAID, blank for none. `lines` or `rows`
    (a statement's) are empty where the kind has none. `date_format` is `strftime`'s.
    """

    kind: str
    title: str
    document_id: int
    client_id: int
    number: str
    issued_on: date
    currency: str
    currency_prefix: str
    currency_suffix: str
    date_format: str
    client: Party
    facts: tuple[Fact, ...] = ()
    lines: tuple[PageLine, ...] = ()
    vat: tuple[VatRow, ...] = ()
    totals: tuple[TotalRow, ...] = ()
    rows: tuple[StatementRow, ...] = ()
    notes: str = ""
    stamp: str = ""
    amount_label: str = "Amount"
    show_payment_details: bool = True

    @property
    def has_quantities(self) -> bool:
        """Whether any line has a quantity to show."""
        return any(line.quantity is not None for line in self.lines)

    @property
    def has_prices(self) -> bool:
        """Whether any line has a unit price to show."""
        return any(line.unit_price is not None for line in self.lines)

    @property
    def has_amounts(self) -> bool:
        """Whether any line has an amount to show: goods that were delivered have none."""
        return any(line.amount is not None for line in self.lines)

    @property
    def has_orders(self) -> bool:
        """Whether any line says what was ordered, or is still to come."""
        return any(line.ordered or line.back_ordered for line in self.lines)

    @property
    def has_terms(self) -> bool:
        """Whether the terms of the business are about such a document: one that asks for money."""
        return self.kind in _WITH_TERMS

    @property
    def has_codes(self) -> bool:
        """Whether any line has a product code."""
        return any(line.code for line in self.lines)

    @property
    def has_rates(self) -> bool:
        """Whether any line has a VAT rate of its own."""
        return any(line.vat_rate is not None for line in self.lines)

    @property
    def total(self) -> Money:
        """The sum that counts."""
        for row in self.totals:
            if row.strong:
                return row.amount
        return self.totals[-1].amount if self.totals else Money(0, self.currency)

    @property
    def file_name(self) -> str:
        """The name of its PDF; only letters, digits, dots and dashes."""
        number = "".join(
            each if each.isascii() and (each.isalnum() or each in "-.") else "-"
            for each in self.number
        )
        return f"{self.kind}-{number.strip('-.') or self.document_id}.pdf"
