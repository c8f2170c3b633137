"""From rows to what `billing.generate` decides about: the due work of whole clients."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any, TypeVar

import sqlalchemy as sa

from adapter.billing.drafts import Parked
from adapter.billing.due import (
    ClientDue,
    ClientTerms,
    DueItem,
    DueRecurring,
    Promotion,
    TaxRates,
    TaxRule,
    rates_for,
)
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
from adapter.errors import CannotBill, OutOfBounds
from adapter.store import tables
from adapter.store.queue import step_of
from adapter.store.run.holding import among
from adapter.store.unit_of_work import UnitOfWork

_LINE_TYPES = {
    BillableKind.SERVICE: LineType.SERVICE,
    BillableKind.ADDON: LineType.ADDON,
    BillableKind.DOMAIN: LineType.DOMAIN,
    BillableKind.BILLABLE_ITEM: LineType.BILLABLE_ITEM,
}
_NO_CLIENT = "The client or its currency does not exist"
_NOT_READABLE = "What is stored of it cannot be read"
# What reading a damaged row may raise, besides errors that are defects of ours.
UNREADABLE = (ValueError, TypeError, LookupError, ArithmeticError, OutOfBounds, CannotBill)
_Due = TypeVar("_Due", DueItem, DueRecurring)
# A client has fifty columns; a page reads thousands of clients for these.
_TERMS = (
    "id",
    "country",
    "state",
    "tax_exempt",
    "separate_invoices",
    "payment_method",
    "payment_terms_days",
    "send_documents",
    "credit",
)
_NO_CUSTOM = ("", "", "", "", "")


@dataclass(frozen=True, slots=True)
class Shared:
    """What every client of a page needs: methods, tax rules, promotions."""

    methods: tuple[str, ...]
    tax_rules: tuple[TaxRule, ...]
    settings: BusinessSettings


def load_shared(uow: UnitOfWork) -> Shared:
    """Read what is the same for every client."""
    methods = tables.payment_methods
    rules = tables.tax_rules
    active = (
        sa.select(methods.c.module)
        .where(methods.c.active)
        .order_by(methods.c.position, methods.c.module)
    )
    taxed = sa.select(rules).order_by(rules.c.id) if uow.settings.tax_enabled else None
    return Shared(
        tuple(uow.execute(active).scalars()),
        tuple(
            TaxRule(row["level"], row["country"], row["state"], row["rate"])
            for row in (uow.execute(taxed).mappings() if taxed is not None else ())
        ),
        uow.settings,
    )


def load_clients(
    uow: UnitOfWork,
    shared: Shared,
    client_ids: Sequence[int],
    conditions: Mapping[BillableKind, Any],
    *,
    riders: bool,
) -> tuple[list[ClientDue], list[Parked]]:
    """Return all due work of the given clients (ascending), in client order.

    What can never be billed comes back as parked: rows without a client, or whose client has no
    currency, and rows that hold what cannot be read.
    """
    terms = client_terms(uow, shared, client_ids)
    promotions = Promotions(uow)
    orphans: list[Parked] = []

    read = partial(_read, terms, orphans)
    items: dict[int, list[DueItem]] = defaultdict(list)
    waiting: dict[int, list[DueItem]] = defaultdict(list)
    recurring: dict[int, list[DueRecurring]] = defaultdict(list)
    for kind, condition in conditions.items():
        rows = _rows(uow, kind, condition, client_ids)
        if kind is BillableKind.RECURRING_INVOICE:
            lines = quoted_lines(uow, [row["id"] for row in rows])
            make = partial(_due_template, lines, shared.settings)
            for client_id, template in read(kind, rows, make):
                recurring[client_id].append(template)
            continue
        for client_id, item in read(kind, rows, partial(_due_item, kind, shared, promotions)):
            items[client_id].append(item)
    kind = BillableKind.BILLABLE_ITEM
    rows = _riders(uow, client_ids) if riders else []
    for client_id, item in read(kind, rows, partial(_due_item, kind, shared, promotions)):
        waiting[client_id].append(item)
    due_clients = [
        ClientDue(
            terms[client_id],
            tuple(items[client_id]),
            tuple(recurring[client_id]),
            tuple(waiting[client_id]),
        )
        for client_id in client_ids
        if client_id in terms
    ]
    return due_clients, orphans


def _read(
    terms: Mapping[int, ClientTerms],
    orphans: list[Parked],
    kind: BillableKind,
    rows: Iterable[sa.RowMapping],
    make: Callable[[sa.RowMapping, ClientTerms], _Due],
) -> Iterator[tuple[int, _Due]]:
    """Yield what is due with its client's id; what cannot be billed goes to `orphans`."""
    for row in rows:
        client = terms.get(row["client_id"])
        if client is None:
            orphans.append(Parked(kind, row["id"], _NO_CLIENT))
            continue
        try:
            due = make(row, client)
        except UNREADABLE as error:
            orphans.append(Parked(kind, row["id"], f"{_NOT_READABLE}: {error}"))
        else:
            yield client.client_id, due


