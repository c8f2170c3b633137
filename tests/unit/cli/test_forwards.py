"""`adapter forwards`, as an operator types it."""

import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import click
import pytest

from adapter.assemble import open_workplace
from adapter.backends.base import Proof
from adapter.backends.remote import RemoteBackend, RemoteConfig
from adapter.cli.forwards import looked_up
from adapter.commands.model import CreateBillableItem, UpdateService
from adapter.commands.results import BillableItemCreated, ServiceUpdated
from adapter.errors import Rejected, TransportLost
from adapter.settings import load_settings
from adapter.store.attempts import End, State
from tests.elsewhere import Elsewhere

ITEM = CreateBillableItem(client_id=7, description="Hosting of Ann", amount=Decimal("10.00"))
SECRET = UpdateService(service_id=3, password="hush")


@pytest.fixture
def place(ready):
    made = open_workplace(load_settings(), "main")
    yield made
    made.store.close()


@pytest.fixture
def begin(place):
    def make(reference, command=ITEM, *, proof="none", seconds=60.0, end=State.UNKNOWN, by=""):
        context = replace(place.context("shop"), reference=reference)
        ledger = place.ledger
        attempt = ledger.begin(command, context, backend="there", proof=proof, seconds=seconds)
        errors = {State.UNKNOWN: TransportLost("reset"), State.REFUSED: Rejected("Ann is unknown")}
        if end is not None:
            ledger.end(attempt, End(end, error=errors.get(end), by=by), context.now)
        return attempt

    return make


def test_unknown_attempts_are_listed_and_nothing_of_a_client(ready, begin):
    begin("one")
    begin("two", end=State.REFUSED)
    header, row = ready("forwards", "list").stdout.splitlines()
    names = [
        "reference",
        "backend",
        "command",
        "state",
        "proof",
        "sends",
        "began",
        "error",
        "waits_for",
    ]
    assert header.split("\t") == names
    cells = row.split("\t")
    assert cells[:6] == ["one", "there", "CreateBillableItem", "unknown", "none", "1"]
    assert cells[7] == "transport_lost"
    listed = ready("forwards", "list", "--all", "--json").stdout
    assert [each["state"] for each in json.loads(listed)] == ["unknown", "refused"]
    assert "Ann" not in listed


def test_the_newest_are_shown_last_and_older_ones_counted(ready, begin):
    for name in ("a", "b", "c"):
        begin(name)
    shown = ready("forwards", "list", "--all", "--limit", "2")
    assert [row.split("\t")[0] for row in shown.stdout.splitlines()[1:]] == ["b", "c"]
    assert "1 more, older, not shown: --limit 3 shows all" in shown.stderr


def test_a_refusal_that_nobody_was_told_is_listed_until_somebody_has_seen_to_it(ready, begin):
    begin("told", end=State.REFUSED)
    begin("untold", end=State.REFUSED, by="worker")
    rows = ready("forwards", "list").stdout.splitlines()[1:]
    assert [row.split("\t")[0] for row in rows] == ["untold"]
    assert ready("forwards", "resolve", "untold", "--seen").stdout == "untold: refused, seen\n"
    assert ready("forwards", "list").stdout.splitlines()[1:] == []
    begin("lost")
    assert "not refused" in ready("forwards", "resolve", "lost", "--seen", fails=True).stderr


def test_a_queued_command_says_what_it_waits_for(ready, begin, place):
    begin("first", SECRET)
    context = replace(place.context("shop"), reference="second")
    place.ledger.begin(
        SECRET,
        context,
        backend="there",
        proof="none",
        seconds=60.0,
        accepted=ServiceUpdated(3),
    )
    rows = [line.split("\t") for line in ready("forwards", "list", "--all").stdout.splitlines()]
    assert [(row[0], row[3], row[8]) for row in rows[1:]] == [
        ("first", "unknown", ""), ("second", "queued", "first")
    ]  # fmt: skip
    shown = ready("forwards", "show", "second").stdout
    assert (
        dict(line.split(None, 1) for line in shown.splitlines() if " " in line.strip())[
            "waits_for"
        ]
        == "first"
    )


def test_attempts_are_listed_by_state_and_backend(ready, begin):
    begin("one")
    begin("two", end=State.REFUSED)
    refused = ready("forwards", "list", "--state", "refused").stdout.splitlines()
    assert [row.split("\t")[0] for row in refused[1:]] == ["two"]
    assert len(ready("forwards", "list", "--backend", "other").stdout.splitlines()) == 1


def test_what_a_process_left_open_is_listed_once_its_time_is_over(ready, begin):
    begin("alive", end=None)
    begin("dead", end=None, seconds=-1.0)
    rows = ready("forwards", "list").stdout.splitlines()[1:]
    assert [row.split("\t")[0] for row in rows] == ["dead"]


def test_an_attempt_is_shown_with_its_command_and_without_secrets(ready, begin):
    begin("one", SECRET)
    shown = ready("forwards", "show", "one").stdout
    facts = dict(line.split(None, 1) for line in shown.splitlines() if " " in line.strip())
    assert facts["credential"] == "shop"
    assert facts["detail"] == "reset"
    assert json.loads(facts["request"])["fields"]["service_id"] == 3
    assert "hush" not in shown


def test_an_attempt_that_does_not_exist_is_named(ready):
    assert "no attempt zero" in ready("forwards", "show", "zero", fails=True).stderr


@pytest.mark.parametrize(
    ("how", "state", "sends"), [("--done", State.DONE, 1), ("--absent", State.NOT_SENT, 0)]
)
def test_the_operator_ends_what_nobody_can_prove(ready, begin, place, how, state, sends):
    begin("one")
    assert ready("forwards", "resolve", "one", how).stdout == f"one: {state}\n"
    found = place.ledger.find("one")
    assert (found.state, found.sends, found.resolved_by) == (state, sends, "operator")
    again = ready("forwards", "resolve", "one", "--done", fails=True)
    assert f"one is {state}, there is nothing to resolve" in again.stderr


def test_what_is_on_its_way_cannot_be_resolved(ready, begin):
    begin("one", end=None)
    assert "one is open" in ready("forwards", "resolve", "one", "--done", fails=True).stderr


def test_a_backend_that_is_no_longer_configured_cannot_be_asked(ready, begin):
    begin("one", proof="reference")
    said = ready("forwards", "resolve", "one", fails=True).stderr
    assert "Account main has no backend there now" in said
    assert "--done or --absent" in said


def _with_remote(place, elsewhere):
    ledger = replace_clock(place)
    config = RemoteConfig(settle_seconds=0)
    remote = RemoteBackend(elsewhere, ledger, config, pause=lambda _: None)
    return replace(place, remotes={"there": remote})


def replace_clock(place):
    ledger = type(place.ledger)(place.store, place.ledger.clock)
    ledger.clock = lambda: place.ledger.clock() + timedelta(hours=1)
    return ledger


def test_a_look_up_sends_what_is_proved_absent_again(begin, place):
    begin("one", proof="reference")
    there = Elsewhere(lambda *_: BillableItemCreated(5), name="there")
    after = looked_up(_with_remote(place, there), place.ledger.find("one"))
    assert (after.state, after.sends, after.resolved_by) == (State.DONE, 2, "operator")
    assert list(there.made) == ["one"]


def test_a_backend_that_cannot_be_asked_leaves_it_to_the_operator(begin, place):
    begin("one")
    there = Elsewhere(lambda *_: BillableItemCreated(5), Proof.NONE, name="there")
    with pytest.raises(click.ClickException, match="--done or --absent"):
        looked_up(_with_remote(place, there), place.ledger.find("one"))
