"""Which periods a schedule should have billed, held against those that are claimed. All pure."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from adapter.billing.drafts import Totals
from adapter.billing.due import TaxRates
from adapter.billing.model import BillableKind, LineType, Rounding
from adapter.billing.money import Money
from adapter.billing.pricing import total_by_sum
from adapter.billing.vat import split

OWN_LINES = {
    BillableKind.SERVICE: frozenset({LineType.SERVICE}),
    BillableKind.ADDON: frozenset({LineType.ADDON}),
    BillableKind.DOMAIN: frozenset(
        {LineType.DOMAIN, LineType.DOMAIN_REGISTER, LineType.DOMAIN_TRANSFER}
    ),
    BillableKind.BILLABLE_ITEM: frozenset({LineType.BILLABLE_ITEM}),
    BillableKind.RECURRING_INVOICE: frozenset({LineType.RECURRING}),
}
KIND_OF_LINE: Mapping[str, BillableKind] = {
    line_type.value: kind for kind, types in OWN_LINES.items() for line_type in types
}
DISCOUNT_LINES = frozenset(
    {LineType.PROMOTION_SERVICE, LineType.PROMOTION_DOMAIN, LineType.GROUP_DISCOUNT}
)


class Fault(StrEnum):
    """What can be wrong with what was issued."""

    MISSING = "missing"
    DOUBLED = "doubled"
    AMOUNT = "amount"
    DATE = "date"
    CLIENT = "client"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault: of a period, or of a document. `detail` says what is and what should be."""

    fault: Fault
    client_id: int
    detail: str
    kind: BillableKind | None = None
    billable_id: int | None = None
    due_on: date | None = None
    document_id: int | None = None


@dataclass(frozen=True, slots=True)
class Withheld:
    """A date that is known and not billed, with the reason; no fault."""

    client_id: int
    kind: BillableKind
    billable_id: int
    due_on: date | None
    reason: str


