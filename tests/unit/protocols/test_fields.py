from datetime import date
from decimal import Decimal

import pytest
from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate, validates_schema

from adapter.protocols.fields import (
    Empty,
    RuleText,
    WireBool,
    WireDate,
    WireDecimal,
    WireField,
    WireInt,
    WireIntList,
    WireStrictBool,
    WireText,
    invalid_field,
)

ABSENT = object()


def load(field, value):
    """What a schema of this one field makes of a value; the broken rule where it is refused."""
    schema = Schema.from_dict({"x": field})()
    try:
        loaded = schema.load({} if value is ABSENT else {"x": value})
    except ValidationError as error:
        return error.messages_dict["x"][0].rule
    return loaded.get("x", ABSENT)


@pytest.mark.parametrize(
    ("value", "loaded"),
    [
        ("7", 7),
        ("007", 7),
        ("+7", 7),
        ("-7", -7),
        ("-0", 0),
        ("0", 0),
        ("000", 0),
        (" 7\r\n", 7),
        ("9223372036854775807", 2**63 - 1),
        ("-9223372036854775808", -(2**63)),
        ("0" * 100_000 + "7", 7),
        ("9223372036854775808", "maximum"),
        ("-9223372036854775809", "minimum"),
        ("9" * 100_000, "maximum"),
        ("-" + "9" * 100_000, "minimum"),
        ("1_0", "integer"),
        ("1.9", "integer"),
        ("1.0", "integer"),
        ("1e3", "integer"),
        ("0x1", "integer"),
        ("1,000", "integer"),
        ("1 000", "integer"),
        ("- 1", "integer"),
        ("--1", "integer"),
        ("+", "integer"),
        ("\u0661", "integer"),
        ("\uff11", "integer"),
        ("\u00a07", "integer"),
        ("7\0", "integer"),
        ("abc", "integer"),
        ("\udcff", "integer"),
        (7, "integer"),
        (7.0, "integer"),
        (True, "integer"),
        (["7"], "integer"),
        ({"0": "7"}, "integer"),
        ("", ABSENT),
        ("  ", ABSENT),
        (None, ABSENT),
        (ABSENT, ABSENT),
    ],
)
def test_whole_numbers_are_ascii_digits_and_nothing_else(value, loaded):
    assert load(WireInt(), value) == loaded


def test_a_whole_number_has_bounds():
    field = WireInt(minimum=1, maximum=9)
    assert [load(field, text) for text in ("0", "1", "9", "10")] == ["minimum", 1, 9, "maximum"]


@pytest.mark.parametrize("value", ["", " \t", None, ABSENT])
def test_what_is_required_must_be_sent_and_not_empty(value):
    assert load(WireInt(required=True), value) == "required"
    assert load(WireStrictBool(required=True), value) == "required"
    assert load(WireDecimal(required=True), value) == "required"
    assert load(WireDate(required=True), value) == "required"
    assert load(WireText(required=True, max_length=9, empty=Empty.ABSENT), value) == "required"
    # Of an id list a blank is an entry that is no number: a filter that matches nothing.
    expected = () if value == " \t" else "required"
    assert load(WireIntList(required=True), value) == expected


@pytest.mark.parametrize(
    ("field", "loaded"),
    [
        (WireInt(empty=Empty.REFUSED), "empty"),
        (WireInt(empty=0), 0),
        (WireInt(load_default=5), 5),
        (WireStrictBool(empty=Empty.REFUSED), "empty"),
        (WireStrictBool(empty=False), False),
        (WireStrictBool(empty=None), None),
        (WireStrictBool(load_default=None), None),
        (WireStrictBool(required=True, empty=False), False),
        (WireText(max_length=1), ""),
        (WireText(max_length=1, empty=Empty.REFUSED), "empty"),
        (WireText(max_length=1, empty=None), None),
    ],
)
def test_a_field_says_what_empty_text_means(field, loaded):
    assert load(field, "") == loaded


@pytest.mark.parametrize(
    ("value", "loaded"),
    [
        (ABSENT, None),
        (None, None),
        ("", None),
        ("  ", ()),
        ([], None),
        ({}, None),
        ("5", (5,)),
        ("5,6", (5, 6)),
        (" 5 , 6 ", (5, 6)),
        ("5,,6", (5, 6)),
        ("5,5,6,5", (5, 6)),
        ({"0": "1", "1": "2"}, (1, 2)),
        ({"7": "1", "x": "2"}, (1, 2)),
        (["3", "1", "2"], (3, 1, 2)),
        (["0", "-1", "+2", "03"], (0, -1, 2, 3)),
        (["1", "x", "2.0", "1e3", "3_0", "\u0661"], (1,)),
        (["1", ["2"], {"0": "3"}, None, True, ""], (1,)),
        (["5,6"], ()),
        (["9223372036854775808", "-9223372036854775809", "9" * 9999], ()),
        ("abc", ()),
        (",", ()),
        ("0,", (0,)),
        ([""], ()),
        ({"0": ""}, ()),
        ([[]], ()),
        (True, ()),
        (False, ()),
        (5, ()),
    ],
)
def test_an_id_list_narrows_or_matches_nothing_but_never_widens(value, loaded):
    assert load(WireIntList(), value) == loaded


