"""Recurring invoices: creating and listing them."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Dialect

from adapter.backends.local.lengths import check_lengths
from adapter.backends.local.lookups import (
    CurrencyRow,
    currencies_by_code,
    currency_of,
)
from adapter.backends.local.quoting import Quoted, day_rate, listed_currency, named_client, priced
from adapter.billing.model import BillableKind, HeldReason, Increase, PastStart, RecurringLine
from adapter.billing.money import MAX_HUNDREDTHS, Money
from adapter.billing.pricing import price_recurring
from adapter.billing.schedule import Frequency, first_occurrence_from, occurrence_date
from adapter.commands.context import Context
from adapter.commands.model import (
    Command,
    CreateRecurringInvoice,
    ListRecurringInvoices,
)
from adapter.commands.results import (
    RecurringInvoiceCreated,
    RecurringInvoiceRecord,
    RecurringInvoicesListed,
    Result,
)
from adapter.errors import (
    CannotBill,
    InvalidField,
    OutOfBounds,
    StartInPast,
    StartTooEarly,
)
from adapter.store import tables
from adapter.store.prepared import Bound, insert_into
from adapter.store.run import LINE_COLUMNS, recurring_line
from adapter.store.unit_of_work import UnitOfWork, audit_row, schedule_change_row

# Each occurrence before today is a row of its own: ten years of days.
MAX_HELD = 3660
_HUNDRED = Decimal(100)

_KIND = BillableKind.RECURRING_INVOICE
_LATE = ("id", "client_id", "currency", "occurrence", "next_due_on", "next_invoice_on")
_INSERT_LINES = insert_into(
    tables.recurring_lines,
    (
        "recurring_invoice_id",
        "position",
        "product_code",
        "quantity",
        "description",
        "unit_price",
        "vat_applies",
        "vat_rate",
        "includes_vat",
        "custom",
        "cost_price",
        "discount_percentage",
    ),
)
_SCHEDULE_CHANGE = insert_into(
    tables.schedule_changes,
    (
        "kind",
        "billable_id",
        "effective_on",
        "recorded_at",
        "field",
        "old",
        "new",
        "caller",
    ),
)
_AUDIT = insert_into(
    tables.audit,
    ("recorded_at", "caller", "request_id", "deed", "noun", "record_id", "detail", "fingerprint"),
)


@dataclass(frozen=True, slots=True)
class _Rows:
    """A new recurring invoice in the driver's form, but for what only its transaction knows."""

    invoice: Bound
    lines: Bound
    schedule_change: Bound
    audit: Bound


def plan_recurring_invoice(
    command: CreateRecurringInvoice, context: Context, dialect: Dialect
) -> Callable[[UnitOfWork], RecurringInvoiceCreated]:
    """Check what needs no store and prepare the rows; what is returned creates the invoice.

    Done before the store's write lock is waited for.
    """
    check_recurring_invoice(command)
    rows = _Rows(
        _invoice_row(command, context, dialect),
        _line_rows(command, dialect),
        _SCHEDULE_CHANGE.bind(
            dialect, [schedule_change_row(context, _KIND.value, 0, "created", None, None)]
        ),
        _AUDIT.bind(dialect, [audit_row(context, "create", _KIND.value, 0)]),
    )
    return lambda uow: _create(uow, command, context, rows)


