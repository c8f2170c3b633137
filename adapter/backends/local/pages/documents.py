"""Issued documents and payments as pages. Amounts are what is stored, nothing is reckoned anew."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from adapter.backends.local.invoices.lines import lines_of
from adapter.backends.local.lookups import currencies_by_code, method_names, require_client
from adapter.billing.model import DocumentKind, InvoiceStatus, Rounding
from adapter.billing.money import Money
from adapter.billing.settings import DATE_FORMATS
from adapter.commands.links import RECEIPT
from adapter.documents.model import Fact, Page, PageLine, Party, TotalRow, VatRow
from adapter.documents.templates import plain_decimal
from adapter.store import tables
from adapter.store.transitions import PAYABLE
from adapter.store.unit_of_work import UnitOfWork

# Kinds that are named otherwise than their word; an invoice with tax on it is a tax invoice.
_TITLES: Final[Mapping[str, str]] = {
    "invoice": "Invoice",
    "proforma": "Pro-forma Invoice",
    "payment": "Receipt",
}
_Q: Final = tables.quotes.c
_QUOTE: Final = sa.select(_Q.subject, _Q.proposal, _Q.customer_notes)
# No document yet, whatever else it may be.
_UNISSUED: Final = InvoiceStatus.DRAFT.value
# Where the client owes what the page says, he is told how to pay.
_STAMPED: Final = frozenset(
    {InvoiceStatus.PAID.value, InvoiceStatus.CANCELLED.value, InvoiceStatus.REFUNDED.value}
)


def document_page(uow: UnitOfWork, kind: str, record_id: int, zone: ZoneInfo) -> Page | None:
    """Return an issued document or a payment as a page; None for what there is not.

    `kind` is the word of its link: the kind's own, or `receipt` for money that was booked
    without a document, whose day is the one in `zone`.
    """
    if kind == RECEIPT:
        return _payment(uow, record_id, zone)
    row = uow.row(tables.documents, record_id)
    if row is None or row["kind"] != kind or row["hidden"] or row["status"] == _UNISSUED:
        return None
    return _document(uow, row)


def recorded_number(row: sa.RowMapping) -> int:
    """Return the number that a document's links carry: its own, or its id where it has none."""
    return int(row["id"] if row["number"] is None else row["number"])


def party(client: sa.RowMapping) -> Party:
    """Return a client as the addressee of a page."""
    person = f"{client['first_name']} {client['last_name']}".strip()
    place = ("address_1", "address_2", "city", "state", "postcode", "country")
    name = client["invoice_name"] or client["company_name"] or person
    lines = [person] if person and person != name else []
    lines += [client[each] for each in place if client[each].strip()]
    return Party(name, tuple(lines), client["tax_number"], client["email"])


def shown_number(row: sa.RowMapping) -> str:
    """Return the number as it is printed."""
    return str(row["number_text"] or recorded_number(row))


def date_format_of(uow: UnitOfWork) -> str:
    """Return how the business writes dates, as `strftime` takes it."""
    return DATE_FORMATS[uow.settings.date_format]


def page_of(uow: UnitOfWork, client: sa.RowMapping, currency: str, **values: Any) -> Page:
    """Return a page of this client in this currency."""
    known = currencies_by_code(uow).get(currency)
    return Page(
        client_id=client["id"],
        currency=currency,
        currency_prefix="" if known is None else known.prefix,
        currency_suffix="" if known is None else known.suffix,
        date_format=date_format_of(uow),
        client=party(client),
        **values,
    )