@pytest.mark.parametrize("value", ["1,2,3", ["1", "2", "3"], {"a": "1", "b": "2", "c": "3"}])
def test_an_id_list_has_a_limit(value):
    assert load(WireIntList(max_length=3), value) == (1, 2, 3)
    assert load(WireIntList(max_length=2), value) == "max_length"


def test_an_id_list_can_default_to_something_else():
    assert load(WireIntList(load_default=()), ABSENT) == ()


@pytest.mark.parametrize(
    ("value", "loaded"),
    [
        *((text, False) for text in ("", " ", "0", "false", "FALSE", "off", "No", "null", " 0 ")),
        *((text, True) for text in ("1", "true", "on", "yes", "2", "x", "00", "0.0", "-1", "nil")),
        (True, True),
        (False, False),
        (ABSENT, False),
        (None, False),
        (["1"], "boolean"),
        ({"0": "1"}, "boolean"),
        (1, "boolean"),
    ],
)
def test_a_loose_flag_is_false_by_a_few_words_only(value, loaded):
    assert load(WireBool(), value) is loaded or loaded == "boolean" == load(WireBool(), value)
    opposite = load(WireBool(invert=True), value)
    assert opposite == "boolean" if loaded == "boolean" else opposite is not loaded


@pytest.mark.parametrize("invert", [True, False])
def test_a_loose_flag_that_is_not_sent_can_be_told_from_false(invert):
    field = WireBool(load_default=None, invert=invert)
    assert load(field, ABSENT) is None
    assert load(field, "0") is invert
    assert load(field, "") is invert
    assert load(WireBool(required=True), ABSENT) == "required"


@pytest.mark.parametrize(
    ("value", "loaded"),
    [
        *((text, True) for text in ("1", "true", "TRUE", "on", "Yes", " 1 ")),
        *((text, False) for text in ("0", "false", "FALSE", "off", "NO", "0\n")),
        (True, True),
        (False, False),
        *((text, "boolean") for text in ("2", "-1", "00", "1.0", "y", "n", "null", "x", "\u0661")),
        (["1"], "boolean"),
        ({"0": "1"}, "boolean"),
        (1, "boolean"),
        (0, "boolean"),
        ("", ABSENT),
        (None, ABSENT),
    ],
)
def test_a_strict_flag_knows_its_words_and_refuses_the_rest(value, loaded):
    result = load(WireStrictBool(), value)
    assert result == loaded
    assert type(result) is type(loaded)


@pytest.mark.parametrize(
    ("value", "loaded"),
    [
        ("1", "1"),
        ("1.5", "1.5"),
        ("199.99", "199.99"),
        ("199.90", "199.90"),
        ("+1.00", "1.00"),
        ("-1.00", "-1.00"),
        ("-0", "0"),
        ("-0.00", "0.00"),
        ("007.50", "7.50"),
        (".5", "0.5"),
        ("5.", "5"),
        (" 5.00 ", "5.00"),
        ("15.0000", "15.00"),
        ("15.0000000000000000000000000000000000000", "15.00"),
        ("900000000000.00", "900000000000.00"),
        ("0" * 1000 + "1", "1"),
    ],
)
def test_a_decimal_keeps_every_digit_that_counts(value, loaded):
    number = load(WireDecimal(), value)
    assert isinstance(number, Decimal)
    assert str(number) == loaded


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        ("1.005", "places"),
        ("0.001", "places"),
        ("1." + "1" * 100_000, "places"),
        ("900000000000.01", "maximum"),
        ("-900000000000.01", "minimum"),
        ("1" + "0" * 100_000, "maximum"),
        ("-" + "1" * 100_000 + ".001", "minimum"),
        ("1,5", "decimal"),
        ("1,000.00", "decimal"),
        ("1 000.00", "decimal"),
        ("1'000", "decimal"),
        ("1_000", "decimal"),
        ("1.2.3", "decimal"),
        ("1e3", "decimal"),
        ("1E+3", "decimal"),
        ("NaN", "decimal"),
        ("sNaN", "decimal"),
        ("Infinity", "decimal"),
        ("-inf", "decimal"),
        ("0x1", "decimal"),
        ("R5", "decimal"),
        ("5%", "decimal"),
        (".", "decimal"),
        ("-", "decimal"),
        ("+.", "decimal"),
        ("--5", "decimal"),
        ("\u0661.5", "decimal"),
        ("\uff15", "decimal"),
        ("5\0", "decimal"),
        (True, "decimal"),
        (5, "decimal"),
        (5.5, "decimal"),
        (["5"], "decimal"),
        ({"0": "5"}, "decimal"),
    ],
)
def test_what_is_no_plain_decimal_is_refused(value, rule):
    assert load(WireDecimal(), value) == rule


