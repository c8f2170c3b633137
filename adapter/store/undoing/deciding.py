"""Which documents of a run can be taken back, and why the others stay.

The caller holds the clients, so that nobody pays or bills them meanwhile.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

import sqlalchemy as sa

from adapter.billing.drafts import Parked
from adapter.billing.model import BillableKind, DocumentKind, HeldReason, InvoiceStatus
from adapter.store import tables
from adapter.store.outbox import Status
from adapter.store.unit_of_work import UnitOfWork

Key = tuple[BillableKind, int]

_D, _CLAIMS, _HELD = tables.documents, tables.claims, tables.held_occurrences
_LINES, _AUDIT, _OUTBOX = tables.document_lines, tables.audit, tables.outbox
_GONE: Final = frozenset({Status.SENT.value, Status.SENDING.value})
_BY_CREDIT: Final = ("apply_credit", "capture")
_LINE_DEEDS: Final = ("add_line", "change_line")
# What a run passes over by itself, and nobody has decided about since.
PASSED: Final = (HeldReason.CATCH_UP.value, HeldReason.SKIPPED.value)


@dataclass(frozen=True, slots=True)
class Kept:
    """A document of the run that stays as it is, with the reason."""

    document_id: int
    client_id: int
    reason: str


@dataclass(frozen=True, slots=True)
class Later:
    """What was done for a billable after the run: a claimed or passed date, and by what."""

    due_on: date
    what: str


@dataclass(frozen=True, slots=True)
class Undoing:
    """The run that is taken back, and by client what it parked and what still is."""

    run_id: int
    started_at: datetime
    parked: Mapping[int, Sequence[Parked]]


@dataclass(slots=True)
class Findings:
    """A page's documents: to be voided, to be credited because their mail is gone, and kept."""

    voids: list[sa.RowMapping] = field(default_factory=list)
    credits: list[sa.RowMapping] = field(default_factory=list)
    kept: list[Kept] = field(default_factory=list)
    claims: dict[int, list[sa.RowMapping]] = field(default_factory=dict)

    @property
    def undone_ids(self) -> list[int]:
        """The documents that are taken back, ascending."""
        return sorted(row["id"] for row in (*self.voids, *self.credits))


def decide(uow: UnitOfWork, run: Undoing, client_ids: Sequence[int], *, credit: bool) -> Findings:
    """Decide about what the run issued to these held clients and what still stands.

    With `credit` an invoice whose mail is gone is taken back by a credit note; else it stays.
    """
    rows = _documents(uow, run.run_id, client_ids)
    found = Findings(claims=_claims(uow, [row["id"] for row in rows]))
    facts = _Facts.read(uow, rows)
    reasons = {row["id"]: facts.reason(row, credit=credit) for row in rows}
    later = _later(uow, run, found.claims)
    _keep_what_others_build_on(found.claims, later, reasons)
    for row in rows:
        reason = reasons[row["id"]]
        if reason is not None:
            found.kept.append(Kept(row["id"], row["client_id"], reason))
        elif row["id"] in facts.mail_gone:
            found.credits.append(row)
        else:
            found.voids.append(row)
    return found


def _documents(uow: UnitOfWork, run_id: int, client_ids: Sequence[int]) -> list[sa.RowMapping]:
    query = (
        sa.select(_D)
        .where(
            _D.c.run_id == run_id,
            _D.c.kind == DocumentKind.INVOICE.value,
            _D.c.client_id.in_(listed(client_ids)),
            _D.c.undone_at.is_(None),
        )
        .order_by(_D.c.id)
    )
    return list(uow.execute(query).mappings())


def _claims(uow: UnitOfWork, ids: Collection[int]) -> dict[int, list[sa.RowMapping]]:
    query = (
        sa.select(_CLAIMS)
        .where(_CLAIMS.c.document_id.in_(listed(ids)))
        .order_by(_CLAIMS.c.kind, _CLAIMS.c.billable_id, _CLAIMS.c.due_on)
    )
    found: dict[int, list[sa.RowMapping]] = defaultdict(list)
    for row in uow.execute(query).mappings():
        found[row["document_id"]].append(row)
    return found


