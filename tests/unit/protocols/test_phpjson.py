"""PHP's json_encode style. Expected bytes are what PHP 8.2 writes for the same values."""

from decimal import Decimal

import pytest

from adapter.protocols.phpjson import dumps


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, b"null"),
        (True, b"true"),
        (False, b"false"),
        (0, b"0"),
        (-235, b"-235"),
        ("", b'""'),
        ("https://x/y", b'"https:\\/\\/x\\/y"'),
        ("\\/", b'"\\\\\\/"'),
        ('"', b'"\\""'),
        ("Größe", b'"Gr\\u00f6\\u00dfe"'),
        ("\u20ac", b'"\\u20ac"'),
        ("😀", b'"\\ud83d\\ude00"'),
        ("\b\f\n\r\t", b'"\\b\\f\\n\\r\\t"'),
        ("\x00\x1f", b'"\\u0000\\u001f"'),
        ("\u2028", b'"\\u2028"'),
        ("<&'>", b'"<&\'>"'),
        ([], b"[]"),
        ({}, b"{}"),
        ([1, "a", [None]], b'[1,"a",[null]]'),
        ({"a/b": {"1": "x"}}, b'{"a\\/b":{"1":"x"}}'),
    ],
)
def test_values_are_written_as_php_writes_them(value, expected):
    assert dumps(value) == expected


def test_del_is_written_as_it_is():
    assert dumps("\x7f") == b'"\x7f"'


def test_a_text_that_looks_like_an_escape_stays_that_text():
    assert dumps("\\u007f\\ud800") == b'"\\\\u007f\\\\ud800"'
    assert dumps("\\\x7f") == b'"\\\\\x7f"'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\ud83d", b'"\\ufffd"'),
        ("a\udcffb\ud800", b'"a\\ufffdb\\ufffd"'),
        ("\udc80\ud83d\ude00", b'"\\ufffd\\ud83d\\ude00"'),
    ],
)
def test_half_a_surrogate_pair_becomes_the_replacement_character(text, expected):
    assert dumps(text) == expected


def test_a_decimal_is_refused():
    with pytest.raises(TypeError, match="Decimal"):
        dumps({"total": Decimal("1.00")})  # type: ignore[dict-item]