def test_a_decimal_has_places_and_bounds():
    field = WireDecimal(places=6, minimum=Decimal(0), maximum=Decimal(100))
    assert load(field, "14.123456") == Decimal("14.123456")
    assert load(field, "14.1234567") == "places"
    assert load(field, "-0.000001") == "minimum"
    assert load(field, "100.000001") == "maximum"
    assert load(WireDecimal(places=0), "5.00") == Decimal(5)
    assert load(WireDecimal(places=0), "5.1") == "places"


@pytest.mark.parametrize(
    ("value", "exact", "legacy"),
    [
        ("2024-01-31", date(2024, 1, 31), date(2024, 1, 31)),
        (" 2024-02-29 ", date(2024, 2, 29), date(2024, 2, 29)),
        ("1900-01-01", date(1900, 1, 1), date(1900, 1, 1)),
        ("2999-12-31", date(2999, 12, 31), date(2999, 12, 31)),
        ("1899-12-31", "earliest", "earliest"),
        ("3000-01-01", "latest", "latest"),
        ("0001-01-01", "earliest", "earliest"),
        ("2023-02-29", "date", "date"),
        ("2024-13-01", "date", "date"),
        ("2024-00-10", "date", "date"),
        ("0000-01-01", "date", "date"),
        ("2024-1-31", "date", "date"),
        ("24-01-31", "date", "date"),
        ("2024-01-31T00:00:00", "date", "date"),
        ("2024-01-31 00:00:00", "date", "date"),
        ("2024-W05-3", "date", "date"),
        ("\u0662024-01-31", "date", "date"),
        ("2024-01-3\u0661", "date", "date"),
        ("20240131", "date", date(2024, 1, 31)),
        ("20240230", "date", "date"),
        ("31/01/2024", "date", date(2024, 1, 31)),
        ("01-02-2099", "date", date(2099, 2, 1)),
        ("01.02.2024", "date", date(2024, 2, 1)),
        ("01/02-2024", "date", "date"),
        ("01/13/2024", "date", "date"),
        ("2024/01/31", "date", "date"),
        ("1/2/2024", "date", "date"),
        ("0000-00-00", "date", None),
        ("now", "date", "date"),
        (True, "date", "date"),
        (["2024-01-31"], "date", "date"),
        ("", ABSENT, ABSENT),
        (None, ABSENT, ABSENT),
    ],
)
def test_a_date_is_a_real_day_in_an_exact_form(value, exact, legacy):
    assert load(WireDate(), value) == exact
    assert load(WireDate(legacy=True), value) == legacy


def test_the_bounds_of_a_date_can_be_moved():
    field = WireDate(earliest=date.min, latest=date.max)
    assert load(field, "0001-01-01") == date.min
    assert load(field, "9999-12-31") == date.max


@pytest.mark.parametrize(
    ("value", "loaded"),
    [
        ("", ""),
        (" ", " "),
        ("x", "x"),
        (" é😀 ", " é😀 "),
        ("a\r\nb", "a\r\nb"),
        ("a\tb\x07\u2028", "a\tb\x07\u2028"),
        ("x" * 20, "x" * 20),
        ("😀" * 20, "😀" * 20),
        ("x" * 21, "max_length"),
        ("\udcff", "encoding"),
        ("a\0b", "nul"),
        (True, "text"),
        (5, "text"),
        ([], "text"),
        (["x"], "text"),
        ({"0": "x"}, "text"),
        (None, ABSENT),
        (ABSENT, ABSENT),
    ],
)
def test_text_is_kept_as_it_is_or_refused(value, loaded):
    assert load(WireText(max_length=20), value) == loaded


@pytest.mark.parametrize("text", ["a\rb", "a\nb", "a\r\nb", "\n"])
def test_text_that_goes_into_a_header_is_one_line(text):
    assert load(WireText(max_length=20, single_line=True), text) == "single_line"
    assert load(WireText(max_length=20, single_line=True), "a\tb") == "a\tb"


