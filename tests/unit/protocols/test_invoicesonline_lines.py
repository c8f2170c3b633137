"""Rows of `data` as lines. Every column's rules: contracts/invoicesonline/*.toml."""

import time
from decimal import Decimal

import pytest

from adapter.billing.model import RecurringLine
from adapter.errors import InvalidField, LimitExceeded
from adapter.protocols.base import Limits
from adapter.protocols.invoicesonline import Quirks
from adapter.protocols.invoicesonline.columns import (
    COLUMN_WORDS,
    LINE_COLUMNS,
    POSITIONS,
    cell_label,
)
from adapter.protocols.invoicesonline.lines import read_lines

ROW = ["A1", "2", "Hosting", "99.95", "ZAR", "1", "15.00", "0"]
LINE = RecurringLine(
    product_code="A1",
    quantity=Decimal(2),
    description="Hosting",
    unit_price=Decimal("99.95"),
    currency="ZAR",
    vat_applies=True,
    vat_rate=Decimal(15),
    includes_vat=False,
)


def read(data: object, quirks: Quirks | None = None) -> tuple[RecurringLine, ...]:
    return read_lines(data, quirks or Quirks(), Limits())


def test_there_are_sixteen_columns_of_which_one_is_not_implemented():
    assert len(LINE_COLUMNS) == 16
    assert LINE_COLUMNS.index(None) == 12
    assert set(POSITIONS) == set(COLUMN_WORDS)
    assert cell_label(2, "unit_price") == "data[2][3] (amount)"


@pytest.mark.parametrize(
    "data",
    [
        [ROW],
        {"0": ROW},
        [{str(index): cell for index, cell in enumerate(ROW)}],
        {"5": {str(index): cell for index, cell in reversed(list(enumerate(ROW)))}},
        '[["A1","2","Hosting","99.95","ZAR","1","15.00","0"]]',
        [[*ROW, "", "", "", "", ["ignored"], "0", "", ""]],
    ],
)
def test_every_shape_means_the_same_line(data):
    assert read(data) == (LINE,)


def test_all_sixteen_columns_have_their_names():
    row = [*ROW, "c1", "c2", "c3", "60.1234", "x", "12.50", "c4", "c5"]
    (line,) = read([row])
    assert line.custom == ("c1", "c2", "c3", "c4", "c5")
    assert line.cost_price == Decimal("60.1234")
    assert line.discount_percentage == Decimal("12.50")


def test_lines_have_the_order_of_their_indexes():
    second = ["B", *ROW[1:]]
    assert [line.product_code for line in read({"9": ROW, "3": second})] == ["B", "A1"]


def test_an_error_names_row_column_and_rule():
    row = [*ROW[:3], "1.1234567", *ROW[4:]]
    with pytest.raises(InvalidField) as caught:
        read({"2": ROW, "7": row})
    assert caught.value.path == "data[7][3]"
    assert caught.value.rule == "places"
    assert str(caught.value) == "data[7][3] (amount) must have at most 6 decimals"


@pytest.mark.parametrize("data", [[], {}, None, "", "[]"])
def test_no_rows_are_an_error(data):
    with pytest.raises(InvalidField, match="data must hold at least one line"):
        read(data)


def test_a_cell_that_is_a_list_is_no_key_of_anything():
    with pytest.raises(InvalidField, match=r"data\[0\]\[1\] \(qty\) must be a number"):
        read([["A1", ["2"], *ROW[2:]]])


def test_a_missing_flag_is_not_empty():
    with pytest.raises(InvalidField, match=r"\(amount_includes_vat\) is required"):
        read([ROW[:7]], Quirks(empty_required_booleans=True))


def test_the_switch_makes_empty_flags_false():
    (line,) = read([[*ROW[:5], "", "15.00", ""]], Quirks(empty_required_booleans=True))
    assert (line.vat_applies, line.includes_vat) == (False, False)


@pytest.mark.parametrize(
    ("text", "rounded"), [("0.005", "0.01"), ("-0.005", "-0.01"), ("1.0049999999", "1.00")]
)
def test_the_switch_rounds_unit_prices_half_up(text, rounded):
    (line,) = read([[*ROW[:3], text, *ROW[4:]]], Quirks(round_unit_price=True))
    assert line.unit_price == Decimal(rounded)


def test_a_line_comes_to_no_more_than_the_store_keeps():
    largest = [*ROW[:1], "2", "Tower", "450000000000.00", *ROW[4:]]
    assert read([largest])[0].unit_price == Decimal(450000000000)
    with pytest.raises(InvalidField) as caught:
        read([ROW, [*largest[:3], "-450000000000.01", *ROW[4:]]])
    assert str(caught.value) == "data[1] must come to at most 900000000000.00"


def test_all_lines_have_one_currency():
    with pytest.raises(InvalidField) as caught:
        read([ROW, ROW, [*ROW[:4], "USD", *ROW[5:]]])
    assert caught.value.path == "data[2][4]"
    assert caught.value.rule == "same_currency"


def test_more_rows_than_allowed_are_refused():
    with pytest.raises(LimitExceeded):
        read_lines([ROW] * 3, Quirks(), Limits(rows=2))


def test_a_thousand_rows_are_read_in_a_fraction_of_a_request():
    data = [[f"A{n}", str(n % 7 + 1), f"Line {n}", f"{100 + n}.50", *ROW[4:]] for n in range(1000)]
    read(data)
    best = min(_seconds(data) for _ in range(5))
    assert best < 0.03


def _seconds(data: object) -> float:
    start = time.process_time()
    read(data)
    return time.process_time() - start
