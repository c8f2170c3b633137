"""PHP's serialize(): read with bounds, written byte for byte, never an object."""

import shutil
import subprocess

import pytest

from adapter.protocols.phpserialize import (
    NotSerialized,
    Value,
    decode_blob,
    dumps,
    encode_blob,
    loads,
)

PAIRS: list[tuple[bytes, Value]] = [
    (b"N;", None),
    (b"b:1;", True),
    (b"b:0;", False),
    (b"i:-7;", -7),
    (b"i:9223372036854775807;", 2**63 - 1),
    (b"d:1.5;", 1.5),
    (b"d:1.0e+25;", 1e25),
    (b's:0:"";', ""),
    (b's:5:"caf\xc3\xa9";', "café"),
    (b's:5:"a";s:";', 'a";s:'),
    (b's:1:"\xff";', "\udcff"),
    (b"a:0:{}", {}),
    (b'a:1:{i:1;s:5:"Yahoo";}', {1: "Yahoo"}),
    (b'a:2:{s:1:"x";i:1;i:-2;a:1:{i:0;b:1;}}', {"x": 1, -2: {0: True}}),
]


@pytest.mark.parametrize(("raw", "value"), PAIRS)
def test_what_php_writes_is_read(raw: bytes, value: Value) -> None:
    assert loads(raw) == value


@pytest.mark.parametrize(("raw", "value"), [pair for pair in PAIRS if b"e+" not in pair[0]])
def test_a_value_is_written_as_php_writes_it(raw: bytes, value: Value) -> None:
    assert dumps(value) == raw


def test_a_text_key_that_spells_an_integer_is_one() -> None:
    assert loads(b'a:3:{s:1:"7";i:1;s:2:"07";i:2;s:20:"99999999999999999999";i:3;}') == {
        7: 1,
        "07": 2,
        "99999999999999999999": 3,
    }
    assert dumps({"7": 1}) == b"a:1:{i:7;i:1;}"


def test_the_last_of_equal_keys_wins() -> None:
    assert loads(b"a:2:{i:1;i:1;i:1;i:2;}") == {1: 2}


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"i",
        b"i:1",
        b"i:;",
        b"i:1.5;",
        b"i:9223372036854775808;",
        b"i:999999999999999999999;",
        b"b:2;",
        b"b:x;",
        b"d:;",
        b"d:NAN;",
        b"d:INF;",
        b's:1:"ab";',
        b's:3:"ab";',
        b"s:1:ab;",
        b's:-1:"a";',
        b"s:99999999999:",
        b"a:1:{}",
        b"a:0:{i:1;i:2;}",
        b"a:1:{i:1;}",
        b"a:1:{N;i:1;}",
        b"a:1:{b:1;i:1;}",
        b"a:1:i:1;i:1;}",
        b"i:1;i:2;",
        b'O:8:"stdClass":0:{}',
        b'C:1:"x":0:{}',
        b"a:1:{i:0;r:1;}",
        b"a:1:{i:0;R:1;}",
        b'E:5:"A:Foo";',
    ],
)
def test_anything_else_is_refused(raw: bytes) -> None:
    with pytest.raises(NotSerialized):
        loads(raw)


def test_depth_is_bounded() -> None:
    deep = b"a:1:{i:0;" * 8 + b"i:1;" + b"}" * 8
    assert loads(deep)
    with pytest.raises(NotSerialized, match="deeper than 8"):
        loads(b"a:1:{i:0;" + deep + b"}")


def test_items_are_bounded_over_the_whole_value() -> None:
    assert loads(b"a:2:{i:0;a:1:{i:0;i:1;}i:1;i:1;}", max_items=3)
    with pytest.raises(NotSerialized, match="too many"):
        loads(b"a:2:{i:0;a:1:{i:0;i:1;}i:1;i:1;}", max_items=2)


def test_an_announced_count_costs_nothing() -> None:
    with pytest.raises(NotSerialized, match="too many"):
        loads(b"a:9999999999:{")


def test_a_blob_is_base64_of_an_array() -> None:
    blob = "YToxOntpOjE7czo1OiJZYWhvbyI7fQ=="
    assert encode_blob({1: "Yahoo"}) == blob
    assert decode_blob(blob) == {1: "Yahoo"}
    assert decode_blob(f" {blob[:8]}\r\n{blob[8:]}".rstrip("=")) == {1: "Yahoo"}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("!!", "not base64"),
        ("é", "not base64"),
        ("A", "not base64"),
        ("aToxOw==", "not an array"),
        ("YToxOg==", "unexpected data"),
    ],
)
def test_another_blob_is_refused(text: str, reason: str) -> None:
    with pytest.raises(NotSerialized, match=reason):
        decode_blob(text)


@pytest.mark.php
@pytest.mark.skipif(shutil.which("php") is None, reason="needs php-cli")
def test_php_agrees() -> None:
    nested = "[true, null, 1.5, -3]"
    script = f"echo serialize([1 => 'café', 'x' => {nested}, '7' => \"a\\0b\", '07' => '']);"
    php = shutil.which("php") or ""
    raw = subprocess.run([php, "-r", script], check=True, capture_output=True).stdout  # noqa: S603
    value = loads(raw)
    assert value == {
        1: "café",
        "x": {0: True, 1: None, 2: 1.5, 3: -3},
        7: "a\0b",
        "07": "",
    }
    assert dumps(value) == raw
