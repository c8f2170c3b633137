"""Placeholders and masks of contract texts."""

from datetime import date

import pytest

from adapter.bridge.contracts.placeholders import (
    BadPlaceholder,
    Mask,
    UnknownName,
    Values,
    escape_for,
    fill,
    pattern,
    to_bytes,
    to_text,
    tokens,
)

TODAY = date(2026, 1, 31)


def values(**known: str) -> Values:
    def lookup(name: str) -> str:
        if name not in known:
            raise UnknownName(name)
        return known[name]

    return Values(lookup, TODAY, lambda name: name == "secret")


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("plain", "plain"),
        ("${today}", "2026-01-31"),
        ("${today+10}", "2026-02-10"),
        ("${today-31}", "2025-12-31"),
        ("${today+1m}", "2026-02-28"),
        ("${today-2y}", "2024-01-31"),
        ("${today+2w}", "2026-02-14"),
        ("${today:%d/%m/%Y}", "31/01/2026"),
        (r"${today+1m:%d\/%m\/%Y}", r"28\/02\/2026"),
        ("a ${name} b", "a Ann b"),
        ("${outer}", "<Ann 2026-01-31>"),
        ("$${name}", "${name}"),
        ("$name {} }{", "$name {} }{"),
        ("${odd|form}", "a+%26%2F%22"),
        ("${odd|json}", r"a &\/\""),
        ("${odd|xml}", 'a &amp;/"'),
        ("${name|md5}", "82e335f7ac0e0e412b2ae15abe662110"),
        ("${name|upper}", "ANN"),
        ("${outer|lower|form}", "%3Cann+2026-01-31%3E"),
        ("${repeat:3:&d[#]=#}", "&d[0]=0&d[1]=1&d[2]=2"),
        ("${repeat:0:x}", ""),
    ],
)
def test_a_placeholder_is_filled_in(text, filled):
    known = {"name": "Ann", "outer": "<${name} ${today}>", "odd": 'a &/"'}
    assert fill(text, values(**known)) == filled


def test_a_raw_byte_becomes_that_byte():
    assert to_bytes(fill("é${byte:ff}${byte:41}${byte:00}", values())) == b"\xc3\xa9\xffA\x00"


@pytest.mark.parametrize("data", [b"", b"plain", b"\xff\x80", "é€".encode(), b"\xed\xb3\xbf"])
def test_bytes_become_text_and_back(data):
    assert to_bytes(to_text(data)) == data


@pytest.mark.parametrize(
    ("body", "content_type", "filled"),
    [
        ("secret=${secret}", "application/x-www-form-urlencoded", "secret=a%26%22%2F"),
        ('{"secret":"${secret}"}', "application/x-www-form-urlencoded", r'{"secret":"a&\"\/"}'),
        ("${secret}", "multipart/form-data; boundary=x", 'a&"/'),
        ("${secret|raw}", "application/x-www-form-urlencoded", 'a&"/'),
    ],
)
def test_a_credential_is_escaped_for_its_place(body, content_type, filled):
    assert fill(body, values(secret='a&"/'), escape_for(body, content_type)) == filled


def test_a_credential_is_never_read_as_a_placeholder():
    assert fill("${secret}", values(secret="${any}${today}")) == "${any}${today}"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("${}", "no placeholder"),
        ("${a b}", "no placeholder"),
        ("${name|rot13}", "the filters are"),
        ("${any:number}", "the kinds are"),
        ("${save:a-b:int}", "letters, digits and _"),
        ("${loop}", "without end"),
    ],
)
def test_a_bad_placeholder_is_named(text, problem):
    with pytest.raises(BadPlaceholder, match=problem):
        tokens(text, values(name="Ann", loop="${loop}"))


def test_an_unknown_name_is_named():
    with pytest.raises(UnknownName) as caught:
        fill("x${client_id}", values())
    assert caught.value.name == "client_id"


def test_a_mask_stands_only_in_expected_texts():
    with pytest.raises(BadPlaceholder, match="nothing can be masked"):
        fill("${any:int}", values())


@pytest.mark.parametrize(
    ("kind", "fits", "fails"),
    [
        ("int", ["0", "-12"], ["", "1.0", "1a", "٣"]),
        ("digits", ["007"], ["-1"]),
        ("money", ["15.95", "-0.50"], ["15.9", "15", "1,00"]),
        ("decimal", ["1", "1.234"], ["1.", "."]),
        ("date", ["2026-01-15"], ["2026-1-15", "15/01/2026"]),
        ("datetime", ["2026-01-15 00:30:00"], ["2026-01-15", "2026-01-15T00:30:00"]),
        ("word", ["a-b_c.1"], ["a b", ""]),
        ("line", ["any thing", ""], ["a\nb"]),
        ("text", ["", "it's", r"a \" b"], ['a"b', "<b>"]),
        ("any", ["", 'a"\n<b>'], []),
    ],
)
def test_a_mask_fits_its_kind(kind, fits, fails):
    whole = pattern(tokens(f"[${{any:{kind}}}]", values()))
    assert [text for text in fits if not whole.fullmatch(f"[{text}]")] == []
    assert [text for text in fails if whole.fullmatch(f"[{text}]")] == []


def test_a_literal_is_no_pattern():
    whole = pattern(tokens("a.c[0]*", values()))
    assert whole.fullmatch("a.c[0]*")
    assert not whole.fullmatch("abc0")


def test_a_capture_repeats_in_the_same_text():
    parts = tokens('{"message":"${save:why}","error":"${why}"}', values())
    whole = pattern(parts)
    match = whole.fullmatch('{"message":"bad","error":"bad"}')
    assert match is not None
    assert match.groupdict() == {"why": "bad"}
    assert not whole.fullmatch('{"message":"bad","error":"worse"}')


def test_a_variable_may_hold_a_mask():
    assert tokens("a${tail}", values(tail=" ${any:int}")) == ["a ", Mask("int")]
