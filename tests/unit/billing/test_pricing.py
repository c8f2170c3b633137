"""Prices, discounts, VAT and totals. Expected values were worked out by hand."""

from decimal import ROUND_FLOOR, Context, Decimal, localcontext
from typing import Any

import pytest

from adapter.billing.due import TaxRates, TaxRule, rates_for
from adapter.billing.model import Increase, RecurringLine
from adapter.billing.money import MAX_HUNDREDTHS, Money, Sum, round_half_up
from adapter.billing.pricing import document_rate, increased, price_recurring, total_by_sum
from adapter.billing.vat import apportion, split
from adapter.errors import CannotBill, OutOfBounds

D = Decimal


def zar(text: str) -> Money:
    return Money.rounded(D(text), "ZAR")


def line(price: str, quantity: str = "1", **other) -> RecurringLine:
    values: dict[str, Any] = {
        "product_code": "",
        "quantity": D(quantity),
        "description": "x",
        "unit_price": D(price),
        "currency": "ZAR",
        "vat_applies": True,
        "vat_rate": D(15),
        "includes_vat": False,
    }
    return RecurringLine(**(values | other))


@pytest.mark.parametrize(
    ("value", "rounded"),
    [("1.005", "1.01"), ("-1.005", "-1.01"), ("1.004999", "1.00"), ("2.675", "2.68")],
)
def test_halves_are_rounded_away_from_zero(value, rounded):
    assert str(Money.rounded(D(value), "ZAR")) == rounded
    assert round_half_up(D(value)) == D(rounded)


def test_money_keeps_currencies_apart_and_its_bounds():
    assert zar("1.10") + zar("2") - zar("0.10") == zar("3")
    assert -zar("1") < Money.zero("ZAR") <= zar("0")
    assert not Money.zero("ZAR")
    with pytest.raises(ValueError, match="ZAR is not USD"):
        zar("1") + Money(100, "USD")
    with pytest.raises(OutOfBounds):
        Money(MAX_HUNDREDTHS + 1, "ZAR")
    assert Money(MAX_HUNDREDTHS, "ZAR").amount == D("900000000000.00")


def test_a_sum_may_be_more_than_one_amount_and_spreads():
    largest = Money(MAX_HUNDREDTHS, "ZAR")
    owed = Sum(2 * MAX_HUNDREDTHS, "ZAR")
    assert str(largest - owed - owed) == str(-(owed + owed) + largest) == "-2700000000000.00"
    assert str(Sum.zero("ZAR") + largest + largest) == "1800000000000.00"
    assert {zar("1"): 1} == {Sum(100, "ZAR"): 1}
    assert Sum(100, "ZAR") != Sum(100, "USD") != Money(100, "ZAR")
    with pytest.raises(ValueError, match="is not"):
        largest + Sum(100, "USD")
    with pytest.raises(OutOfBounds):
        largest + zar("0.01")


@pytest.mark.parametrize(
    ("quoted", "rate", "inclusive", "net", "vat"),
    [
        ("100.00", "15", False, "100.00", "15.00"),
        ("115.00", "15", True, "100.00", "15.00"),
        ("100.00", "15", True, "86.96", "13.04"),
        ("100.00", "0", False, "100.00", "0.00"),
        ("100.00", None, True, "100.00", "0.00"),
        ("-115.00", "15", True, "-100.00", "-15.00"),
        ("0.03", "15", False, "0.03", "0.00"),
    ],
)
def test_vat_of_a_line(quoted, rate, inclusive, net, vat):
    parts = split(zar(quoted), None if rate is None else D(rate), includes_vat=inclusive)
    assert (parts.net, parts.vat) == (zar(net), zar(vat))
    if inclusive:
        assert parts.gross == zar(quoted)


def test_an_amount_is_shared_out_to_the_cent():
    shares = apportion(zar("10"), (zar("1"), zar("1"), zar("1"), zar("0")))
    assert [str(share) for share in shares] == ["3.33", "3.33", "3.34", "0.00"]
    assert apportion(zar("0"), (zar("0"),)) == (zar("0"),)
    with pytest.raises(ValueError, match="nothing to share"):
        apportion(zar("1"), (zar("0"),))


