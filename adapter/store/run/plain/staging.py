"""What is due of a page's clients, as SELECTs into the staging tables, and what makes it special.

Each rule here is a rule of `billing.generate` for the plain case; what differs from the plain
case is marked special and left to it.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

import sqlalchemy as sa

from adapter.billing.drafts import RULE_FIRST, RULE_ITEM, RULE_PERIOD
from adapter.billing.model import BillableKind, CatchUp, ItemAction
from adapter.billing.settings import DATE_FORMATS, BusinessSettings
from adapter.store import tables
from adapter.store.queue import TABLES
from adapter.store.run.plain import staged
from adapter.store.run.plain.facts import FACTS, joined, number, text
from adapter.store.run.plain.shape import Shape
from adapter.store.run.plain.taxing import tax, tax_rate
from adapter.store.run.scope import Scope, due_condition
from adapter.store.run.statement import TODAY
from adapter.store.types import short_text

KINDS: Final = (
    BillableKind.SERVICE,
    BillableKind.ADDON,
    BillableKind.DOMAIN,
    BillableKind.BILLABLE_ITEM,
)
# One line may not be so large that a sum of them could leave 64 bits before it is checked.
_LARGEST_LINE: Final = 10**9
_POSTGRESQL: Final = {"%d": "DD", "%m": "MM", "%Y": "YYYY"}


def today() -> Any:
    """Return the account's day, a parameter of every statement."""
    return sa.bindparam(TODAY, None, type_=sa.Date)


def select_due(kind: BillableKind, shape: Shape, on: date) -> sa.Select[Any]:
    """Return the due periods of the page's clients of one kind, in the staging table's columns.

    Dates inside the due condition are counted from `on`, as parameters of the statement.
    """
    settings, table = shape.settings, TABLES[kind]
    facts = FACTS[kind](shape)
    item = kind is BillableKind.BILLABLE_ITEM
    clients, calendar = tables.clients, tables.calendar
    due_on = table.c.next_invoice_on
    # NULL is not the day of registration either.
    first = None if item else table.c.registered_on == due_on
    amount = _by_period(first, facts.first_amount, facts.recurring_amount)
    taxed: Any = sa.false()
    if settings.tax_enabled:
        taxed = sa.and_(facts.taxed, sa.not_(sa.func.coalesce(clients.c.tax_exempt, sa.true())))
    anchor_day: Any = sa.literal_column("0")
    if settings.anchor_month_ends and not item:
        kept = sa.or_(
            table.c.anchor_day.is_(None), table.c.anchor_day == sa.extract("day", due_on)
        )
        anchor_day = sa.case((kept, 0), else_=table.c.anchor_day)
    source: Any = facts.source.outerjoin(clients, clients.c.id == table.c.client_id)
    name = _by_period(first, facts.first_name, facts.name)
    next_on: Any = sa.null()
    if not item:
        known = sa.and_(
            calendar.c.months == facts.months,
            calendar.c.anchor_day == anchor_day,
            calendar.c.due_on == due_on,
        )
        source = source.outerjoin(calendar, known)
        next_on = calendar.c.next_on
        name = name + _period(shape, due_on, calendar.c.period_end)
    line_type = _by_period(first, facts.first_line_type, text(facts.line_type))
    policy = sa.func.coalesce(table.c.catch_up, settings.catch_up.value)
    special = [
        clients.c.id.is_(None),
        _special_client(settings),
        policy != CatchUp.ONE_PER_DAY.value,
        sa.not_(amount.between(1, _LARGEST_LINE)),
        facts.special,
        *([] if item else [calendar.c.next_on.is_(None)]),
    ]
    invoice_due_on: Any = due_on
    if item:
        at_once = table.c.action == ItemAction.NEXT_RUN.value
        invoice_due_on = sa.case((at_once, today()), else_=due_on)
    digest = joined(
        number(amount),
        sa.case((facts.taxed, text(":1:")), else_=text(":0:")),
        number(table.c.generation_count),
    )
    rule = text(RULE_ITEM) if item else _by_period(first, text(RULE_FIRST), text(RULE_PERIOD))
    query = (
        sa.select(
            text(kind.value),
            sa.literal_column(str(list(BillableKind).index(kind))),
            table.c.id,
            table.c.client_id,
            due_on,
            invoice_due_on,
            _method(None if item else table.c.payment_method, shape.methods),
            line_type,
            name,
            amount,
            taxed,
            next_on,
            rule,
            digest,
            table.c.fence,
            sa.func.coalesce(sa.or_(*special), sa.true()),
            sa.null() if shape.dialect == "sqlite" else sa.func.row_number().over(),
        )
        .select_from(source)
        .where(_due(kind, settings, on), staged.of_page(shape, table.c.client_id))
    )
    return _by_client(query, table, f"ix_{table.name}_client")


def select_special() -> sa.Select[Any]:
    """Return the staged clients that the Python path must bill."""
    items = staged.items
    return sa.select(items.c.client_id).where(items.c.special).distinct()


def select_riders(shape: Shape) -> sa.Select[Any]:
    """Return the page's clients with an item that waits to join another invoice."""
    items = tables.billable_items
    query = sa.select(items.c.client_id).where(
        staged.of_page(shape, items.c.client_id),
        items.c.action == ItemAction.NEXT_INVOICE.value,
        items.c.generation_count == 0,
        items.c.parked_reason.is_(None),
    )
    return _by_client(query.distinct(), items, "ix_billable_items_client")


