"""Generated domains and billable items, which only a shop with everything has."""

from datetime import timedelta

from adapter.billing.model import BillableKind, ItemAction, ItemStatus
from adapter.billing.schedule import ItemUnit
from adapter.store import tables
from adapter.store.generate_data.plan import Part, moved
from adapter.store.generate_data.portion import Columns, Portion, due_date
from adapter.store.generate_data.shop import TLDS

_WORDS = ("kloof", "veld", "oryx", "lagoon", "quartz", "sundown", "harbour", "acacia")
_TASKS = ("Website changes", "On-site visit", "Data recovery", "Cabling", "Training, half a day")
_RIDERS = (ItemAction.NEXT_INVOICE, ItemAction.NO_INVOICE)
_STOPPED = 0.10
_RECURRING = 0.70


def write_domains(portion: Portion, part: Part) -> None:
    """Write one portion of the domains; some that are not due have lapsed or stay so."""
    rng = portion.dice(part.kind)
    context, settings = portion.context, portion.uow.settings
    window = settings.days_for_domains
    rows = Columns(
        "id", "client_id", "name", "years", "registered_on", "expires_on", "first_amount",
        "recurring_amount", "payment_method", "status", "do_not_renew", "next_due_on",
        "next_invoice_on", "anchor_day",
    )  # fmt: skip
    tlds = list(TLDS)
    ids, due = [], []
    for index in portion.indexes:
        domain_id, client_id = portion.first_id + index, part.client(index)
        is_due = part.is_due(index)
        tld = tlds[rng.randrange(len(tlds))]
        years = rng.randrange(1, 3)
        due_on = due_date(context.today, window, client_id, is_due=is_due, months=12 * years)
        chance = 1.0 if is_due else rng.random()
        status = ItemStatus.EXPIRED if chance < _STOPPED / 2 else ItemStatus.ACTIVE
        leaves = _STOPPED / 2 <= chance < _STOPPED
        goes_on = status in settings.billed_domain_statuses and not leaves
        rows.add(
            domain_id,
            client_id,
            f"{_WORDS[rng.randrange(len(_WORDS))]}-{domain_id}{tld}",
            years,
            moved(due_on, -12 * years * rng.randrange(1, 6)),
            due_on,
            TLDS[tld] * years,
            TLDS[tld] * years,
            portion.method(client_id),
            status.value,
            leaves,
            due_on,
            due_on if goes_on else None,
            due_on.day,
        )
        ids.append(domain_id)
        due.append(due_on)
    portion.write(tables.domains, rows, kind="Register", created_at=context.now)
    portion.note_created(BillableKind.DOMAIN, ids, due)


def write_billable_items(portion: Portion, part: Part) -> None:
    """Write one portion of the billable items: monthly ones, dated ones, and such that wait.

    What is not due recurs later or joins the client's next invoice.
    """
    rng = portion.dice(part.kind)
    context, settings = portion.context, portion.uow.settings
    window = settings.days_in_advance
    rows = Columns(
        "id", "client_id", "description", "quantity", "amount", "action", "recur_every",
        "recur_unit", "next_due_on", "next_invoice_on", "anchor_day",
    )  # fmt: skip
    ids, due = [], []
    for index in portion.indexes:
        item_id, client_id = portion.first_id + index, part.client(index)
        is_due = part.is_due(index)
        recurs = rng.random() < _RECURRING
        action = ItemAction.RECUR if recurs else ItemAction.DUE_DATE
        if not is_due and not recurs:
            action = _RIDERS[rng.randrange(len(_RIDERS))]
        waits = action in _RIDERS
        due_on = due_date(context.today, window, client_id, is_due=is_due, months=1)
        rows.add(
            item_id,
            client_id,
            _TASKS[rng.randrange(len(_TASKS))],
            1_000_000 * rng.randrange(1, 9),
            100 * rng.randrange(100, 5000),
            action.value,
            1 if recurs else 0,
            ItemUnit.MONTHS.value if recurs else "",
            None if waits else due_on,
            None if waits else due_on,
            None if waits else due_on.day,
        )
        ids.append(item_id)
        due.append(None if waits else due_on)
    portion.write(
        tables.billable_items,
        rows,
        unit="hours",
        taxed=settings.tax_billable_items,
        entered_on=context.today - timedelta(days=1),
        created_at=context.now,
    )
    portion.note_created(BillableKind.BILLABLE_ITEM, ids, due)
