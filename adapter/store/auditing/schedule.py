"""One billable under audit: its states, the dates it leads to, and what each period should say."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any, cast

import sqlalchemy as sa

from adapter.billing.catch_up import Period, item_period
from adapter.billing.completeness import Claimed, Stretch
from adapter.billing.due import ClientTerms, DueItem, DueRecurring
from adapter.billing.generate import RunTerms, item_lines
from adapter.billing.history import Change, State, Timeline
from adapter.billing.model import BillableKind, ItemAction
from adapter.billing.pricing import price_recurring
from adapter.billing.schedule import first_occurrence_from, occurrence_date
from adapter.errors import CannotBill, OutOfBounds
from adapter.store.auditing.histories import CREATED, Clients
from adapter.store.run.rows import Promotions, Shared, due_item, due_recurring

# (line type, amount, net, vat) of each line of a period; the last two under the `line` policy.
Amounts = tuple[tuple[str, int, int | None, int | None], ...]

_RECURRING = BillableKind.RECURRING_INVOICE
_FROM_THEIR_ENTRY = frozenset({ItemAction.NEXT_RUN, ItemAction.NEXT_INVOICE})
_DATED_ANEW = frozenset({"start_on", "frequency", "occurrence"})


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the billables of a page have in common."""

    shared: Shared
    promotions: Promotions
    clients: Clients
    run_ends: Mapping[int, datetime]


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
        return any(change.field == CREATED for change in self._changes)

    @cached_property
    def stretches(self) -> list[Stretch]:
        """The stretches of due dates that this billable went through, in order."""
        created = next((each.new for each in self._changes if each.field == CREATED), None)
        match self.kind:
            case BillableKind.RECURRING_INVOICE:
                return [self._occurrences(created)]
            case BillableKind.BILLABLE_ITEM:
                return [self._item_dates(created)]
            case _:
                return self._due_dates(created)

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

    # --- amounts -------------------------------------------------------------------------------

    def amounts(self, claim: Claimed, issued_before: int) -> Iterator[Amounts]:
        """Yield what the lines of a claimed period can say, the likeliest first.

        More than one where a change was made while the run that billed it went on, and where the
        uses of a promotion are not known for that time. `issued_before` counts documents.
        """
        if self.kind is _RECURRING:
            for state in self._states(claim):
                template = self._template(state)
                interval = 1 if template.increase is None else template.increase.interval
                rises = 0 if template.increase is None else issued_before // interval
                yield from self._once(
                    (state.since, rises), lambda t=template, n=rises * interval: _quoted(t, n)
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
        return tuple((line.line_type.value, line.amount.hundredths, None, None) for line in lines)

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
        ended = self._around.run_ends.get(claim.run_id or 0)
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


def _quoted(template: DueRecurring, issued_before: int) -> Amounts:
    lines, _ = price_recurring(
        template.lines,
        template.currency,
        generation_count=issued_before,
        increase=template.increase,
        discount_amount=template.discount_amount,
        discount_percentage=template.discount_percentage,
    )
    return tuple(
        (
            line.line_type.value,
            line.amount.hundredths,
            None if line.net is None else line.net.hundredths,
            None if line.vat is None else line.vat.hundredths,
        )
        for line in lines
    )


def _next_on(item: DueItem, on: date) -> Iterator[date]:
    next_on = item_period(item, on).next_on
    if next_on is not None:
        yield next_on
