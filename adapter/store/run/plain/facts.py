"""Where each kind of billable keeps what a line needs, as SQL expressions.

Each rule here is a rule of `billing.items` for the plain case; what differs from it is marked
special and left to it.
"""

from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from adapter.billing.model import BillableKind, ItemAction, LineType
from adapter.billing.schedule import Cycle
from adapter.store import tables
from adapter.store.run.plain.shape import Shape

_DASH: Final = sa.literal_column("' - '", sa.String)


@dataclass(frozen=True, slots=True)
class Facts:
    """Where a kind keeps what a line needs; SQL expressions all."""

    source: Any
    name: Any
    first_name: Any
    first_amount: Any
    recurring_amount: Any
    taxed: Any
    months: Any
    special: Any
    line_type: str
    first_line_type: Any = None


def _service(shape: Shape) -> Facts:
    services, products = tables.services, tables.products
    name = sa.func.coalesce(
        sa.func.nullif(products.c.name, ""), joined("Service #", number(services.c.id))
    )
    full = sa.case((services.c.domain != "", name + _DASH + services.c.domain), else_=name)
    special = [services.c.promotion_id != 0, _aligned(services, products)]
    if shape.settings.continuous:
        special.append(sa.func.coalesce(products.c.cycles_limit, 0) != 0)
    return Facts(
        source=services.outerjoin(products, products.c.id == services.c.product_id),
        name=full,
        first_name=full,
        first_amount=_hundredths(services.c.first_amount),
        recurring_amount=_hundredths(services.c.recurring_amount),
        taxed=sa.func.coalesce(products.c.taxed, sa.false()),
        months=_cycle_months(services.c.cycle),
        special=sa.or_(*special),
        line_type=LineType.SERVICE.value,
    )


def _addon(_shape: Shape) -> Facts:
    addons, services, products = tables.service_addons, tables.services, tables.products
    source = addons.outerjoin(services, services.c.id == addons.c.service_id).outerjoin(
        products, products.c.id == services.c.product_id
    )
    return Facts(
        source=source,
        name=addons.c.name,
        first_name=addons.c.name,
        first_amount=_hundredths(addons.c.first_amount),
        recurring_amount=_hundredths(addons.c.recurring_amount),
        taxed=addons.c.taxed,
        months=_cycle_months(addons.c.cycle),
        special=_aligned(addons, products),
        line_type=LineType.ADDON.value,
    )


def _domain(shape: Shape) -> Facts:
    domains = tables.domains
    transfer = domains.c.kind == "Transfer"
    rest = joined(" - ", domains.c.name, " - ", number(domains.c.years), " Year/s")
    first = sa.case((transfer, text("Domain Transfer")), else_=text("Domain Registration"))
    first_type = sa.case(
        (transfer, text(LineType.DOMAIN_TRANSFER.value)),
        else_=text(LineType.DOMAIN_REGISTER.value),
    )
    return Facts(
        source=domains,
        name=text("Domain Renewal") + rest,
        first_name=first + rest,
        first_amount=_hundredths(domains.c.first_amount),
        recurring_amount=_hundredths(domains.c.recurring_amount),
        taxed=sa.true() if shape.settings.tax_domains else sa.false(),
        months=domains.c.years * 12,
        special=domains.c.promotion_id != 0,
        line_type=LineType.DOMAIN.value,
        first_line_type=first_type,
    )


def _item(shape: Shape) -> Facts:
    items = tables.billable_items
    return Facts(
        source=items,
        name=items.c.description,
        first_name=items.c.description,
        first_amount=_hundredths(items.c.amount),
        recurring_amount=_hundredths(items.c.amount),
        taxed=sa.true() if shape.settings.tax_billable_items else sa.false(),
        months=None,
        special=items.c.action == ItemAction.RECUR.value,
        line_type=LineType.BILLABLE_ITEM.value,
    )


FACTS: Final = {
    BillableKind.SERVICE: _service,
    BillableKind.ADDON: _addon,
    BillableKind.DOMAIN: _domain,
    BillableKind.BILLABLE_ITEM: _item,
}


def _aligned(table: sa.Table, products: sa.Table) -> Any:
    """Return whether the due dates are aligned to the product's day of the month."""
    day = sa.func.coalesce(products.c.prorata_day, 0)
    return sa.and_(day != 0, table.c.anchor_day == day)


def _cycle_months(cycle: Any) -> Any:
    steps = {each.value: each.step.months for each in Cycle if each.step is not None}
    return sa.case(
        *((cycle == text(name), sa.literal_column(str(n))) for name, n in steps.items()),
        else_=sa.null(),
    )


def _hundredths(column: Any) -> Any:
    return sa.type_coerce(column, sa.BigInteger)


def text(value: str) -> Any:
    """Return a text as it stands in the statement."""
    quoted = value.replace("'", "''")
    return sa.literal_column(f"'{quoted}'", sa.String)


def number(value: Any) -> Any:
    """Return a number as text."""
    return sa.cast(value, sa.String)


def joined(*parts: Any) -> Any:
    """Return texts and expressions, one after the other."""
    found: Any = None
    for part in parts:
        piece = text(part) if isinstance(part, str) else part
        found = piece if found is None else found + piece
    return found
