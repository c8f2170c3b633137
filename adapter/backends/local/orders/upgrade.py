"""Another product or cycle for a service, paid for the rest of its present period."""

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

import sqlalchemy as sa

from adapter.backends.local.catalogue_prices import PRODUCT, cycle_price, offered_prices
from adapter.backends.local.lookups import CurrencyRow, active_methods, currency_of
from adapter.backends.local.orders.place import FIRST_ORDER_NUMBER
from adapter.billing.drafts import DocumentDraft, LineDraft
from adapter.billing.due import ClientTerms
from adapter.billing.model import ItemStatus, LineType, OrderStatus, Rounding
from adapter.billing.money import Money
from adapter.billing.pricing import total_by_sum
from adapter.billing.schedule import Cycle, advance
from adapter.commands.context import Context
from adapter.commands.model import UpgradeKind, UpgradeService
from adapter.commands.results import ServiceUpgraded
from adapter.errors import (
    InvalidField,
    PaymentMethodInvalid,
    ProductNotFound,
    PromotionInvalid,
    ServiceNotFound,
    UpgradeUnpaid,
)
from adapter.store import tables
from adapter.store.run import write_invoice
from adapter.store.transitions import PAYABLE
from adapter.store.unit_of_work import ORDER_NUMBER, UnitOfWork
from adapter.store.upgrades import apply_upgrade

_WAITING: Final = sorted(status.value for status in PAYABLE)


@dataclass(frozen=True, slots=True)
class _Quote:
    """What a service is changed to, and what that costs."""

    service: sa.RowMapping
    product: sa.RowMapping
    cycle: Cycle
    amount: Money
    currency: CurrencyRow
    told: ServiceUpgraded


def upgrade_service(uow: UnitOfWork, command: UpgradeService, context: Context) -> ServiceUpgraded:
    """Order another product or cycle; without anything to pay it is in force at once.

    Source: contracts/decisions.md, "Upgrades".
    """
    service = uow.held(tables.services, command.service_id)
    if service is None:
        raise ServiceNotFound(command.service_id)
    methods = active_methods(uow)
    if command.payment_method not in methods:
        raise PaymentMethodInvalid(methods)
    if command.kind is UpgradeKind.OPTIONS:
        raise InvalidField("type", "unsupported", "type configoptions: no options are kept")
    if command.promotion_code:
        raise PromotionInvalid(command.promotion_code, "does not hold for upgrades")
    quote = _quote(uow, command, context, service)
    waits = _waits(uow, service["id"])
    if command.only_price:
        return replace(quote.told, in_progress=waits)
    if waits:
        raise UpgradeUnpaid
    return _order(uow, command, context, quote)


def _quote(
    uow: UnitOfWork, command: UpgradeService, context: Context, service: sa.RowMapping
) -> _Quote:
    product = uow.row(tables.products, command.product_id or service["product_id"])
    if product is None:
        raise ProductNotFound(command.product_id)
    currency = currency_of(uow, service["client_id"])
    offered = offered_prices(uow, PRODUCT, product["id"], currency)
    present = Cycle(service["cycle"])
    wanted = command.cycle or present
    cycle, unit = cycle_price(product["name"], product["pay_type"], offered, wanted, currency)
    due_on = service["next_due_on"]
    if present.step is None or cycle.step is None or due_on is None:
        raise InvalidField("service_id", "cycle", "Only recurring services can be upgraded")
    amount = unit.times(service["quantity"]).price
    old = Money(service["recurring_amount"], currency.code)
    left = max(0, (due_on - context.today).days)
    total = (due_on - advance(due_on, present.step, -1)).days
    of_new = (due_on - advance(due_on, cycle.step, -1)).days
    # Each side by the day, so that cycles of other lengths compare.
    more = (amount.amount / Decimal(of_new) - old.amount / Decimal(total)) * left
    before = uow.row(tables.products, service["product_id"])
    told = ServiceUpgraded(
        old_product_id=service["product_id"],
        old_product_name="" if before is None else before["name"],
        new_product_id=product["id"],
        new_product_name=product["name"],
        days_left=left,
        total_days=total,
        new_cycle=cycle,
        price=max(Money.rounded(more, currency.code), Money.zero(currency.code)),
        currency_prefix=currency.prefix,
        currency_suffix=currency.suffix,
    )
    return _Quote(service, product, cycle, amount, currency, told)