def _document(uow: UnitOfWork, row: sa.RowMapping) -> Page:
    client = require_client(uow, row["client_id"])
    currency = row["currency"]
    by_line = row["rounding"] == Rounding.LINE
    lines = lines_of(uow, row["id"])
    vat = tuple(_vat_by_line(lines, currency) if by_line else _vat_by_sum(row, lines))
    delivered = row["kind"] == DocumentKind.DELIVERY_NOTE
    if delivered or not any(each.vat for each in vat):
        vat = ()
    quote = None
    if row["kind"] == DocumentKind.QUOTE:
        quote = uow.execute(_QUOTE.where(_Q.document_id == row["id"])).mappings().first()
    shown = [_line(each, row, by_line=by_line) for each in lines]
    title = _TITLES.get(row["kind"], row["kind"].replace("_", " ").title())
    if vat and row["kind"] == "invoice":
        title = "Tax Invoice"
    payable = row["status"] in {each.value for each in PAYABLE}
    return page_of(
        uow,
        client,
        currency,
        kind=row["kind"],
        title=title,
        document_id=row["id"],
        number=shown_number(row),
        issued_on=row["issued_on"],
        facts=tuple(_facts(row, quote, date_format_of(uow))),
        lines=tuple(shown),
        vat=vat,
        totals=() if delivered else tuple(_totals(row, vat)),
        notes=_notes(row, quote, shown),
        stamp=row["status"].upper() if row["status"] in _STAMPED else "",
        amount_label=_amount_label(row, vat, by_line=by_line),
        show_payment_details=payable,
    )


def _amount_label(row: sa.RowMapping, vat: tuple[VatRow, ...], *, by_line: bool) -> str:
    if not vat:
        return "Amount"
    return "Amount incl. VAT" if row["tax_inclusive"] and not by_line else "Amount excl. VAT"


def _facts(row: sa.RowMapping, quote: sa.RowMapping | None, date_format: str) -> Iterator[Fact]:
    """Yield the facts of the head; those without a value are left out."""
    yield Fact("Date", row["issued_on"].strftime(date_format))
    if row["due_on"] != row["issued_on"] or row["kind"] == DocumentKind.INVOICE:
        label = "Due date" if quote is None else "Valid until"
        yield Fact(label, row["due_on"].strftime(date_format))
    facts = {"Subject": "" if quote is None else quote["subject"]}
    if row["kind"] == DocumentKind.PAYMENT:
        facts |= {"Payment method": row["payment_method"], "Reference": row["reference"]}
    facts["Order number"] = row["order_number"]
    labels = row["custom_labels"] or ()
    for number, value in enumerate(row["custom_values"] or (), 1):
        facts[("", *labels, *[""] * number)[number] or f"Reference {number}"] = value
    if row["discount_percentage"]:
        facts["Discount"] = f"{plain_decimal(row['discount_percentage'])} %"
    elif row["discount_amount"]:
        facts["Discount"] = str(row["discount_amount"])
    yield from (Fact(label, value) for label, value in facts.items() if value)


def _notes(row: sa.RowMapping, quote: sa.RowMapping | None, lines: list[PageLine]) -> str:
    """Return the words below the sums; a payment's have been said by its line."""
    texts = [row["notes"]]
    if quote is not None:
        texts = [quote["proposal"], quote["customer_notes"]]
    if row["kind"] == DocumentKind.PAYMENT:
        said = {line.description for line in lines}
        texts = [text for text in texts if text not in said]
    return "\n\n".join(text for text in texts if text)


def _line(row: sa.RowMapping, document: sa.RowMapping, *, by_line: bool) -> PageLine:
    """Return a line; its amounts are after its own discount, which its text then names."""
    description, kind = row["description"], document["kind"]
    if kind == DocumentKind.PAYMENT:
        return PageLine(description, Money(row["amount"], document["currency"]))
    if kind == DocumentKind.DELIVERY_NOTE:
        ordered, back_ordered = (*(row["custom"] or ()), "", "")[:2]
        return PageLine(
            description,
            None,
            row["product_code"] or "",
            quantity=row["quantity"],
            ordered=ordered,
            back_ordered=back_ordered,
        )
    if row["discount_percentage"] and not document["discount_percentage"]:
        description += f" (less {plain_decimal(row['discount_percentage'])} %)"
    amount = row["net"] if by_line and row["net"] is not None else row["amount"]
    return PageLine(
        description=description,
        amount=Money(amount, document["currency"]),
        code=row["product_code"] or "",
        quantity=row["quantity"] if row["unit_price"] is not None else None,
        unit_price=row["unit_price"],
        vat_rate=row["vat_rate"],
    )