def test_blank_text_is_empty_where_empty_text_is_no_text():
    assert load(WireText(max_length=20, empty=Empty.REFUSED), "  ") == "empty"
    assert load(WireText(max_length=20, empty=Empty.ABSENT), " ") is ABSENT
    assert load(WireText(max_length=20, empty=Empty.ABSENT), " x ") == " x "


class LineSchema(Schema):
    class Meta:
        unknown = EXCLUDE

    description = WireText(data_key="2", required=True, max_length=3)
    quantity = WireDecimal(data_key="1", required=True)


class OrderSchema(Schema):
    class Meta:
        unknown = EXCLUDE

    client_id = WireInt(data_key="clientid", minimum=1)
    paused = WireStrictBool(required=True)
    status = WireText(max_length=9, validate=validate.OneOf(["Active"]))
    line = fields.Nested(LineSchema)
    lines = fields.Nested(LineSchema, many=True, data_key="data")
    numbers = fields.List(WireInt())

    @validates_schema
    def _check(self, data, **_):
        if data.get("client_id") == 13:
            raise ValidationError("clientid 13 is taken")


GOOD = {"paused": "0"}
LINE = {"1": "5", "2": "x"}


@pytest.mark.parametrize(
    ("sent", "path", "rule", "detail"),
    [
        ({}, "paused", "required", "paused is required"),
        (
            {"paused": "x", "clientid": "y"},
            "clientid",
            "integer",
            "clientid must be a whole number",
        ),
        ({**GOOD, "clientid": "0"}, "clientid", "minimum", "clientid must be at least 1"),
        ({**GOOD, "status": "x"}, "status", "invalid", "status Must be one of: Active."),
        ({**GOOD, "line": {}}, "line[2]", "required", "line[2] is required"),
        ({**GOOD, "line": {**LINE, "1": "x"}}, "line[1]", "decimal", None),
        ({**GOOD, "line": "x"}, "line", "invalid", "line Invalid input type."),
        (
            {**GOOD, "data": [LINE, {**LINE, "1": "x", "2": "xxxx"}, {}]},
            "data[1][2]",
            "max_length",
            "data[1][2] must be at most 3 characters long",
        ),
        ({**GOOD, "numbers": ["1", "x", "y"]}, "numbers[1]", "integer", None),
        ({**GOOD, "clientid": "13"}, "", "invalid", "clientid 13 is taken"),
    ],
)
def test_the_first_broken_field_in_the_schemas_order_is_named(sent, path, rule, detail):
    schema = OrderSchema()
    with pytest.raises(ValidationError) as caught:
        schema.load(sent)
    error = invalid_field(caught.value, schema)
    assert (error.path, error.rule) == (path, rule)
    assert detail is None or str(error) == detail


def test_a_row_is_named_by_where_its_schema_was_applied():
    schema = LineSchema()
    with pytest.raises(ValidationError) as caught:
        schema.load({"2": "x", "1": "1,5"})
    error = invalid_field(caught.value, schema, "data[7]")
    assert (error.path, error.rule) == ("data[7][1]", "decimal")
    assert str(error) == "data[7][1] must be a number such as 1234.50"


def test_an_error_of_no_field_is_named_by_the_prefix():
    error = invalid_field(ValidationError("is wrong"), LineSchema(), "data[7]")
    assert (error.path, error.rule, str(error)) == ("data[7]", "invalid", "data[7] is wrong")


def test_a_schema_can_replace_the_text_of_a_rule_and_keep_the_rule():
    field = WireInt(error_messages={"integer": "is not a {thing}"})
    error = field.make_error("integer", thing="number")
    assert error.messages == ["is not a number"]
    assert error.messages[0].rule == "integer"


def test_a_message_is_text_that_knows_its_rule():
    text = RuleText("is required", "required")
    assert (text, text.rule) == ("is required", "required")


def test_every_rule_has_a_text_without_an_end():
    for kind in (WireInt, WireIntList, WireBool, WireStrictBool, WireDecimal, WireDate, WireText):
        assert issubclass(kind, WireField)
        for text in kind.default_error_messages.values():
            assert str(text).startswith(("must ", "is "))
            assert not str(text).endswith(".")


def test_a_long_run_of_zeros_is_read_in_linear_time():
    # Quadratic backtracking took seconds here; a bound on steps needs no clock.
    field = WireInt()
    zeros = "0" * 200_000
    assert field.deserialize(zeros + "7") == 7
    assert field.deserialize(zeros) == 0
    with pytest.raises(ValidationError):
        field.deserialize(zeros + "x")