def _waits(uow: UnitOfWork, service_id: int) -> bool:
    """Tell whether an earlier upgrade of the service waits for the payment of its invoice."""
    upgrades, documents = tables.upgrades.c, tables.documents.c
    query = (
        sa.select(upgrades.id)
        .join(tables.documents, documents.id == upgrades.invoice_id)
        .where(
            upgrades.service_id == service_id,
            upgrades.status == ItemStatus.PENDING.value,
            documents.status.in_(_WAITING),
            documents.hidden == sa.false(),
        )
    )
    return uow.execute(query.limit(1)).first() is not None


def _order(
    uow: UnitOfWork, command: UpgradeService, context: Context, quote: _Quote
) -> ServiceUpgraded:
    service, price = quote.service, quote.told.price
    order_number = FIRST_ORDER_NUMBER + uow.take(ORDER_NUMBER)
    order_id = uow.insert(
        tables.orders,
        order_number=order_number,
        client_id=service["client_id"],
        placed_at=context.now,
        amount=price,
        payment_method=command.payment_method,
        status=OrderStatus.PENDING.value,
        nameservers="",
    )
    upgrades = tables.upgrades
    upgrade_id = uow.insert(
        upgrades,
        client_id=service["client_id"],
        order_id=order_id,
        service_id=service["id"],
        old_product_id=service["product_id"],
        new_product_id=quote.product["id"],
        old_cycle=service["cycle"],
        new_cycle=quote.cycle.value,
        old_amount=service["recurring_amount"],
        new_amount=quote.amount,
        old_discount=service["recurring_discount"],
        new_discount=0,
        price=price,
        status=ItemStatus.PENDING.value,
        created_at=context.now,
    )
    invoice_id = None
    if price.hundredths:
        invoice_id = _invoice(uow, command, context, quote, upgrade_id)
        orders = tables.orders
        here = orders.c.id == order_id
        uow.execute(sa.update(orders).where(here).values(invoice_id=invoice_id))
        mine = upgrades.c.id == upgrade_id
        uow.execute(sa.update(upgrades).where(mine).values(invoice_id=invoice_id))
    paid = invoice_id is None
    if invoice_id is not None:
        row = uow.row(tables.documents, invoice_id)
        paid = row is not None and row["status"] not in _WAITING
    if paid:
        apply_upgrade(uow, context, upgrade_id)
    detail = {"upgrade": upgrade_id, "price": str(price)}
    uow.audit(context, "order_upgrade", "order", order_id, detail)
    return replace(
        quote.told,
        upgrade_id=upgrade_id,
        order_id=order_id,
        order_number=order_number,
        invoice_id=invoice_id,
    )


def _invoice(
    uow: UnitOfWork, command: UpgradeService, context: Context, quote: _Quote, upgrade_id: int
) -> int:
    service, settings, code = quote.service, uow.settings, quote.currency.code
    text = (
        f"Upgrade/Downgrade: {quote.told.old_product_name} => {quote.told.new_product_name}"
        f" ({quote.cycle.value})"
    )

    def draft(terms: ClientTerms) -> DocumentDraft:
        taxed = bool(quote.product["taxed"]) and terms.taxable
        line = LineDraft(LineType.UPGRADE, upgrade_id, text, quote.told.price, taxed)
        totals = total_by_sum(
            [(line.amount, taxed)],
            code,
            terms.tax,
            inclusive=settings.tax_inclusive,
            compound=settings.tax_compound,
        )
        return DocumentDraft(
            client_id=service["client_id"],
            currency=code,
            issued_on=context.today,
            due_on=context.today,
            payment_method=command.payment_method,
            rounding=Rounding.SUM,
            tax_rate=terms.tax.level_1,
            tax_rate_2=terms.tax.level_2,
            tax_inclusive=settings.tax_inclusive,
            lines=(line,),
            claims=(),
            totals=totals,
            credit=Money.zero(code),
            send_email=True,
        )

    return write_invoice(uow, context, service["client_id"], draft)