def _vat_by_line(lines: list[sa.RowMapping], currency: str) -> Iterator[VatRow]:
    """Yield the sums of each rate from the lines' own rounded parts, the highest rate first."""
    sums: dict[Decimal | None, list[int]] = {}
    for row in lines:
        entry = sums.setdefault(row["vat_rate"], [0, 0])
        entry[0] += row["amount"] if row["net"] is None else row["net"]
        entry[1] += row["vat"] or 0
    for rate in sorted(sums, key=lambda each: -1 if each is None else each, reverse=True):
        net, vat = sums[rate]
        yield VatRow(_rate_label(rate), Money(net, currency), Money(vat, currency))


def _vat_by_sum(row: sa.RowMapping, lines: list[sa.RowMapping]) -> Iterator[VatRow]:
    """Yield each level of tax as the document holds it, then what is not taxed."""
    currency = row["currency"]
    untaxed = sum(line["amount"] for line in lines if not line["taxed"])
    taxed = Money(row["subtotal"] - untaxed, currency)
    if row["tax_rate"]:
        yield VatRow(_rate_label(row["tax_rate"]), taxed, Money(row["tax"], currency))
    if row["tax_rate_2"]:
        label = f"{_rate_label(row['tax_rate_2'])} (2)"
        yield VatRow(label, taxed, Money(row["tax_2"], currency))
    if untaxed:
        yield VatRow(_rate_label(None), Money(untaxed, currency), Money.zero(currency))


def _rate_label(rate: Decimal | None) -> str:
    return "No VAT" if rate is None else f"{plain_decimal(rate)} %"


def _totals(row: sa.RowMapping, vat: tuple[VatRow, ...]) -> Iterator[TotalRow]:
    """Yield the sums as the document's own protocol tells them.

    Credit lessens the total of a form-post document; on a positional one it pays a part of it.
    """
    currency = row["currency"]
    paid_by_credit = row["credit"] if row["rounding"] == Rounding.LINE else 0

    def amount(hundredths: int) -> Money:
        return Money(hundredths, currency)

    credit = TotalRow("Credit used", amount(-row["credit"]))
    if vat or row["credit"]:
        yield TotalRow("Subtotal", amount(row["subtotal"]))
    if row["tax"]:
        yield TotalRow("VAT", amount(row["tax"]))
    if row["tax_2"]:
        yield TotalRow("Second tax", amount(row["tax_2"]))
    if row["credit"] and not paid_by_credit:
        yield credit
    label = "Received" if row["kind"] == DocumentKind.PAYMENT else "Total"
    yield TotalRow(label, amount(row["total"] + paid_by_credit), strong=True)
    if paid_by_credit:
        yield credit
    if row["paid"]:
        yield TotalRow("Paid", amount(-row["paid"]))
    if row["paid"] or paid_by_credit:
        yield TotalRow("Balance due", amount(row["total"] - row["paid"]))


def _payment(uow: UnitOfWork, record_id: int, zone: ZoneInfo) -> Page | None:
    row = uow.row(tables.transactions, record_id)
    if row is None or row["amount_in"] <= 0:
        return None
    client = require_client(uow, row["client_id"])
    issued_on = row["booked_at"].astimezone(zone).date()
    date_format = date_format_of(uow)
    facts = [Fact("Date", issued_on.strftime(date_format))]
    gateway = method_names(uow).get(row["gateway"], row["gateway"])
    if gateway:
        facts.append(Fact("Payment method", gateway))
    if row["transaction_id"]:
        facts.append(Fact("Reference", row["transaction_id"]))
    paid = uow.row(tables.documents, row["document_id"])
    if paid is not None and not paid["hidden"]:
        facts.append(Fact("For", f"{paid['kind'].replace('_', ' ')} {shown_number(paid)}"))
    amount = Money(row["amount_in"], row["currency"])
    return page_of(
        uow,
        client,
        row["currency"],
        kind=RECEIPT,
        title="Receipt",
        document_id=row["id"],
        number=str(row["id"]),
        issued_on=issued_on,
        facts=tuple(facts),
        lines=(PageLine(row["description"] or "Payment", amount),),
        totals=(TotalRow("Received", amount, strong=True),),
        show_payment_details=False,
    )
