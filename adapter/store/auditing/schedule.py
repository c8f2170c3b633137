"""One billable under audit: its states, the dates it leads to, and what each period should say."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any, cast

import sqlalchemy as sa

from adapter.billing.catch_up import Period, item_period
from adapter.billing.completeness import Claimed, Stretch
from adapter.billing.due import ClientTerms, DueItem, DueRecurring, RunTerms
from adapter.billing.exchange import price_template
from adapter.billing.history import Change, State, Timeline
from adapter.billing.items import item_lines
from adapter.billing.model import BillableKind, ItemAction, RecurringLine
from adapter.billing.schedule import first_occurrence_from, occurrence_date
from adapter.errors import CannotBill, OutOfBounds
from adapter.store.auditing.histories import CREATED, Clients
from adapter.store.auditing.reading import Run
from adapter.store.run.rows import Promotions, Shared, due_item, due_recurring, recurring_line

# (line type, amount, net, VAT, quantity, unit price) of each line of a period; all but the first
# two under the `line` policy only.
Amounts = tuple[
    tuple[str, int, int | None, int | None, Decimal | None, Decimal | None],
    ...,
]

_RECURRING = BillableKind.RECURRING_INVOICE
_FROM_THEIR_ENTRY = frozenset({ItemAction.NEXT_RUN, ItemAction.NEXT_INVOICE})
_DATED_ANEW = frozenset({"start_on", "frequency", "occurrence"})


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the billables of a page have in common.

    `exchanges` are the currency and rate of documents that were quoted in another one, by id;
    first periods are not known where a product that cuts them was changed. `imported_at` are the
    moments of exports, which are noted as the creation of what was imported.
    """

    shared: Shared
    promotions: Promotions
    clients: Clients
    runs: Mapping[int, Run]
    exchanges: Mapping[int, tuple[str, Decimal]]
    are_first_periods_known: bool
    imported_at: Collection[datetime]


