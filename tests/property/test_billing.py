"""Laws of the billing domain that hold for every input."""

from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from adapter.billing.catch_up import PERIODS_AT_ONCE
from adapter.billing.due import ClientDue, ClientTerms, DueItem, DueRecurring, RunTerms, TaxRates
from adapter.billing.generate import decide
from adapter.billing.model import BillableKind, CatchUp, Increase, LineType, RecurringLine
from adapter.billing.money import Money
from adapter.billing.pricing import price_recurring, total_by_sum
from adapter.billing.schedule import Cycle, Frequency, occurrence_date
from adapter.billing.settings import BusinessSettings
from adapter.billing.vat import apportion, split
from adapter.errors import CannotBill

RATES = st.decimals(0, 100, places=2)
AMOUNTS = st.integers(-(10**7), 10**9).map(lambda n: Money(n, "ZAR"))
DATES = st.dates(date(2000, 1, 1), date(2090, 12, 31))

LINES = st.builds(
    RecurringLine,
    product_code=st.just(""),
    quantity=st.decimals("0.001", 1000, places=3),
    description=st.just("x"),
    unit_price=st.decimals(-100, 10**6, places=6),
    currency=st.just("ZAR"),
    vat_applies=st.booleans(),
    vat_rate=RATES,
    includes_vat=st.booleans(),
    discount_percentage=st.none() | st.decimals(0, 100, places=2),
)


@given(AMOUNTS, RATES, st.booleans())
def test_parts_sum_to_the_whole_and_inclusive_prices_never_change(quoted, rate, inclusive):
    parts = split(quoted, rate, includes_vat=inclusive)
    assert parts.net + parts.vat == parts.gross
    if inclusive:
        assert parts.gross == quoted
    else:
        assert parts.net == quoted


@given(st.lists(st.integers(0, 10**8), min_size=1, max_size=20), st.data())
def test_shares_sum_to_what_is_shared(weights, data):
    whole = sum(weights)
    total = Money(data.draw(st.integers(0, whole)), "ZAR")
    shares = apportion(total, tuple(Money(weight, "ZAR") for weight in weights))
    assert sum(share.hundredths for share in shares) == total.hundredths


@given(
    st.lists(LINES, min_size=1, max_size=12),
    st.integers(0, 60),
    st.none() | st.builds(Increase, st.decimals("0.01", 20, places=2), st.integers(1, 24)),
    st.none() | st.decimals(0, 100, places=2),
    st.none() | st.integers(0, 10**5).map(lambda n: Money(n, "ZAR")),
)
def test_totals_are_the_sum_of_their_rounded_lines(rows, count, increase, percent, amount):
    try:
        lines, totals = price_recurring(
            rows,
            "ZAR",
            generation_count=count,
            increase=increase,
            discount_amount=None if percent else amount,
            discount_percentage=percent,
        )
    except CannotBill:
        return
    assert totals.subtotal.hundredths == sum(line.net.hundredths for line in lines if line.net)
    assert totals.tax.hundredths == sum(line.vat.hundredths for line in lines if line.vat)
    for row, line in zip(rows, lines, strict=True):
        if row.includes_vat and row.vat_applies and line.net and line.vat:
            assert line.net + line.vat == line.amount


@given(
    st.lists(st.tuples(AMOUNTS, st.booleans()), min_size=1, max_size=20),
    RATES,
    RATES,
    st.booleans(),
)
def test_inclusive_totals_are_the_sum_of_the_lines(lines, rate_1, rate_2, compound):
    whole = sum(amount.hundredths for amount, _ in lines)
    for inclusive in (True, False):
        totals = total_by_sum(
            lines, "ZAR", TaxRates(rate_1, rate_2), inclusive=inclusive, compound=compound
        )
        if inclusive:
            assert totals.gross.hundredths == whole
        else:
            assert totals.subtotal.hundredths == whole


