"""Billables back to where they stood before a run: counts, dates, and their place in the queue."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

import sqlalchemy as sa

from adapter.billing.model import BillableKind, ItemAction, LineType
from adapter.billing.schedule import Frequency, first_occurrence_from
from adapter.commands.context import Context
from adapter.store import tables
from adapter.store.queue import TABLES, requeue
from adapter.store.undoing.deciding import PASSED, Key, Undoing, listed
from adapter.store.unit_of_work import UnitOfWork, schedule_change_row

# The field under which a billable's history names the periods that were taken back.
UNDONE: Final = "undone"
_CLAIMS, _HELD, _CHANGES = tables.claims, tables.held_occurrences, tables.schedule_changes
_DATES: Final = ("next_due_on", "start_on", "frequency", "occurrence")
_PROMOTION_LINES: Final = {
    BillableKind.SERVICE: LineType.PROMOTION_SERVICE.value,
    BillableKind.DOMAIN: LineType.PROMOTION_DOMAIN.value,
}
_OWN_DATE: Final = frozenset({ItemAction.NEXT_RUN, ItemAction.NEXT_INVOICE})


@dataclass(frozen=True, slots=True)
class Dated:
    """A claimed or passed date that is free again."""

    due_on: date
    next_on: date | None


@dataclass(slots=True)
class _Step:
    """What is taken back of one billable."""

    claimed: list[Dated]
    held: list[Dated]

    @property
    def all(self) -> list[Dated]:
        return sorted((*self.claimed, *self.held), key=lambda each: each.due_on)


def step_back(
    uow: UnitOfWork,
    context: Context,
    run: Undoing,
    client_ids: Sequence[int],
    claims: Iterable[sa.RowMapping],
) -> int:
    """Put the billables of released claims, and those whose dates the run passed, back.

    The claims are gone already. The caller holds the clients. Returns how many periods are free
    again. A date that was set by hand since stays where it was set.
    """
    steps: dict[Key, _Step] = defaultdict(lambda: _Step([], []))
    document_ids = set()
    for claim in claims:
        key = BillableKind(claim["kind"]), claim["billable_id"]
        steps[key].claimed.append(Dated(claim["due_on"], claim["next_on"]))
        document_ids.add(claim["document_id"])
    uses = _promotion_uses(uow, document_ids)
    for kind in BillableKind:
        for billable_id, each in _release_held(uow, run, kind, client_ids):
            steps[kind, billable_id].held.append(each)
    notes = []
    for kind in BillableKind:
        ids = [key[1] for key in steps if key[0] is kind]
        history = _History.read(uow, run, kind, ids, context) if ids else None
        for billable_id in sorted(ids):
            step = steps[kind, billable_id]
            row = uow.row(TABLES[kind], billable_id)
            if row is None or history is None:
                continue
            values = _values(kind, row, step, history, uses[kind, billable_id])
            table = TABLES[kind]
            uow.execute(sa.update(table).where(table.c.id == billable_id).values(**values))
            requeue(uow, kind, billable_id)
            dates = ", ".join(str(each.due_on) for each in step.all)
            notes.append(
                schedule_change_row(
                    context, kind.value, billable_id, UNDONE, dates, f"run {run.run_id}"
                )
            )
    if notes:
        uow.execute(sa.insert(_CHANGES), notes)
    return sum(len(step.claimed) for step in steps.values())


def _promotion_uses(uow: UnitOfWork, document_ids: Collection[int]) -> Counter[Key]:
    """Return how often the promotion of each item is shown on these documents."""
    lines = tables.document_lines
    found: Counter[Key] = Counter()
    for kind, line_type in _PROMOTION_LINES.items():
        query = (
            sa.select(lines.c.related_id, sa.func.count().label("uses"))
            .where(lines.c.document_id.in_(listed(document_ids)), lines.c.line_type == line_type)
            .group_by(lines.c.related_id)
        )
        for row in uow.execute(query):
            found[kind, row.related_id] = int(row.uses)
    return found


def _release_held(
    uow: UnitOfWork, run: Undoing, kind: BillableKind, client_ids: Sequence[int]
) -> list[tuple[int, Dated]]:
    """Delete the dates that the run passed over, but for those before something that stays."""
    table = TABLES[kind]
    mine = sa.and_(
        _HELD.c.kind == kind.value, _HELD.c.run_id == run.run_id, _HELD.c.reason.in_(PASSED)
    )
    query = (
        sa.select(_HELD.c.billable_id, _HELD.c.due_on, _HELD.c.next_on)
        .join(table, table.c.id == _HELD.c.billable_id)
        .where(mine, table.c.client_id.in_(listed(client_ids)))
    )
    rows = uow.execute(query).all()
    last = _last_that_stays(uow, run, kind, {row.billable_id for row in rows})
    free = [row for row in rows if row.due_on > last.get(row.billable_id, date.min)]
    for row in free:
        gone = sa.and_(mine, _HELD.c.billable_id == row.billable_id, _HELD.c.due_on == row.due_on)
        uow.execute(sa.delete(_HELD).where(gone))
    return [(row.billable_id, Dated(row.due_on, row.next_on)) for row in free]


def _last_that_stays(
    uow: UnitOfWork, run: Undoing, kind: BillableKind, ids: Collection[int]
) -> Mapping[int, date]:
    """Return each billable's last date that is claimed, or passed over for good."""
    found: dict[int, date] = {}
    if not ids:
        return found
    own = sa.and_(_HELD.c.run_id == run.run_id, _HELD.c.reason.in_(PASSED))
    for table, stays in (
        (_CLAIMS, sa.true()),
        (_HELD, sa.or_(_HELD.c.run_id.is_(None), sa.not_(own))),
    ):
        query = (
            sa.select(table.c.billable_id, sa.func.max(table.c.due_on).label("last_on"))
            .where(table.c.kind == kind.value, table.c.billable_id.in_(listed(ids)), stays)
            .group_by(table.c.billable_id)
        )
        for row in uow.execute(query):
            found[row.billable_id] = max(found.get(row.billable_id, date.min), row.last_on)
    return found


