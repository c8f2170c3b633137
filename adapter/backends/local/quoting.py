"""What documents of quoted lines have in common: their client, their currency, their price."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from adapter.backends.local.clients import find_or_create_client
from adapter.backends.local.lookups import CurrencyRow, currencies_by_code
from adapter.billing.drafts import LineDraft, Totals
from adapter.billing.exchange import exchanged, exchanged_amount
from adapter.billing.model import LineType, RecurringLine
from adapter.billing.money import Money
from adapter.billing.pricing import price_recurring
from adapter.commands.context import Context
from adapter.commands.model import ClientFields
from adapter.errors import CannotBill, CurrencyNotListed, DiscountTooLarge, InvalidField
from adapter.store.run.load import Rates
from adapter.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Quoted:
    """Lines and the document's discount as they were quoted; at most one of the discounts."""

    lines: Sequence[RecurringLine]
    discount_amount: Decimal | None = None
    discount_percentage: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Priced:
    """What was quoted, in the document's currency; `discount` is the amount taken off, or None."""

    lines: tuple[LineDraft, ...]
    totals: Totals
    discount: Money | None


def listed_currency(uow: UnitOfWork, lines: Sequence[RecurringLine]) -> CurrencyRow:
    """Return the one currency of all lines; raises `CurrencyNotListed` for the first other one.

    Rows with different currencies are refused. Source: the positional facts, section 3.
    """
    known = currencies_by_code(uow)
    for index, line in enumerate(lines):
        if line.currency not in known:
            raise CurrencyNotListed(index, line.currency, tuple(known))
        if line.currency != lines[0].currency:
            raise CurrencyNotListed(index, line.currency, (lines[0].currency,))
    return known[lines[0].currency]


def named_client(
    uow: UnitOfWork,
    context: Context,
    client_id: int | None,
    new_client: ClientFields | None,
    currency: CurrencyRow,
) -> tuple[int, tuple[str, ...]]:
    """Return a document's client, found or made, and details of an existing one that were kept.

    He is held until commit. A new one is billed in `currency`.
    """
    kept: tuple[str, ...] = ()
    if client_id is None:
        fields = new_client or ClientFields()
        client_id, kept = find_or_create_client(uow, context, fields, currency.currency_id)
    uow.lock_client(client_id)
    return client_id, kept


def day_rate(uow: UnitOfWork, from_code: str, to_code: str) -> Decimal:
    """Return what one unit of a currency is in another, by the rates as they stand.

    Raises `InvalidField` where there is no rate.
    """
    try:
        exchange = Rates(uow).exchange(from_code, to_code)
    except CannotBill as error:
        raise InvalidField("currency", "exchange_rate", str(error)) from error
    return Decimal(1) if exchange is None else exchange[1]


def converted(quoted: Quoted, to_code: str, rate: Decimal) -> Quoted:
    """Return what was quoted in another currency, one unit of its own being `rate`."""
    return Quoted(
        exchanged(quoted.lines, to_code, rate),
        exchanged_amount(quoted.discount_amount, rate),
        quoted.discount_percentage,
    )


def priced(quoted: Quoted, line_type: LineType = LineType.RECURRING) -> Priced:
    """Price what was quoted, all in one currency.

    Raises `DiscountTooLarge`, and `InvalidField` where it comes to less than nothing.
    """
    lines, percentage = quoted.lines, quoted.discount_percentage
    currency = lines[0].currency
    discount = None
    if quoted.discount_amount:
        discount = Money.rounded(quoted.discount_amount, currency)
    try:
        drafts, totals = price_recurring(
            lines, currency, line_type=line_type, discount_percentage=percentage
        )
        if discount:
            if Money(sum(draft.amount.hundredths for draft in drafts), currency) < discount:
                raise DiscountTooLarge
            drafts, totals = price_recurring(
                lines,
                currency,
                line_type=line_type,
                discount_amount=discount,
                discount_percentage=percentage,
            )
    except CannotBill as error:
        raise InvalidField("data", "minimum", "data must not come to less than 0.00") from error
    return Priced(drafts, totals, discount)
