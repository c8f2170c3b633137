"""From stored rows to what `billing.generate` decides about, one billable at a time."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from operator import itemgetter
from typing import Any, Final

import sqlalchemy as sa

from adapter.billing.due import ClientTerms, DueItem, DueRecurring, Promotion, TaxRule
from adapter.billing.model import (
    BillableKind,
    CatchUp,
    Increase,
    ItemAction,
    LineType,
    RecurringLine,
)
from adapter.billing.money import Money
from adapter.billing.prorata import first_period
from adapter.billing.schedule import Frequency, Step
from adapter.billing.settings import BusinessSettings
from adapter.store import tables
from adapter.store.queue import step_of
from adapter.store.unit_of_work import UnitOfWork

_LINE_TYPES = {
    BillableKind.SERVICE: LineType.SERVICE,
    BillableKind.ADDON: LineType.ADDON,
    BillableKind.DOMAIN: LineType.DOMAIN,
    BillableKind.BILLABLE_ITEM: LineType.BILLABLE_ITEM,
}
_NO_CUSTOM = ("", "", "", "", "")
_FREQUENCIES: Final = {frequency.value: frequency for frequency in Frequency}

# A run reads these for every document, so they are read by their place.
RECURRING_COLUMNS: Final = (
    "id", "client_id", "currency", "frequency", "start_on", "occurrence", "generation_count",
    "recurrence_limit", "increase_percentage", "increase_interval", "order_number",
    "custom_values", "discount_amount", "discount_percentage", "number_prefix", "number_suffix",
    "send_email", "catch_up", "fence",
)  # fmt: skip
LINE_COLUMNS: Final = tuple(
    tables.recurring_lines.c[name]
    for name in (
        "product_code", "quantity", "description", "unit_price", "vat_applies", "vat_rate",
        "includes_vat", "custom", "cost_price", "discount_percentage",
    )
)  # fmt: skip
_recurring_values: Final = itemgetter(*RECURRING_COLUMNS)


@dataclass(frozen=True, slots=True)
class Shared:
    """What every client of a page needs: methods, tax rules, promotions."""

    methods: tuple[str, ...]
    tax_rules: tuple[TaxRule, ...]
    settings: BusinessSettings


def method_of(own: str, fallback: str, active: Sequence[str]) -> str:
    """Return the item's method, else the client's, else the first active one."""
    for method in (own, fallback):
        if method in active:
            return method
    return active[0] if active else own


class Promotions:
    """Promotions by id, read when the first item has one."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow
        self._found: dict[int, sa.RowMapping | None] = {}

    def of(self, row: sa.RowMapping, currency: str) -> Promotion | None:
        """Return the promotion on a service or domain, else None."""
        promotion_id = row.get("promotion_id", 0)
        if not promotion_id:
            return None
        if promotion_id not in self._found:
            self._found[promotion_id] = self._uow.row(tables.promotions, promotion_id)
        promotion = self._found[promotion_id]
        if promotion is None:
            return None
        return Promotion(
            code=promotion["code"],
            recurring=promotion["recurring"],
            recur_for=promotion["recur_for"],
            first_discount=Money(row["first_discount"], currency),
            recurring_discount=Money(row["recurring_discount"], currency),
        )


def due_item(
    kind: BillableKind,
    row: sa.RowMapping,
    terms: ClientTerms,
    shared: Shared,
    promotions: Promotions,
) -> DueItem:
    """Return a stored item as `billing.generate` looks at it."""
    settings = shared.settings
    currency = terms.currency
    item = kind is BillableKind.BILLABLE_ITEM
    name, first_name = _names(kind, row)
    first_amount = row["amount"] if item else row["first_amount"]
    recurring_amount = row["amount"] if item else row["recurring_amount"]
    due_on = row["next_invoice_on"] or row["entered_on"]
    step = step_of(kind, row)
    aligned = _aligned(row)
    first_type = _LINE_TYPES[kind]
    if kind is BillableKind.DOMAIN:
        transfer = row["kind"] == "Transfer"
        first_type = LineType.DOMAIN_TRANSFER if transfer else LineType.DOMAIN_REGISTER
    return DueItem(
        kind=kind,
        billable_id=row["id"],
        due_on=due_on,
        name=name,
        first_name=first_name,
        first_amount=Money(first_amount, currency),
        recurring_amount=Money(recurring_amount, currency),
        registered_on=None if item else row["registered_on"],
        step=step,
        taxed=_taxed(kind, row, settings),
        payment_method=method_of(
            "" if item else row["payment_method"], terms.payment_method, shared.methods
        ),
        generation_count=row["generation_count"],
        limit=_limit(kind, row),
        anchor_day=row["anchor_day"] if settings.anchor_month_ends or aligned else None,
        catch_up=CatchUp(row["catch_up"]) if row["catch_up"] else settings.catch_up,
        promotion=promotions.of(row, currency),
        promotion_uses=row.get("promotion_uses", 0),
        action=ItemAction(row["action"]) if item else None,
        line_type=_LINE_TYPES[kind].value,
        first_line_type=first_type.value,
        fence=row["fence"],
        first_next_on=_first_next_on(row, step) if aligned else None,
    )