def select_recurring(shape: Shape, on: date) -> sa.Select[Any]:
    """Return the page's clients with a due recurring invoice."""
    kind = BillableKind.RECURRING_INVOICE
    table = TABLES[kind]
    query = sa.select(table.c.client_id).where(
        _due(kind, shape.settings, on), staged.of_page(shape, table.c.client_id)
    )
    return _by_client(query.distinct(), table, "ix_recurring_invoices_client")


def select_periods(shape: Shape) -> sa.Select[Any]:
    """Return of the staged periods: how many, of how many clients, and their outermost places.

    Where they are all the same number, and the places begin at 1, each is an invoice of its own.
    """
    items, place = staged.items, single_place(shape)
    clients = sa.func.count(sa.distinct(items.c.client_id))
    return sa.select(sa.func.count(), clients, sa.func.min(place), sa.func.max(place)).select_from(
        items
    )


def select_documents(shape: Shape, *, single: bool) -> sa.Select[Any]:
    """Return the staged periods grouped into invoices, taxed per level on their taxed sums.

    Columns as the staging table names them. With `single` every client has one period, which is
    an invoice of its own. Grouped on SQLite they come without their places: it numbers the rows
    of an emptied table by itself, and a window over them would sort them once more.
    """
    items, clients, currencies = staged.items, tables.clients, tables.currencies
    key = (items.c.client_id, items.c.invoice_due_on.label("due_on"), items.c.payment_method)
    taxed = sa.case((items.c.taxed, items.c.amount), else_=0)
    if single:
        grouped = sa.select(
            *key,
            items.c.amount.label("whole"),
            taxed.label("taxable"),
            single_place(shape).label("place"),
        )
    else:
        grouped = sa.select(
            *key,
            sa.cast(sa.func.sum(items.c.amount), sa.BigInteger).label("whole"),
            sa.cast(sa.func.sum(taxed), sa.BigInteger).label("taxable"),
        ).group_by(*key)
    sums = grouped.subquery()
    rated = (
        sa.select(
            sums,
            currencies.c.code.label("currency"),
            *(tax_rate(shape, level).label(f"rate_{level}") for level in (1, 2)),
        )
        .join(clients, clients.c.id == sums.c.client_id)
        .join(currencies, currencies.c.id == clients.c.currency_id)
        .subquery()
    )
    first = tax(shape, rated.c.taxable, rated.c.rate_1, rated)
    base = rated.c.taxable + first if shape.settings.tax_compound else rated.c.taxable
    second = tax(shape, base, rated.c.rate_2, rated)
    query = sa.select(rated, first.label("tax_1"), second.label("tax_2"))
    if single or shape.dialect == "sqlite":
        return query
    order = (rated.c.client_id, rated.c.due_on, rated.c.payment_method)
    return query.add_columns(sa.func.row_number().over(order_by=order).label("place"))


def single_place(shape: Shape) -> Any:
    """Return the place of a client's only period on its page, from 1.

    Where periods of several kinds are staged it may not be one: `select_periods` tells.
    """
    if shape.dialect == "sqlite":
        return sa.literal_column("run_items.rowid", sa.BigInteger)
    return staged.items.c.place


def _due(kind: BillableKind, settings: BusinessSettings, on: date) -> Any:
    """Return the due condition of a kind in a run over everything."""
    return due_condition(kind, Scope(ids=dict.fromkeys(BillableKind)), settings, on)


def _by_client(query: sa.Select[Any], table: sa.Table, index: str) -> sa.Select[Any]:
    """Make SQLite go over the page's clients; by the queue it would read all that is due."""
    return query.with_hint(table, f"INDEXED BY {index}", "sqlite")


def _special_client(settings: BusinessSettings) -> Any:
    """Return whether anything but the item itself decides about the client's invoices."""
    clients, groups, currencies = tables.clients, tables.client_groups, tables.currencies
    own_way = sa.select(groups.c.id).where(
        sa.or_(
            groups.c.separate_invoices,
            sa.type_coerce(groups.c.discount_percent, sa.BigInteger) != 0,
        )
    )
    parts = [
        clients.c.separate_invoices,
        clients.c.group_id.in_(own_way),
        clients.c.currency_id.not_in(sa.select(currencies.c.id)),
    ]
    if not settings.no_auto_credit:
        parts.append(clients.c.credit > sa.literal_column("0", sa.BigInteger))
    return sa.or_(*parts)


def _by_period(first: Any, in_first: Any, in_others: Any) -> Any:
    """Return what holds in an item's first period, or in all others, where the two differ."""
    if first is None or in_first is None or in_first is in_others:
        return in_others
    return sa.case((first, in_first), else_=in_others)


def _period(shape: Shape, due_on: Any, last_on: Any) -> Any:
    """Return the billed period, in the installation's date format, as a line's text ends."""
    style = DATE_FORMATS[shape.settings.date_format]
    start, end = f" ({style} - ", f"{style})"
    write: Any = sa.func.date_format
    if shape.dialect == "sqlite":
        return sa.func.strftime(start, due_on, type_=sa.String) + sa.func.strftime(end, last_on)
    if shape.dialect == "postgresql":
        write = sa.func.to_char
        for ours, theirs in _POSTGRESQL.items():
            start, end = start.replace(ours, theirs), end.replace(ours, theirs)
    return write(due_on, start, type_=sa.String) + write(last_on, end)


def _method(own: Any, active: Sequence[str]) -> Any:
    """Return the item's method where it is active, else the client's, else the first active."""
    client = tables.clients.c.payment_method
    if not active:
        return own if own is not None else text("")
    listed = [sa.literal(method, short_text(64)) for method in active]
    choices = [(column.in_(listed), column) for column in (own, client) if column is not None]
    return sa.case(*choices, else_=listed[0])
