"""A call of the upstream's own protocol: every field out, every reply and silence in."""

from dataclasses import replace
from urllib.parse import parse_qsl

import pytest

from adapter.commands import model, results
from adapter.commands.context import Sent
from adapter.commands.model import ClientIdentity
from adapter.errors import (
    CannotExpress,
    EmailTaken,
    NotSent,
    OutcomeLost,
    Rejected,
)
from tests.contract.target import IDENTIFIER, SECRET
from tests.forwarding import Spoil
from tests.unit.backends.forward.cases import (
    ACME,
    ANN,
    connector,
    say,
)


def test_a_call_of_the_same_protocol_keeps_every_field_its_caller_sent(wire, context):
    params = {"odd": {"5": "x", "1": ""}, "setting": "CompanyName", "secret": "theirs"}
    sent = replace(context, sent=Sent("whmcs", "getconfigurationvalue", params))
    shown = say(connector(wire), model.GetSetting("CompanyName"), sent)
    assert isinstance(shown, results.SettingShown)
    (request,) = wire.requests
    assert request.url == "https://b.example/includes/api.php"
    assert parse_qsl(request.body.decode(), keep_blank_values=True) == [
        ("action", "GetConfigurationValue"),
        ("identifier", IDENTIFIER),
        ("secret", SECRET),
        ("responsetype", "json"),
        ("odd[5]", "x"),
        ("odd[1]", ""),
        ("setting", "CompanyName"),
    ]


def test_a_refusal_is_the_error_that_the_store_itself_gives(wire, context):
    form = connector(wire)
    say(form, ANN, context)
    with pytest.raises(EmailTaken):
        say(form, ANN, context)


def test_refused_credentials_of_the_route_are_no_answer_for_the_caller(wire, context):
    for protocol, command in (("whmcs", ANN), ("invoicesonline", model.FindClient("A", "a@b.c"))):
        with pytest.raises(Rejected) as caught:
            say(connector(wire, protocol, secret="wrong"), command, context)
        assert type(caught.value) is Rejected
        assert str(caught.value) == "The backend refused the request"


@pytest.mark.parametrize(
    "spoil",
    [
        Spoil.LOST_BEFORE,
        Spoil.LOST_AFTER,
        Spoil.ERROR_AFTER,
        Spoil.GARBAGE_AFTER,
        Spoil.PAGE_AFTER,
        Spoil.REDIRECT,
    ],
)
@pytest.mark.parametrize("protocol", ["whmcs", "invoicesonline"])
def test_no_readable_reply_leaves_a_change_unknown_and_a_read_unread(
    spoil, protocol, wire, context
):
    wire.plan = {0: spoil, 1: spoil}
    client = (
        ANN
        if protocol == "whmcs"
        else replace(ANN, client=ACME, identity=ClientIdentity.NAME_AND_EMAIL)
    )
    backend = connector(wire, protocol)
    with pytest.raises(OutcomeLost) as caught:
        say(backend, client, context)
    assert caught.value.reference == "ref-1"
    with pytest.raises(Exception, match=r"cannot be read|did not answer") as unread:
        say(backend, model.GetClient(1), context)
    assert not isinstance(unread.value, OutcomeLost)


def test_what_was_not_sent_says_so_and_a_dry_run_is_never_sent(wire, context):
    wire.plan = {0: Spoil.UNSENT}
    with pytest.raises(NotSent):
        say(connector(wire), ANN, context)
    with pytest.raises(CannotExpress, match="dry run"):
        say(connector(wire), ANN, replace(context, dry_run=True))
    assert len(wire.requests) == 1