# --- one billable --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _History:
    """What is known of billables of one kind from before the run, and by hand since."""

    last_issued_on: Mapping[int, date]
    dated_since: frozenset[int]
    ended_by_hand: frozenset[int]
    due_on: Mapping[int, date | None]

    @classmethod
    def read(
        cls,
        uow: UnitOfWork,
        run: Undoing,
        kind: BillableKind,
        ids: Collection[int],
        context: Context,
    ) -> "_History":
        claimed = (
            sa.select(_CLAIMS.c.billable_id, sa.func.max(_CLAIMS.c.claimed_at).label("at"))
            .where(_CLAIMS.c.kind == kind.value, _CLAIMS.c.billable_id.in_(listed(ids)))
            .group_by(_CLAIMS.c.billable_id)
        )
        issued_at = {row.billable_id: row.at for row in uow.execute(claimed)}
        query = (
            sa.select(_CHANGES)
            .where(
                _CHANGES.c.kind == kind.value,
                _CHANGES.c.billable_id.in_(listed(ids)),
                _CHANGES.c.field.in_((*_DATES, "created", "ended")),
            )
            .order_by(_CHANGES.c.id)
        )
        dated_since: set[int] = set()
        ended: set[int] = set()
        due_on: dict[int, date | None] = {}
        for row in uow.execute(query).mappings():
            billable_id, at, new = row["billable_id"], row["recorded_at"], row["new"]
            if row["field"] == "ended":
                (ended.add if new == str(True) else ended.discard)(billable_id)
                continue
            if row["field"] in _DATES and at > run.started_at:
                dated_since.add(billable_id)
            if row["field"] in {"created", "next_due_on"}:
                due_on[billable_id] = None if new is None else date.fromisoformat(new)
                if row["field"] == "next_due_on" and _is_since(at, issued_at.get(billable_id)):
                    # A new due date starts afresh: it may be billed the same day.
                    issued_at.pop(billable_id, None)
        zone = context.caller.account.zone
        return cls(
            {each: at.astimezone(zone).date() for each, at in issued_at.items()},
            frozenset(dated_since),
            frozenset(ended),
            due_on,
        )


def _is_since(at: datetime, issued_at: datetime | None) -> bool:
    return issued_at is not None and at >= issued_at


def _values(
    kind: BillableKind, row: sa.RowMapping, step: _Step, history: _History, uses: int
) -> dict[str, Any]:
    """Return what a billable's row says once these dates are free again."""
    billable_id = row["id"]
    count = max(0, row["generation_count"] - len(step.claimed))
    values: dict[str, Any] = {
        "generation_count": count,
        "last_issued_on": history.last_issued_on.get(billable_id),
    }
    if uses:
        values["promotion_uses"] = max(0, row["promotion_uses"] - uses)
    if kind is BillableKind.RECURRING_INVOICE and row["ended"]:
        limit = row["recurrence_limit"]
        reached = bool(limit) and count >= limit
        values["ended"] = reached or billable_id in history.ended_by_hand
    if billable_id in history.dated_since:
        return values
    first = step.all[0].due_on
    match kind:
        case BillableKind.RECURRING_INVOICE:
            frequency = Frequency(row["frequency"])
            n = first_occurrence_from(row["start_on"], frequency, first)
            values |= {"occurrence": n, "next_due_on": first}
        case BillableKind.BILLABLE_ITEM if ItemAction(row["action"]) in _OWN_DATE:
            values["next_due_on"] = history.due_on.get(billable_id)
        case BillableKind.BILLABLE_ITEM:
            values["next_due_on"] = first
        case _ if step.held:
            # Payment moved nothing: only the dates that were passed over did.
            if row["next_due_on"] in {each.next_on for each in step.held}:
                values["next_due_on"] = min(each.due_on for each in step.held)
        case _:
            pass
    return values