# --- what became of the document itself ----------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Facts:
    """What was done to a page's documents since: sets of their ids."""

    booked: frozenset[int]
    credited: frozenset[int]
    edited: frozenset[int]
    mail_gone: frozenset[int]

    @classmethod
    def read(cls, uow: UnitOfWork, rows: Sequence[sa.RowMapping]) -> "_Facts":
        """Read them; the outbox rows are held, so that no mail leaves meanwhile."""
        ids = [row["id"] for row in rows]
        booked = tables.transactions.c
        mails = (
            sa.select(_OUTBOX.c.document_id, _OUTBOX.c.status)
            .where(_OUTBOX.c.document_id.in_(listed(ids)))
            .order_by(_OUTBOX.c.id)
            .with_for_update()
        )
        return cls(
            frozenset(
                uow.execute(
                    sa.select(booked.document_id).where(booked.document_id.in_(listed(ids)))
                ).scalars()
            ),
            _credited(uow, rows),
            _edited(uow, rows),
            frozenset(row.document_id for row in uow.execute(mails) if row.status in _GONE),
        )

    def reason(self, row: sa.RowMapping, *, credit: bool) -> str | None:
        """Return why a document stays, looking at it alone; None when it can be taken back."""
        state = _state(row, is_booked=row["id"] in self.booked, by_hand=row["id"] in self.credited)
        if state is not None:
            return state
        if row["id"] in self.edited:
            return "its lines were changed by hand"
        if row["id"] in self.mail_gone and not credit:
            return "its mail is gone"
        return None


def _state(row: sa.RowMapping, *, is_booked: bool, by_hand: bool) -> str | None:
    if row["hidden"]:
        return "deleted"
    match InvoiceStatus(row["status"]):
        case InvoiceStatus.CANCELLED:
            return "cancelled by hand"
        case InvoiceStatus.REFUNDED:
            return "refunded"
        case InvoiceStatus.PAYMENT_PENDING:
            return "its payment is under way"
        # One that came to nothing, or to what the run took from the client's credit, was paid by
        # the run itself.
        case InvoiceStatus.PAID if is_booked or by_hand or row["paid"] or row["total"]:
            return "paid"
        case _ if row["paid"] or by_hand:
            return "partly paid"
        case _ if is_booked:
            return "money was booked on it"
        case _:
            return None


def _credited(uow: UnitOfWork, rows: Sequence[sa.RowMapping]) -> frozenset[int]:
    """Return the documents whose credit is not, or not only, what the run itself used."""
    log = tables.credits_log.c
    ids = [row["id"] for row in rows]
    booked: dict[int, list[int]] = defaultdict(list)
    for entry in uow.execute(
        sa.select(log.document_id, log.amount).where(log.document_id.in_(listed(ids)))
    ):
        booked[entry.document_id].append(int(entry.amount))
    by_hand = sa.select(_AUDIT.c.record_id).where(
        _AUDIT.c.noun == "invoice",
        _AUDIT.c.record_id.in_(listed(ids)),
        _AUDIT.c.deed.in_(_BY_CREDIT),
    )
    own = {row["id"]: [-row["credit"]] if row["credit"] else [] for row in rows}
    foreign = {each for each in ids if booked.get(each, []) != own[each]}
    return frozenset(foreign | set(uow.execute(by_hand).scalars()))


def _edited(uow: UnitOfWork, rows: Sequence[sa.RowMapping]) -> frozenset[int]:
    """Return the documents with a line that was added, changed or deleted since."""
    ids = [row["id"] for row in rows]
    edited = (
        sa.select(_LINES.c.document_id)
        .join(_AUDIT, sa.and_(_AUDIT.c.noun == "invoice_line", _AUDIT.c.record_id == _LINES.c.id))
        .where(_LINES.c.document_id.in_(listed(ids)), _AUDIT.c.deed.in_(_LINE_DEEDS))
    )
    found = set(uow.execute(edited).scalars())
    for row in rows:
        if row["updated_at"] == row["created_at"]:
            continue
        # A deleted line is known by its own id; its document is the first key of the detail.
        begins = sa.type_coerce(_AUDIT.c.detail, sa.Text).like(f'{{"invoice_id":{row["id"]},%')
        deleted = sa.select(_AUDIT.c.id).where(
            _AUDIT.c.noun == "invoice_line", _AUDIT.c.deed == "delete_line", begins
        )
        if uow.execute(deleted.limit(1)).first() is not None:
            found.add(row["id"])
    return frozenset(found)


# --- what was built on it ------------------------------------------------------------------------


def _later(
    uow: UnitOfWork, run: Undoing, claims: Mapping[int, Sequence[sa.RowMapping]]
) -> dict[Key, list[Later]]:
    """Return what was billed or passed of the same billables, and is not this run's to take back.

    The first dates of the page bound what is read: what lies before them is no matter.
    """
    wanted: dict[BillableKind, set[int]] = defaultdict(set)
    firsts: dict[BillableKind, date] = {}
    for of_document in claims.values():
        for claim in of_document:
            kind = BillableKind(claim["kind"])
            wanted[kind].add(claim["billable_id"])
            firsts[kind] = min(firsts.get(kind, claim["due_on"]), claim["due_on"])
    found: dict[Key, list[Later]] = defaultdict(list)
    for kind, ids in wanted.items():
        for billable_id, each in (
            *_later_claims(uow, run, kind, ids, firsts[kind]),
            *_later_held(uow, run, kind, ids, firsts[kind]),
        ):
            found[kind, billable_id].append(each)
    return found


