import time
from contextlib import suppress

import pytest

from adapter.errors import LimitExceeded
from adapter.protocols.base import Limits
from adapter.protocols.phpform import decode_form, encode_form, merge_params

LIMITS = Limits(body_bytes=10_000, fields=10, depth=3)
MEBIBYTE = 1024 * 1024


@pytest.mark.parametrize(
    ("raw", "what", "allowed"),
    [
        (b"a" * 10_001, "bytes", 10_000),
        (b"a=1&" * 10 + b"a=1", "fields", 10),
        (b"&" * 10, "fields", 10),
        (b"a[1][2][3][4]=5", "levels of nesting", 3),
        (b"a" + b"[]" * 1000, "levels of nesting", 3),
        (b"&".join([b"a[b.%d][c][d]=1" % n for n in range(10)]), None, None),
        (b"a=" + b"%" * 11, "malformed escapes", 10),
        (b"a=" + b"%zz" * 11, "malformed escapes", 10),
        (b"a=" + b"%\r" * 11, "malformed escapes", 10),
        (b"a=" + b"%\n" * 11, "malformed escapes", 10),
        (b"a=" + b"%" * 10, None, None),
        (b"a=" + b"%zz" * 10, None, None),
        (b"a=" + b"%41" * 1000, None, None),
    ],
)
def test_a_request_past_a_limit_is_refused_whole(raw, what, allowed):
    if what is None:
        assert decode_form(raw, LIMITS)
        return
    with pytest.raises(LimitExceeded) as caught:
        decode_form(raw, LIMITS)
    assert (caught.value.what, caught.value.allowed) == (what, allowed)


def test_all_names_together_have_a_limit_of_brackets():
    limits = Limits(fields=3, depth=64)
    assert decode_form(b"a[b][c][d][e]=1&a[f][g][h][i]=2&a[j][k][l][m]=3", limits)
    with pytest.raises(LimitExceeded, match="12 brackets"):
        decode_form(b"a[b][c][d][e]=1&a[f][g][h][i]=2&a[j][k][l][m][n]=3", limits)


def test_the_same_number_of_levels_is_allowed_as_php_allows():
    deepest = b"a" + b"[x]" * 64 + b"=1"
    assert decode_form(deepest, Limits())
    with pytest.raises(LimitExceeded, match="64 levels of nesting"):
        decode_form(b"a[x]" + deepest[1:], Limits())


HOSTILE = {
    "equal signs": b"=" * MEBIBYTE,
    "escapes": b"a=" + b"%41" * (MEBIBYTE // 3),
    "escaped percent signs": b"a=" + b"%25" * (MEBIBYTE // 3),
    "no UTF-8": b"a=" + b"\xff" * MEBIBYTE,
    "open brackets": b"a" + b"[" * MEBIBYTE,
    "brackets": b"a" + b"[]" * (MEBIBYTE // 2),
    "percent signs": b"%" * MEBIBYTE,
    "malformed escapes": b"%z" * (MEBIBYTE // 2),
    "appending": b"a[]=&" * 39_999,
    "appending after keys": b"&".join(b"a[%d]=&a[]=" % (n * 7) for n in range(19_999)),
    "deep arrays": (b"a" + b"[]" * 10 + b"&") * 39_999,
    "blanks": b" " * MEBIBYTE,
    "dots": b"." * MEBIBYTE,
}


@pytest.mark.parametrize("raw", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_bodies_cost_no_more_than_their_length(raw):
    start = time.process_time()
    with suppress(LimitExceeded):
        decode_form(raw, Limits())
    # Far above what is measured (benchmarks/decode.py), far below anything quadratic.
    assert time.process_time() - start < 2


@pytest.mark.parametrize(
    ("params", "written"),
    [
        (
            {"a": 1, "b": True, "c": False, "d": None, "e": "", "f": "x y~-_.+&=%\"'/é\udcff"},
            b"a=1&b=1&c=0&e=&f=x+y%7E-_.%2B%26%3D%25%22%27%2F%C3%A9%FF",
        ),
        (
            {"a": ["x", "y"], "b": {"k": {"z": 1}}, "c": [], "d": {"e": (), "f": None}},
            b"a%5B0%5D=x&a%5B1%5D=y&b%5Bk%5D%5Bz%5D=1",
        ),
        (
            {"a b.c~": 1, "a[b]": {"c[d]": 2, "e f~": 3}},
            b"a+b.c%7E=1&a%5Bb%5D%5Bc%5Bd%5D%5D=2&a%5Bb%5D%5Be+f%7E%5D=3",
        ),
        ({"5": "a", "x": {3: "b", 1: "c"}}, b"5=a&x%5B3%5D=b&x%5B1%5D=c"),
        ({}, b""),
    ],
)
def test_forms_are_written_as_http_build_query_writes_them(params, written):
    assert encode_form(params) == written


def test_merging_leaves_both_sides_as_they_were():
    query, body = {"a": {"x": {"y": "1"}}}, {"a": {"x": {"z": "2"}}}
    assert merge_params(query, body) == {"a": {"x": {"y": "1", "z": "2"}}}
    assert query == {"a": {"x": {"y": "1"}}}
    assert body == {"a": {"x": {"z": "2"}}}