def _aligned(row: sa.RowMapping) -> bool:
    """Tell whether the item's due dates are aligned to its product's day of the month."""
    day = row.get("prorata_day")
    return bool(day) and row["anchor_day"] == day


def _first_next_on(row: sa.RowMapping, step: Step | None) -> date | None:
    if step is None or row["registered_on"] is None:
        return None
    month_day = row["prorata_next_month_day"]
    return first_period(row["registered_on"], step, row["prorata_day"], month_day).next_on


def _names(kind: BillableKind, row: sa.RowMapping) -> tuple[str, str]:
    """Return how a renewal's and a first period's line begins."""
    match kind:
        case BillableKind.SERVICE:
            name = row["product_name"] or f"Service #{row['id']}"
            name = f"{name} - {row['domain']}" if row["domain"] else name
            return name, name
        case BillableKind.DOMAIN:
            rest = f"{row['name']} - {row['years']} Year/s"
            transfer = row["kind"] == "Transfer"
            first = "Domain Transfer" if transfer else "Domain Registration"
            return f"Domain Renewal - {rest}", f"{first} - {rest}"
        case BillableKind.ADDON:
            return row["name"], row["name"]
        case _:
            return row["description"], row["description"]


def _taxed(kind: BillableKind, row: sa.RowMapping, settings: BusinessSettings) -> bool:
    match kind:
        case BillableKind.SERVICE:
            return bool(row["product_taxed"])
        case BillableKind.ADDON:
            return bool(row["taxed"])
        case BillableKind.DOMAIN:
            return settings.tax_domains
        case _:
            return settings.tax_billable_items


def _limit(kind: BillableKind, row: sa.RowMapping) -> int:
    match kind:
        case BillableKind.SERVICE:
            return int(row["cycles_limit"] or 0)
        case BillableKind.BILLABLE_ITEM:
            return int(row["recur_times"])
        case _:
            return 0


def recurring_line(values: Sequence[Any], currency: str) -> RecurringLine:
    """Return a stored line, its values in the order of `LINE_COLUMNS`, as it was quoted."""
    (
        code,
        quantity,
        description,
        unit_price,
        vat_applies,
        vat_rate,
        includes_vat,
        stored,
        cost_price,
        discount,
        *_,
    ) = values
    custom = _NO_CUSTOM
    if stored:
        first, second, third, fourth, fifth, *_ = stored
        custom = (first, second, third, fourth, fifth)
    return RecurringLine(
        code,
        quantity,
        description,
        unit_price,
        currency,
        vat_applies,
        vat_rate,
        includes_vat,
        custom,
        cost_price,
        discount,
    )


def due_recurring(
    row: Mapping[Any, Any],
    lines: Iterable[Sequence[Any]],
    settings: BusinessSettings,
    exchange: tuple[str, Decimal] | None = None,
) -> DueRecurring:
    """Return a stored recurring invoice as `billing.generate` looks at it."""
    return recurring_of(_recurring_values(row), lines, settings, exchange)


def recurring_of(
    values: Sequence[Any],
    lines: Iterable[Sequence[Any]],
    settings: BusinessSettings,
    exchange: tuple[str, Decimal] | None = None,
) -> DueRecurring:
    """Do what `due_recurring` does, from values in the order of `RECURRING_COLUMNS`."""
    (
        record_id,
        _,
        currency,
        frequency,
        start_on,
        occurrence,
        generation_count,
        recurrence_limit,
        percentage,
        interval,
        order_number,
        custom_values,
        discount_amount,
        discount_percentage,
        prefix,
        suffix,
        send_email,
        catch_up,
        fence,
    ) = values
    return DueRecurring(
        recurring_invoice_id=record_id,
        currency=currency,
        frequency=_FREQUENCIES.get(frequency) or Frequency(frequency),
        start_on=start_on,
        occurrence=occurrence,
        generation_count=generation_count,
        recurrence_limit=recurrence_limit,
        increase=Increase(percentage, interval) if interval else None,
        lines=tuple([recurring_line(line, currency) for line in lines]),
        order_number=order_number,
        custom_values=tuple(custom_values),
        discount_amount=None if discount_amount is None else Money(discount_amount, currency),
        discount_percentage=discount_percentage,
        number_prefix=settings.number_prefix if prefix is None else prefix,
        number_suffix=settings.number_suffix if suffix is None else suffix,
        send_email=send_email,
        catch_up=CatchUp(catch_up) if catch_up else settings.recurring_catch_up,
        fence=fence,
        exchange=exchange,
    )
