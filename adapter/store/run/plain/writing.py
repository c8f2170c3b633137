"""What a page of staged invoices becomes: the INSERTs and UPDATEs, each for a whole page.

Columns are listed one by one, and their values are those that `write` gives to decisions.
"""

from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from adapter.billing.model import BillableKind, DocumentKind, InvoiceStatus, Rounding
from adapter.billing.settings import BusinessSettings
from adapter.store import tables
from adapter.store.outbox import created_columns
from adapter.store.queue import TABLES
from adapter.store.run.plain import staged
from adapter.store.run.plain.shape import Shape
from adapter.store.run.plain.staging import select_documents, single_place, today

_ITEMS: Final = staged.items


@dataclass(frozen=True, slots=True)
class Source:
    """Where a page's invoices are, its periods with their invoices' places, and that place.

    `single`: every invoice has one period.
    """

    invoices: Any
    periods: Any
    place: Any
    single: bool


def grouped_source() -> Source:
    """Return the invoices that are staged in a table of their own."""
    documents = staged.documents
    mine = sa.and_(
        documents.c.client_id == _ITEMS.c.client_id,
        documents.c.due_on == _ITEMS.c.invoice_due_on,
        documents.c.payment_method == _ITEMS.c.payment_method,
    )
    return Source(documents, _ITEMS.join(documents, mine), documents.c.place, single=False)


def single_source(shape: Shape) -> Source:
    """Return the invoices of a page whose clients have one period each: the periods themselves."""
    invoices = select_documents(shape, single=True).subquery()
    return Source(invoices, _ITEMS, single_place(shape), single=True)


def insert_claims(source: Source) -> sa.Insert:
    """Return the insert of one claim a staged period."""
    claims = tables.claims
    return _insert(
        claims,
        {
            "kind": _ITEMS.c.kind,
            "billable_id": _ITEMS.c.billable_id,
            "due_on": _ITEMS.c.due_on,
            "document_id": _document_id(source.place),
            "next_on": _ITEMS.c.next_on,
            "moved": sa.false(),
            "run_id": _given("run_id"),
            "fence": _ITEMS.c.fence,
            "rule": _ITEMS.c.rule,
            "inputs_digest": _ITEMS.c.inputs_digest,
            "settings_version": _given("settings_version"),
            "claimed_at": _now(),
        },
        source.periods,
    )


def insert_documents(source: Source, settings: BusinessSettings) -> sa.Insert:
    """Return the insert of the staged invoices."""
    documents, staged_ = tables.documents, source.invoices
    taxes = staged_.c.tax_1 + staged_.c.tax_2
    inclusive = settings.tax_inclusive
    number = _given("first_number") + staged_.c.place - 1
    number_text: Any = _text("")
    if settings.custom_numbers and not settings.proforma:
        printed = sa.cast(_given("first_printed") + staged_.c.place - 1, sa.String)
        template = sa.bindparam("template", type_=sa.String)
        number_text = sa.func.replace(template, "{NUMBER}", printed)
    return _insert(
        documents,
        {
            "id": _document_id(staged_.c.place),
            "kind": _text(DocumentKind.INVOICE.value),
            "client_id": staged_.c.client_id,
            "currency": staged_.c.currency,
            "status": _text(InvoiceStatus.UNPAID.value),
            "number": number,
            "number_text": number_text,
            "issued_on": today(),
            "due_on": staged_.c.due_on,
            "subtotal": staged_.c.whole - taxes if inclusive else staged_.c.whole,
            "credit": _zero(),
            "tax": staged_.c.tax_1,
            "tax_2": staged_.c.tax_2,
            "total": staged_.c.whole if inclusive else staged_.c.whole + taxes,
            "paid": _zero(),
            "tax_rate": staged_.c.rate_1,
            "tax_rate_2": staged_.c.rate_2,
            "rounding": _text(Rounding.SUM.value),
            "tax_inclusive": sa.true() if inclusive else sa.false(),
            "payment_method": staged_.c.payment_method,
            "notes": _text(""),
            "order_number": _text(""),
            "origin": _text("autogen"),
            "run_id": _given("run_id"),
            "send_email": sa.bindparam("send_email", type_=sa.Boolean),
            "hidden": sa.false(),
            "created_at": _now(),
            "updated_at": _now(),
        },
        staged_,
    )


def insert_lines(source: Source) -> sa.Insert:
    """Return the insert of one line a staged period."""
    position: Any = _zero()
    if not source.single:
        order = (_ITEMS.c.kind_order, _ITEMS.c.billable_id, _ITEMS.c.due_on)
        position = sa.func.row_number().over(partition_by=source.place, order_by=order) - 1
    return _insert(
        tables.document_lines,
        {
            "document_id": _document_id(source.place),
            "position": position,
            "line_type": _ITEMS.c.line_type,
            "related_id": _ITEMS.c.billable_id,
            "description": _ITEMS.c.description,
            "amount": _ITEMS.c.amount,
            "taxed": _ITEMS.c.taxed,
        },
        source.periods,
    )


def insert_mails(source: Source) -> sa.Insert:
    """Return the insert of one mail a staged invoice."""
    invoices = source.invoices
    if source.single:
        # Of a page's periods nothing is wanted here but whose they are.
        columns = created_columns(
            _document_id(source.place), _ITEMS.c.client_id, _now(), _held_until()
        )
        return _insert(tables.outbox, columns, _ITEMS)
    columns = created_columns(
        _document_id(source.place), invoices.c.client_id, _now(), _held_until()
    )
    return _insert(tables.outbox, columns, invoices)


def update_queue(kind: BillableKind, settings: BusinessSettings) -> sa.Update:
    """Return the update that moves the staged items of a kind on, or out of the queue.

    It passes over one whose fence was raised since it was staged.
    """
    table = TABLES[kind]
    values: dict[str, Any] = {
        "next_invoice_on": sa.null(),
        "generation_count": table.c.generation_count + 1,
        "last_issued_on": today(),
    }
    if kind is BillableKind.BILLABLE_ITEM:
        values["next_due_on"] = sa.null()
    elif settings.continuous:
        values["next_invoice_on"] = _ITEMS.c.next_on
    # Joined, not IN: MariaDB would look for every item of the table among the staged ones.
    mine = sa.and_(
        _ITEMS.c.kind == kind.value,
        _ITEMS.c.billable_id == table.c.id,
        _ITEMS.c.fence == table.c.fence,
    )
    return sa.update(table).where(mine).values(values)


def _insert(table: sa.Table, values: dict[str, Any], source: Any) -> sa.Insert:
    query = sa.select(*values.values()).select_from(source)
    return sa.insert(table).from_select(list(values), query, include_defaults=False)


def _document_id(place: Any) -> Any:
    return _given("first_id") + (place - 1) * _given("id_step")


def _given(name: str) -> Any:
    return sa.bindparam(name, type_=sa.BigInteger)


def _now() -> Any:
    return sa.bindparam("now", type_=tables.documents.c.created_at.type)


def _held_until() -> Any:
    return sa.bindparam("held_until", type_=tables.outbox.c.held_until.type)


def _zero() -> Any:
    return sa.literal_column("0")


def _text(value: str) -> Any:
    return sa.literal_column(f"'{value}'", sa.String)
