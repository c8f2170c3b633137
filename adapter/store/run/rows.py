"""From stored rows to what `billing.generate` decides about, one billable at a time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

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


def recurring_line(row: sa.RowMapping, currency: str) -> RecurringLine:
    """Return a stored line as it was quoted."""
    custom = tuple(row["custom"]) if row["custom"] else _NO_CUSTOM
    return RecurringLine(
        product_code=row["product_code"],
        quantity=row["quantity"],
        description=row["description"],
        unit_price=row["unit_price"],
        currency=currency,
        vat_applies=row["vat_applies"],
        vat_rate=row["vat_rate"],
        includes_vat=row["includes_vat"],
        custom=(custom[0], custom[1], custom[2], custom[3], custom[4]),
        cost_price=row["cost_price"],
        discount_percentage=row["discount_percentage"],
    )


def due_recurring(
    row: sa.RowMapping, lines: Iterable[sa.RowMapping], settings: BusinessSettings
) -> DueRecurring:
    """Return a stored recurring invoice as `billing.generate` looks at it."""
    currency = row["currency"]
    increase = None
    if row["increase_interval"]:
        increase = Increase(row["increase_percentage"], row["increase_interval"])
    prefix, suffix = row["number_prefix"], row["number_suffix"]
    discount = row["discount_amount"]
    return DueRecurring(
        recurring_invoice_id=row["id"],
        currency=currency,
        frequency=Frequency(row["frequency"]),
        start_on=row["start_on"],
        occurrence=row["occurrence"],
        generation_count=row["generation_count"],
        recurrence_limit=row["recurrence_limit"],
        increase=increase,
        lines=tuple(recurring_line(line, currency) for line in lines),
        order_number=row["order_number"],
        custom_values=tuple(row["custom_values"]),
        discount_amount=None if discount is None else Money(discount, currency),
        discount_percentage=row["discount_percentage"],
        number_prefix=settings.number_prefix if prefix is None else prefix,
        number_suffix=settings.number_suffix if suffix is None else suffix,
        send_email=row["send_email"],
        catch_up=CatchUp(row["catch_up"]) if row["catch_up"] else settings.recurring_catch_up,
        fence=row["fence"],
    )
