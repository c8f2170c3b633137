import json
import time

import pytest
from marshmallow import missing

from adapter.errors import InvalidField, LimitExceeded, Malformed
from adapter.protocols.base import Limits
from adapter.protocols.jsonbody import decode_json, rows

LIMITS = Limits(body_bytes=2000, fields=10, depth=3, rows=3, columns=4)


@pytest.mark.parametrize(
    ("raw", "decoded"),
    [
        (b"{}", {}),
        (b' \t\r\n{"a":1}\n', {"a": "1"}),
        (b'\xef\xbb\xbf{"a":"b"}', {"a": "b"}),
        (b'{"a":1,"b":-0,"c":1.50,"d":1e999,"e":-1.0E+2}', None),
        (b'{"a":%s}' % (b"9" * 1000), {"a": "9" * 1000}),
        (b'{"a":null,"b":true,"c":false}', {"a": None, "b": True, "c": False}),
        (b'{"a":1,"b":2,"a":3}', {"a": "3", "b": "2"}),
        (b'{"a":[[1,"x"],{"0":2}]}', {"a": [["1", "x"], {"0": "2"}]}),
        (b'{"a":"\\u00e9\xc3\xa9\\ud83d\\ude00\\u0000"}', {"a": "éé😀\0"}),
        (b'{"":{"":""}}', {"": {"": ""}}),
        (b'{"a":"%s"}' % (b"," * 1000), {"a": "," * 1000}),
        (b'{"a":"%s"}' % (b"[" * 1000), {"a": "[" * 1000}),
        (b'{"a":"][}{","b":[1]}', {"a": "][}{", "b": ["1"]}),
        (b'{"a":"\\"[[[[,,,,,,,,,,,\\\\"}', {"a": '"[[[[,,,,,,,,,,,\\'}),
    ],
)
def test_json_keeps_the_text_of_numbers(raw, decoded):
    if decoded is None:
        decoded = {"a": "1", "b": "-0", "c": "1.50", "d": "1e999", "e": "-1.0E+2"}
    assert decode_json(raw, LIMITS) == decoded


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (b"", "The JSON text is malformed"),
        (b"{", "The JSON text is malformed"),
        (b'{"a":1', "The JSON text is malformed"),
        (b'{"a":1}x', "The JSON text is malformed"),
        (b"{'a':1}", "The JSON text is malformed"),
        (b'{"a":1,}', "The JSON text is malformed"),
        (b'{"a":NaN}', "The JSON text is malformed"),
        (b'{"a":Infinity}', "The JSON text is malformed"),
        (b'{"a":-Infinity}', "The JSON text is malformed"),
        (b'{"a":01}', "The JSON text is malformed"),
        (b'{"a":"\n"}', "The JSON text is malformed"),
        (b'{"a":"\xff"}', "The JSON text is malformed"),
        (b'{"a":"\xed\xa0\x80"}', "The JSON text is malformed"),
        (b'{"a":"\\ud800"}', "half a surrogate pair"),
        (b'{"a":["\\uDFff\\ud800"]}', "half a surrogate pair"),
        (b'{"\\udcff":1}', "half a surrogate pair"),
        (b"[]", "The JSON body is not an object"),
        (b'"a"', "The JSON body is not an object"),
        (b"1", "The JSON body is not an object"),
        (b"null", "The JSON body is not an object"),
    ],
)
def test_anything_but_a_json_object_is_malformed(raw, problem):
    with pytest.raises(Malformed, match=problem):
        decode_json(raw, LIMITS)


@pytest.mark.parametrize(
    ("raw", "what"),
    [
        (b'{"a":"%s"}' % (b"x" * 2000), "bytes"),
        (b'{"a":[%s1]}' % (b"1," * 10), "fields"),
        (b"{%s}" % b",".join(b'"%d":1' % n for n in range(11)), "fields"),
        (b'{"a":[[],[],[],[],[],[],[],[],[],[]]}', "fields"),
        (b'{"a":["%s",1,1,1,1,1,1,1,1,1,1]}' % (b"," * 50), "fields"),
        (b'{"a":[[[[]]]]}', "levels of nesting"),
        (b'{"a":{"b":{"c":{"d":{"e":1}}}}}', "levels of nesting"),
        (b'{"a":' + b"[" * 900 + b"]" * 900 + b"}", "levels of nesting"),
    ],
)
def test_json_past_a_limit_is_refused_whole(raw, what):
    with pytest.raises(LimitExceeded) as caught:
        decode_json(raw, LIMITS)
    assert caught.value.what == what


@pytest.mark.parametrize("raw", [b'{"a":[[[1]]]}', b'{"a":[1,2,3,4,5,6,7,8,9]}'])
def test_json_up_to_the_limits_is_read(raw):
    assert decode_json(raw, LIMITS)["a"]


