"""Form-post items: what their due periods cost, and which of them share an invoice."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from adapter.billing.catch_up import Period, held_dates, is_superseded, item_periods
from adapter.billing.drafts import (
    RULE_FIRST,
    RULE_ITEM,
    RULE_PERIOD,
    ClaimDraft,
    DocumentDraft,
    Held,
    LineDraft,
    Parked,
    QueueMove,
    Totals,
)
from adapter.billing.due import ClientDue, ClientTerms, DueItem, RunTerms
from adapter.billing.inputs import inputs_digest
from adapter.billing.model import BillableKind, ItemAction, LineType, Rounding
from adapter.billing.money import Money
from adapter.billing.pricing import total_by_sum
from adapter.billing.settings import DATE_FORMATS, BusinessSettings
from adapter.errors import CannotBill, OutOfBounds

_HUNDRED = Decimal(100)
_KIND_ORDER = {kind: position for position, kind in enumerate(BillableKind)}
_PROMOTION_TYPES = {
    BillableKind.DOMAIN: LineType.PROMOTION_DOMAIN,
}


@dataclass(frozen=True, slots=True)
class Charge:
    """One period of one item, priced: its lines, its claim, and the invoice it belongs on."""

    item: DueItem
    due_on: date
    payment_method: str
    lines: tuple[LineDraft, ...]
    claim: ClaimDraft
    is_late_news: bool = False


def charge(
    item: DueItem, terms: ClientTerms, run: RunTerms
) -> tuple[list[Charge], list[Held], QueueMove]:
    """Price the periods of one item that this run bills, and record those that it holds."""
    moves_at_issue = item.kind is BillableKind.BILLABLE_ITEM
    goes_on = run.settings.continuous or moves_at_issue
    periods = item_periods(item, run.today, goes_on=goes_on)
    charges: list[Charge] = []
    promotion_uses = item.promotion_uses
    spent = item.step is None
    for period in periods.bill:
        count = item.generation_count + len(charges) + 1
        spent = item.step is None or bool(item.limit and count >= item.limit)
        lines, promoted = item_lines(item, period, terms, run, promotion_uses)
        charges.append(
            Charge(
                item,
                _invoice_due(item, period.due_on, run),
                item.payment_method,
                lines,
                _claim(item, period.due_on, None if spent and moves_at_issue else period.next_on),
                is_late_news=goes_on and is_superseded(period, item.catch_up, run.today),
            )
        )
        promotion_uses += promoted
    # Without continuous invoicing an item that was billed waits for its payment.
    waits = bool(charges) and not goes_on
    due_on = None if spent or waits else periods.next_on
    held = held_dates(item.kind, item.billable_id, periods, item.catch_up)
    move = QueueMove(
        item.kind,
        item.billable_id,
        next_invoice_on=due_on,
        issued=len(charges),
        fence=item.fence,
        next_due_on=due_on if moves_at_issue else None,
        ended=due_on is None and moves_at_issue,
        promotion_uses=promotion_uses - item.promotion_uses,
    )
    return charges, held, move


def _invoice_due(item: DueItem, due_on: date, run: RunTerms) -> date:
    """Items for the next run have no date of their own: they are due the day they are billed."""
    return run.today if item.action is ItemAction.NEXT_RUN else due_on


def item_lines(
    item: DueItem,
    period: Period,
    terms: ClientTerms,
    run: RunTerms,
    promotion_uses: int,
) -> tuple[tuple[LineDraft, ...], int]:
    """Return an item's own line with its promotion and group discount lines; and promotions used.

    Stored amounts are net of the promotion, so the item's line shows the price before it; that is
    also what is charged once its uses are spent.
    """
    first = item.registered_on == period.due_on
    net = item.first_amount if first else item.recurring_amount
    taxed = item.taxed and terms.taxable
    gross, promotion_line, promoted = net, None, 0
    promotion = item.promotion
    if promotion is not None and (first or promotion.recurring):
        discount = promotion.first_discount if first else promotion.recurring_discount
        gross = net + discount
        spent = bool(promotion.recur_for) and promotion_uses >= promotion.recur_for
        promoted = 0 if spent else 1
        if discount and not spent:
            promotion_line = LineDraft(
                _PROMOTION_TYPES.get(item.kind, LineType.PROMOTION_SERVICE),
                item.billable_id,
                f"Promotional Code: {promotion.code}",
                -discount,
                taxed,
            )
    name = item.first_name if first else item.name
    line_type = LineType(item.first_line_type if first else item.line_type)
    lines = [
        LineDraft(
            line_type,
            item.billable_id,
            _with_period(name, period, run.settings),
            gross,
            taxed,
        )
    ]
    if promotion_line is not None:
        lines.append(promotion_line)
    if terms.discount_percent and item.kind is not BillableKind.BILLABLE_ITEM:
        charged = gross if promotion_line is None else net
        off = Money.rounded(charged.amount * terms.discount_percent / _HUNDRED, net.currency)
        lines.append(
            LineDraft(
                LineType.GROUP_DISCOUNT,
                item.billable_id,
                f"Client Group Discount {terms.discount_percent.normalize():f}%",
                -off,
                taxed,
            )
        )
    return tuple(lines), promoted


def _with_period(name: str, period: Period, settings: BusinessSettings) -> str:
    """Append the billed period, in the installation's date format, where there is one."""
    if period.next_on is None:
        return name
    style = DATE_FORMATS[settings.date_format]
    last = period.next_on - timedelta(days=1)
    return f"{name} ({period.due_on.strftime(style)} - {last.strftime(style)})"


