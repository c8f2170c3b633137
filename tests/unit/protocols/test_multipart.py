import time
from contextlib import suppress

import pytest

from adapter.errors import LimitExceeded, Malformed
from adapter.protocols.base import Limits
from adapter.protocols.multipart import decode_multipart, encode_multipart

TYPE = "multipart/form-data; boundary=B"


def part(settings, value=b"v"):
    return b"--B\r\nContent-Disposition: form-data; " + settings + b"\r\n\r\n" + value + b"\r\n"


END = b"--B--\r\n"


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"", "The multipart body does not begin with its delimiter"),
        (b"a=1", "The multipart body does not begin with its delimiter"),
        (b"x" + part(b'name="a"') + END, "The multipart body does not begin with its delimiter"),
        (part(b'name="a"'), "The multipart body lacks its closing delimiter"),
        (part(b'name="clientid"', b"1234567")[:-3], "lacks its closing delimiter"),
        (part(b'name="a"') + b"--B-", "lacks its closing delimiter"),
        (part(b'name="a"') + END + part(b'name="b"'), "lacks its closing delimiter"),
        (part(b'name="a"') + END + part(b'name="b"') + END, "A multipart delimiter is malformed"),
        (part(b'name="a"', b"x\r\n--BX\r\ny") + END, "A multipart delimiter is malformed"),
        (part(b'name="a"', b"1\r\n-=B\r\nContent-Disposition: form-data; name=b") + END, "inside"),
        (b"--B\r\n\r\nv\r\n" + END, "A multipart part has no end of headers"),
        (b"--B\r\nX: y\r\n\r\nv\r\n" + END, "A multipart part has no name"),
        (part(b'foo="a"') + END, "A multipart part has no name"),
        (
            part(b"name=&--B\r\nContent-Disposition: form-data; name=serviceids", b"7") + END,
            "A multipart part is named twice",
        ),
        (part(b'name="a"\r\nContent-Dispo', b"7") + END, "has a malformed header"),
        (part(b'name="a"\r\nContent-Disp: form-data; name="b"') + END, "has a malformed header"),
        (part(b"") + END, "malformed Content-Disposition"),
        (part(b'name="a') + END, "malformed Content-Disposition"),
        (part(b'name="a"junk') + END, "malformed Content-Disposition"),
        (part(b"name=a b") + END, "malformed Content-Disposition"),
        (part(b'name = "a"') + END, "malformed Content-Disposition"),
        (part(b'name="' + b"a" * 9000 + b'"') + END, "A multipart part has no end of headers"),
        (part(b'name="f\xff"; filename="x.txt"') + END, "The part f� is a file"),
        (part(b'name="f"; filename=""', b"x") + END, "The part f is a file"),
        (part(b"name=\"f\"; filename*=utf-8''x") + END, "malformed Content-Disposition"),
        (part(b'name="f"; filename*="x"') + END, "The part f is a file"),
    ],
)
def test_what_php_would_guess_at_is_refused(body, problem):
    with pytest.raises(Malformed, match=problem):
        decode_multipart(body, TYPE, Limits())


@pytest.mark.parametrize(
    "content_type",
    ["multipart/form-data", "multipart/form-data; boundary=", 'multipart/form-data; boundary=""'],
)
def test_a_boundary_is_needed(content_type):
    with pytest.raises(Malformed, match="boundary is missing"):
        decode_multipart(part(b'name="a"') + END, content_type, Limits())


def test_an_empty_file_input_is_no_parameter():
    body = part(b'name="f"; filename=""', b"") + part(b'name="a"') + END
    assert decode_multipart(body, TYPE, Limits()) == {"a": "v"}


@pytest.mark.parametrize(
    ("limits", "what"),
    [
        (Limits(body_bytes=10), "bytes"),
        (Limits(fields=1), "fields"),
        (Limits(depth=1), "levels of nesting"),
    ],
)
def test_limits_hold_for_parts(limits, what):
    body = part(b'name="a[b][c]"') + part(b'name="d"') + END
    assert decode_multipart(body, TYPE, Limits(fields=2)) == {"a": {"b": {"c": "v"}}, "d": "v"}
    with pytest.raises(LimitExceeded) as caught:
        decode_multipart(body, TYPE, limits)
    assert caught.value.what == what


def test_parts_are_written_as_curl_writes_them():
    body, content_type = encode_multipart(
        {"a": {"b": ["x", 2]}, "c": True, 'd"\\': "é", "e": None}
    )
    assert content_type == "multipart/form-data; boundary=----part-of-form-0"
    assert body == (
        b'------part-of-form-0\r\nContent-Disposition: form-data; name="a[b][0]"\r\n\r\nx\r\n'
        b'------part-of-form-0\r\nContent-Disposition: form-data; name="a[b][1]"\r\n\r\n2\r\n'
        b'------part-of-form-0\r\nContent-Disposition: form-data; name="c"\r\n\r\n1\r\n'
        b"------part-of-form-0\r\nContent-Disposition: form-data; "
        b'name="d\\"\\\\"\r\n\r\n\xc3\xa9\r\n'
        b"------part-of-form-0--\r\n"
    )


def test_the_boundary_is_one_that_no_part_holds():
    body, content_type = encode_multipart({"a": "----part-of-form-0"})
    assert content_type == "multipart/form-data; boundary=----part-of-form-1"
    assert decode_multipart(body, content_type, Limits()) == {"a": "----part-of-form-0"}


HOSTILE = {
    "delimiters": b"--B\r\n" * 39_000,
    "semicolons": part(b";" * 8000) * 900 + END,
    "backslashes": part(b'name="a' + b"\\a" * 3900) * 900 + END,
    "blanks": part(b'name="a"' + b" " * 8000 + b"x") * 900 + END,
    "settings": part(b"; a=b" * 1500 + b'; name="a"') * 900 + END,
    "folded lines": b"--B\r\n" + b"\r\n " * 2_000_000 + END,
    "line ends": b"--B\r\n" + b"\n" * 8_000_000 + END,
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_bodies_cost_no_more_than_their_length(body):
    start = time.process_time()
    with suppress(Malformed):
        decode_multipart(body, TYPE, Limits())
    assert time.process_time() - start < 4
