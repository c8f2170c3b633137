"""Generated recurring invoices with their lines, as the positional API's callers make them."""

import random
from datetime import date, timedelta
from decimal import Decimal
from functools import cache

from adapter.billing.model import BillableKind
from adapter.billing.schedule import Frequency
from adapter.commands.context import Context
from adapter.store import tables
from adapter.store.generate_data.plan import Part, moved
from adapter.store.generate_data.portion import Columns, Portion
from adapter.store.unit_of_work import DOCUMENT_ID

_PLAIN_LINES = 3
_MONTHS = (1, 1, 1, 1, 1, 1, 2, 3, 6, 12)
_WORKS = (
    ("SUP", "Monthly support"),
    ("LEASE", "Lease of a desk"),
    ("LINE", "Fibre line, 100 Mb/s"),
    ("COPY", "Copier, up to 2,000 pages"),
    ("CLEAN", "Cleaning of offices"),
    ("LIC", "Licence, per seat"),
)
_PAUSED = 0.05
_ENDED = 0.08
_DISCOUNTED = 0.2
_INCREASED = 0.5


def write_recurring(portion: Portion, part: Part) -> None:
    """Write one portion of the recurring invoices, with lines.

    They were billed elsewhere before, like imported ones: `occurrence` and `generation_count` say
    how often. Plain ones have three lines, a discount and an increase that was applied already.
    """
    rng, context, uow = portion.dice(part.kind), portion.context, portion.uow
    is_plain = part.plan.is_plain
    step = uow.settings.id_increment
    first_id = uow.take(DOCUMENT_ID, len(portion.indexes), step=step)
    rows = Columns(
        "id", "client_id", "frequency", "start_on", "occurrence", "generation_count", "paused",
        "ended", "increase_percentage", "increase_interval", "discount_percentage",
        "recurrence_limit", "next_due_on", "next_invoice_on",
    )  # fmt: skip
    lines = Columns(
        "recurring_invoice_id", "position", "product_code", "quantity", "description",
        "unit_price", "includes_vat",
    )  # fmt: skip
    ids, due = [], []
    for position, index in enumerate(portion.indexes):
        record_id, is_due = first_id + position * step, part.is_due(index)
        months = 1 if is_plain else _MONTHS[rng.randrange(len(_MONTHS))]
        # Due ones are due today, as on any day of a run that is made every night.
        due_on = context.today if is_due else _later(context, rng, 30 * months)
        count = rng.randrange(12, 36) if is_plain else rng.randrange(36)
        start_on = moved(due_on, -months * count)
        if start_on.day != due_on.day:
            # A clamped start would count other dates: it begins with this one.
            start_on, count = due_on, 0
        chance = rng.random()
        paused = not is_plain and not is_due and chance < _PAUSED
        ended = not is_plain and not is_due and count > 0 and _PAUSED <= chance < _ENDED
        discounted = is_plain or rng.random() < _DISCOUNTED
        increased = is_plain or rng.random() < _INCREASED
        rows.add(
            record_id,
            part.client(index),
            _frequency(months).value,
            start_on,
            count,
            count,
            paused,
            ended,
            5_000_000 if increased else None,
            12 if increased else None,
            2_500_000 if discounted else None,
            count if ended else None,
            due_on,
            None if paused or ended else due_on,
        )
        for line in range(_PLAIN_LINES if is_plain else rng.randrange(1, 5)):
            code, work = _WORKS[rng.randrange(len(_WORKS))]
            lines.add(
                record_id,
                line,
                code,
                1_000_000 * rng.randrange(1, 6),
                work,
                10_000 * rng.randrange(500, 200_000),
                not is_plain and chance > 1 - _DISCOUNTED,
            )
        ids.append(record_id)
        due.append(due_on)
    portion.write(
        tables.recurring_invoices,
        rows,
        currency=portion.shop.currency,
        custom_values=[""] * 10,
        created_at=context.now,
    )
    portion.write(tables.recurring_lines, lines, vat_applies=True, vat_rate=Decimal(15))
    portion.note_created(BillableKind.RECURRING_INVOICE, ids, due)


def _later(context: Context, rng: random.Random, days: int) -> date:
    return context.today + timedelta(days=rng.randrange(1, days))


@cache
def _frequency(months: int) -> Frequency:
    return next(each for each in Frequency if each.step.months == months)
