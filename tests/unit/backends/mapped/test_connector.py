"""What a mapping sends, and what its backend's replies mean."""

import base64
import json
from dataclasses import replace
from decimal import Decimal
from urllib.parse import parse_qsl

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapter.backends.base import Proof
from adapter.backends.mapped import MappedConfig, MappedConnector, load_mapping
from adapter.commands.model import AddCredit, FindClient, GetVersion
from adapter.commands.results import ClientFound, CreditAdded
from adapter.errors import (
    BackendOverloaded,
    BadAnswer,
    CannotExpress,
    ClientNotFound,
    NotSent,
    Rejected,
    TransportLost,
)
from tests.unit.backends.mapped.conftest import DEADLINE, Book, Script

FILE = """
mapping: 1
name: shop
url: https://shop.example/api
auth: AUTH
headers: {X-Reference: "${reference}", X-Note: "${values.note}"}
values: {note: plain}
message: body.error
replies:
  - {status: 418, end: not_sent}
  - {status: 402, when: "body.code == 'later'", end: unknown}
commands:
  FindClient:
    steps:
      - name: found
        url: /clients/{command.email}/of/{command.branch_name || 'none'}
        query:
          name: {$eval: command.invoice_name}
          text: "name: ${command.invoice_name}"
          no: null
        replies:
          - {status: 404, end: refused, error: client_not_found}
    result:
      kind: ClientFound
      fields: {client_id: {value: steps.found.body.id, as: id, noun: client}}
  AddCredit:
    proof: reference
    ids: {client: {noun: client, of: command.client_id}}
    ignores: {admin_id: nobody asks, entered_on: it is today, remove: told by the sign}
    steps:
      - name: shown
        url: /clients/{ids.client}
      - name: noted
        method: POST
        url: /notes
        form: {note: {text: {$eval: command.description}, tags: [a, {$eval: reference}], no: null}}
        reusable: REUSABLE
        then: {note: steps.noted.body.id}
      - name: added
        method: POST
        url: /clients/{ids.client}/credits
        json:
          amount: {$eval: cents(command.amount)}
          note: {$eval: vars.note}
          text: {$eval: command.description}
    result:
      kind: CreditAdded
      fields: {new_balance: {value: steps.added.body.sum, as: hundredths, currency: "'zar'"}}
    look_up:
      steps:
        - name: listed
          url: /credits
          find: {in: body.data, where: {ref: reference}, more: body.more}
      absent: "!(steps.listed.found)"
      result:
        kind: CreditAdded
        fields: {new_balance: {value: steps.listed.found.sum, as: amount, currency: "'ZAR'"}}
"""

FIND = FindClient("Ann", "ann@example.com")
CREDIT = AddCredit(1, "Thanks", Decimal("12.34"))
NASTY = [
    "${reference}",
    "${values.note}",
    '{"$eval": "reference"}',
    "$eval",
    "{ids.client}",
    "a&b=c#d?e/f%2f%",
    "../../admin",
    "a\r\nX-Evil: 1",
    '","x":"',
    "`",
    "' || true || '",
    "ünïcode ☃",
]


@pytest.fixture
def book():
    made = Book()
    made.ours("client", "cus/1 ?")
    return made


@pytest.fixture
def seconds():
    """Hold the time; a test moves it."""
    return [0.0]


@pytest.fixture
def connect(tmp_path, book, seconds):
    def make(*replies, auth="{kind: bearer}", reusable="false", **config):
        path = tmp_path / "shop.yaml"
        path.write_text(FILE.replace("AUTH", auth).replace("REUSABLE", reusable))
        network = Script(*replies)
        made = MappedConnector(
            "shop",
            load_mapping(str(path)),
            MappedConfig(str(path), identifier="me", secret="s3cret", **config),
            network,
            book,
            monotonic=lambda: seconds[0],
        )
        return made, network

    return make


@pytest.fixture
def now(context):
    return replace(context(), reference="reference-1")


def test_values_are_encoded_for_their_place(connect, now):
    connector, network = connect((200, {"id": "x"}))
    assert connector.send(FIND, now, DEADLINE) == ClientFound(2)
    (request,) = network.sent
    assert request.method == "GET"
    assert request.url == (
        "https://shop.example/api/clients/ann%40example.com/of/none?name=Ann&text=name%3A+Ann"
    )
    assert request.headers["X-Reference"] == "reference-1"
    assert request.headers["Authorization"] == "Bearer s3cret"
    assert "s3cret" not in repr(request)


@pytest.mark.parametrize("text", NASTY)
def test_a_callers_text_is_a_value_and_never_a_template(connect, now, text):
    connector, network = connect((200, {"id": "x"}))
    connector.send(FindClient(text, text), now, DEADLINE)
    url = network.sent[0].url
    path, _, query = url.partition("?")
    assert path.startswith("https://shop.example/api/clients/")
    assert path.endswith("/of/none")
    assert path.count("/") == 7
    assert parse_qsl(query) == [("name", text), ("text", f"name: {text}")]
    assert "\r" not in url
    assert "\n" not in url


