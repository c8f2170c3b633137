"""Listing quotes with their lines."""

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

import sqlalchemy as sa

from adapter.backends.local.lookups import currencies_by_code, window
from adapter.backends.local.quotes.changing import DETAILS
from adapter.billing.model import ClientStatus, DocumentKind, QuoteStage
from adapter.billing.money import Money
from adapter.commands.context import Context
from adapter.commands.model import ListQuotes, QuoteFields, QuoteLine
from adapter.commands.results import QuoteClient, QuoteRecord, QuotesListed
from adapter.store import tables
from adapter.store.unit_of_work import UnitOfWork

_D: Final = tables.documents.c
_Q: Final = tables.quotes.c
_C: Final = tables.clients.c
_L: Final = tables.document_lines
_CLIENT: Final = (
    "first_name",
    "last_name",
    "company_name",
    "email",
    "created_on",
    "group_id",
    "status",
)


def list_quotes(uow: UnitOfWork, command: ListQuotes, _context: Context) -> QuotesListed:
    """List quotes by id."""
    query = (
        sa.select(
            tables.documents,
            *(_Q[name].label(f"quote_{name}") for name in DETAILS),
            _Q.modified_on,
            _Q.sent_on,
            _Q.accepted_on,
            _C.id.label("found_client"),
            *(_C[name].label(f"client_{name}") for name in _CLIENT),
        )
        .join(tables.quotes, _Q.document_id == _D.id)
        .outerjoin(tables.clients, _C.id == _D.client_id)
        .where(_D.kind == DocumentKind.QUOTE.value, _D.hidden == sa.false())
        .order_by(_D.id)
    )
    stage = None if command.stage is None else command.stage.value
    for column, wanted in (
        (_D.id, command.quote_id),
        (_D.client_id, command.client_id),
        (_Q.subject, command.subject),
        (_D.status, stage),
        (_D.issued_on, command.created_on),
        (_Q.modified_on, command.modified_on),
        (_D.due_on, command.valid_until),
    ):
        if wanted is not None:
            query = query.where(column == wanted)
    listing, rows = window(uow, query, command.page)
    lines = quote_lines(uow, [row["id"] for row in rows])
    known = currencies_by_code(uow)
    ids = {code: currency.currency_id for code, currency in known.items()}
    return QuotesListed(
        listing,
        tuple(_record(row, tuple(lines[row["id"]]), ids.get(row["currency"], 0)) for row in rows),
    )


def quote_lines(uow: UnitOfWork, quote_ids: Sequence[int]) -> dict[int, list[QuoteLine]]:
    """Return the lines of quotes, in order."""
    found: dict[int, list[QuoteLine]] = defaultdict(list)
    query = (
        sa.select(_L)
        .where(_L.c.document_id.in_(quote_ids))
        .order_by(_L.c.document_id, _L.c.position, _L.c.id)
    )
    for row in uow.execute(query).mappings():
        found[row["document_id"]].append(
            QuoteLine(
                description=row["description"],
                quantity=Decimal(1) if row["quantity"] is None else row["quantity"],
                unit_price=row["unit_price"] or Decimal(0),
                discount=row["discount_percentage"] or Decimal(0),
                taxed=row["taxed"],
                line_id=row["id"],
            )
        )
    return found


def _record(row: sa.RowMapping, lines: tuple[QuoteLine, ...], currency_id: int) -> QuoteRecord:
    code = row["currency"]
    client = None
    if row["found_client"] is not None:
        told = {name: row[f"client_{name}"] for name in _CLIENT}
        told["status"] = ClientStatus(told["status"])
        client = QuoteClient(client_id=row["found_client"], **told)
    details = {name: row[f"quote_{name}"] for name in DETAILS}
    return QuoteRecord(
        quote_id=row["id"],
        stage=QuoteStage(row["status"]),
        fields=QuoteFields(lines=lines, **details),
        valid_until=row["due_on"],
        created_on=row["issued_on"],
        modified_on=row["modified_on"],
        sent_on=row["sent_on"],
        accepted_on=row["accepted_on"],
        client_id=row["client_id"],
        client=client,
        currency_id=currency_id,
        subtotal=Money(row["subtotal"], code),
        tax=Money(row["tax"], code),
        tax_2=Money(row["tax_2"], code),
        total=Money(row["total"], code),
    )
