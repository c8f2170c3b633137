"""The one place where an invoice changes its state or its sums, and what moves with it."""

from datetime import date

import sqlalchemy as sa

from adapter.billing.due import TaxRates
from adapter.billing.model import (
    DEBITS,
    BillableKind,
    DocumentKind,
    InvoiceStatus,
    ItemAction,
    Rounding,
)
from adapter.billing.money import Money
from adapter.billing.pricing import total_by_sum
from adapter.billing.schedule import advance
from adapter.billing.vat import split
from adapter.commands.context import Context
from adapter.errors import InvoiceCancelled, InvoiceNotFound, OutOfBounds
from adapter.store import tables
from adapter.store.numbers import sequential_number
from adapter.store.outbox import enqueue_mail
from adapter.store.queue import TABLES, requeue, step_of
from adapter.store.unit_of_work import UnitOfWork
from adapter.store.upgrades import apply_upgrades, undo_upgrades

PAYABLE = frozenset(
    {InvoiceStatus.UNPAID, InvoiceStatus.PAYMENT_PENDING, InvoiceStatus.COLLECTIONS}
)
# The time at which an invoice entered a state; blank again when it leaves it.
_STAMPS = {
    InvoiceStatus.PAID: "paid_at",
    InvoiceStatus.CANCELLED: "cancelled_at",
    InvoiceStatus.REFUNDED: "refunded_at",
}
# Their due date waits for payment; items and recurring invoices move when they are issued.
_MOVED_BY_PAYMENT = frozenset({BillableKind.SERVICE, BillableKind.ADDON, BillableKind.DOMAIN})
# Billable items with a date of their own.
_DATED = frozenset({ItemAction.DUE_DATE.value, ItemAction.RECUR.value})


def load_invoice(uow: UnitOfWork, invoice_id: int) -> sa.RowMapping:
    """Return an invoice's or payout's row; raises `InvoiceNotFound`, also for hidden ones."""
    row = uow.row(tables.documents, invoice_id)
    if row is None or row["hidden"] or row["kind"] not in DEBITS:
        raise InvoiceNotFound(invoice_id)
    return row


def hold_invoice(uow: UnitOfWork, invoice_id: int) -> sa.RowMapping:
    """Return an invoice's row, its client held until commit; raises `InvoiceNotFound`.

    Whoever changes an invoice, its lines or its money begins here: two at once see each other.
    """
    row = uow.held(tables.documents, invoice_id)
    if row is None or row["hidden"] or row["kind"] != DocumentKind.INVOICE:
        raise InvoiceNotFound(invoice_id)
    return row


def change_status(
    uow: UnitOfWork, context: Context, invoice_id: int, status: InvoiceStatus
) -> None:
    """Bring an invoice into `status` with all consequences; no-op when it is there already.

    The caller holds the client.

    Entering Paid moves the due date of every period on it by one cycle, once per claim; leaving
    Paid undoes that, so any sequence of changes ends 0 or 1 step ahead. Raises `InvoiceCancelled`
    for one that was voided because its run was undone: its periods are billed again.
    Source: contracts/decisions.md, "Due dates move at payment", "Undoing a run".
    """
    row = load_invoice(uow, invoice_id)
    old = InvoiceStatus(row["status"])
    if old is status:
        return
    if row["undone_at"] is not None and old is InvoiceStatus.CANCELLED:
        raise InvoiceCancelled
    values: dict[str, object] = {"status": status.value, "updated_at": context.now}
    if old in _STAMPS:
        values[_STAMPS[old]] = None
    if status in _STAMPS:
        values[_STAMPS[status]] = context.now
    if status is InvoiceStatus.PAID:
        values |= _on_payment(uow, context, row)
    documents = tables.documents
    uow.execute(sa.update(documents).where(documents.c.id == invoice_id).values(**values))
    if old is InvoiceStatus.PAID:
        _step_back(uow, invoice_id)
        undo_upgrades(uow, context, invoice_id)
    if status is InvoiceStatus.PAID:
        _step_ahead(uow, invoice_id)
        apply_upgrades(uow, context, invoice_id)
    if status is InvoiceStatus.CANCELLED and not uow.settings.cancelled_blocks:
        _release_claims(uow, invoice_id)
    detail = {"old": old.value, "new": status.value}
    uow.audit(context, "change_status", row["kind"], invoice_id, detail)


def _on_payment(uow: UnitOfWork, context: Context, row: sa.RowMapping) -> dict[str, object]:
    """Return the number and date that an invoice gets when it is paid."""
    settings = uow.settings
    if not settings.sequential_numbers or row["number_text"]:
        return {}  # a number is given once, also when the invoice is paid again
    values: dict[str, object] = {"number_text": sequential_number(uow, context.today)}
    if settings.proforma and settings.date_on_payment:
        values["issued_on"] = context.today
    return values


