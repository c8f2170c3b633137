"""From rows to what `billing.generate` decides about: the due work of whole clients."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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
    TaxRates,
    TaxRule,
    rates_for,
)
from adapter.billing.model import (
    BillableKind,
    ItemAction,
)
from adapter.billing.money import Money
from adapter.billing.settings import BusinessSettings
from adapter.errors import CannotBill, OutOfBounds
from adapter.store import tables
from adapter.store.run.holding import among
from adapter.store.run.rows import Promotions, Shared, due_item, due_recurring, method_of
from adapter.store.unit_of_work import UnitOfWork

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
            payment_method=method_of(row["payment_method"], "", shared.methods),
            payment_terms_days=row["payment_terms_days"] or 0,
            send_documents=row["send_documents"],
            credit=Money(row["credit"], row["code"]),
        )
    return found


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