@given(DATES, st.sampled_from(Frequency), st.integers(0, 200))
def test_occurrences_strictly_increase_and_keep_their_day(start, frequency, n):
    on, after = (occurrence_date(start, frequency, k) for k in (n, n + 1))
    assert on < after
    if frequency.step.months:
        last_day = (date(on.year + on.month // 12, on.month % 12 + 1, 1) - date.resolution).day
        assert on.day == min(start.day, last_day)


def item(kind: BillableKind, number: int, due_on: date, cents: int, method: str) -> DueItem:
    return DueItem(
        kind=kind,
        billable_id=number,
        due_on=due_on,
        name="x",
        first_name="x",
        first_amount=Money(cents, "ZAR"),
        recurring_amount=Money(cents, "ZAR"),
        registered_on=None,
        step=Cycle.MONTHLY.step,
        taxed=True,
        payment_method=method,
        generation_count=0,
        line_type=LineType.SERVICE.value,
        first_line_type=LineType.SERVICE.value,
    )


TODAY = date(2026, 3, 2)
ITEMS = st.lists(
    st.builds(
        item,
        st.sampled_from([BillableKind.SERVICE, BillableKind.ADDON, BillableKind.DOMAIN]),
        st.integers(1, 1000),
        st.dates(date(2026, 1, 1), date(2026, 3, 16)),
        st.integers(0, 10**6),
        st.sampled_from(["a", "b"]),
    ),
    unique_by=lambda entry: (entry.kind, entry.billable_id),
    max_size=15,
)


@given(ITEMS, st.booleans(), st.integers(0, 10**6))
def test_every_due_item_is_claimed_exactly_once_and_credit_never_exceeds(items, separate, credit):
    terms = ClientTerms(
        client_id=1,
        currency="ZAR",
        separate_invoices=separate,
        discount_percent=Decimal(0),
        tax=TaxRates(Decimal(15)),
        taxable=True,
        payment_method="a",
        payment_terms_days=0,
        send_documents=True,
        credit=Money(credit, "ZAR"),
    )
    decision = decide(ClientDue(terms, tuple(items)), RunTerms(TODAY, BusinessSettings()))
    claimed = [
        (claim.kind, claim.billable_id, claim.due_on)
        for document in decision.documents
        for claim in document.claims
    ]
    assert sorted(claimed) == sorted((i.kind, i.billable_id, i.due_on) for i in items)
    for document in decision.documents:
        assert {(document.due_on, document.payment_method)} == {
            (i.due_on, i.payment_method)
            for i in items
            if (i.kind, i.billable_id) in {(c.kind, c.billable_id) for c in document.claims}
        }
    groups = {(i.due_on, i.payment_method) for i in items}
    assert len(decision.documents) == (len(items) if separate else len(groups))
    assert sum(document.credit.hundredths for document in decision.documents) <= credit
    assert all(document.total.hundredths >= 0 for document in decision.documents)
    assert all(move.next_invoice_on is None for move in decision.moves)


@given(
    st.dates(date(2024, 1, 1), TODAY),
    st.sampled_from(Frequency),
    st.sampled_from(CatchUp),
    st.none() | st.integers(1, 5),
)
def test_a_recurring_invoice_is_never_left_due_and_keeps_its_limit(
    start, frequency, policy, limit
):
    recurring = DueRecurring(
        recurring_invoice_id=7,
        currency="ZAR",
        frequency=frequency,
        start_on=start,
        occurrence=0,
        generation_count=0,
        recurrence_limit=limit,
        increase=None,
        lines=(RecurringLine("", Decimal(1), "x", Decimal(1), "ZAR", True, Decimal(15), False),),
        order_number="",
        custom_values=(),
        discount_amount=None,
        discount_percentage=None,
        number_prefix="",
        number_suffix="",
        send_email=None,
        catch_up=policy,
    )
    terms = ClientTerms(
        1, "ZAR", False, Decimal(0), TaxRates(), False, "a", 0, True, Money.zero("ZAR")
    )
    decision = decide(
        ClientDue(terms, recurring=(recurring,)), RunTerms(TODAY, BusinessSettings())
    )
    (move,) = decision.moves
    dates = [document.issued_on for document in decision.documents]
    assert dates == sorted(set(dates))
    assert all(start <= on <= TODAY for on in dates)
    if limit is not None:
        assert len(dates) <= limit
    if move.next_invoice_on is None:
        assert move.ended
    elif policy is CatchUp.ALL and len(dates) == PERIODS_AT_ONCE:
        # One decision is bounded: it goes on where it stopped.
        assert move.next_invoice_on > dates[-1]
    elif policy is not CatchUp.ONE_PER_DAY:
        assert move.next_invoice_on > TODAY
    held = [entry.due_on for entry in decision.held]
    assert not set(held) & set(dates)
    if policy is CatchUp.LATEST:
        assert len(dates) == 1
