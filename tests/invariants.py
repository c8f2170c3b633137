"""What must be true of a store at every moment, told from its rows alone.

No model of what was done is needed: whatever was created, paid, killed or repeated, these hold.
They suppose that nobody changed an invoice's lines by hand and that counters began at 1.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import sqlalchemy as sa

from adapter.billing.model import (
    BillableKind,
    DocumentKind,
    DocumentStatus,
    InvoiceStatus,
    LineType,
    Rounding,
)
from adapter.billing.schedule import Cycle
from adapter.commands.model import GenerateDueInvoices
from adapter.store import tables
from adapter.store.queue import TABLES
from adapter.store.run.scope import Scope, anything_due, due_conditions
from adapter.store.unit_of_work import DOCUMENT_ID, Store, UnitOfWork

Rows = Sequence[Any]  # of mappings, column to value
Billable = tuple[str, int]

# The line that stands for one period of a billable; discounts and the like come beside it.
_KIND_OF_LINE = {
    LineType.SERVICE.value: BillableKind.SERVICE.value,
    LineType.ADDON.value: BillableKind.ADDON.value,
    LineType.DOMAIN.value: BillableKind.DOMAIN.value,
    LineType.DOMAIN_REGISTER.value: BillableKind.DOMAIN.value,
    LineType.DOMAIN_TRANSFER.value: BillableKind.DOMAIN.value,
    LineType.BILLABLE_ITEM.value: BillableKind.BILLABLE_ITEM.value,
}
_WAITS_FOR_PAYMENT = {
    BillableKind.SERVICE.value,
    BillableKind.ADDON.value,
    BillableKind.DOMAIN.value,
}
# An item in one of these has no cycle to move its due date by.
_STEPLESS = {cycle.value for cycle in Cycle if cycle.step is None}
_FIRST = 3  # so many examples of what is wrong; a broken store would fill pages


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What the invariants read, from one consistent moment."""

    documents: Rows
    lines: Mapping[int, Rows]
    claims: Rows
    runs: Rows
    billables: Mapping[Billable, Mapping[str, Any]]
    clients: Mapping[int, Mapping[str, Any]]
    credit: Mapping[int, int]
    payments: Mapping[int, int]
    counters: Mapping[str, int]
    mailed: frozenset[int]
    were_stepless: frozenset[Billable]
    id_step: int
    continuous: bool
    blocks: bool
    compound: bool

    @property
    def claims_of(self) -> Mapping[int, Rows]:
        """The claims of each document."""
        return _by(self.claims, "document_id")


def snapshot(uow: UnitOfWork) -> Snapshot:
    """Read a store; the caller's transaction decides which moment it is."""

    def rows(table: sa.Table) -> Rows:
        return uow.execute(sa.select(table)).mappings().all()

    log = tables.credits_log.c
    booked = sa.select(log.client_id, sa.func.sum(log.amount).label("sum")).group_by(log.client_id)
    moved = tables.transactions.c
    shares = (
        sa.select(moved.payment_id, sa.func.sum(moved.amount_in).label("sum"))
        .where(moved.payment_id != 0)
        .group_by(moved.payment_id)
    )
    change = tables.schedule_changes.c
    to_none = sa.select(change.kind, change.billable_id).where(
        change.field == "cycle", change.new.in_(_STEPLESS)
    )
    return Snapshot(
        documents=rows(tables.documents),
        lines=_by(rows(tables.document_lines), "document_id"),
        claims=rows(tables.claims),
        runs=rows(tables.runs),
        billables={
            (kind.value, row["id"]): row for kind, table in TABLES.items() for row in rows(table)
        },
        clients={row["id"]: row for row in rows(tables.clients)},
        credit={row.client_id: int(row.sum) for row in uow.execute(booked)},
        payments={row.payment_id: int(row.sum) for row in uow.execute(shares)},
        counters={row["name"]: row["next_value"] for row in rows(tables.counters)},
        mailed=frozenset(uow.execute(sa.select(tables.outbox.c.document_id)).scalars()) - {0},
        were_stepless=frozenset((row.kind, row.billable_id) for row in uow.execute(to_none)),
        id_step=uow.settings.id_increment,
        continuous=uow.settings.continuous,
        blocks=uow.settings.cancelled_blocks,
        compound=uow.settings.tax_compound,
    )