@settings(suppress_health_check=list(HealthCheck), deadline=None, max_examples=60)
@given(text=st.text(st.characters(codec="utf-8"), min_size=1, max_size=12))
def test_any_text_arrives_as_it_is(connect, now, text):
    connector, network = connect((200, {}), (200, {"id": 7}), (200, {"sum": 5}))
    connector.send(replace(CREDIT, description=text), now, DEADLINE)
    _, noted, added = network.sent
    assert parse_qsl(noted.body.decode(), keep_blank_values=True) == [
        ("note[text]", text),
        ("note[tags][0]", "a"),
        ("note[tags][1]", "reference-1"),
    ]
    assert json.loads(added.body) == {"amount": 1234, "note": 7, "text": text}
    assert added.url == "https://shop.example/api/clients/cus%2F1%20%3F/credits"


@pytest.mark.parametrize("text", ["", ".", "..", "..."])
def test_a_text_that_would_be_another_place_is_refused(connect, now, text):
    connector, network = connect()
    with pytest.raises(CannotExpress):
        connector.send(FindClient("Ann", text), now, DEADLINE)
    assert network.sent == []


def test_a_line_break_in_a_header_is_refused(connect, now):
    connector, network = connect(values=("note=a\r\nX-Evil: 1",))
    with pytest.raises(CannotExpress, match="X-Note"):
        connector.send(FIND, now, DEADLINE)
    assert network.sent == []


@pytest.mark.parametrize(
    ("auth", "header", "value"),
    [
        ("{kind: none}", "Authorization", None),
        ("{kind: basic}", "Authorization", "Basic " + base64.b64encode(b"me:s3cret").decode()),
        ("{kind: bearer}", "Authorization", "Bearer s3cret"),
        ("{kind: header, header: X-Key}", "X-Key", "s3cret"),
    ],
)
def test_every_way_to_say_who_calls(connect, now, auth, header, value):
    connector, network = connect((200, {"id": "x"}), auth=auth)
    connector.send(FIND, now, DEADLINE)
    assert network.sent[0].headers.get(header) == value


OAUTH = "{kind: oauth2, token_url: /token, scope: a b}"


def test_a_token_is_asked_for_once_kept_and_renewed(connect, now, seconds):
    found = (200, {"id": "x"})
    connector, network = connect(
        (200, {"access_token": "one", "expires_in": 100}),
        found,
        found,
        (200, {"access_token": "two", "expires_in": 100}),
        found,
        auth=OAUTH,
    )
    connector.send(FIND, now, DEADLINE)
    connector.send(FIND, now, DEADLINE)
    seconds[0] = 71.0
    connector.send(FIND, now, DEADLINE)
    token = network.sent[0]
    assert (token.method, token.url) == ("POST", "https://shop.example/api/token")
    assert dict(parse_qsl(token.body.decode())) == {
        "grant_type": "client_credentials",
        "scope": "a b",
    }
    assert token.headers["Authorization"] == "Basic " + base64.b64encode(b"me:s3cret").decode()
    carried = [each.headers["Authorization"] for each in network.sent if each.method == "GET"]
    assert carried == ["Bearer one", "Bearer one", "Bearer two"]


def test_a_token_that_is_refused_is_replaced_once(connect, now):
    connector, network = connect(
        (200, {"access_token": "one"}),
        (401, {"error": "expired"}),
        (200, {"access_token": "two"}),
        (401, {"error": "no"}),
        auth=OAUTH,
    )
    with pytest.raises(Rejected) as refused:
        connector.send(FIND, now, DEADLINE)
    assert refused.value.reason == "status 401: no"
    assert len(network.sent) == 4


@pytest.mark.parametrize(
    "reply",
    [(500, {}), (200, b"<html>"), (200, {"token": "x"}), (200, []), (400, {"access_token": "x"}),
     (200, {"access_token": "a\nb"}), TransportLost("cut"), NotSent("down")],
)  # fmt: skip
def test_without_a_token_nothing_is_sent(connect, now, reply):
    connector, network = connect(reply, auth=OAUTH)
    with pytest.raises(NotSent):
        connector.send(CREDIT, now, DEADLINE)
    assert len(network.sent) == 1


@pytest.mark.parametrize(
    ("reply", "raised"),
    [
        ((404, {}), ClientNotFound),
        ((400, {"error": "bad"}), Rejected),
        ((429, {}), BackendOverloaded),
        ((418, {}), NotSent),
        ((402, {"code": "later"}), BadAnswer),
        ((402, {"code": "never"}), Rejected),
        ((409, {}), BadAnswer),
        ((302, {}), BadAnswer),
        ((500, {"error": "x"}), BadAnswer),
        ((503, b"<html>"), BadAnswer),
        ((200, b"<html>"), BadAnswer),
        ((200, b'{"id": "x'), BadAnswer),
        ((200, {}), BadAnswer),
        ((200, {"id": ["x"]}), BadAnswer),
        (TransportLost("cut"), TransportLost),
        (NotSent("down"), NotSent),
    ],
    ids=str,
)
def test_what_a_reply_to_a_read_means(connect, now, reply, raised):
    connector, _ = connect(reply)
    with pytest.raises(raised):
        connector.send(FIND, now, DEADLINE)


