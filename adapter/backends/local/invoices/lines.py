"""Lines of an issued invoice: changing them, with the old and the new kept in the audit."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from adapter.billing.model import LineType, Rounding
from adapter.billing.money import Money
from adapter.billing.vat import split
from adapter.commands.context import Context
from adapter.commands.model import InvoiceLineChange
from adapter.errors import LineNotFound
from adapter.store import tables
from adapter.store.transitions import add_credit, load_invoice, recompute_totals
from adapter.store.unit_of_work import UnitOfWork

_lines = tables.document_lines
_DISCOUNTS = frozenset(
    {LineType.PROMOTION_SERVICE, LineType.PROMOTION_DOMAIN, LineType.GROUP_DISCOUNT}
)
_NOUN = "invoice_line"


def lines_of(uow: UnitOfWork, invoice_id: int) -> list[sa.RowMapping]:
    """Return an invoice's lines in order."""
    query = (
        sa.select(_lines)
        .where(_lines.c.document_id == invoice_id)
        .order_by(_lines.c.position, _lines.c.id)
    )
    return list(uow.execute(query).mappings())


def with_discounts(rows: Sequence[sa.RowMapping], line_ids: set[int]) -> set[int]:
    """Return `line_ids` and the promotion and group discount lines that belong to them.

    A discount stands right behind the line it discounts and names the same item; the id alone
    would not tell a service's discount from its addon's. `rows` are in order.
    Source: the form-post facts, 2.8.
    """
    taken = set(line_ids)
    host: sa.RowMapping | None = None
    for row in rows:
        if row["line_type"] not in _DISCOUNTS:
            host = row
        elif host is None or host["id"] not in taken:
            continue
        elif row["related_id"] == host["related_id"]:
            taken.add(row["id"])
    return taken


def remove_lines(uow: UnitOfWork, context: Context, invoice_id: int, line_ids: set[int]) -> None:
    """Delete lines; their content stays in the audit. Totals are the caller's next step.

    The claims stay: a period once invoiced is not billed again because its line was taken off.
    Source: contracts/decisions.md, "Deleted lines".
    """
    rows = {row["id"]: row for row in lines_of(uow, invoice_id)}
    for line_id in sorted(line_ids):
        if line_id not in rows:
            raise LineNotFound(line_id)
        uow.execute(sa.delete(_lines).where(_lines.c.id == line_id))
        detail = {"invoice_id": invoice_id, "old": _facts(rows[line_id]), "new": None}
        uow.audit(context, "delete_line", _NOUN, line_id, detail)


def put_lines(
    uow: UnitOfWork,
    context: Context,
    document: sa.RowMapping,
    changes: Sequence[InvoiceLineChange],
) -> None:
    """Add and change lines. Totals are the caller's next step."""
    rows = lines_of(uow, document["id"])
    by_id = {row["id"]: row for row in rows}
    position = max((row["position"] for row in rows), default=-1)
    for change in changes:
        if change.line_id is None:
            position += 1
            _add(uow, context, document, change, position)
        elif change.line_id in by_id:
            _change(uow, context, document, by_id[change.line_id], change)
        else:
            raise LineNotFound(change.line_id)


def _add(
    uow: UnitOfWork,
    context: Context,
    document: sa.RowMapping,
    change: InvoiceLineChange,
    position: int,
) -> None:
    rate = document["tax_rate"] if change.taxed else None
    values = _values(document, change, rate, includes_vat=False)
    line_id = uow.insert(
        _lines,
        document_id=document["id"],
        position=position,
        line_type=LineType.MANUAL.value,
        **values,
    )
    detail = {"invoice_id": document["id"], "old": None, "new": _facts(values)}
    uow.audit(context, "add_line", _NOUN, line_id, detail)


def _change(
    uow: UnitOfWork,
    context: Context,
    document: sa.RowMapping,
    row: sa.RowMapping,
    change: InvoiceLineChange,
) -> None:
    # What was quoted with VAT inside stays so: then the parts add up to the amount itself.
    includes_vat = bool(row["vat"]) and row["net"] + row["vat"] == row["amount"]
    rate = row["vat_rate"] if row["vat_rate"] is not None else document["tax_rate"]
    values = _values(document, change, rate if change.taxed else None, includes_vat=includes_vat)
    uow.execute(sa.update(_lines).where(_lines.c.id == row["id"]).values(**values))
    detail = {"invoice_id": document["id"], "old": _facts(row), "new": _facts(values)}
    uow.audit(context, "change_line", _NOUN, row["id"], detail)


def _values(
    document: sa.RowMapping,
    change: InvoiceLineChange,
    rate: Decimal | None,
    *,
    includes_vat: bool,
) -> dict[str, Any]:
    """Return the columns of a line of this text and amount, by the document's rounding policy."""
    amount = Money.rounded(change.amount, document["currency"])
    values: dict[str, Any] = {
        "description": change.description,
        "amount": amount.hundredths,
        "taxed": change.taxed,
    }
    if document["rounding"] == Rounding.LINE:
        parts = split(amount, rate, includes_vat=includes_vat)
        values |= {
            "quantity": Decimal(1),
            "unit_price": amount.amount,
            "net": parts.net.hundredths,
            "vat": parts.vat.hundredths,
            "vat_rate": rate,
        }
    return values


def _facts(line: Mapping[str, Any] | sa.RowMapping) -> dict[str, Any]:
    return {name: line[name] for name in ("description", "amount", "taxed")}


def retotal(uow: UnitOfWork, context: Context, invoice_id: int) -> None:
    """Recompute an invoice's totals from its lines; credit it no longer needs goes back."""
    documents = tables.documents
    row = load_invoice(uow, invoice_id)
    used = int(row["credit"])
    here = documents.c.id == invoice_id
    uow.execute(sa.update(documents).where(here).values(credit=0, updated_at=context.now))
    recompute_totals(uow, invoice_id)
    gross = int(load_invoice(uow, invoice_id)["total"])
    kept = min(used, gross)
    if kept:
        left = {"credit": kept, "total": gross - kept}
        uow.execute(sa.update(documents).where(here).values(**left))
    if used > kept:
        text = f"Credit Removed from Invoice #{invoice_id}"
        add_credit(uow, context, row["client_id"], used - kept, text, invoice_id)