# The two worked examples of the positional facts, section 3 "Discounts".
def test_a_percentage_reduces_each_line_before_vat():
    _, totals = price_recurring([line("100.00")], "ZAR", discount_percentage=D(10))
    assert (totals.subtotal, totals.tax, totals.gross) == (zar("90"), zar("13.50"), zar("103.50"))


def test_an_amount_reduces_an_inclusive_line_as_quoted():
    lines, totals = price_recurring(
        [line("115.00", includes_vat=True)], "ZAR", discount_amount=zar("11.50")
    )
    assert (totals.gross, totals.tax) == (zar("103.50"), zar("13.50"))
    assert lines[0].amount == zar("103.50")


def test_a_line_percentage_counts_only_without_a_document_percentage():
    rows = [line("100.00", discount_percentage=D(50), vat_applies=False)]
    assert price_recurring(rows, "ZAR")[1].gross == zar("50")
    assert price_recurring(rows, "ZAR", discount_percentage=D(10))[1].gross == zar("90")
    # A discount in money does not switch line percentages off.
    assert price_recurring(rows, "ZAR", discount_amount=zar("10"))[1].gross == zar("40")


def test_each_line_is_rounded_once():
    lines, totals = price_recurring([line("0.333333", "3.5")], "ZAR")
    # 0.333333 * 3.5 = 1.1666655 -> 1.17, VAT 0.1755 -> 0.18
    assert (lines[0].net, lines[0].vat, totals.gross) == (zar("1.17"), zar("0.18"), zar("1.35"))


def test_what_cannot_be_billed_says_why():
    with pytest.raises(CannotBill, match=r"discount of 10\.01 exceeds the lines' sum of 10\.00"):
        price_recurring([line("10")], "ZAR", discount_amount=zar("10.01"))
    with pytest.raises(CannotBill, match="below zero"):
        price_recurring([line("-10")], "ZAR")


@pytest.mark.parametrize(
    ("price", "count", "expected"),
    [
        ("99.99", 0, "99.99"),
        ("99.99", 11, "99.99"),
        ("99.99", 12, "109.99"),
        ("99.99", 24, "120.99"),
        ("0.123456", 12, "0.135802"),
        ("10.5", 12, "11.55"),
        ("10.1234", 11, "10.1234"),
    ],
)
def test_the_increase_is_compound_and_rounded_once(price, count, expected):
    assert increased(D(price), Increase(D(10), 12), count) == D(expected)
    assert increased(D(price), None, count) == D(price)


@pytest.mark.parametrize(("percentage", "count"), [("900000000", 10), ("50", 400), ("100", 10**9)])
def test_a_price_that_increases_beyond_all_bounds_cannot_be_billed(percentage, count):
    with pytest.raises(OutOfBounds, match="beyond"):
        price_recurring(
            [line("100.00")],
            "ZAR",
            generation_count=count,
            increase=Increase(D(percentage), 1),
        )


def test_a_discount_of_a_large_line_is_rounded_once_and_exactly():
    # the exact amount lies 0.00000000000001 below a half cent; 28 digits would make it a half
    large = line("863291555.675033", "1276144.105303")
    (draft,), _ = price_recurring([large], "ZAR", discount_percentage=D("99.99"))
    assert draft.amount == zar("110168442993.25")


def test_shares_of_large_sums_are_exact():
    weights = tuple(Money(weight, "ZAR") for weight in (MAX_HUNDREDTHS, MAX_HUNDREDTHS - 1))
    shares = apportion(Money(MAX_HUNDREDTHS - 1, "ZAR"), weights)
    # (M - 1) M / (2 M - 1) = M / 2 - 1/4 - ..., M being even
    assert [share.hundredths for share in shares] == [
        MAX_HUNDREDTHS // 2,
        MAX_HUNDREDTHS // 2 - 1,
    ]