@dataclass(frozen=True, slots=True)
class Claimed:
    """A claimed period. `moved_from_on` is the due date that its payment moved on from.

    `rule` is the one that made it; what was imported was made elsewhere.
    """

    due_on: date
    next_on: date | None
    document_id: int
    claimed_at: datetime
    run_id: int | None
    moved_from_on: date | None
    rule: str = ""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of due dates between two that were set by hand, at `opened_at` and `closed_at`.

    `start_on` is the first due date (None: not known), `end_on` the one that is not yet passed
    (None: none is left). Only what lies before `end_on` must be claimed.
    """

    start_on: date | None
    end_on: date | None
    opened_at: datetime | None = None
    closed_at: datetime | None = None

    def has(self, claim: Claimed) -> bool:
        """Tell whether the period was claimed while this stretch lasted."""
        opened = self.opened_at is None or self.opened_at <= claim.claimed_at
        return opened and (self.closed_at is None or claim.claimed_at <= self.closed_at)


@dataclass(slots=True)
class Walk:
    """Where the dates of a schedule led: dates without a claim, and the first one still open.

    `doubled` are claims inside a period that another claim covers.
    """

    unclaimed: list[date] = field(default_factory=list)
    doubled: list[Claimed] = field(default_factory=list)
    open_on: date | None = None


# The dates that can follow a due date, likeliest first; the second argument is the claim of its
# period, None where nothing tells when it was billed.
Following = Callable[[date, Claimed | None], Iterator[date]]


def walk(
    stretches: Sequence[Stretch],
    claims: Sequence[Claimed],
    held_on: Collection[date],
    following: Following,
    since: date,
) -> Walk:
    """Follow the calendar through every stretch, and beyond its end while periods are claimed.

    `claims` are in date order: all from `since` on, and the last one before it. Dates that the
    payment of another period's invoice moved on from are passed, not missing.
    Source: contracts/decisions.md, "Due dates move at payment".
    """
    by_date = {claim.due_on: claim for claim in claims}
    moved_from = {claim.moved_from_on for claim in claims}
    found = Walk()
    met: set[date] = set()
    for stretch in stretches:
        end_on = stretch.end_on
        own: set[date] = set()
        unclaimed = []
        on = _first_date(stretch, claims, since)
        while on is not None and end_on is not None and on < end_on:
            claim = by_date.get(on)
            if claim is not None:
                own.add(on)
            elif on not in held_on:
                unclaimed.append(on)
            on = _after(on, claim, end_on, by_date, following)
        on = end_on or on
        while on is not None and (claim := by_date.get(on)) is not None:
            own.add(on)
            on = claim.next_on if claim.next_on is not None and claim.next_on > on else None
        passed = {
            claim.moved_from_on
            for claim in claims
            # One whose own date another payment moved on from moves on from a later one.
            if claim.due_on not in own
            or (claim.moved_from_on != claim.due_on and claim.due_on in moved_from)
        }
        found.unclaimed += [each for each in unclaimed if each not in passed]
        found.open_on = on
        met |= own
    found.unclaimed = sorted(set(found.unclaimed))
    strays = [claim for claim in claims if claim.due_on not in met]
    found.doubled = [claim for claim in strays if _is_covered(claim, claims, met, stretches)]
    return found


def _first_date(stretch: Stretch, claims: Sequence[Claimed], since: date) -> date | None:
    """Return where to begin: at the start, or at the last claim before `since`."""
    own = [
        claim.due_on
        for claim in claims
        if stretch.has(claim)
        and (stretch.start_on is None or stretch.start_on <= claim.due_on)
        and (stretch.end_on is None or claim.due_on < stretch.end_on)
    ]
    if own and (stretch.start_on is None or own[0] < since):
        return own[0]
    return stretch.end_on if stretch.start_on is None else stretch.start_on


def _after(
    on: date,
    claim: Claimed | None,
    end_on: date,
    by_date: Mapping[date, Claimed],
    following: Following,
) -> date | None:
    """Return the date after `on`: the claim's own where the calendar can give it.

    Without a claim, the first possible one that leads on to what is known.
    """
    likeliest = None
    for after in following(on, claim):
        if after <= on:
            return None
        likeliest = likeliest or after
        if claim is None:
            if after in by_date or after == end_on:
                return after
        elif after == claim.next_on:
            return after
    return likeliest


def _is_covered(
    claim: Claimed, claims: Sequence[Claimed], met: set[date], stretches: Sequence[Stretch]
) -> bool:
    """Tell whether another claim of the same stretch covers the day on which this one begins."""
    return any(
        other.due_on in met
        and other.next_on is not None
        and other.due_on < claim.due_on < other.next_on
        and any(stretch.has(claim) and stretch.has(other) for stretch in stretches)
        for other in claims
    )


def shown(hundredths: int) -> str:
    """Return an amount as text, without its currency."""
    return f"{Decimal(hundredths).scaleb(-2):.2f}"


def plain(number: Decimal) -> str:
    """Return a number as text, without zeros that say nothing."""
    return f"{number.normalize():f}"


@dataclass(frozen=True, slots=True)
class IssuedLine:
    """A line as it was issued, as far as sums and its place go; the last five if it was quoted."""

    line_id: int
    document_id: int
    position: int
    line_type: str
    related_id: int
    amount: int
    taxed: bool
    net: int | None = None
    vat: int | None = None
    quantity: Decimal | None = None
    unit_price: Decimal | None = None
    vat_rate: Decimal | None = None
    includes_vat: bool | None = None
    discount_percentage: Decimal | None = None

    @property
    def kind(self) -> BillableKind | None:
        """The kind of billable whose period this line bills; None for any other line."""
        return KIND_OF_LINE.get(self.line_type)


def blocks(lines: Sequence[IssuedLine]) -> Iterator[list[IssuedLine]]:
    """Yield each billable's own line with the discounts right behind it; `lines` in order."""
    block: list[IssuedLine] = []
    for line in lines:
        is_discount = line.line_type in DISCOUNT_LINES
        if block and is_discount and line.related_id == block[0].related_id:
            block.append(line)
            continue
        if block:
            yield block
        block = [] if is_discount or line.kind is None else [line]
    if block:
        yield block


def possible_totals(
    lines: Sequence[IssuedLine],
    currency: str,
    rounding: Rounding,
    tax: TaxRates,
    *,
    inclusive: bool,
) -> list[Totals]:
    """Return what a document's lines come to, by its own policy and rates.

    Two answers where they differ: the document does not say whether its second tax was on top of
    the first one.
    """
    if rounding is Rounding.LINE:
        net = vat = 0
        for line in lines:
            if line.net is None or line.vat is None:
                rate = tax.level_1 if line.taxed else None
                parts = split(Money(line.amount, currency), rate, includes_vat=False)
                net += parts.net.hundredths
                vat += parts.vat.hundredths
            else:
                net += line.net
                vat += line.vat
        return [Totals(Money(net, currency), Money(vat, currency), Money.zero(currency))]
    pairs = [(Money(line.amount, currency), line.taxed) for line in lines]
    return [
        total_by_sum(pairs, currency, tax, inclusive=inclusive, compound=compound)
        for compound in ((False, True) if tax.level_2 else (False,))
    ]