def _create(
    uow: UnitOfWork, command: CreateRecurringInvoice, context: Context, rows: _Rows
) -> RecurringInvoiceCreated:
    """Create a recurring invoice; nothing is issued by this.

    Dates before today follow `past_start`: what is not billed is recorded and returned.
    """
    currency = listed_currency(uow, command.lines)
    occurrence = _first_occurrence(command, context.today, uow.settings.past_start)
    client_id, kept_fields = named_client(
        uow, context, command.client_id, command.new_client, currency
    )
    own = currency_of(uow, client_id)
    if own.code != currency.code:
        day_rate(uow, currency.code, own.code)  # or no document could ever be converted
    document_id = uow.take_document_id()
    starts_on = occurrence_date(command.start_on, command.frequency, occurrence)
    late = {
        "id": document_id,
        "client_id": client_id,
        "currency": currency.code,
        "occurrence": occurrence,
        "next_due_on": starts_on,
        # What `requeue` would find: a new one waits for its date unless it is paused.
        "next_invoice_on": None if command.paused else starts_on,
    }
    rows.invoice.run(uow.connection, late)
    rows.lines.run(uow.connection, {"recurring_invoice_id": document_id})
    held_on = tuple(
        occurrence_date(command.start_on, command.frequency, n) for n in range(occurrence)
    )
    if held_on:
        uow.execute(
            sa.insert(tables.held_occurrences),
            [
                {
                    "kind": _KIND.value,
                    "billable_id": document_id,
                    "due_on": on,
                    "reason": HeldReason.PAST_START.value,
                    "recorded_at": context.now,
                }
                for on in held_on
            ],
        )
    change = {"billable_id": document_id, "effective_on": starts_on, "new": str(starts_on)}
    rows.schedule_change.run(uow.connection, change)
    detail = {"client_id": client_id, "start_on": command.start_on}
    rows.audit.run(uow.connection, {"record_id": document_id, "detail": detail})
    return RecurringInvoiceCreated(document_id, client_id, held_on, kept_fields)


def check_recurring_invoice(command: CreateRecurringInvoice) -> None:
    """Price the first document as the run will, so that nothing unbillable is stored."""
    if not command.lines:
        raise InvalidField("data", "required", "data must have at least one row")
    if _is_plainly_billable(command):
        return
    if len({line.currency for line in command.lines}) != 1:
        return  # refused with the account's currencies at hand
    priced(Quoted(command.lines, command.discount_amount, command.discount_percentage))


def _is_plainly_billable(command: CreateRecurringInvoice) -> bool:
    """Tell at a glance that no price can come out below zero or too large; False is no verdict."""
    if command.discount_amount:
        return False
    whole = Decimal(0)
    for line in command.lines:
        value = line.quantity * line.unit_price
        percent = command.discount_percentage or line.discount_percentage or 0
        if value < 0 or line.vat_rate < 0 or not 0 <= percent <= _HUNDRED:
            return False
        whole += value * (_HUNDRED + line.vat_rate)
    # In hundredths, and far enough below the bound that rounding each line does not matter.
    return whole < MAX_HUNDREDTHS // 2


def _first_occurrence(command: CreateRecurringInvoice, today: date, past_start: PastStart) -> int:
    """Return the number of the first occurrence to bill. Source: decisions, "Past starts"."""
    if command.start_on >= today:
        return 0
    following = first_occurrence_from(command.start_on, command.frequency, today)
    if following > MAX_HELD:
        raise StartTooEarly(MAX_HELD)
    match past_start:
        case PastStart.REFUSE:
            raise StartInPast
        case PastStart.ALL:
            return 0
        case PastStart.NEXT:
            return following
        case _:
            tomorrow = today + timedelta(days=1)
            return first_occurrence_from(command.start_on, command.frequency, tomorrow) - 1


def _invoice_row(command: CreateRecurringInvoice, context: Context, dialect: Dialect) -> Bound:
    increase, discount = command.increase, command.discount_amount
    values: dict[str, Any] = {
        **dict.fromkeys(_LATE),
        "frequency": command.frequency.value,
        "start_on": command.start_on,
        "paused": command.paused,
        "recurrence_limit": command.recurrence_limit,
        "increase_percentage": None if increase is None else increase.percentage,
        "increase_interval": None if increase is None else increase.interval,
        "order_number": command.order_number,
        "custom_values": list(command.custom_values),
        # 0 is "not given": the senders seen always send one. Source: the positional facts, 3.
        "discount_amount": (
            Money.rounded(discount, command.lines[0].currency) if discount else None
        ),
        "discount_percentage": command.discount_percentage or None,
        "number_prefix": command.number_prefix,
        "number_suffix": command.number_suffix,
        "send_email": command.send_email,
        "created_at": context.now,
    }
    check_lengths(tables.recurring_invoices, values)
    return insert_into(tables.recurring_invoices, values).bind(dialect, [values])