def test_the_surrounding_decimal_context_changes_no_amount():
    def amounts() -> list[object]:
        rows = [line("333.335", "3", discount_percentage=D("12.5")), line("0.05")]
        discount = zar("100.01")
        tax = TaxRates(D("15.5"), D("9.975"))
        sums = [
            total_by_sum([(zar("1234.57"), True)], "ZAR", tax, inclusive=one, compound=two)
            for one in (True, False)
            for two in (True, False)
        ]
        priced = price_recurring(
            rows,
            "ZAR",
            generation_count=25,
            increase=Increase(D("7.25"), 12),
            discount_amount=discount,
        )
        return [*sums, priced, split(zar("1234.57"), D("15.5"), includes_vat=True)]

    expected = amounts()
    with localcontext(Context(prec=6, rounding=ROUND_FLOOR)):
        assert amounts() == expected


@pytest.mark.parametrize(
    ("cents", "rate_1", "rate_2", "compound", "tax", "tax_2"),
    [
        # 4 x 15 / 120 is half a cent, though 4 / 1.2 never ends
        (4, 15, 5, False, 1, 0),
        (-4, 15, 5, False, -1, 0),
        # 3 x 20 / 120 is half a cent, though 3 / (1.15 x 1.2) never ends
        (3, 15, 20, True, 0, 1),
        (13, 7, 4, True, 1, 1),
    ],
)
def test_half_a_cent_of_tax_inside_the_price_is_rounded_away_from_zero(
    cents, rate_1, rate_2, compound, tax, tax_2
):
    totals = total_by_sum(
        [(Money(cents, "ZAR"), True)],
        "ZAR",
        TaxRates(D(rate_1), D(rate_2)),
        inclusive=True,
        compound=compound,
    )
    assert (totals.tax.hundredths, totals.tax_2.hundredths) == (tax, tax_2)
    assert totals.gross.hundredths == cents


@pytest.mark.parametrize(
    ("inclusive", "compound", "subtotal", "tax", "tax_2"),
    [
        (False, False, "100.00", "10.00", "5.00"),
        (False, True, "100.00", "10.00", "5.50"),
        # 100 / 1.15 = 86.9565..: 8.70 and 4.35 are taken out
        (True, False, "86.95", "8.70", "4.35"),
        # 100 / 1.155 = 86.5800..: 8.66 and 5 % of 95.238.. = 4.76
        (True, True, "86.58", "8.66", "4.76"),
    ],
)
def test_two_tax_levels(inclusive, compound, subtotal, tax, tax_2):
    totals = total_by_sum(
        [(zar("60"), True), (zar("40"), True)],
        "ZAR",
        TaxRates(D(10), D(5)),
        inclusive=inclusive,
        compound=compound,
    )
    assert (totals.subtotal, totals.tax, totals.tax_2) == (zar(subtotal), zar(tax), zar(tax_2))
    if inclusive:
        assert totals.gross == zar("100")


def test_only_taxed_lines_are_taxed():
    totals = total_by_sum(
        [(zar("60"), True), (zar("40"), False)],
        "ZAR",
        TaxRates(D(10)),
        inclusive=False,
        compound=False,
    )
    assert (totals.tax, totals.gross) == (zar("6"), zar("106"))


def test_the_rule_with_the_lowest_id_wins_and_states_match_exactly():
    rules = (
        TaxRule(1, "US", "TX", D(8)),
        TaxRule(1, "US", "", D(5)),
        TaxRule(2, "", "", D(1)),
    )
    assert rates_for(rules, "US", "TX") == TaxRates(D(8), D(1))
    assert rates_for(rules, "US", "Texas") == TaxRates(D(5), D(1))
    assert rates_for(rules, "ZA", "") == TaxRates(D(0), D(1))


def test_the_documents_rate_is_the_one_all_taxed_lines_share():
    one, _ = price_recurring([line("1"), line("1", vat_applies=False)], "ZAR")
    two, _ = price_recurring([line("1"), line("1", vat_rate=D(14))], "ZAR")
    assert (document_rate(one), document_rate(two)) == (D(15), D(0))


def test_a_whole_discount_of_the_document_leaves_nothing_for_the_lines_own():
    own = line("100", discount_percentage=D(10))
    lines, totals = price_recurring([own], "ZAR", discount_percentage=D(100))
    assert (lines[0].amount, totals.gross) == (zar("0"), zar("0"))
    lines, _ = price_recurring([own], "ZAR")
    assert lines[0].amount == zar("90")