def _claims(uow: UnitOfWork, invoice_id: int, *, moved: bool) -> list[sa.RowMapping]:
    claims = tables.claims
    query = (
        sa.select(claims)
        .where(claims.c.document_id == invoice_id, claims.c.moved == moved)
        .order_by(claims.c.kind, claims.c.billable_id, claims.c.due_on)
    )
    return list(uow.execute(query).mappings())


def _mark(uow: UnitOfWork, claim: sa.RowMapping, **values: object) -> None:
    claims = tables.claims
    uow.execute(
        sa.update(claims)
        .where(
            claims.c.kind == claim["kind"],
            claims.c.billable_id == claim["billable_id"],
            claims.c.due_on == claim["due_on"],
        )
        .values(**values)
    )


def _move_due(uow: UnitOfWork, kind: BillableKind, billable_id: int, on: date) -> None:
    table = TABLES[kind]
    uow.execute(sa.update(table).where(table.c.id == billable_id).values(next_due_on=on))
    requeue(uow, kind, billable_id)


def _step_ahead(uow: UnitOfWork, invoice_id: int) -> None:
    for claim in _claims(uow, invoice_id, moved=False):
        kind = BillableKind(claim["kind"])
        if kind not in _MOVED_BY_PAYMENT or claim["next_on"] is None:
            continue
        row = uow.row(TABLES[kind], claim["billable_id"])
        if row is None or row["next_due_on"] is None:
            continue
        current: date = row["next_due_on"]
        step = step_of(kind, row)
        if current == claim["due_on"]:
            new = claim["next_on"]
        elif (after := _neighbour(uow, claim, due_on=current)) is not None:
            # The period that is due is invoiced too: its own end, which may be no whole cycle on.
            new = after
        elif step is None:
            continue
        else:
            new = advance(current, step, anchor_day=_anchor(uow, row))
        _mark(uow, claim, moved=True, moved_from_on=current, moved_to_on=new)
        _move_due(uow, kind, row["id"], new)


def _step_back(uow: UnitOfWork, invoice_id: int) -> None:
    for claim in reversed(_claims(uow, invoice_id, moved=True)):
        kind = BillableKind(claim["kind"])
        _mark(uow, claim, moved=False, moved_from_on=None, moved_to_on=None)
        row = uow.row(TABLES[kind], claim["billable_id"])
        if row is None or row["next_due_on"] is None:
            continue
        if row["next_due_on"] == claim["moved_to_on"]:
            # Not a step back from here: a month end would not come back to its own day.
            old = claim["moved_from_on"]
        else:
            before = _neighbour(uow, claim, next_on=row["next_due_on"])
            step = step_of(kind, row)
            if before is not None:
                old = before
            elif step is not None:
                old = advance(row["next_due_on"], step, -1, anchor_day=_anchor(uow, row))
            else:
                continue
        _move_due(uow, kind, row["id"], old)


def _neighbour(uow: UnitOfWork, claim: sa.RowMapping, **end: date) -> date | None:
    """Return the other end of an invoiced period of the same item, None without such a period."""
    claims = tables.claims
    ((name, on),) = end.items()
    wanted = claims.c.next_on if name == "due_on" else claims.c.due_on
    query = sa.select(wanted).where(
        claims.c.kind == claim["kind"],
        claims.c.billable_id == claim["billable_id"],
        claims.c[name] == on,
    )
    return uow.execute(query.order_by(claims.c.due_on.desc()).limit(1)).scalar()


def _anchor(uow: UnitOfWork, row: sa.RowMapping) -> int | None:
    return row["anchor_day"] if uow.settings.anchor_month_ends else None


def _release_claims(uow: UnitOfWork, invoice_id: int) -> None:
    """Let the periods of a cancelled invoice be billed again (a switch; normally they block).

    A billable item moved on when it was issued: it goes back where nothing was billed since. The
    occurrences of a recurring invoice are not billed again.
    Source: contracts/decisions.md, "Cancelled invoices and
    their dates".
    """
    claims = tables.claims
    released = _claims(uow, invoice_id, moved=False)
    uow.execute(sa.delete(claims).where(claims.c.document_id == invoice_id))
    for claim in reversed(released):
        kind = BillableKind(claim["kind"])
        row = uow.row(TABLES[kind], claim["billable_id"])
        if row is None or kind is BillableKind.RECURRING_INVOICE:
            continue
        table, count = TABLES[kind], max(0, row["generation_count"] - 1)
        values: dict[str, object] = {"generation_count": count}
        is_item = kind is BillableKind.BILLABLE_ITEM
        if is_item and row["action"] in _DATED and row["next_due_on"] == claim["next_on"]:
            values["next_due_on"] = claim["due_on"]
        uow.execute(sa.update(table).where(table.c.id == row["id"]).values(**values))
        requeue(uow, kind, row["id"])