def _line_rows(command: CreateRecurringInvoice, dialect: Dialect) -> Bound:
    """Return the lines as they were quoted; they are rounded only when a document is issued."""
    return _INSERT_LINES.bind(
        dialect,
        [
            {
                "recurring_invoice_id": None,
                "position": position,
                "product_code": line.product_code,
                "quantity": line.quantity,
                "description": line.description,
                "unit_price": line.unit_price,
                "vat_applies": line.vat_applies,
                "vat_rate": line.vat_rate,
                "includes_vat": line.includes_vat,
                "custom": list(line.custom) if any(line.custom) else None,
                "cost_price": line.cost_price,
                "discount_percentage": line.discount_percentage,
            }
            for position, line in enumerate(command.lines)
        ],
    )


def list_recurring_invoices(
    uow: UnitOfWork, command: ListRecurringInvoices, _context: Context
) -> RecurringInvoicesListed:
    """List recurring invoices by id, each with what its next document would come to."""
    recurring = tables.recurring_invoices
    clients = tables.clients
    issues = recurring.c.issues == command.issues.value
    query = (
        sa.select(recurring)
        .join(clients, clients.c.id == recurring.c.client_id)
        .where(clients.c.hidden == sa.false(), issues)
        .order_by(recurring.c.id)
    )
    quoted = tables.recurring_lines
    of_lines = (
        sa.select(*LINE_COLUMNS, quoted.c.recurring_invoice_id, recurring.c.currency)
        .join(recurring, recurring.c.id == quoted.c.recurring_invoice_id)
        .where(issues, quoted.c.removed_at.is_(None))
        .order_by(quoted.c.recurring_invoice_id, quoted.c.position)
    )
    if command.client_id is not None:
        query = query.where(recurring.c.client_id == command.client_id)
        of_lines = of_lines.where(recurring.c.client_id == command.client_id)
    lines: defaultdict[int, list[RecurringLine]] = defaultdict(list)
    quoted_rows: Iterable[Any] = uow.execute(of_lines)
    for *values, record_id, code in quoted_rows:
        lines[record_id].append(recurring_line(values, code))
    currencies = currencies_by_code(uow)
    rows = uow.execute(query).mappings().all()
    return RecurringInvoicesListed(
        tuple(
            _record(row, tuple(lines[row["id"]]), currencies.get(row["currency"])) for row in rows
        )
    )


def _record(
    row: sa.RowMapping, lines: tuple[RecurringLine, ...], currency: CurrencyRow | None
) -> RecurringInvoiceRecord:
    stopped = row["paused"] or row["ended"]
    return RecurringInvoiceRecord(
        document_id=row["id"],
        client_id=row["client_id"],
        frequency=Frequency(row["frequency"]),
        start_on=row["start_on"],
        next_on=None if stopped else row["next_invoice_on"],
        paused=row["paused"],
        ended=row["ended"],
        generation_count=row["generation_count"],
        recurrence_limit=row["recurrence_limit"],
        currency_code=row["currency"],
        currency_prefix="" if currency is None else currency.prefix,
        currency_suffix="" if currency is None else currency.suffix,
        total=next_total(row, lines),
        lines=lines,
        order_number=row["order_number"],
    )


def next_total(row: sa.RowMapping, lines: tuple[RecurringLine, ...]) -> Money:
    """Return the total of the next document; zero where it could not be billed at all."""
    code = row["currency"]
    increase = None
    if row["increase_interval"]:
        increase = Increase(row["increase_percentage"], row["increase_interval"])
    discount = row["discount_amount"]
    try:
        _, totals = price_recurring(
            lines,
            code,
            generation_count=row["generation_count"],
            increase=increase,
            discount_amount=None if discount is None else Money(discount, code),
            discount_percentage=row["discount_percentage"],
        )
    except (CannotBill, OutOfBounds):
        return Money.zero(code)
    return totals.gross


PLANS: Mapping[
    type[Command], Callable[[Any, Context, Dialect], Callable[[UnitOfWork], Result]]
] = {
    CreateRecurringInvoice: plan_recurring_invoice,
}

HANDLERS: Mapping[type[Command], Callable[[UnitOfWork, Any, Context], Result]] = {
    ListRecurringInvoices: list_recurring_invoices,
}