HOSTILE = {
    "deep lists": b'{"a":' + b"[" * 4_000_000,
    "deep objects": b'{"a":' * 1_000_000,
    "commas in a text": b'{"a":"' + b"," * 8_000_000 + b'"}',
    "brackets in a text": b'{"a":"' + b"[" * 8_000_000 + b'"}',
    "pairs of brackets in a text": b'{"a":"' + b"[]{}" * 2_000_000 + b'"}',
    "nested brackets in a text": b'{"a":"' + (b"[" * 70 + b"]" * 70) * 50_000 + b'"}',
    "backslashes": b'{"a":"' + b"\\\\" * 4_000_000 + b'"}',
    "quotes": b'"' * 8_000_000,
    "commas": b"," * 8_000_000,
    "digits": b'{"a":' + b"1" * 8_000_000 + b"}",
    "empty lists": b'{"a":[' + b"[]," * 2_600_000 + b"1]}",
}


@pytest.mark.parametrize("raw", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_bodies_cost_no_more_than_their_length(raw):
    start = time.process_time()
    try:
        assert decode_json(raw, Limits())["a"]
    except Malformed as error:
        assert str(error)  # noqa: PT017  # either answer will do, at this price
    assert time.process_time() - start < 3


ROW = ["A", "1"]
OTHER = ["B", "2", "", None]


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ([ROW, OTHER], {0: ROW, 1: OTHER}),
        ([{"0": "A", "1": "1"}], {0: ROW}),
        ([{"1": "1", "0": "A"}], {0: ROW}),
        ([{"3": "x", "0": "A"}], {0: ["A", missing, missing, "x"]}),
        ([{"2": None}, ROW], {0: [missing, missing, None], 1: ROW}),
        ({"0": ROW, "2": OTHER}, {0: ROW, 2: OTHER}),
        ({"10": ROW, "9": OTHER}, {9: OTHER, 10: ROW}),
        ({"0": {"0": "A", "1": "1"}, "1": OTHER}, {0: ROW, 1: OTHER}),
        ([[], {}], {0: [], 1: []}),
        ('[["A",1]]', {0: ROW}),
        (' {"4":{"0":"A","1":1}} ', {4: ROW}),
        ("null", {}),
        ("[]", {}),
        ([], {}),
        ({}, {}),
        ("", {}),
        (" \t\r\n", {}),
        (None, {}),
    ],
)
def test_rows_of_every_shape_become_cells_by_row_index(value, found):
    assert rows(value, LIMITS) == found
    assert list(rows(value, LIMITS)) == list(found)


@pytest.mark.parametrize(
    ("value", "path", "rule", "detail"),
    [
        (True, "data", "rows", "data must be a list of rows"),
        ("A", "data", "rows", "data must be a list of rows"),
        ("[[1]", "data", "rows", "data must be a list of rows"),
        ("1", "data", "rows", "data must be a list of rows"),
        ("\udcff", "data", "rows", "data must be a list of rows"),
        ('["\\ud800"]', "data", "rows", "data must be a list of rows"),
        (["A", "1"], "data[0]", "row", "data[0] must be a row of columns"),
        ({"0": "A", "1": "1"}, "data[0]", "row", "data[0] must be a row of columns"),
        ([ROW, None], "data[1]", "row", "data[1] must be a row of columns"),
        ({"7": ROW, "9": "x"}, "data[9]", "row", "data[9] must be a row of columns"),
        ([["1"] * 5], "data[0][4]", "column", "data[0][4] is not one of the columns 0 to 3"),
        ([ROW, {"4": "x"}], "data[1][4]", "column", "data[1][4] is not one of the columns 0 to 3"),
        (
            [{"0": "x", "-1": "x"}],
            "data[0][-1]",
            "column",
            "data[0][-1] is not one of the columns",
        ),
        ([{"01": "x"}], "data[0][01]", "column", "data[0][01] is not one of the columns 0 to 3"),
        (
            [{"qty": "1"}],
            "data[0][qty]",
            "column",
            "data[0][qty] is not one of the columns 0 to 3",
        ),
        ({"x": ROW}, "data[x]", "row_index", "data[x] is not a row number"),
        ({"01": ROW}, "data[01]", "row_index", "data[01] is not a row number"),
        ({"-1": ROW}, "data[-1]", "row_index", "data[-1] is not a row number"),
        ({"": ROW}, "data[]", "row_index", "data[] is not a row number"),
        ({"9" * 5000: ROW}, f"data[{'9' * 5000}]", "row_index", "is not a row number"),
    ],
)
def test_what_is_no_rows_is_named_and_never_guessed(value, path, rule, detail):
    with pytest.raises(InvalidField) as caught:
        rows(value, LIMITS)
    assert (caught.value.path, caught.value.rule) == (path, rule)
    assert detail in str(caught.value)


def test_errors_name_the_field_the_rows_came_in():
    with pytest.raises(InvalidField) as caught:
        rows(["x"], LIMITS, "item")
    assert caught.value.path == "item[0]"


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ([ROW] * 4, "rows"),
        ({str(n): ROW for n in range(4)}, "rows"),
        ("[[1],[1],[1],[1]]", "rows"),
        ("[[[[[1]]]]]", "levels of nesting"),
        (json.dumps(["x" * 3000]), "bytes"),
    ],
)
def test_rows_past_a_limit_are_refused_whole(value, what):
    with pytest.raises(LimitExceeded) as caught:
        rows(value, LIMITS)
    assert caught.value.what == what
