"""Adding lines to recurring invoices and pro-formas, and taking lines off them."""

from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa

from adapter.backends.local.quoting import Quoted, listed_currency, priced
from adapter.billing.model import BillableKind, DocumentKind, RecurringLine
from adapter.billing.money import Money
from adapter.commands.context import Context
from adapter.commands.model import AddRecurringLine, Command, RemoveRecurringLines
from adapter.commands.results import RecurringLinesChanged, Result
from adapter.errors import (
    BillableNotFound,
    CurrencyNotListed,
    LineNotFound,
    LineRequired,
)
from adapter.store import tables
from adapter.store.run import recurring_line
from adapter.store.run.load import quoted_lines
from adapter.store.unit_of_work import UnitOfWork

_KIND = BillableKind.RECURRING_INVOICE.value
_NOUN = "recurring_line"
_LINES = tables.recurring_lines


def add_recurring_line(
    uow: UnitOfWork, command: AddRecurringLine, context: Context
) -> RecurringLinesChanged:
    """Append a line; it is on every document issued from now on.

    Raises `BillableNotFound`, `CurrencyNotListed`, and `InvalidField` where the document would
    come to less than nothing.
    """
    template = _template(uow, command.recurring_id, command.issues)
    line = command.line
    listed_currency(uow, (line,))
    if line.currency != template["currency"]:
        raise CurrencyNotListed(0, line.currency, (template["currency"],))
    rows = _lines(uow, template["id"])
    _check(template, [*(recurring_line(row, template["currency"]) for row in rows), line])
    position = uow.execute(
        sa.select(sa.func.max(_LINES.c.position)).where(
            _LINES.c.recurring_invoice_id == template["id"]
        )
    ).scalar()
    line_id = uow.insert(
        _LINES,
        recurring_invoice_id=template["id"],
        position=0 if position is None else position + 1,
        product_code=line.product_code,
        quantity=line.quantity,
        description=line.description,
        unit_price=line.unit_price,
        vat_applies=line.vat_applies,
        vat_rate=line.vat_rate,
        includes_vat=line.includes_vat,
        added_at=context.now,
    )
    _note(uow, context, template["id"], None, line)
    uow.audit(context, "add_line", _NOUN, line_id, {"recurring_id": template["id"]})
    return RecurringLinesChanged(template["id"])


def remove_recurring_lines(
    uow: UnitOfWork, command: RemoveRecurringLines, context: Context
) -> RecurringLinesChanged:
    """Take every line with a code off; issued documents keep theirs.

    Raises `BillableNotFound`, `LineNotFound` without such a line, and `LineRequired` where none
    would be left.
    """
    template = _template(uow, command.recurring_id, command.issues)
    rows = _lines(uow, template["id"])
    gone = [row for row in rows if row.product_code == command.product_code]
    if not gone:
        raise LineNotFound(command.product_code)
    left = [row for row in rows if row.product_code != command.product_code]
    if not left:
        raise LineRequired
    _check(template, [recurring_line(row, template["currency"]) for row in left])
    for row in gone:
        uow.execute(sa.update(_LINES).where(_LINES.c.id == row.id).values(removed_at=context.now))
        _note(uow, context, template["id"], recurring_line(row, template["currency"]), None)
        uow.audit(context, "delete_line", _NOUN, row.id, {"recurring_id": template["id"]})
    return RecurringLinesChanged(template["id"])


def _template(uow: UnitOfWork, recurring_id: int, issues: DocumentKind) -> sa.RowMapping:
    """Return a template of this kind, its client held; raises `BillableNotFound`."""
    row = uow.held(tables.recurring_invoices, recurring_id)
    if row is None or row["issues"] != issues:
        name = "invoice" if issues is DocumentKind.INVOICE else "pro-forma invoice"
        raise BillableNotFound(f"recurring {name}", recurring_id)
    return row


def _lines(uow: UnitOfWork, recurring_id: int) -> list[sa.Row[Any]]:
    return quoted_lines(uow, [recurring_id])[recurring_id]


def _check(template: sa.RowMapping, lines: list[RecurringLine]) -> None:
    """Price the next document, so that nothing unbillable is kept."""
    amount = template["discount_amount"]
    discount = None if amount is None else Money(amount, template["currency"]).amount
    priced(Quoted(lines, discount, template["discount_percentage"]))


def _note(
    uow: UnitOfWork,
    context: Context,
    recurring_id: int,
    old: RecurringLine | None,
    new: RecurringLine | None,
) -> None:
    was, now = (
        None if line is None else f"{line.product_code} {line.quantity} x {line.unit_price}"
        for line in (old, new)
    )
    uow.note_schedule_change(context, _KIND, recurring_id, "lines", was, now)


HANDLERS: Mapping[type[Command], Callable[[UnitOfWork, Any, Context], Result]] = {
    AddRecurringLine: add_recurring_line,
    RemoveRecurringLines: remove_recurring_lines,
}
