"""Arbitrary bytes against a live PHP, where one is installed."""

import base64
import json
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from adapter.protocols.base import Limits
from adapter.protocols.phpform import decode_form, encode_form

PHP = shutil.which("php")
pytestmark = [
    pytest.mark.php,
    pytest.mark.slow,
    pytest.mark.skipif(PHP is None, reason="php-cli is not installed"),
]

TOKENS = [
    *(
        "a",
        "b",
        "data",
        "_",
        "__Host-",
        "Secure-",
        "é",
        "0",
        "1",
        "2",
        "5",
        "-1",
        "-5",
        "00",
        "41",
    ),
    *("[", "]", "[]", "[0]", "[1]", "[a]", "[ ]", "[-5]", "][", "[9223372036854775807]"),
    *("%5B", "%5D", "%5b0%5d", "&", "&", "=", "=", "&a[]=", "&data[0][1]=", "&data[0][2]="),
    *("%", "%%", "%4", "%41", "%25", "%26", "%3D", "%3d", "%2B", "%0", "%0A", "%E9", "%C3%A9"),
    *("+", " ", ".", ";", "\t", "\r\n", "%0D", "%20", "%2E", "\xff", "x y", "f", "F"),
]
pieces = st.one_of(
    st.sampled_from(TOKENS).map(lambda text: text.encode("latin-1")),
    # A raw NUL ends the whole text for parse_str, which reads C strings, but not for $_POST.
    st.binary(max_size=3).map(lambda raw: raw.replace(b"\0", b"%00")),
)
bodies = st.lists(pieces, max_size=24).map(b"".join)


@pytest.fixture(scope="module")
def php():
    assert PHP is not None
    script = Path(__file__).parent / "phpform_live.php"
    command = [PHP, "-n", "-d", "max_input_vars=100000", str(script)]
    with subprocess.Popen(  # noqa: S603  # a fixed command
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        yield process


def folded_by(php, raw):
    php.stdin.write(base64.b64encode(raw) + b"\n")
    php.stdin.flush()
    return json.loads(php.stdout.readline())


def as_php(value):
    if isinstance(value, str):
        return base64.b64encode(value.encode("utf-8", "surrogateescape")).decode("ascii")
    return [[as_php(key), as_php(item)] for key, item in value.items()]


@settings(max_examples=2000, deadline=None)
@given(raw=bodies)
@example(raw=b"a%%32%35=%2%36")
@example(raw=b"data[0][0]=1&data[0]=2&data[0][1]=3")
def test_any_bytes_fold_as_php_folds_them(php, raw):
    assert as_php(decode_form(raw, Limits())) == folded_by(php, raw)


keys = st.text(min_size=1, max_size=4).filter(lambda key: not set(key) & set("\0[]"))
trees = st.recursive(
    st.text(max_size=6),
    lambda inner: st.dictionaries(keys, inner, min_size=1, max_size=3),
    max_leaves=8,
)


@settings(max_examples=500, deadline=None)
@given(params=st.dictionaries(keys, trees, max_size=4))
def test_php_reads_what_is_encoded_as_it_is_read_here(php, params):
    raw = encode_form(params)
    assert as_php(decode_form(raw, Limits())) == folded_by(php, raw)
