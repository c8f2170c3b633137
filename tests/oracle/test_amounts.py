"""Random documents under both rounding policies, against exact fractions."""

from collections import Counter
from collections.abc import Iterable
from fractions import Fraction

import pytest

from adapter.billing.drafts import DocumentDraft
from adapter.billing.model import Rounding
from tests.oracle import amounts
from tests.oracle.documents import Priced, line_documents, sum_documents

DOCUMENTS = 10_000
QUICK = range(300)
POLICIES = {Rounding.LINE: line_documents, Rounding.SUM: sum_documents}
EVERY_POLICY = pytest.mark.parametrize("policy", POLICIES)


def compare(policy: Rounding, documents: Iterable[Priced]) -> Counter[str]:
    """Check each document and count what was seen."""
    seen: Counter[str] = Counter()
    for priced in documents:
        if priced.expected is None:
            assert priced.decision.documents == ()
            assert len(priced.decision.parked) == 1
            seen["refused"] += 1
            continue
        assert priced.decision.parked == ()
        (document,) = priced.decision.documents
        assert document.rounding is policy
        totals = document.totals
        found = amounts.Taxed(
            *(each.hundredths for each in (totals.subtotal, totals.tax, totals.tax_2))
        )
        assert found == priced.expected
        assert [line.amount.hundredths for line in document.lines] == [
            line.amount for line in priced.lines
        ]
        if policy is Rounding.LINE:
            compare_lines(document, priced, seen)
        else:
            compare_sums(document, priced, seen)
        seen["billed"] += 1
        seen["zero"] += not totals.gross
    return seen


def compare_lines(document: DocumentDraft, priced: Priced, seen: Counter[str]) -> None:
    """Check that parts sum to their line and lines to the document."""
    nets = vats = 0
    for line, expected, inclusive in zip(
        document.lines, priced.lines, priced.inclusive, strict=True
    ):
        assert line.net is not None
        assert line.vat is not None
        assert (line.net.hundredths, line.vat.hundredths) == (expected.net, expected.vat)
        if inclusive:
            assert line.net + line.vat == line.amount
            seen["inclusive"] += 1
        else:
            assert line.net == line.amount
        nets += line.net.hundredths
        vats += line.vat.hundredths
    assert document.totals.subtotal.hundredths == nets
    assert document.totals.gross.hundredths == nets + vats == document.total.hundredths


def compare_sums(document: DocumentDraft, priced: Priced, seen: Counter[str]) -> None:
    """Check that the lines sum to the total, or to the subtotal where the tax is on top."""
    whole = sum(line.amount.hundredths for line in document.lines)
    totals = document.totals
    if priced.inclusive[0]:
        assert totals.gross.hundredths == whole
        seen["inclusive"] += 1
    else:
        assert totals.subtotal.hundredths == whole
    assert totals.gross == document.total
    seen["two levels"] += bool(totals.tax_2)


@EVERY_POLICY
def test_some_random_documents_come_to_what_exact_fractions_say(policy):
    seen = compare(policy, POLICIES[policy](QUICK))
    assert seen["billed"] > 200
    assert seen["inclusive"] > 100


@pytest.mark.slow
@EVERY_POLICY
def test_ten_thousand_random_documents_come_to_what_exact_fractions_say(policy):
    seen = compare(policy, POLICIES[policy](range(DOCUMENTS)))
    assert seen["billed"] + seen["refused"] == DOCUMENTS
    assert seen["billed"] > DOCUMENTS * 0.8
    assert seen["refused" if policy is Rounding.LINE else "two levels"] > 200


@EVERY_POLICY
def test_a_number_gives_the_same_document_always(policy):
    make = POLICIES[policy]
    assert list(make(range(7, 9)))[1] == next(make(range(8, 9)))


@pytest.mark.parametrize(
    ("value", "places", "expected"),
    [("1/200", 2, "1/100"), ("-1/200", 2, "-1/100"), ("4999/1000000", 2, "0"), ("5/2", 0, "3")],
)
def test_the_oracle_rounds_a_half_away_from_zero(value, places, expected):
    assert amounts.rounded(Fraction(value), places) == Fraction(expected)


def test_the_oracle_on_amounts_worked_out_by_hand():
    assert amounts.vat_split(11500, 15, inclusive=True) == amounts.Split(11500, 10000, 1500)
    assert amounts.vat_split(9999, 15, inclusive=True) == amounts.Split(9999, 8695, 1304)
    assert amounts.vat_split(3, 50, inclusive=False) == amounts.Split(3, 3, 2)
    assert amounts.shared(100, [1, 1, 1, 0]) == [33, 33, 34, 0]
    assert amounts.taxed_sum(
        [(10000, True), (500, False)], (10, 5), inclusive=False, compound=True
    ) == amounts.Taxed(10500, 1000, 550)
    assert amounts.taxed_sum(
        [(11550, True)], (10, 5), inclusive=True, compound=True
    ) == amounts.Taxed(10000, 1000, 550)