def settle(uow: UnitOfWork, context: Context, invoice_id: int, *, send_email: bool) -> None:
    """Turn a payable invoice Paid when its balance is zero; keep what is too much as credit.

    `paid` then counts what the invoice took, so its balance is never below zero.
    """
    row = load_invoice(uow, invoice_id)
    total, paid = row["total"], row["paid"]
    if paid < total:
        return
    if InvoiceStatus(row["status"]) in PAYABLE:
        change_status(uow, context, invoice_id, InvoiceStatus.PAID)
        if send_email:
            client_id = row["client_id"]
            enqueue_mail(uow, context, "Invoice Payment Confirmation", client_id, invoice_id)
    if paid > total:
        documents = tables.documents
        uow.execute(sa.update(documents).where(documents.c.id == invoice_id).values(paid=total))
        add_credit(
            uow,
            context,
            row["client_id"],
            paid - total,
            f"Invoice #{invoice_id} Overpayment",
            invoice_id,
        )


def add_credit(  # noqa: PLR0913 - one row of the credit log
    uow: UnitOfWork,
    context: Context,
    client_id: int,
    hundredths: int,
    description: str,
    invoice_id: int = 0,
) -> None:
    """Change a client's credit by an amount of his currency (below zero: a use), and log it."""
    clients = tables.clients
    uow.execute(
        sa.update(clients)
        .where(clients.c.id == client_id)
        .values(credit=clients.c.credit + sa.literal(hundredths, sa.BigInteger))
    )
    uow.insert(
        tables.credits_log,
        client_id=client_id,
        entered_on=context.today,
        description=description,
        amount=hundredths,
        document_id=invoice_id,
    )


def apply_credit(uow: UnitOfWork, context: Context, invoice_id: int, amount: Money) -> None:
    """Use `amount` of the client's credit on an invoice; the caller has checked both balances."""
    row = load_invoice(uow, invoice_id)
    documents = tables.documents
    uow.execute(
        sa.update(documents)
        .where(documents.c.id == invoice_id)
        .values(
            credit=row["credit"] + amount.hundredths,
            total=row["total"] - amount.hundredths,
            updated_at=context.now,
        )
    )
    add_credit(
        uow,
        context,
        row["client_id"],
        -amount.hundredths,
        f"Credit Applied to Invoice #{invoice_id}",
        invoice_id,
    )


def recompute_totals(uow: UnitOfWork, invoice_id: int) -> None:
    """Set subtotal, taxes and total of an invoice from its lines, by its own rounding policy.

    A line that the form-post API added to a positional document is split at the document's rate.
    Raises `OutOfBounds` when the sum would be below zero.
    """
    document = load_invoice(uow, invoice_id)
    currency = document["currency"]
    lines = tables.document_lines
    query = sa.select(lines).where(lines.c.document_id == invoice_id).order_by(lines.c.position)
    rows = uow.execute(query).mappings().all()
    if document["rounding"] == Rounding.LINE:
        subtotal = tax = tax_2 = 0
        for row in rows:
            net, vat = row["net"], row["vat"]
            if net is None:
                rate = document["tax_rate"] if row["taxed"] else None
                parts = split(Money(row["amount"], currency), rate, includes_vat=False)
                net, vat = parts.net.hundredths, parts.vat.hundredths
                split_line = {"net": net, "vat": vat, "vat_rate": rate}
                uow.execute(sa.update(lines).where(lines.c.id == row["id"]).values(**split_line))
            subtotal += net
            tax += vat
    else:
        totals = total_by_sum(
            [(Money(row["amount"], currency), row["taxed"]) for row in rows],
            currency,
            TaxRates(document["tax_rate"], document["tax_rate_2"]),
            inclusive=document["tax_inclusive"],
            compound=uow.settings.tax_compound,
        )
        subtotal = totals.subtotal.hundredths
        tax, tax_2 = totals.tax.hundredths, totals.tax_2.hundredths
    total = subtotal + tax + tax_2 - document["credit"]
    if total < 0:
        raise OutOfBounds("The invoice's total would be below zero")
    documents = tables.documents
    uow.execute(
        sa.update(documents)
        .where(documents.c.id == invoice_id)
        .values(subtotal=subtotal, tax=tax, tax_2=tax_2, total=total)
    )
