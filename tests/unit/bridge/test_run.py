"""Cases run in order, values pass from reply to request, and every outcome says why."""

from dataclasses import dataclass
from datetime import date, time
from typing import Any

import pytest

from adapter.bridge.contracts import Outcome, decode_case, run_contracts, samples
from adapter.bridge.contracts.reading import values_used
from adapter.commands.model import GenerateDueInvoices
from adapter.errors import Malformed
from adapter.protocols.base import WireResponse

HEAD = '\n[[case]]\nid = "one"\nsource = "the document"\n'
OK = WireResponse(200, b'{"result":"success","id":7}', "application/json")


@dataclass
class FakeProtocol:
    """Reads `id=<n>` into a command; refuses a body that says so."""

    name: str = "whmcs"

    def decode(self, request: Any) -> Any:
        return request

    def bind(self, call: Any, account: str) -> Any:
        assert account == "main"
        return call

    def to_command(self, call: Any) -> Any:
        if b"refuse" in call.body:
            raise Malformed("no")
        return GenerateDueInvoices(client_id=int(call.body.rpartition(b"id=")[2] or 0))


PROTOCOLS: dict[str, Any] = {"whmcs": FakeProtocol()}


def run(folder, target, text, **options):
    report = run_contracts(folder.load(HEAD + text), target, **options)
    return report.results[-1], report


def test_captured_values_fill_later_requests(folder, target):
    result, _ = run(
        folder,
        target,
        """
        given = ["service",
                 { use = "service", as = "second", with = { name = "Bo", price = "2.00" } }]
        vars.ids = "${client_id}-${service_id}-${second.client_id}-${second.service_id}"
        request.body = 'action=Thing&${auth}&ids=${ids}&u=${unique}-${second.unique}'
        reply.body = '${save:all:line}'
        [[case.then]]
        request.body = 'action=Other&all=${all|form}'
        reply.status = 200
        """,
        run_token="t",
    )
    assert result.outcome is Outcome.PASSED, result.detail
    assert [request.body.decode() for _, request in target.sent] == [
        "action=AddClient&identifier=ID&secret=top%2Fsecret&name=Ann-t0",
        "action=AddService&identifier=ID&secret=top%2Fsecret&client=41&price=1.00",
        "action=AddClient&identifier=ID&secret=top%2Fsecret&name=Bo-t0second",
        "action=AddService&identifier=ID&secret=top%2Fsecret&client=43&price=2.00",
        "action=Thing&identifier=ID&secret=top%2Fsecret&ids=41-42-43-44&u=t0-t0second",
        "action=Other&all=%7B%22result%22%3A%22success%22%2C%22today%22%3A%222026-01-15%22%7D",
    ]


def test_the_text_mask_stops_at_a_quote(folder, target):
    result, _ = run(
        folder,
        target,
        """
        request.body = 'action=Thing'
        reply.body = '{"result":"${save:word}","today":"${any:date}"}'
        [[case.then]]
        request.body = 'action=${word}'
        reply.body = '{"result":"${word}","today":"${today}"}'
        """,
    )
    assert result.outcome is Outcome.PASSED, result.detail
    assert target.sent[-1][1].body == b"action=success"


def test_a_story_crosses_the_protocols(folder, target):
    result, _ = run(
        folder,
        target,
        """
        given = ["invoicesonline/client"]
        request.body = 'id=${client_id}'
        reply.status = 200
        """,
    )
    assert result.outcome is Outcome.PASSED
    protocol, request = target.sent[0]
    assert (protocol, request.path) == ("invoicesonline", "/api/NewClient.php")
    assert request.body == b'{"username":"shop","password":"pass&word","name":"x r0"}'
    assert target.sent[1][1].body == b"id=41"


def test_the_clock_moves_and_today_stays_the_cases(folder, target):
    result, _ = run(
        folder,
        target,
        """
        request.body = 'x'
        reply.body = '{"result":"success","today":"2026-01-15"}'
        [[case.then]]
        today = "${today+1m}"
        request.body = '${today}'
        reply.body = '{"result":"success","today":"2026-02-15"}'
        """,
    )
    assert result.outcome is Outcome.PASSED, result.detail
    assert target.today == date(2026, 2, 15)
    assert target.sent[-1][1].body == b"2026-01-15"


def test_the_time_of_day_moves_with_and_without_the_date(folder, target):
    moves = [
        ("local_time = 00:30:00", date(2026, 1, 15), time(0, 30)),
        ("today = 2026-01-16\nlocal_time = 23:30:00", date(2026, 1, 16), time(23, 30)),
        ("today = 2026-01-17", date(2026, 1, 17), time(8)),
    ]
    for text, today, local_time in moves:
        then = f"[[case.then]]\n{text}\nrequest.body = 'x'\nreply.status = 200"
        run(folder, target, f"request.body = 'x'\nreply.status = 200\n{then}")
        assert (target.today, target.local_time) == (today, local_time)