def _later_claims(
    uow: UnitOfWork, run: Undoing, kind: BillableKind, ids: Collection[int], since: date
) -> Iterator[tuple[int, Later]]:
    query = sa.select(
        _CLAIMS.c.billable_id, _CLAIMS.c.due_on, _CLAIMS.c.document_id, _CLAIMS.c.run_id
    ).where(
        _CLAIMS.c.kind == kind.value,
        _CLAIMS.c.billable_id.in_(listed(ids)),
        _CLAIMS.c.due_on > since,
        _is_after(_CLAIMS.c.run_id, _CLAIMS.c.claimed_at, run),
    )
    for row in uow.execute(query):
        by = "" if row.run_id is None else f" of run {row.run_id}"
        what = f"was billed again since, on document {row.document_id}{by}: undo that first"
        yield row.billable_id, Later(row.due_on, what)


def _later_held(
    uow: UnitOfWork, run: Undoing, kind: BillableKind, ids: Collection[int], since: date
) -> Iterator[tuple[int, Later]]:
    decided = sa.and_(_HELD.c.run_id == run.run_id, _HELD.c.reason.not_in(PASSED))
    query = sa.select(_HELD.c.billable_id, _HELD.c.due_on, _HELD.c.run_id, _HELD.c.reason).where(
        _HELD.c.kind == kind.value,
        _HELD.c.billable_id.in_(listed(ids)),
        _HELD.c.due_on > since,
        sa.or_(decided, _is_after(_HELD.c.run_id, _HELD.c.recorded_at, run)),
    )
    for row in uow.execute(query):
        by = "" if row.run_id in (None, run.run_id) else f" by run {row.run_id}: undo that first"
        what = f"was passed over at {row.due_on} since ({row.reason}){by}"
        yield row.billable_id, Later(row.due_on, what)


def _is_after(run_id: Any, at: Any, run: Undoing) -> Any:
    """Return the condition that a run after this one, or a person since, did something."""
    return sa.or_(run_id > run.run_id, sa.and_(run_id.is_(None), at >= run.started_at))


def _keep_what_others_build_on(
    claims: Mapping[int, Sequence[sa.RowMapping]],
    later: Mapping[Key, Sequence[Later]],
    reasons: dict[int, str | None],
) -> None:
    """Keep each document with a period that something later of the same billable follows.

    A document that stays keeps what came before it of any of its billables, and so on.
    """
    for document_id, own in claims.items():
        reasons[document_id] = reasons[document_id] or _foreign(own, later)
    kept: set[int] = set()
    while kept != (kept := {each for each, reason in reasons.items() if reason is not None}):
        last: dict[Key, tuple[date, int]] = {}
        for document_id in kept:
            for key, due_on in _keys(claims.get(document_id, ())):
                last[key] = max(last.get(key, (date.min, 0)), (due_on, document_id))
        for document_id, own in claims.items():
            reasons[document_id] = reasons[document_id] or _built_on(own, last)


def _built_on(claims: Iterable[sa.RowMapping], last: Mapping[Key, tuple[date, int]]) -> str | None:
    """Return what a document that stays has of the same billables after these periods."""
    for key, due_on in _keys(claims):
        end_on, other = last.get(key, (date.min, 0))
        if end_on > due_on:
            return f"{_name(key)} has a later period on document {other}, which stays"
    return None


def _foreign(claims: Iterable[sa.RowMapping], later: Mapping[Key, Sequence[Later]]) -> str | None:
    for key, due_on in _keys(claims):
        for each in later.get(key, ()):
            if each.due_on > due_on:
                return f"{_name(key)} {each.what}"
    return None


def _keys(claims: Iterable[sa.RowMapping]) -> Iterator[tuple[Key, date]]:
    for claim in claims:
        yield (BillableKind(claim["kind"]), claim["billable_id"]), claim["due_on"]


def _name(key: Key) -> str:
    return f"{key[0].value} {key[1]}"


def listed(ids: Iterable[int]) -> Any:
    """Return ids as the list of an `IN`, written out: a page's worth is more than may be bound."""
    return sa.bindparam(None, sorted(ids), expanding=True, literal_execute=True)
