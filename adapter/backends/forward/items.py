"""A recurring invoice as a form-post upstream can say it: one recurring billable item per line.

Whatever the upstream would do otherwise is refused by name, before anything is sent.
Source: contracts/decisions.md, "Recurring invoices at a form-post upstream".
"""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from adapter.backends.forward.config import NOT_DECLARED, UpstreamTerms
from adapter.billing.drafts import LineDraft, Totals
from adapter.billing.due import TaxRates
from adapter.billing.model import ItemAction, RecurringLine
from adapter.billing.money import Money
from adapter.billing.pricing import price_recurring, total_by_sum
from adapter.billing.schedule import Frequency, ItemUnit
from adapter.commands.model import CreateBillableItem, CreateRecurringInvoice
from adapter.errors import CannotBill, CannotExpress

# The last day that every month has.
_LAST_COMMON_DAY: Final = 28
UNITS: Final[Mapping[Frequency, tuple[int, ItemUnit]]] = MappingProxyType(
    {
        Frequency.DAILY: (1, ItemUnit.DAYS),
        Frequency.WEEKLY: (1, ItemUnit.WEEKS),
        Frequency.BI_WEEKLY: (2, ItemUnit.WEEKS),
        Frequency.MONTHLY: (1, ItemUnit.MONTHS),
        Frequency.BI_MONTHLY: (2, ItemUnit.MONTHS),
        Frequency.QUARTERLY: (3, ItemUnit.MONTHS),
        Frequency.SEMESTERLY: (6, ItemUnit.MONTHS),
        Frequency.ANNUALLY: (1, ItemUnit.YEARS),
        Frequency.BI_ANNUALLY: (2, ItemUnit.YEARS),
    }
)

# What is refused whatever the upstream has set, in the words of docs/translation.md.
REFUSED_ALWAYS: Final = (
    "an automatic increase",
    "a paused start",
    "an order number",
    "custom values of the document or of a line",
    "a cost price",
    "a prefix or suffix of the document number",
    "a choice of sending the document by e-mail",
    "a start before today",
    "a start or due date on the 29th to 31st in a frequency of months or years",
    "lines in more than one currency",
    "a document whose total comes out otherwise when VAT is rounded on the sum",
)
# What depends on what is declared of the upstream.
REFUSED_UNDECLARED: Final = (
    "VAT that differs from `vat_rate` and `vat_included`, or any while they are not declared",
    "a recurring invoice without a limit (`endless_times`)",
    "any start while `days_in_advance` is not declared",
    "a new client while `currency`, or with VAT `client_country`, is not declared",
    "a product code (`drop_product_codes`)",
)


def items_of(
    command: CreateRecurringInvoice, terms: UpstreamTerms, client_id: int
) -> tuple[CreateBillableItem, ...]:
    """Return the items of one client that bill what the recurring invoice would.

    Raises `CannotExpress`.
    """
    for what in _unsayable(command, terms):
        raise CannotExpress(f"a recurring invoice with {what}")
    try:
        drafts, totals = priced(command)
    except CannotBill as error:
        raise CannotExpress(f"this recurring invoice: {error}") from error
    _check_vat(command.lines, drafts, totals, terms)
    every, unit = UNITS[command.frequency]
    due_on = _due_on(command, terms)
    return tuple(
        CreateBillableItem(
            client_id=client_id,
            description=draft.description,
            amount=draft.amount.amount,
            quantity=line.quantity,
            action=ItemAction.RECUR,
            recur_every=every,
            recur_unit=unit,
            recur_times=command.recurrence_limit or terms.endless_times,
            due_on=due_on,
        )
        for line, draft in zip(command.lines, drafts, strict=True)
    )


def check_start(command: CreateRecurringInvoice, today: date) -> None:
    """Refuse a start in the past: the two products bill missed dates differently."""
    if command.start_on < today:
        raise CannotExpress("a start before today of a recurring invoice")


def _unsayable(command: CreateRecurringInvoice, terms: UpstreamTerms) -> Iterator[str]:
    for is_there, what in (
        (command.increase is not None, "the automatic increase"),
        (command.paused, "the paused start"),
        (
            command.recurrence_limit is None and not terms.endless_times,
            "a schedule without a limit while terms.endless_times is not declared",
        ),
        (bool(command.order_number), "the order number"),
        (any(command.custom_values), "the custom values"),
        (
            command.number_prefix is not None or command.number_suffix is not None,
            "the prefix or suffix of the number",
        ),
        (command.send_email is not None, "the choice of sending by e-mail"),
        (
            len({line.currency for line in command.lines}) != 1,
            "lines in more than one currency",
        ),
    ):
        if is_there:
            yield what
    for number, line in enumerate(command.lines, 1):
        if line.product_code and not terms.drop_product_codes:
            yield f"the product code in line {number} while terms.drop_product_codes is off"
        if any(line.custom):
            yield f"the custom values in line {number}"
        if line.cost_price is not None:
            yield f"the cost price in line {number}"


def priced(command: CreateRecurringInvoice) -> tuple[tuple[LineDraft, ...], Totals]:
    """Return the lines and totals of the first document. Raises `CannotBill`."""
    currency = command.lines[0].currency
    amount = command.discount_amount
    return price_recurring(
        command.lines,
        currency,
        discount_amount=Money.rounded(amount, currency) if amount else None,
        discount_percentage=command.discount_percentage,
    )


def _check_vat(
    lines: tuple[RecurringLine, ...],
    drafts: tuple[LineDraft, ...],
    totals: Totals,
    terms: UpstreamTerms,
) -> None:
    """Refuse VAT other than what the upstream adds to every item by itself."""
    rate = terms.rate
    if rate is None:
        raise CannotExpress("any VAT while terms.vat_rate is not declared for it")
    for number, line in enumerate(lines, 1):
        own = line.vat_rate if line.vat_applies else Decimal(0)
        if own != rate:
            raise CannotExpress(f"VAT of {own} % in line {number}, it charges {rate} %")
        if own and line.includes_vat is not terms.vat_included:
            inside = "inside" if line.includes_vat else "on top of"
            raise CannotExpress(f"VAT {inside} the price in line {number}")
    theirs = total_by_sum(
        [(draft.amount, bool(rate)) for draft in drafts],
        lines[0].currency,
        TaxRates(rate),
        inclusive=terms.vat_included,
        compound=False,
    )
    if theirs.gross != totals.gross:
        raise CannotExpress(
            f"a total of {totals.gross}: rounded on the sum it comes to {theirs.gross}"
        )


def _due_on(command: CreateRecurringInvoice, terms: UpstreamTerms) -> date:
    """Return the due date whose invoice is made on the start, this and every later time."""
    if terms.days_in_advance == NOT_DECLARED:
        raise CannotExpress("any start while terms.days_in_advance is not declared for it")
    if command.frequency.step.months:
        last_day = command.start_on.day + terms.days_in_advance
        if last_day > _LAST_COMMON_DAY:
            raise CannotExpress(_late_start(command.start_on.day, terms.days_in_advance))
    return command.start_on + timedelta(days=terms.days_in_advance)


def _late_start(day: int, days_in_advance: int) -> str:
    last = _LAST_COMMON_DAY - days_in_advance
    would_do = f"days 1 to {last} would do" if last > 0 else "no day of a month would do"
    invoiced = f", invoiced {days_in_advance} days in advance" if days_in_advance else ""
    return f"a start on day {day} of the month{invoiced}: {would_do}"