def test_a_difference_shows_request_and_both_sides_without_secrets(folder, target):
    target.replies["Thing"] = WireResponse(
        403, b'{"result":"error","e":"top/secret"}', "text/html"
    )
    result, report = run(
        folder,
        target,
        """
        request.body = 'action=Thing&${auth}'
        reply.content_type = "application/json"
        reply.headers = { Allow = "GET" }
        reply.body = '{"result":"success"}'
        """,
    )
    assert result.outcome is Outcome.DIFFERED
    assert result.detail.splitlines()[:5] == [
        "request: POST /includes/api.php action=Thing&identifier=ID&secret=redacted",
        "status: expected 200, got 403",
        "content type: expected 'application/json', got 'text/html'",
        "header allow: missing",
        "body:",
    ]
    assert '"e":"redacted"' in result.detail
    assert "secret=top" not in "\n".join(report.lines())
    assert report.exit_code == 1
    assert report.summary == "0 passed, 1 differed, 0 skipped, 0 error"


@pytest.mark.parametrize("part", ["status", "content_type", "headers"])
def test_parts_of_a_reply_can_be_left_out_of_the_comparison(folder, target, part):
    target.replies["Thing"] = {
        "status": WireResponse(201, b"x", "a/b", {"allow": "GET"}),
        "content_type": WireResponse(200, b"x", "a/c", {"allow": "GET"}),
        "headers": WireResponse(200, b"x", "a/b", {"allow": "PUT"}),
    }[part]
    text = """
    request.body = 'action=Thing'
    reply.content_type = "a/b"
    reply.headers = { Allow = "GET" }
    reply.body = 'x'
    """
    assert run(folder, target, text)[0].outcome is Outcome.DIFFERED
    assert run(folder, target, text, ignore=frozenset({part}))[0].outcome is Outcome.PASSED


def test_json_white_space_counts_unless_told_otherwise(folder, target):
    target.replies["Thing"] = WireResponse(200, b'{ "a": 7,\n "b": " x" }', "x")
    text = 'request.body = \'action=Thing\'\nreply.body = \'{"a":${save:a:int},"b":" x"}\'\n'
    assert run(folder, target, text)[0].outcome is Outcome.DIFFERED
    relaxed = text + "reply.ignore_json_whitespace = true\n"
    assert run(folder, target, relaxed)[0].outcome is Outcome.PASSED
    ignoring = run(folder, target, text, ignore=frozenset({"json_whitespace"}))
    assert ignoring[0].outcome is Outcome.PASSED


@pytest.mark.parametrize(
    ("reply", "problem"),
    [
        (WireResponse(500, b"oops", "x"), "answered 500 oops"),
        (WireResponse(200, b"result=error;message=No", "x"), "answered result=error;message=No"),
        (WireResponse(200, b'{"result":"error"}', "x"), 'answered {"result":"error"}'),
        (WireResponse(200, b'{"error":"e"}', "x"), 'answered {"error":"e"}'),
        (WireResponse(200, b'[{"type":"error"}]', "x"), 'answered [{"type":"error"}]'),
        (WireResponse(200, b'{"clientid":[]}', "x"), "clientid is no single value"),
        (WireResponse(200, b'{"id":1}', "x"), "no clientid in"),
        (WireResponse(200, b"plain", "x"), "no clientid in plain"),
    ],
)
def test_a_step_that_fails_is_an_error(folder, target, reply, problem):
    target.replies["AddClient"] = reply
    result, report = run(
        folder, target, "given = ['client']\nrequest.body = ''\nreply.status = 200\n"
    )
    assert result.outcome is Outcome.ERROR
    assert result.detail.startswith("given client: ")
    assert problem in result.detail
    assert report.exit_code == 1


def test_a_name_without_value_is_an_error(folder, target):
    result, _ = run(folder, target, "request.body = '${nobody}'\nreply.status = 200\n")
    assert result.detail == "request: ${nobody} has no value"


def test_an_unreachable_target_is_an_error(folder, target):
    def send(protocol, request):
        raise ConnectionRefusedError("nobody there")

    target.send = send
    result, _ = run(folder, target, "request.body = ''\nreply.status = 200\n")
    assert (result.outcome, result.detail) == (Outcome.ERROR, "nobody there")


def test_a_command_is_compared(folder, target):
    target.replies["Thing"] = OK
    protocols = PROTOCOLS
    text = """
    given = ["client"]
    request.body = 'action=Thing&id=${client_id}'
    command = { type = "GenerateDueInvoices", client_id = "${client_id}" }
    reply.status = 200
    """
    assert run(folder, target, text, protocols=protocols)[0].outcome is Outcome.PASSED
    wrong = text.replace('"${client_id}" }', "7 }")
    result, _ = run(folder, target, wrong, protocols=protocols)
    assert result.outcome is Outcome.DIFFERED
    assert "| client_id = 7" in result.detail
    refused = text.replace("id=$", "refuse&id=$")
    result, _ = run(folder, target, refused, protocols=protocols)
    assert "refused before a command: Malformed('no')" in result.detail


