"""From rows to what `billing.generate` decides about: the due work of whole clients."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import cache, partial
from typing import Any, Final, TypeVar

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
from adapter.billing.exchange import exchange_rate
from adapter.billing.model import (
    BillableKind,
    ItemAction,
)
from adapter.billing.money import Sum
from adapter.billing.settings import BusinessSettings
from adapter.errors import CannotBill, OutOfBounds
from adapter.store import tables
from adapter.store.prepared import Prepared
from adapter.store.run.holding import among
from adapter.store.run.rows import (
    LINE_COLUMNS,
    RECURRING_COLUMNS,
    Promotions,
    Shared,
    due_item,
    method_of,
    recurring_of,
)
from adapter.store.types import JsonText, JsonTuple
from adapter.store.unit_of_work import UnitOfWork

_NO_CLIENT = "The client or its currency does not exist"
_CURRENCY = RECURRING_COLUMNS.index("currency")
_NOT_READABLE = "What is stored of it cannot be read"
_ZERO = Decimal(0)
_UNTAXED = TaxRates()
# What reading a damaged row may raise, besides errors that are defects of ours.
UNREADABLE = (ValueError, TypeError, LookupError, ArithmeticError, OutOfBounds, CannotBill)
_METHODS, _RULES = tables.payment_methods.c, tables.tax_rules.c
_ACTIVE_METHODS = Prepared(
    sa.select(_METHODS.module).where(_METHODS.active).order_by(_METHODS.position, _METHODS.module)
)
_TAX_RULES = Prepared(
    sa.select(_RULES.level, _RULES.country, _RULES.state, _RULES.rate).order_by(_RULES.id)
)
_Due = TypeVar("_Due", DueItem, DueRecurring)
_Row = TypeVar("_Row", sa.RowMapping, sa.Row[Any])
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
    methods = tuple(module for (module,) in _ACTIVE_METHODS.all(uow.connection, {}))
    rules = _TAX_RULES.all(uow.connection, {}) if uow.settings.tax_enabled else ()
    return Shared(methods, tuple(TaxRule(*row) for row in rules), uow.settings)


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
        if kind is BillableKind.RECURRING_INVOICE:
            found = _recurring(uow, condition, client_ids)
            lines = quoted_lines(uow, [values[0] for _, _, values in found])
            make = partial(_due_template, lines, shared.settings, Rates(uow))
            for client_id, template in read(kind, found, make):
                recurring[client_id].append(template)
            continue
        rows = _placed(_rows(uow, kind, condition, client_ids))
        for client_id, item in read(kind, rows, partial(_due_item, kind, shared, promotions)):
            items[client_id].append(item)
    kind = BillableKind.BILLABLE_ITEM
    rows = _placed(_riders(uow, client_ids)) if riders else []
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
    rows: Iterable[tuple[int, int, _Row]],
    make: Callable[[_Row, ClientTerms], _Due],
) -> Iterator[tuple[int, _Due]]:
    """Yield what is due with its client's id; what cannot be billed goes to `orphans`.

    `rows` are the billable's id, its client's, and what `make` reads.
    """
    for record_id, client_id, row in rows:
        client = terms.get(client_id)
        if client is None:
            orphans.append(Parked(kind, record_id, _NO_CLIENT))
            continue
        try:
            due = make(row, client)
        except UNREADABLE as error:
            orphans.append(Parked(kind, record_id, f"{_NOT_READABLE}: {error}"))
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
    lines: Mapping[int, Sequence[sa.Row[Any]]],
    settings: BusinessSettings,
    rates: "Rates",
    values: sa.Row[Any],
    client: ClientTerms,
) -> DueRecurring:
    exchange = rates.exchange(values[_CURRENCY], client.currency)
    return recurring_of(values, lines.get(values[0], ()), settings, exchange)


class Rates:
    """The account's exchange rates as they stand, read when the first document needs one."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow
        self._found: dict[str, Decimal] | None = None

    def exchange(self, quoted_in: str, billed_in: str) -> tuple[str, Decimal] | None:
        """Return what a template in one currency is billed in; None where that is its own.

        Raises `CannotBill` without a rate.
        """
        if quoted_in == billed_in:
            return None
        if self._found is None:
            columns = tables.currencies.c
            rows = self._uow.execute(sa.select(columns.code, columns.rate))
            self._found = {row.code: row.rate for row in rows}
        try:
            rate = exchange_rate(self._found[quoted_in], self._found[billed_in])
        except (KeyError, ValueError) as error:
            raise CannotBill(f"{quoted_in} has no exchange rate to {billed_in}") from error
        return billed_in, rate


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
    tax_enabled, methods = shared.settings.tax_enabled, shared.methods
    rates = cache(partial(rates_for, shared.tax_rules))
    found = {}
    rows: Iterable[Any] = uow.execute(query).all()
    for row in rows:
        client_id, country, state, exempt, separate, method, days, send, credit = row[:9]
        currency, percent, group_separate = row[9:]
        taxable = tax_enabled and not exempt
        found[client_id] = ClientTerms(
            client_id,
            currency,
            bool(separate or group_separate),
            percent or _ZERO,
            rates(country, state) if taxable else _UNTAXED,
            taxable,
            method_of(method, "", methods),
            days or 0,
            send,
            Sum(credit, currency),
        )
    return found