SHOWN, NOTED = (200, {"name": "x"}), (200, {"id": 7})


@pytest.mark.parametrize(
    ("replies", "reusable", "raised"),
    [
        # Before anything acted, nothing was done.
        ([TransportLost("cut")], "false", NotSent),
        ([(500, {})], "false", BadAnswer),
        ([(404, {})], "false", Rejected),
        # The first step that acts.
        ([SHOWN, NotSent("down")], "false", NotSent),
        ([SHOWN, TransportLost("cut")], "false", TransportLost),
        ([SHOWN, (400, {})], "false", Rejected),
        # After one that the next attempt would do again, nobody may say that nothing was done.
        ([SHOWN, NOTED, NotSent("down")], "false", BadAnswer),
        ([SHOWN, NOTED, (400, {})], "false", BadAnswer),
        ([SHOWN, NOTED, (429, {})], "false", BadAnswer),
        # After one that it finds again, they hold.
        ([SHOWN, NOTED, NotSent("down")], "true", NotSent),
        ([SHOWN, NOTED, (400, {})], "true", Rejected),
        ([SHOWN, NOTED, (429, {})], "true", NotSent),
        ([SHOWN, NOTED, TransportLost("cut")], "true", TransportLost),
        ([SHOWN, NOTED, (500, {})], "true", BadAnswer),
        # Done, and what it answered cannot be read.
        ([SHOWN, NOTED, (200, {"sum": "x"})], "true", BadAnswer),
        ([SHOWN, NOTED, (200, b"")], "true", BadAnswer),
    ],
)  # fmt: skip
def test_several_steps_have_one_end(connect, now, replies, reusable, raised):
    connector, network = connect(*replies, reusable=reusable)
    with pytest.raises(raised):
        connector.send(CREDIT, now, DEADLINE)
    assert network.replies == []


def test_done_is_read_exactly(connect, now):
    connector, _ = connect(SHOWN, NOTED, (200, {"sum": 1_000_000_000_001}))
    result = connector.send(CREDIT, now, DEADLINE)
    assert isinstance(result, CreditAdded)
    assert (str(result.new_balance), result.new_balance.currency) == ("10000000000.01", "ZAR")


def test_a_part_of_a_cent_is_refused_and_nothing_kept_of_it(connect, now):
    connector, network = connect(SHOWN, NOTED, reusable="true")
    with pytest.raises(CannotExpress, match=r"0\.001"):
        connector.send(replace(CREDIT, amount=Decimal("0.001")), now, DEADLINE)
    assert len(network.sent) == 2


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b'{"data": [{"ref": "other"}, {"ref": "reference-1", "sum": 0.1}]}', "0.10"),
        (b'{"data": []}', None),
        (b'{"data": [{"ref": "other"}], "more": false}', None),
    ],
)
def test_what_was_done_is_found_by_its_reference(connect, now, body, found):
    connector, _ = connect((200, body))
    result = connector.look_up(CREDIT, now, DEADLINE)
    assert (None if result is None else str(result.new_balance)) == found
    assert connector.proof(CREDIT) is Proof.REFERENCE


@pytest.mark.parametrize(
    "reply",
    [
        (200, {"data": [], "more": True}),
        (200, {}),
        (200, b"<html>"),
        (404, {}),
        (401, {}),
        (500, {}),
        (200, {"data": [{"ref": "reference-1", "sum": "x"}]}),
    ],
    ids=str,
)
def test_only_a_whole_list_proves_absence(connect, now, reply):
    connector, _ = connect(reply)
    with pytest.raises(BadAnswer):
        connector.look_up(CREDIT, now, DEADLINE)


def test_a_number_that_stands_for_nothing_is_not_found(connect, now):
    connector, network = connect()
    with pytest.raises(ClientNotFound):
        connector.send(replace(CREDIT, client_id=99), now, DEADLINE)
    with pytest.raises(BadAnswer):
        connector.look_up(replace(CREDIT, client_id=99), now, DEADLINE)
    with pytest.raises(BadAnswer):
        connector.look_up(FIND, now, DEADLINE)
    assert network.sent == []


def test_what_has_no_mapping_or_is_only_tried_is_refused(connect, now):
    connector, _ = connect()
    with pytest.raises(CannotExpress, match="GetVersion"):
        connector.proof(GetVersion())
    with pytest.raises(CannotExpress, match="a dry run"):
        connector.send(CREDIT, replace(now, dry_run=True), DEADLINE)
