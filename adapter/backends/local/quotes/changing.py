"""Making and changing quotes: documents of kind `quote` and the row of `quotes` beside them."""

from collections.abc import Sequence
from typing import Any, Final

import sqlalchemy as sa

from adapter.backends.local.invoices.issuing import BY_API
from adapter.backends.local.lengths import check_lengths
from adapter.backends.local.lookups import currencies_by_code, currency_of
from adapter.billing.due import TaxRates, rates_for
from adapter.billing.model import DocumentKind, LineType, QuoteStage, Rounding
from adapter.billing.money import Money
from adapter.billing.pricing import total_by_sum
from adapter.commands.context import Context
from adapter.commands.model import CreateQuote, QuoteFields, QuoteLine, UpdateQuote
from adapter.commands.results import QuoteCreated, QuoteUpdated
from adapter.errors import CurrencyNotFound, InvalidField, LineNotFound, OutOfBounds, QuoteNotFound
from adapter.store import tables
from adapter.store.run.load import client_terms, load_shared
from adapter.store.unit_of_work import UnitOfWork

_D: Final = tables.documents
_L: Final = tables.document_lines
_Q: Final = tables.quotes
# What of `QuoteFields` stands in `quotes` under the same name.
DETAILS: Final = (
    "subject",
    "first_name",
    "last_name",
    "company_name",
    "email",
    "address_1",
    "address_2",
    "city",
    "state",
    "postcode",
    "country",
    "phone",
    "tax_number",
    "proposal",
    "customer_notes",
    "admin_notes",
)


def create_quote(uow: UnitOfWork, command: CreateQuote, context: Context) -> QuoteCreated:
    """Make a quote with its lines. Raises `InvalidField` without a subject or a last day."""
    fields = command.quote
    for name in ("subject", "valid_until"):
        if getattr(fields, name) is None:
            raise InvalidField(name, "required", f"{name} must be given")
    client_id = _known(uow, fields.client_id)
    code = _currency(uow, client_id, fields.currency_id)
    details = _details(fields)
    document_id = uow.take_document_id()
    number = uow.take(DocumentKind.QUOTE.number_counter)
    prefix, suffix = uow.settings.affixes(DocumentKind.QUOTE)
    tax = _tax(uow, client_id, fields.country or "", fields.state or "")
    uow.execute(
        sa.insert(_D).values(
            id=document_id,
            kind=DocumentKind.QUOTE.value,
            client_id=client_id,
            currency=code,
            status=(fields.stage or QuoteStage.DRAFT).value,
            number=number,
            number_text=f"{prefix}{number}{suffix}",
            issued_on=fields.created_on or context.today,
            due_on=fields.valid_until,
            tax_rate=tax.level_1,
            tax_rate_2=tax.level_2,
            rounding=Rounding.SUM.value,
            tax_inclusive=uow.settings.tax_inclusive,
            origin=BY_API,
            created_at=context.now,
            updated_at=context.now,
        )
    )
    blank = dict.fromkeys(("proposal", "customer_notes", "admin_notes"), "")
    uow.execute(
        sa.insert(_Q).values(document_id=document_id, modified_on=context.today, **blank | details)
    )
    _put_lines(uow, document_id, code, fields.lines)
    _retotal(uow, document_id)
    uow.audit(context, "create", "quote", document_id)
    return QuoteCreated(document_id)


def update_quote(uow: UnitOfWork, command: UpdateQuote, context: Context) -> QuoteUpdated:
    """Change a quote. Raises `QuoteNotFound` and `LineNotFound`."""
    row = held_quote(uow, command.quote_id)
    fields = command.changes
    client_id = row["client_id"] if fields.client_id is None else _known(uow, fields.client_id)
    code = row["currency"]
    if fields.client_id is not None or fields.currency_id is not None:
        code = _currency(uow, client_id, fields.currency_id)
    details = _details(fields)
    if details:
        uow.execute(sa.update(_Q).where(_Q.c.document_id == row["id"]).values(**details))
    header: dict[str, Any] = {
        "status": None if fields.stage is None else fields.stage.value,
        "issued_on": fields.created_on,
        "due_on": fields.valid_until,
        "client_id": client_id,
        "currency": code,
    }
    changed = {name: value for name, value in header.items() if value is not None}
    if client_id != row["client_id"] or {"country", "state"} & details.keys():
        own = uow.execute(
            sa.select(_Q.c.country, _Q.c.state).where(_Q.c.document_id == row["id"])
        ).one()
        tax = _tax(uow, client_id, own.country, own.state)
        changed |= {"tax_rate": tax.level_1, "tax_rate_2": tax.level_2}
    uow.execute(
        sa.update(_D).where(_D.c.id == row["id"]).values(updated_at=context.now, **changed)
    )
    modified = {"modified_on": context.today}
    uow.execute(sa.update(_Q).where(_Q.c.document_id == row["id"]).values(**modified))
    _put_lines(uow, row["id"], code, fields.lines)
    _retotal(uow, row["id"])
    uow.audit(context, "change", "quote", row["id"])
    return QuoteUpdated(row["id"])