def _due_item(
    kind: BillableKind,
    shared: Shared,
    promotions: "Promotions",
    row: sa.RowMapping,
    client: ClientTerms,
) -> DueItem:
    return due_item(kind, row, client, shared, promotions)


def _due_template(
    lines: Mapping[int, Sequence[sa.RowMapping]],
    settings: BusinessSettings,
    row: sa.RowMapping,
    _: ClientTerms,
) -> DueRecurring:
    return due_recurring(row, lines.get(row["id"], ()), settings)


def client_terms(
    uow: UnitOfWork, shared: Shared, client_ids: Sequence[int]
) -> dict[int, ClientTerms]:
    """Return the terms of these clients (ascending ids), of those that have a currency."""
    clients, groups, currencies = tables.clients, tables.client_groups, tables.currencies
    query = (
        sa.select(
            *(clients.c[name] for name in _TERMS),
            currencies.c.code,
            groups.c.discount_percent,
            groups.c.separate_invoices.label("group_separate"),
        )
        .join(currencies, currencies.c.id == clients.c.currency_id)
        .outerjoin(groups, groups.c.id == clients.c.group_id)
        .where(among(uow, clients.c.id, client_ids))
    )
    settings = shared.settings
    found = {}
    for row in uow.execute(query).mappings():
        taxable = settings.tax_enabled and not row["tax_exempt"]
        found[row["id"]] = ClientTerms(
            client_id=row["id"],
            currency=row["code"],
            separate_invoices=bool(row["separate_invoices"] or row["group_separate"]),
            discount_percent=row["discount_percent"] or Decimal(0),
            tax=rates_for(shared.tax_rules, row["country"], row["state"])
            if taxable
            else TaxRates(),
            taxable=taxable,
            payment_method=_method(row["payment_method"], "", shared.methods),
            payment_terms_days=row["payment_terms_days"] or 0,
            send_documents=row["send_documents"],
            credit=Money(row["credit"], row["code"]),
        )
    return found


def _method(own: str, fallback: str, active: Sequence[str]) -> str:
    """Return the item's method, else the client's, else the first active one."""
    for method in (own, fallback):
        if method in active:
            return method
    return active[0] if active else own


def _rows(
    uow: UnitOfWork, kind: BillableKind, condition: Any, client_ids: Sequence[int]
) -> list[sa.RowMapping]:
    base = QUERIES[kind]
    client_id = base.selected_columns.client_id
    query = base.where(condition, among(uow, client_id, client_ids))
    return list(uow.execute(query.order_by(client_id, base.selected_columns.id)).mappings())


def _queries() -> dict[BillableKind, sa.Select[Any]]:
    services, products = tables.services, tables.products
    addons = tables.service_addons
    by_product = services.outerjoin(products, products.c.id == services.c.product_id)
    of_service = addons.outerjoin(services, services.c.id == addons.c.service_id).outerjoin(
        products, products.c.id == services.c.product_id
    )
    prorata = (products.c.prorata_day, products.c.prorata_next_month_day)
    return {
        BillableKind.SERVICE: sa.select(
            services,
            products.c.name.label("product_name"),
            products.c.taxed.label("product_taxed"),
            products.c.cycles_limit,
            *prorata,
        ).select_from(by_product),
        BillableKind.ADDON: sa.select(addons, *prorata).select_from(of_service),
        BillableKind.DOMAIN: sa.select(tables.domains),
        BillableKind.BILLABLE_ITEM: sa.select(tables.billable_items),
        BillableKind.RECURRING_INVOICE: sa.select(tables.recurring_invoices),
    }


QUERIES = _queries()


def _riders(uow: UnitOfWork, client_ids: Sequence[int]) -> list[sa.RowMapping]:
    items = tables.billable_items
    query = (
        sa.select(items)
        .where(
            among(uow, items.c.client_id, client_ids),
            items.c.action == ItemAction.NEXT_INVOICE.value,
            items.c.generation_count == 0,
            items.c.parked_reason.is_(None),
        )
        .order_by(items.c.client_id, items.c.id)
    )
    return list(uow.execute(query).mappings())


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
        payment_method=_method(
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


def quoted_lines(uow: UnitOfWork, ids: Iterable[int]) -> dict[int, list[sa.RowMapping]]:
    """Return the stored lines of recurring invoices, in order."""
    lines = tables.recurring_lines
    found: dict[int, list[sa.RowMapping]] = defaultdict(list)
    listed: sa.BindParameter[Any] = sa.bindparam("ids", expanding=True, literal_execute=True)
    query = (
        sa.select(lines)
        .where(lines.c.recurring_invoice_id.in_(listed))
        .order_by(lines.c.recurring_invoice_id, lines.c.position)
    )
    for row in uow.execute(query, {"ids": list(ids)}).mappings():
        found[row["recurring_invoice_id"]].append(row)
    return found


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