class Schedule:
    """One billable: `row` as it is, `changes` as noted, `quoted` the lines of a template."""

    def __init__(  # noqa: PLR0913 - the facts of one billable
        self,
        kind: BillableKind,
        row: sa.RowMapping,
        terms: ClientTerms,
        changes: Sequence[Change],
        quoted: Sequence[Any],
        around: Surroundings,
    ) -> None:
        self.kind = kind
        self.row = row
        self._terms = terms
        self._changes = changes
        self._quoted = quoted
        self._around = around
        self._timeline = Timeline(row, changes)
        self._run = RunTerms(date.min, around.shared.settings)
        self._items: dict[datetime | None, DueItem] = {}
        self._templates: dict[datetime | None, DueRecurring] = {}
        self._known: dict[tuple[Any, ...], Amounts | None] = {}

    # --- dates ---------------------------------------------------------------------------------

    @property
    def is_known_from_its_creation(self) -> bool:
        """Whether its whole history is here: it was made here, not brought along."""
        imported_at = self._around.imported_at
        created = (each for each in self._changes if each.field == CREATED)
        return any(each.recorded_at not in imported_at for each in created)

    @cached_property
    def stretches(self) -> list[Stretch]:
        """The stretches of due dates that this billable went through, in order."""
        created = next((each.new for each in self._changes if each.field == CREATED), None)
        match self.kind:
            case BillableKind.RECURRING_INVOICE:
                return [self._occurrences(created)]
            case BillableKind.BILLABLE_ITEM if self._is_dated_anew:
                return self._due_dates(created)
            case BillableKind.BILLABLE_ITEM:
                return [self._item_dates(created)]
            case _:
                return self._due_dates(created)

    @property
    def _is_dated_anew(self) -> bool:
        """Whether the due date of an item that recurs was set by hand."""
        recurs = self.row["action"] == ItemAction.RECUR
        return recurs and any(each.field == "next_due_on" for each in self._changes)

    def _due_dates(self, created: date | None) -> list[Stretch]:
        stretches = []
        start_on, opened_at = created, None
        for change in self._changes:
            if change.field == "next_due_on":
                at = change.recorded_at
                stretches.append(Stretch(start_on, change.old, opened_at, at))
                start_on, opened_at = change.new, at
        stretches.append(Stretch(start_on, self.row["next_due_on"], opened_at))
        return stretches

    def _item_dates(self, created: date | None) -> Stretch:
        row = self.row
        own_date = ItemAction(row["action"]) in _FROM_THEIR_ENTRY
        start_on = row["entered_on"] if own_date else created
        issued = int(row["generation_count"])
        if not issued:
            return Stretch(row["next_due_on"], row["next_due_on"])
        if row["next_due_on"] is not None and not own_date:
            return Stretch(start_on, row["next_due_on"])
        if start_on is None:
            return Stretch(None, None)
        end_on: date = start_on
        for _ in range(issued):
            end_on = next(self.following(end_on, None), end_on + timedelta(days=1))
        return Stretch(start_on, end_on)

    def _occurrences(self, created: date | None) -> Stretch:
        row = self.row
        dated = [each.recorded_at for each in self._changes if each.field in _DATED_ANEW]
        template = self._template(self._timeline.now)
        end_on = occurrence_date(template.start_on, template.frequency, row["occurrence"])
        if dated:
            return Stretch(None, end_on, max(dated))
        return Stretch(created, end_on)

    def following(self, on: date, claim: Claimed | None) -> Iterator[date]:
        """Yield the dates that the calendar can give after `on`, the likeliest first."""
        for state in self._states(claim):
            try:
                if self.kind is _RECURRING:
                    template = self._template(state)
                    tomorrow = on + timedelta(days=1)
                    n = first_occurrence_from(template.start_on, template.frequency, tomorrow)
                    yield occurrence_date(template.start_on, template.frequency, n)
                    continue
                item = self._item(state)
                if item.step is not None:
                    yield from _next_on(item, on)
                    # The switch `AnchorMonthEnds` may have stood the other way.
                    other = None if item.anchor_day else state.values["anchor_day"]
                    if other != item.anchor_day:
                        yield from _next_on(replace(item, anchor_day=other), on)
            except (CannotBill, OverflowError):
                continue

    def ends(self, claim: Claimed) -> list[date | None]:
        """Return the due dates that can follow a claimed period, the likeliest first.

        None is no date at all; nothing is returned where the calendar cannot tell.
        """
        ends: list[date | None] = [*self.following(claim.due_on, claim)]
        if self.kind is _RECURRING:
            return ends
        for state in self._states(claim):
            try:
                item = self._item(state)
            except CannotBill:
                return []
            # An item that is billed so many times ends with the last of them.
            if item.step is None or (item.limit and self.kind is BillableKind.BILLABLE_ITEM):
                ends.append(None)
            elif item.registered_on == claim.due_on and not self._around.are_first_periods_known:
                return []
        return ends

    # --- amounts -------------------------------------------------------------------------------

    def amounts(self, claim: Claimed, issued_before: int) -> Iterator[Amounts]:
        """Yield what the lines of a claimed period can say, the likeliest first.

        More than one where a change was made while the run that billed it went on, and where the
        uses of a promotion are not known for that time. `issued_before` counts documents.
        """
        if self.kind is _RECURRING:
            exchange = self._around.exchanges.get(claim.document_id)
            for state in self._states(claim):
                interval = state.values["increase_interval"] or 0
                rises = issued_before // interval if interval else 0
                for lines in self._lines(claim):
                    template = replace(self._template(state), lines=lines, exchange=exchange)
                    yield from self._once(
                        (state.since, rises, lines, exchange),
                        lambda t=template, n=rises * interval: _quoted(t, n),
                    )
            return
        for state in self._states(claim):
            item = self._item(state)
            promotion = item.promotion
            bounded = promotion is not None and promotion.recur_for
            for percent in self._percents(claim):
                for uses in (0, promotion.recur_for) if promotion and bounded else (0,):
                    first = item.registered_on == claim.due_on
                    yield from self._once(
                        (state.since, percent, uses, first),
                        lambda i=item, p=percent, u=uses: self._priced(i, claim, p, u),
                    )

    def _lines(self, claim: Claimed) -> Iterator[tuple[RecurringLine, ...]]:
        """Yield the lines that the template had when the period was billed."""
        known: set[tuple[int, ...]] = set()
        for at in (claim.claimed_at, self._end(claim)):
            rows = [row for row in self._quoted if _stood(row, at)]
            ids = tuple(row.id for row in rows)
            if ids not in known:
                known.add(ids)
                yield tuple(recurring_line(row, self.row["currency"]) for row in rows)

    def _once(self, key: tuple[Any, ...], price: Any) -> Iterator[Amounts]:
        if key not in self._known:
            try:
                self._known[key] = price()
            except (CannotBill, OutOfBounds):
                self._known[key] = None
        found = self._known[key]
        if found is not None:
            yield found

    def _priced(self, item: DueItem, claim: Claimed, percent: Decimal, uses: int) -> Amounts:
        terms = replace(self._terms, discount_percent=percent)
        period = Period(claim.due_on, claim.next_on)
        lines, _ = item_lines(item, period, terms, self._run, uses)
        return tuple(
            (line.line_type.value, line.amount.hundredths, None, None, None, None)
            for line in lines
        )

    def _percents(self, claim: Claimed) -> Iterator[Decimal]:
        """Yield the client group's discount when the period was billed."""
        clients = self._around.clients
        client = clients.timeline(self.row["client_id"])
        if client is None:
            yield self._terms.discount_percent
            return
        begin, end = claim.claimed_at, self._end(claim)
        for state in client.during(begin, end):
            group = clients.group(state.values["group_id"])
            if group is None:
                yield Decimal(0)
                continue
            for of_group in group.during(begin, end):
                yield of_group.values["discount_percent"]

    # --- states --------------------------------------------------------------------------------

    def _states(self, claim: Claimed | None) -> Iterator[State]:
        if claim is None:
            return iter(self._timeline)
        return self._timeline.during(claim.claimed_at, self._end(claim))

    def _end(self, claim: Claimed) -> datetime:
        """Return the last moment at which what this period says can have been read."""
        run = self._around.runs.get(claim.run_id or 0)
        ended = None if run is None else run.finished_at
        return claim.claimed_at if ended is None else max(ended, claim.claimed_at)

    def _item(self, state: State) -> DueItem:
        item = self._items.get(state.since)
        if item is None:
            # The run finds its period in the queue; here the claim names it.
            row = cast("sa.RowMapping", {**state.values, "next_invoice_on": date.min})
            around = self._around
            item = due_item(self.kind, row, self._terms, around.shared, around.promotions)
            self._items[state.since] = item
        return item

    def _template(self, state: State) -> DueRecurring:
        template = self._templates.get(state.since)
        if template is None:
            row = cast("sa.RowMapping", state.values)
            template = due_recurring(row, self._quoted, self._around.shared.settings)
            self._templates[state.since] = template
        return template


def _stood(row: Any, at: datetime) -> bool:
    """Tell whether a line of a template was there at a time."""
    added, removed = row.added_at, row.removed_at
    return (added is None or added <= at) and (removed is None or removed > at)


def _quoted(template: DueRecurring, issued_before: int) -> Amounts:
    lines, _, _ = price_template(template, issued_before)
    return tuple(
        (
            line.line_type.value,
            line.amount.hundredths,
            None if line.net is None else line.net.hundredths,
            None if line.vat is None else line.vat.hundredths,
            line.quantity,
            line.unit_price,
        )
        for line in lines
    )


def _next_on(item: DueItem, on: date) -> Iterator[date]:
    next_on = item_period(item, on).next_on
    if next_on is not None:
        yield next_on
