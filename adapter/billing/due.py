"""What a run is given to decide about: one client's terms and what fell due."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from adapter.billing.model import BillableKind, CatchUp, Increase, ItemAction, RecurringLine
from adapter.billing.money import Money
from adapter.billing.schedule import Frequency, Step
from adapter.billing.settings import BusinessSettings


@dataclass(frozen=True, slots=True)
class TaxRates:
    """The client's two tax rates in percent; 0 where no rule matches."""

    level_1: Decimal = Decimal(0)
    level_2: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class TaxRule:
    """A tax rule; blank country or state matches every one. The lowest id of a level wins."""

    level: int
    country: str
    state: str
    rate: Decimal


def rates_for(rules: tuple[TaxRule, ...], country: str, state: str) -> TaxRates:
    """Return the rates for a client, matching exactly and case-sensitively ("TX" is not "Texas").

    `rules` are in id order. Source: contracts/decisions.md, "Tax rules".
    """
    found: dict[int, Decimal] = {}
    for rule in rules:
        if rule.country in {"", country} and rule.state in {"", state}:
            found.setdefault(rule.level, rule.rate)
    return TaxRates(found.get(1, Decimal(0)), found.get(2, Decimal(0)))


@dataclass(frozen=True, slots=True)
class ClientTerms:
    """What of a client matters to billing. `tax` is zero for exempt clients or with tax off."""

    client_id: int
    currency: str
    separate_invoices: bool
    discount_percent: Decimal
    tax: TaxRates
    taxable: bool
    payment_method: str
    payment_terms_days: int
    send_documents: bool
    credit: Money


@dataclass(frozen=True, slots=True)
class Promotion:
    """A promotion on an item. Amounts are net of it; the discounts are what it took off.

    `recur_for` bounds how often it is used in all; 0 is without end.
    """

    code: str
    recurring: bool
    recur_for: int
    first_discount: Money
    recurring_discount: Money


@dataclass(frozen=True, slots=True)
class DueItem:
    """A service, addon, domain or billable item that is due.

    `name` begins the line's text. `first_amount` holds while `due_on` is `registered_on`. `step`
    is None when it is billed once. `limit` 0 is without end. `due_on` is the period to bill now.
    `first_next_on` is the due date after a first period that was cut or lengthened to an aligned
    day; None for a whole one.
    """

    kind: BillableKind
    billable_id: int
    due_on: date
    name: str
    first_name: str
    first_amount: Money
    recurring_amount: Money
    registered_on: date | None
    step: Step | None
    taxed: bool
    payment_method: str
    generation_count: int
    limit: int = 0
    anchor_day: int | None = None
    catch_up: CatchUp = CatchUp.ONE_PER_DAY
    promotion: Promotion | None = None
    promotion_uses: int = 0
    action: ItemAction | None = None
    line_type: str = ""
    first_line_type: str = ""
    fence: int = 0
    first_next_on: date | None = None


@dataclass(frozen=True, slots=True)
class DueRecurring:
    """A recurring invoice that is due from occurrence `occurrence` on.

    `exchange` is the currency that its client is billed in and what one unit of `currency` is in
    it, None where they are the same. It is no input of a claim: the document itself says it.
    """

    recurring_invoice_id: int
    currency: str
    frequency: Frequency
    start_on: date
    occurrence: int
    generation_count: int
    recurrence_limit: int | None
    increase: Increase | None
    lines: tuple[RecurringLine, ...]
    order_number: str
    custom_values: tuple[str, ...]
    discount_amount: Money | None
    discount_percentage: Decimal | None
    number_prefix: str
    number_suffix: str
    send_email: bool | None
    catch_up: CatchUp = CatchUp.ALL
    fence: int = 0
    exchange: tuple[str, Decimal] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class ClientDue:
    """All that is due of one client, every kind together: grouping needs the whole of it.

    `riders` are billable items that only join another invoice.
    """

    terms: ClientTerms
    items: tuple[DueItem, ...] = ()
    recurring: tuple[DueRecurring, ...] = ()
    riders: tuple[DueItem, ...] = ()


@dataclass(frozen=True, slots=True)
class RunTerms:
    """What a run applies to every client."""

    today: date
    settings: BusinessSettings
    send_email: bool = True