def violations(store: Store) -> list[str]:
    """Return what is wrong with a store, a line each; nothing when it is sound."""
    with store.read() as uow:
        return violations_in(uow)


def violations_in(uow: UnitOfWork) -> list[str]:
    """Return what is wrong with a store as a transaction sees it."""
    found = snapshot(uow)
    wrong: list[str] = []
    for check in _CHECKS:
        broken = list(check(found))
        wrong += broken[:_FIRST]
        if len(broken) > _FIRST:
            wrong.append(f"... and {len(broken) - _FIRST} more of {check.__name__}")
    return wrong


def assert_sound(store: Store) -> None:
    """Fail with everything that is wrong with a store."""
    wrong = violations(store)
    assert not wrong, "\n".join(wrong)


def nothing_due(store: Store, today: date) -> bool:
    """Tell whether no row of any kind satisfies the run's due query."""
    with store.read() as uow:
        scope = Scope.of(GenerateDueInvoices(), uow.settings)
        return not anything_due(uow, due_conditions(scope, uow.settings, today))


def contents(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of every table, in key order: equal contents, equal stores.

    The calendar is left out: what it says follows from the days that runs were made on.
    """
    with store.read() as uow:
        return {
            table.name: [
                tuple(row)
                for row in uow.execute(sa.select(table).order_by(*table.primary_key.columns))
            ]
            for table in tables.metadata.sorted_tables
            if table is not tables.calendar
        }


# --- claims ------------------------------------------------------------------------------------


def every_claim_has_its_document(at: Snapshot) -> Iterable[str]:
    """Claims name an invoice of the billable's own client."""
    owners = {row["id"]: row["client_id"] for row in at.documents}
    for claim in at.claims:
        billable = at.billables.get((claim["kind"], claim["billable_id"]))
        client_id = owners.get(claim["document_id"])
        if client_id is None:
            yield f"claim {_name(claim)} names document {claim['document_id']}, which is not there"
        elif billable is not None and billable["client_id"] != client_id:
            yield f"claim {_name(claim)} is on a document of client {client_id}"


def every_document_bills_what_it_claims(at: Snapshot) -> Iterable[str]:
    """A generated invoice has one line for each period that it claims, and claims something."""
    claims_of = at.claims_of
    for document in at.documents:
        claims = claims_of.get(document["id"], ())
        if document["origin"] != "autogen" or _released(at, document):
            continue
        if not claims:
            yield f"document {document['id']} claims nothing"
        claimed = Counter((claim["kind"], claim["billable_id"]) for claim in claims)
        lines = at.lines.get(document["id"], ())
        if document["recurring_invoice_id"] is not None:
            billed = Counter(
                [(BillableKind.RECURRING_INVOICE.value, document["recurring_invoice_id"])]
            )
            strange = {line["related_id"] for line in lines} - {document["recurring_invoice_id"]}
        else:
            strange = set()
            billed = Counter(
                (_KIND_OF_LINE[line["line_type"]], line["related_id"])
                for line in lines
                if line["line_type"] in _KIND_OF_LINE
            )
        if claimed != billed or strange:
            yield f"document {document['id']} claims {dict(claimed)} and bills {dict(billed)}"


def issued_periods_are_counted(at: Snapshot) -> Iterable[str]:
    """What a billable counts as issued is what it has claims for."""
    if not at.blocks:
        return
    claimed = Counter((claim["kind"], claim["billable_id"]) for claim in at.claims)
    for billable, row in at.billables.items():
        if row["generation_count"] != claimed[billable]:
            yield (
                f"{billable} counts {row['generation_count']} issued and has {claimed[billable]} "
                "claims"
            )


def periods_move_once_and_with_payment(at: Snapshot) -> Iterable[str]:
    """A due date is moved for a claim while its invoice is paid, and only then.

    Set by hand since, it moves by a cycle: not where the item had none when it was paid.
    """
    status = {row["id"]: row["status"] for row in at.documents}
    for claim in at.claims:
        paid = status.get(claim["document_id"]) == InvoiceStatus.PAID.value
        if claim["moved"] and not paid:
            yield f"claim {_name(claim)} moved its due date without being paid"
        waits = claim["kind"] in _WAITS_FOR_PAYMENT and claim["next_on"] is not None
        stayed = (claim["kind"], claim["billable_id"]) in at.were_stepless
        if paid and waits and not claim["moved"] and not stayed:
            yield f"claim {_name(claim)} is paid and did not move its due date"


# --- whole clients -----------------------------------------------------------------------------


def a_run_does_not_split_a_group(at: Snapshot) -> Iterable[str]:
    """One run makes one invoice for a client's items of one due date and payment method."""
    groups: Counter[tuple[Any, ...]] = Counter()
    for document in at.documents:
        client = at.clients.get(document["client_id"])
        apart = client is None or client["separate_invoices"] or client["group_id"]
        if document["run_id"] is None or document["recurring_invoice_id"] is not None or apart:
            continue
        names = ("run_id", "client_id", "due_on", "payment_method")
        groups[tuple(document[name] for name in names)] += 1
    for group, count in groups.items():
        if count > 1:
            yield f"the group (run, client, due date, method) {group} is on {count} documents"


# --- numbers -----------------------------------------------------------------------------------


def ids_and_numbers_have_no_gaps(at: Snapshot) -> Iterable[str]:
    """Ids and numbers are given one after the other; the counters stand behind the last."""
    recurring = BillableKind.RECURRING_INVOICE.value
    ids = [row["id"] for row in at.documents]
    ids += [billable_id for kind, billable_id in at.billables if kind == recurring]
    series: dict[str, list[int]] = {kind.number_counter: [] for kind in DocumentKind}
    for row in at.documents:
        if row["number"] is not None:
            series[DocumentKind(row["kind"]).number_counter].append(row["number"])
    counted = [(DOCUMENT_ID, ids, at.id_step), *((name, s, 1) for name, s in series.items())]
    for name, given, step in counted:
        wanted = list(range(1, 1 + step * len(given), step))
        if sorted(given) != wanted:
            gaps = sorted(set(wanted) ^ set(given))[:_FIRST]
            yield f"{name}: {len(given)} were given, with gaps or doubles about {gaps}"
        if given and at.counters.get(name) != max(given) + step:
            yield f"{name}: the counter is at {at.counters.get(name)} after {max(given)}"


# --- sums --------------------------------------------------------------------------------------


def totals_are_the_sums_of_their_lines(at: Snapshot) -> Iterable[str]:
    """Every invoice is complete: its totals follow from its lines under its rounding policy."""
    present = {row["id"] for row in at.documents}
    for stray in at.lines.keys() - present:
        yield f"lines of document {stray}, which is not there"
    for document in at.documents:
        lines = sorted(at.lines.get(document["id"], ()), key=lambda line: line["position"])
        if [line["position"] for line in lines] != list(range(len(lines))) or not lines:
            yield f"document {document['id']} has lines {[line['position'] for line in lines]}"
            continue
        by_line = document["rounding"] == Rounding.LINE.value
        wanted = _by_line(lines) if by_line else _by_sum(at, document, lines)
        parts = (document["subtotal"], document["tax"], document["tax_2"])
        if wanted is not None and parts != wanted:
            yield f"document {document['id']} says {parts}, its lines say {wanted}"
        if document["total"] != sum(parts) - document["credit"]:
            yield f"document {document['id']}: total {document['total']} of {parts} less credit"
        if min(document["total"], document["paid"], document["credit"]) < 0:
            yield f"document {document['id']} has an amount below zero"


def _by_line(lines: Rows) -> tuple[int, int, int] | None:
    for line in lines:
        rate, net, vat, amount = (line[name] for name in ("vat_rate", "net", "vat", "amount"))
        if rate is None:
            fits = (net, vat) == (amount, 0)
        else:
            added = net == amount and vat == _half_up(net * rate / 100)
            inside = net + vat == amount and net == _half_up(amount * 100 / (100 + rate))
            fits = added or inside
        if not fits:
            return (0, 0, 0)
    return sum(line["net"] for line in lines), sum(line["vat"] for line in lines), 0


def _by_sum(at: Snapshot, document: Any, lines: Rows) -> tuple[int, int, int] | None:
    if at.compound:
        return None
    whole = sum(line["amount"] for line in lines)
    taxable = Decimal(sum(line["amount"] for line in lines if line["taxed"]))
    rates = (document["tax_rate"], document["tax_rate_2"])
    base = Decimal(100) + sum(rates) if document["tax_inclusive"] else Decimal(100)
    tax, tax_2 = (_half_up(taxable * rate / base) for rate in rates)
    return whole - (tax + tax_2 if document["tax_inclusive"] else 0), tax, tax_2


def _half_up(hundredths: Decimal) -> int:
    return int(Decimal(hundredths).quantize(Decimal(1), ROUND_HALF_UP))


def credit_is_what_was_booked(at: Snapshot) -> Iterable[str]:
    """A client's credit is the sum of its log, and never below zero."""
    for client_id, row in at.clients.items():
        booked = at.credit.get(client_id, 0)
        if row["credit"] != booked or row["credit"] < 0:
            yield f"client {client_id} has credit {row['credit']}, booked are {booked}"


# --- other kinds of documents --------------------------------------------------------------------


def a_converted_proforma_is_one_invoice(at: Snapshot) -> Iterable[str]:
    """What says that it was converted has one invoice, and only that has."""
    made = Counter(row["source_id"] for row in at.documents if row["source_id"] is not None)
    converted = {
        row["id"]: 1
        for row in at.documents
        if row["kind"] == DocumentKind.PROFORMA and row["status"] == DocumentStatus.CONVERTED.value
    }
    if made != converted:
        yield f"converted are {sorted(converted)}, invoices were made of {dict(made)}"


def a_payment_is_booked_in_whole(at: Snapshot) -> Iterable[str]:
    """The shares of a payment document come to its total."""
    totals = {
        row["id"]: row["total"] for row in at.documents if row["kind"] == DocumentKind.PAYMENT
    }
    if totals != at.payments:
        wrong = sorted(set(totals.items()) ^ set(at.payments.items()))[:_FIRST]
        yield f"payments and what is booked of them differ: {wrong}"


# --- queue, runs, outbox -----------------------------------------------------------------------


def the_queue_holds_no_billed_period(at: Snapshot) -> Iterable[str]:
    """What waits in the queue has no claim; what is parked does not wait."""
    claimed = {(row["kind"], row["billable_id"], row["due_on"]) for row in at.claims}
    for (kind, billable_id), row in at.billables.items():
        on = row["next_invoice_on"]
        if on is None:
            continue
        if (kind, billable_id, on) in claimed:
            yield f"{kind} {billable_id} waits to be billed for {on}, which is billed"
        if row["parked_reason"] is not None:
            yield f"{kind} {billable_id} is parked and waits to be billed"
        if kind in _WAITS_FOR_PAYMENT and not at.continuous and on != row["next_due_on"]:
            yield f"{kind} {billable_id} waits for {on}, it is due on {row['next_due_on']}"


def runs_count_their_documents(at: Snapshot) -> Iterable[str]:
    """A run's row says how many documents it made."""
    made = Counter(row["run_id"] for row in at.documents if row["run_id"] is not None)
    for run in at.runs:
        if run["document_count"] != made[run["id"]]:
            yield f"run {run['id']} counts {run['document_count']}, made {made[run['id']]}"
        if run["complete"] != (run["finished_at"] is not None):
            yield f"run {run['id']} is complete without an end, or ended incomplete"
    for run_id in made.keys() - {run["id"] for run in at.runs}:
        yield f"documents of run {run_id}, which is not there"


def mail_is_about_documents_that_exist(at: Snapshot) -> Iterable[str]:
    """What waits to be sent names documents that were committed."""
    for document_id in sorted(at.mailed - {row["id"] for row in at.documents}):
        yield f"mail about document {document_id}, which is not there"


_CHECKS: tuple[Callable[[Snapshot], Iterable[str]], ...] = (
    every_claim_has_its_document,
    every_document_bills_what_it_claims,
    issued_periods_are_counted,
    periods_move_once_and_with_payment,
    a_run_does_not_split_a_group,
    ids_and_numbers_have_no_gaps,
    totals_are_the_sums_of_their_lines,
    credit_is_what_was_booked,
    a_converted_proforma_is_one_invoice,
    a_payment_is_booked_in_whole,
    the_queue_holds_no_billed_period,
    runs_count_their_documents,
    mail_is_about_documents_that_exist,
)


def _by(rows: Rows, name: str) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        found[row[name]].append(row)
    return found


def _name(claim: Mapping[str, Any]) -> str:
    return f"({claim['kind']}, {claim['billable_id']}, {claim['due_on']})"


def _released(at: Snapshot, document: Mapping[str, Any]) -> bool:
    """Tell whether an undo, or the switch, took the claims of a document away."""
    if document["undone_at"] is not None:
        return True
    return not at.blocks and document["status"] == InvoiceStatus.CANCELLED.value
