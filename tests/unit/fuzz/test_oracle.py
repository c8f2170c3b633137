"""The judge of the fuzz runs is itself held to examples."""

from random import Random
from typing import Any

import pytest

from adapter.protocols.base import Limits, WireRequest, WireResponse
from adapter.protocols.invoicesonline import InvoicesOnlineProtocol
from adapter.protocols.whmcs import WhmcsProtocol
from tests.fuzz.mutations import MUTATIONS, mutate
from tests.fuzz.oracle import judge, scope_is_whole
from tests.fuzz.wire import encode

PROTOCOLS: dict[str, Any] = {
    "whmcs": WhmcsProtocol({}, Limits(), allow_get=True),
    "invoicesonline": InvoicesOnlineProtocol({}, Limits()),
}
FORM = {"content-type": "application/x-www-form-urlencoded"}


def seeded(seed: int) -> Random:
    return Random(seed)  # noqa: S311 - reproducible, nothing secret


def post(body: bytes, query: bytes = b"", path: str = "/includes/api.php") -> WireRequest:
    return WireRequest("POST", path, query, FORM, body, "127.0.0.1", len(body))


def answer(body: bytes, content_type: str = "application/json", status: int = 200) -> WireResponse:
    return WireResponse(status, body, content_type)


@pytest.mark.parametrize(
    ("asked", "reply", "complaint", "accepted"),
    [
        (b"action=X&responsetype=json", b'{"result":"success"}', "", True),
        (b"action=X&responsetype=json", b'{"status":"success"}', "", True),
        (b"action=X&responsetype=json", b'{"result":"error"}', "", False),
        (b"action=X&responsetype=json", b"result=error;", "the reply is not JSON", False),
        (b"action=X&responsetype=json", b"[]", "the reply is no JSON object", False),
        (b"action=X&responsetype=xml", b"<r><result>success</result></r>", "", True),
        (b"action=X&responsetype=xml", b"<r>", "the reply is not XML: ", False),
        (b"action=X", b"result=success;id=1;", "", True),
        (b"action=X", b"{}", "the reply is not NVP", False),
        (b"action=X", b"result=error;message=Internal Error", "an internal error", False),
        (b"action=X", b"result=error;message=\xff", "the reply is not UTF-8", False),
    ],
)
def test_a_form_post_reply_is_read_in_the_format_that_was_asked_for(
    asked, reply, complaint, accepted
):
    found = judge(PROTOCOLS, post(asked), answer(reply))
    assert found.complaint.startswith(complaint)
    assert bool(found.complaint) == bool(complaint)
    assert found.accepted is accepted


@pytest.mark.parametrize(
    ("reply", "content_type", "complaint", "accepted"),
    [
        (b"17", "text/plain; charset=utf-8", "", True),
        (b"No such client", "text/plain; charset=utf-8", "", False),
        (b"7 errors", "text/plain; charset=utf-8", "an error text that starts", False),
        (b'{"type":"success"}', "application/json", "", True),
        (b'{"type":"error","error":"e"}', "application/json", "", False),
        (b'{"error":"e"}', "application/json", "", False),
        (b"[]", "application/json", "", True),
        (b'[{"type":"success"},{"url":""}]', "application/json", "", True),
        (b'[{"type":"error"}]', "application/json", "an unknown list", False),
        (b"[1]", "application/json", "an unknown list", False),
        (b"", "application/json", "the reply is not JSON", False),
    ],
)
def test_a_positional_reply_is_one_of_its_families(reply, content_type, complaint, accepted):
    found = judge(PROTOCOLS, post(b"", path="/api/NewClient.php"), answer(reply, content_type))
    assert found.complaint.startswith(complaint)
    assert bool(found.complaint) == bool(complaint)
    assert found.accepted is accepted


def test_a_server_error_is_a_complaint_whatever_was_asked():
    found = judge(PROTOCOLS, post(b"", path="/nothing"), answer(b"", status=500))
    assert found.complaint == "status 500"


BASE = post(b"action=GenInvoices&clientid=5&serviceids[0]=6")


@pytest.mark.parametrize(
    ("body", "whole"),
    [
        (b"action=GenInvoices&clientid=5&serviceids[0]=6", True),
        (b"clientid=7&x=1&serviceids%5B0%5D=8", True),
        (b"clientid=5&serviceids[0]=6&serviceids[1]=7", True),
        (b'--b\r\nX: form-data; name="clientid"\r\n\r\n5\r\n--b&serviceids[0]=6', True),
        (b"clientid=5&serviceids[0]=0", False),
        (b"clientid=&serviceids[0]=6", False),
        (b"clientid=5&clientid&serviceids[0]=6", False),
        (b"clientid=5&serviceids[0]=6&serviceids=", False),
        (b"clientid=5&+clientid=&serviceids[0]=6", False),
        (b"clientid=5", False),
        (b"client_id=5&serviceids[0]=6", False),
    ],
)
def test_a_scope_is_whole_while_every_name_stands_and_no_value_is_nothing(body, whole):
    assert scope_is_whole(BASE, post(body)) is whole


def test_mutations_are_the_same_for_the_same_seed_and_can_be_sent():
    base = post(b'action=X&a[0]=1&b={"c":[1]}', b"x=1")
    first, second = seeded(5), seeded(5)
    for _ in range(500):
        request, ways = mutate(base, first)
        assert (request, ways) == mutate(base, second)
        head, body = encode(request, "host:1")
        assert head.count(b"\r\n\r\n") == 1
        assert request.announced_length is None or body == request.body


@pytest.mark.parametrize("mutation", sorted({one.__name__ for one in MUTATIONS}))
def test_every_mutation_takes_an_empty_request(mutation):
    one = next(one for one in MUTATIONS if one.__name__ == mutation)
    for seed in range(50):
        assert one(post(b""), seeded(seed)).path