def test_skipped_cases_are_named_with_their_reason(folder, target):
    folder.write(
        "skips.toml", '[[skip]]\nid = "whmcs/thing:one"\nwhere = "everywhere"\nreason = "slow"\n'
    )
    result, report = run(folder, target, "request.body = ''\nreply.status = 200\n")
    assert (result.outcome, result.detail) == (Outcome.SKIPPED, "slow")
    assert "skipped: whmcs/thing:one: slow" in list(report.lines())
    assert report.exit_code == 2


def test_a_skip_elsewhere_does_not_count(folder, target):
    folder.write("skips.toml", '[[skip]]\nid = "whmcs/thing:one"\nreason = "slow"\n')
    result, _ = run(folder, target, "request.body = ''\nreply.status = 200\n")
    assert result.outcome is Outcome.PASSED


def test_cases_are_selected_by_the_start_of_their_key(folder, target):
    folder.write("whmcs/other.toml", HEAD + "request.body = ''\nreply.status = 200\n")
    _, report = run(
        folder, target, "request.body = ''\nreply.status = 200\n", select=["whmcs/other"]
    )
    assert [result.key for result in report.results] == ["whmcs/other:one"]


def test_exchanges_are_kept_without_secrets(folder, target):
    target.replies["Thing"] = OK
    result, _ = run(
        folder,
        target,
        """
        request.body = 'action=Thing&${auth}'
        reply.body = '{"result":"success","id":${save:i:int}}'
        """,
    )
    exchange = result.exchanges[-1]
    assert exchange.request.body == b"action=Thing&identifier=ID&secret=redacted"
    assert exchange.expected_body() == b'{"result":"success","id":${save:i:int}}'


READ = """
request.body = 'action=Thing&id=${client_id}'
command = { type = "GenerateDueInvoices", client_id = "${client_id}" }
reply.status = 200
[[case.then]]
request.body = 'id=5'
command = { type = "GenerateDueInvoices", client_id = 6 }
reply.status = 200
[[case.then]]
request.body = 'refuse'
reply.status = 200
"""


def test_requests_are_read_without_a_server(folder):
    case = folder.load(HEAD + READ).cases[0]
    found = decode_case(case, PROTOCOLS, {})
    assert [(each.at, each.problem == "") for each in found] == [
        ("request", True),
        ("then 1", False),
        ("then 2", True),
    ]
    assert found[0].request.body == b"action=Thing&id=101"


@pytest.mark.parametrize(
    ("body", "refused", "problem"),
    [
        ("refuse", "", ""),
        ("id=1", "", "not refused, but GenerateDueInvoices(client_id=1, "),
        ("id=1", "refused = 'access'", ""),
    ],
)
def test_a_case_without_a_command_must_be_refused(folder, body, refused, problem):
    text = f"{HEAD}{refused}\nrequest.body = '{body}'\nreply.status = 200\n"
    found = decode_case(folder.load(text).cases[0], PROTOCOLS, {})
    assert found[0].problem.startswith(problem)
    assert bool(found[0].problem) == bool(problem)


def test_the_credentials_that_a_case_needs_are_known(folder):
    case = folder.load(
        HEAD
        + """
        given = ["invoicesonline/client"]
        request.body = '${auth}&x=${secret_md5}'
        reply.body = '${business_id}'
        """
    ).cases[0]
    assert values_used(case) == {
        "identifier", "secret", "secret_md5", "username", "password", "business_id",
    }  # fmt: skip


def test_every_request_of_a_case_can_be_sampled(folder):
    case = folder.load(
        HEAD
        + """
        given = ["service"]
        request.body = 'id=${service_id}-${client_id}'
        reply.body = 'x${client_id}${any:int}'
        [[case.then]]
        use = "invoicesonline/client"
        as = "second"
        """
    ).cases[0]
    values = {"identifier": "I", "secret": "S", "client_id": "7", "username": "u", "password": "p"}
    found = samples(case, values, date(2026, 1, 15))
    assert [(each.status, each.body) for each in found] == [
        (None, None),
        (None, None),
        (200, "x7${any:int}"),
        (None, None),
    ]
    assert [(each.protocol, each.request.body) for each in found] == [
        ("whmcs", b"action=AddClient&identifier=I&secret=S&name=Ann-u"),
        ("whmcs", b"action=AddService&identifier=I&secret=S&client=7&price=1.00"),
        ("whmcs", b"id=101-7"),
        ("invoicesonline", b'{"username":"u","password":"p","name":"x usecond"}'),
    ]