def held_quote(uow: UnitOfWork, quote_id: int) -> sa.RowMapping:
    """Return a quote's document, its client held until commit; raises `QuoteNotFound`."""
    row = uow.held(_D, quote_id)
    if row is None or row["hidden"] or row["kind"] != DocumentKind.QUOTE:
        raise QuoteNotFound(quote_id)
    return row


def _details(fields: QuoteFields) -> dict[str, Any]:
    given = {name: getattr(fields, name) for name in DETAILS}
    details = {name: value for name, value in given.items() if value is not None}
    check_lengths(_Q, details)
    return details


def _known(uow: UnitOfWork, client_id: int | None) -> int:
    """Return a client's id, 0 for one who does not exist: nobody gets the quote with the id."""
    if client_id is None or uow.row(tables.clients, client_id) is None:
        return 0
    return client_id


def _currency(uow: UnitOfWork, client_id: int, currency_id: int | None) -> str:
    if client_id:
        return currency_of(uow, client_id).code
    known = {each.currency_id: each.code for each in currencies_by_code(uow).values()}
    if currency_id is None:
        return known[min(known)]
    if currency_id not in known:
        raise CurrencyNotFound(currency_id)
    return known[currency_id]


def _tax(uow: UnitOfWork, client_id: int, country: str, state: str) -> TaxRates:
    shared = load_shared(uow)
    if client_id:
        return client_terms(uow, shared, [client_id])[client_id].tax
    return rates_for(shared.tax_rules, country, state)


def _put_lines(
    uow: UnitOfWork, document_id: int, currency: str, lines: Sequence[QuoteLine]
) -> None:
    last = uow.execute(
        sa.select(sa.func.max(_L.c.position)).where(_L.c.document_id == document_id)
    ).scalar()
    position = -1 if last is None else int(last)
    for line in lines:
        kept = 1 - line.discount / 100
        values = {
            "description": line.description,
            "quantity": line.quantity,
            "unit_price": line.unit_price,
            "discount_percentage": line.discount,
            "taxed": line.taxed,
            "amount": Money.rounded(line.quantity * line.unit_price * kept, currency).hundredths,
        }
        if line.line_id is None:
            position += 1
            uow.insert(
                _L,
                document_id=document_id,
                position=position,
                line_type=LineType.MANUAL.value,
                **values,
            )
            continue
        here = (_L.c.id == line.line_id, _L.c.document_id == document_id)
        if uow.execute(sa.select(_L.c.id).where(*here)).first() is None:
            raise LineNotFound(line.line_id)
        uow.execute(sa.update(_L).where(*here).values(**values))


def _retotal(uow: UnitOfWork, document_id: int) -> None:
    row = uow.execute(sa.select(_D).where(_D.c.id == document_id)).mappings().one()
    currency = row["currency"]
    lines = uow.execute(
        sa.select(_L.c.amount, _L.c.taxed).where(_L.c.document_id == document_id)
    ).all()
    totals = total_by_sum(
        [(Money(line.amount, currency), line.taxed) for line in lines],
        currency,
        TaxRates(row["tax_rate"], row["tax_rate_2"]),
        inclusive=row["tax_inclusive"],
        compound=uow.settings.tax_compound,
    )
    if totals.gross.hundredths < 0:
        raise OutOfBounds("The quote's total would be below zero")
    uow.execute(
        sa.update(_D)
        .where(_D.c.id == document_id)
        .values(
            subtotal=totals.subtotal.hundredths,
            tax=totals.tax.hundredths,
            tax_2=totals.tax_2.hundredths,
            total=totals.gross.hundredths,
        )
    )