def _recurring(
    uow: UnitOfWork, condition: Any, client_ids: Sequence[int]
) -> list[tuple[int, int, sa.Row[Any]]]:
    """Return the due recurring invoices with their own and their client's id, as `_read` wants."""
    columns = tables.recurring_invoices.c
    query = (
        sa.select(*_RECURRING)
        .where(condition, among(uow, columns.client_id, client_ids))
        .order_by(columns.client_id, columns.id)
    )
    rows: Iterable[Any] = uow.execute(query).all()
    return [(row[0], row[1], row) for row in rows]


def _placed(rows: Iterable[sa.RowMapping]) -> list[tuple[int, int, sa.RowMapping]]:
    return [(row["id"], row["client_id"], row) for row in rows]


def _rows(
    uow: UnitOfWork, kind: BillableKind, condition: Any, client_ids: Sequence[int]
) -> list[sa.RowMapping]:
    base = QUERIES[kind]
    client_id = base.selected_columns.client_id
    query = base.where(condition, among(uow, client_id, client_ids))
    return list(uow.execute(query.order_by(client_id, base.selected_columns.id)).mappings())


_RECURRING: Final = tuple(
    sa.type_coerce(column, JsonTuple()) if isinstance(column.type, JsonText) else column
    for column in (tables.recurring_invoices.c[name] for name in RECURRING_COLUMNS)
)


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
            items.c.paused.is_(False),
            items.c.ended.is_(False),
        )
        .order_by(items.c.client_id, items.c.id)
    )
    return list(uow.execute(query).mappings())


def quoted_lines(
    uow: UnitOfWork, ids: Iterable[int], *, removed: bool = False
) -> dict[int, list[sa.Row[Any]]]:
    """Return the stored lines of recurring invoices, in order, for `recurring_line`.

    With `removed` those too that were taken off; when, a row says after the values of a line.
    """
    lines = tables.recurring_lines
    found: dict[int, list[sa.Row[Any]]] = defaultdict(list)
    listed: sa.BindParameter[Any] = sa.bindparam("ids", expanding=True, literal_execute=True)
    query = (
        sa.select(
            *LINE_COLUMNS,
            lines.c.id,
            lines.c.added_at,
            lines.c.removed_at,
            lines.c.recurring_invoice_id,
        )
        .where(lines.c.recurring_invoice_id.in_(listed))
        .order_by(lines.c.recurring_invoice_id, lines.c.position)
    )
    if not removed:
        query = query.where(lines.c.removed_at.is_(None))
    for row in uow.execute(query, {"ids": list(ids)}).all():
        found[row[-1]].append(row)
    return found
