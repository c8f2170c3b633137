import pytest

from adapter.errors import LimitExceeded, Malformed
from adapter.protocols.base import Limits, WireRequest
from adapter.protocols.body import BodyKind, body_kind, check_complete, decode_params

URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=B"
PARTS = b'--B\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--B--\r\n'


def request(body=b"", query=b"", content_type=URLENCODED, announced=None):
    headers = {} if content_type is None else {"content-type": content_type}
    return WireRequest("POST", "/", query, headers, body, "127.0.0.1", announced)


@pytest.mark.parametrize(
    ("query", "content_type", "body", "kind"),
    [
        ({}, URLENCODED, b"a=1", BodyKind.FORM),
        ({}, URLENCODED, b"", BodyKind.FORM),
        ({}, URLENCODED, b" \n", BodyKind.FORM),
        ({}, URLENCODED, b'{"a":1}', BodyKind.JSON),
        ({}, URLENCODED, b' \r\n\t{"a":1}', BodyKind.JSON),
        ({}, URLENCODED, b'\xef\xbb\xbf {"a":1}', BodyKind.JSON),
        ({}, "application/json", b'{"a":1}', BodyKind.JSON),
        ({}, "application/json", b"a=1", BodyKind.FORM),
        ({}, "application/json", b"[1]", BodyKind.FORM),
        ({"apiformat": "json"}, URLENCODED, b"a=1", BodyKind.FORM),
        ({"apiformat": "json"}, URLENCODED, b"", BodyKind.FORM),
        ({"apiformat": "json"}, URLENCODED, b'{"a":1}', BodyKind.JSON),
        ({"apiformat": " JSON "}, URLENCODED, b"[1]", BodyKind.JSON),
        ({"apiformat": "json"}, URLENCODED, b'"a=1"', BodyKind.JSON),
        ({"apiformat": "json"}, URLENCODED, b"null", BodyKind.JSON),
        ({"apiformat": "form"}, URLENCODED, b'{"a":1}', BodyKind.JSON),
        ({"apiformat": {"0": "json"}}, URLENCODED, b"null", BodyKind.FORM),
        ({}, MULTIPART, PARTS, BodyKind.MULTIPART),
        ({}, " Multipart/Form-Data; boundary=B", PARTS, BodyKind.MULTIPART),
        ({"apiformat": "json"}, MULTIPART, PARTS, BodyKind.MULTIPART),
        ({}, MULTIPART, b'{"a":1}', BodyKind.JSON),
    ],
)
def test_the_text_of_a_body_tells_how_it_is_written(query, content_type, body, kind):
    assert body_kind(query, content_type, body) is kind


@pytest.mark.parametrize(
    ("sent", "params"),
    [
        (request(b"a=1"), {"a": "1"}),
        (request(b"a=1", content_type=None), {"a": "1"}),
        (request(b"", b"a=1&b[]=2"), {"a": "1", "b": {"0": "2"}}),
        (request(b"a=2", b"a=1"), {"a": "2"}),
        (request(b'{"a":[1]}', b"apiformat=json"), {"apiformat": "json", "a": ["1"]}),
        (request(b'{"a":[1]}', b"a[0]=2&b=3"), {"a": ["1"], "b": "3"}),
        (request(PARTS, b"b=2", MULTIPART), {"b": "2", "a": "1"}),
    ],
)
def test_query_and_body_are_read_together(sent, params):
    assert decode_params(sent, Limits()) == params


def test_a_protocol_without_json_reads_an_object_as_php_would():
    assert decode_params(request(b'{"a":1}'), Limits(), json=False) == {'{"a":1}': ""}
    assert decode_params(request(PARTS, b"", MULTIPART), Limits(), json=False) == {"a": "1"}


@pytest.mark.parametrize(("body", "announced"), [(b"clientid=123", 14), (b"", 1)])
def test_a_body_shorter_than_announced_is_refused(body, announced):
    with pytest.raises(Malformed, match="shorter than its Content-Length"):
        decode_params(request(body, announced=announced), Limits())


@pytest.mark.parametrize("announced", [None, 0, 3])
def test_a_whole_or_chunked_body_is_complete(announced):
    check_complete(request(b"a=1", announced=announced))


@pytest.mark.parametrize(
    "sent", [request(b"a=1&b=2"), request(b"", b"a=1&b=2"), request(b'{"a":1,"b":2}')]
)
def test_limits_hold_for_every_kind(sent):
    with pytest.raises(LimitExceeded, match="1 fields"):
        decode_params(sent, Limits(fields=1))