def _claim(item: DueItem, due_on: date, next_on: date | None) -> ClaimDraft:
    if item.kind is BillableKind.BILLABLE_ITEM:
        rule = RULE_ITEM
    else:
        rule = RULE_FIRST if item.registered_on == due_on else RULE_PERIOD
    return ClaimDraft(
        item.kind, item.billable_id, due_on, next_on, rule, inputs_digest(item), item.fence
    )


def groups(charges: Iterable[Charge], *, separate: bool) -> Iterator[list[Charge]]:
    """Yield the charges of each invoice: one due date and payment method, or one item each.

    Inside an invoice: services, addons, domains, billable items, then by id and date.
    """
    grouped: dict[tuple[date, str, int, int], list[Charge]] = {}
    ordered = sorted(
        charges, key=lambda c: (_KIND_ORDER[c.item.kind], c.item.billable_id, c.claim.due_on)
    )
    for charge in ordered:
        alone = (_KIND_ORDER[charge.item.kind], charge.item.billable_id) if separate else (0, 0)
        key = (charge.due_on, charge.payment_method, *alone)
        grouped.setdefault(key, []).append(charge)
    for key in sorted(grouped):
        yield grouped[key]


def _checked_totals(
    lines: tuple[LineDraft, ...], terms: ClientTerms, settings: BusinessSettings
) -> Totals:
    totals = total_by_sum(
        [(line.amount, line.taxed) for line in lines],
        terms.currency,
        terms.tax,
        inclusive=settings.tax_inclusive,
        compound=settings.tax_compound,
    )
    if totals.gross.hundredths < 0:
        raise CannotBill(f"The invoice's total of {totals.gross} is below zero")
    return totals


def invoice(group: list[Charge], terms: ClientTerms, run: RunTerms) -> DocumentDraft:
    """Return the invoice of charges that belong on one; raises `CannotBill` below zero."""
    lines = tuple(line for charge in group for line in charge.lines)
    settings = run.settings
    totals = _checked_totals(lines, terms, settings)
    return DocumentDraft(
        client_id=terms.client_id,
        currency=terms.currency,
        issued_on=run.today,
        due_on=group[0].due_on,
        payment_method=group[0].payment_method,
        rounding=Rounding.SUM,
        tax_rate=terms.tax.level_1,
        tax_rate_2=terms.tax.level_2,
        tax_inclusive=settings.tax_inclusive,
        lines=lines,
        claims=tuple(charge.claim for charge in group),
        totals=totals,
        credit=Money.zero(terms.currency),
        send_email=run.send_email
        and (settings.catch_up_mails or not all(charge.is_late_news for charge in group)),
    )


def ride(
    documents: list[DocumentDraft], due: ClientDue, run: RunTerms
) -> tuple[list[DocumentDraft], list[QueueMove], list[Parked]]:
    """Put items that wait for another invoice on the client's first form-post invoice."""
    first = next((i for i, doc in enumerate(documents) if doc.positional is None), None)
    if first is None:
        return documents, [], []
    moves, parked = [], []
    host = documents[first]
    for rider in due.riders:
        try:
            charged, _, move = charge(rider, due.terms, run)
            lines = host.lines + tuple(line for charge in charged for line in charge.lines)
            totals = _checked_totals(lines, due.terms, run.settings)
        except (CannotBill, OutOfBounds, OverflowError) as error:
            parked.append(Parked(rider.kind, rider.billable_id, str(error)))
        else:
            claims = host.claims + tuple(charge.claim for charge in charged)
            host = host._replace(lines=lines, claims=claims, totals=totals)
            moves.append(move)
    return [*documents[:first], host, *documents[first + 1 :]], moves, parked
