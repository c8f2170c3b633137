"""Contract files are read whole, and what is wrong in them is named."""

from datetime import date, time

import pytest

from adapter.bridge.contracts import BadContract, RefusedBy, SkipWhere, load_contracts

CASE = """
[[case]]
id = "one"
source = "the document"
request.body = 'action=Thing'
reply.body = 'x'
"""


def test_a_case_takes_defaults_from_file_protocol_and_all(folder):
    folder.write(
        "steps.toml", '[defaults.request.headers]\nX-One = "1"\nX-Two = "1"\n[vars]\na = "all"\n'
    )
    case = folder.load(
        """
        endpoint = "Thing"
        [defaults]
        request.query = "q=1"
        request.headers.x-two = "2"
        reply.content_type = "text/plain"
        [vars]
        a = "file"
        """
        + CASE
        + "request.headers.X-Three = '3'\n"
    ).cases[0]
    assert case.key == "whmcs/thing:one"
    assert case.protocol == "whmcs"
    assert case.main.endpoint == "Thing"
    assert case.main.request.path == "/includes/api.php"
    assert case.main.request.query == "q=1"
    assert dict(case.main.request.headers) == {
        "content-type": "application/x-www-form-urlencoded",
        "x-one": "1",
        "x-two": "2",
        "x-three": "3",
    }
    assert case.main.reply is not None
    assert (case.main.reply.status, case.main.reply.content_type) == (200, "text/plain")
    assert [names.get("a") for names in case.main.outer] == ["file", None, "all"]
    assert case.refused is RefusedBy.REQUEST


def test_an_empty_content_type_sends_none(folder):
    case = folder.load(CASE + 'request.headers.Content-Type = ""\n').cases[0]
    assert case.main.request.headers == {}


def test_bytes_come_in_base64(folder):
    case = folder.load(
        CASE.replace("request.body = 'action=Thing'", 'request.body_base64 = "/w=="')
    )
    assert case.cases[0].main.request.body == "\udcff"


def test_steps_are_found_in_the_file_the_protocol_and_the_other_protocol(folder):
    case = folder.load(
        """
        [step.client]
        request.body = 'mine'
        """
        + CASE
        + """
        given = ["client", { use = "whmcs/client", as = "second", with = { name = "Bo" } },
                 "invoicesonline/client", "service"]
        """
    ).cases[0]
    bodies = [use.step.request.body for use in case.given]
    assert bodies[0] == "mine"
    assert bodies[1].startswith("action=AddClient")
    assert (case.given[1].alias, case.given[1].with_) == ("second", {"name": "Bo"})
    assert case.given[2].step.protocol == "invoicesonline"
    assert [use.step.name for use in case.uses()] == [
        "client", "client", "client", "client", "service", "one",
    ]  # fmt: skip


def test_an_inline_step_may_be_of_the_other_protocol(folder):
    case = folder.load(
        CASE
        + """
        [[case.then]]
        protocol = "invoicesonline"
        today = 2026-02-01
        request.query = "a"
        reply.status = 200
        """
    ).cases[0]
    assert case.then[0].step.request.path == "/api/${endpoint}.php"
    assert case.then[0].step.today == "2026-02-01"


def test_an_account_of_its_own(folder):
    case = folder.load(
        CASE
        + """
        today = 2026-02-28
        local_time = 23:30:00
        only = "in-process"
        reason = "counts"
        [case.account]
        setup = "taxed"
        settings = { tax = true }
        limits = { rows = 2 }
        credentials.other = { allow = ["GetClients"], ip = ["192.0.2.1"], revoked = true }
        """
    ).cases[0]
    assert (case.today, case.local_time) == (date(2026, 2, 28), time(23, 30))
    assert case.in_process_reason == "counts"
    assert case.account.limits == {"rows": 2}
    assert case.account.credentials["other"].revoked
    assert case.account.differs


def test_a_catalogue_alone_is_no_difference(folder):
    case = folder.load(CASE + '[case.account]\nsetup = "taxed"\n').cases[0]
    assert not case.account.differs


def test_skips_name_their_place(folder):
    folder.write("skips.toml", '[[skip]]\nid = "whmcs/thing:one"\nreason = "slow"\n')
    skip = folder.load(CASE).skips["whmcs/thing:one"]
    assert (skip.where, skip.reason) == (SkipWhere.HTTP, "slow")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[[case]]\nid = 'x'\n", "whmcs/thing:x: source is missing"),
        ("[[case]]\nsource = 'x'\n", "whmcs/thing.toml, case 1: id is missing"),
        (CASE.replace("the document", " "), "whmcs/thing:one: source is empty"),
        (CASE.replace('"one"', '"One"'), "whmcs/thing:One: an id is made of"),
        (CASE + CASE, "whmcs/thing:one: two cases have this id"),
        (CASE + "replay = 1", "whmcs/thing:one: unknown key replay"),
        (CASE + "request.bdy = 'x'", "whmcs/thing:one, request: unknown key bdy"),
        (CASE + "reply.status = '200'", "whmcs/thing:one, reply: status must be int"),
        (CASE + "reply.status = true", "whmcs/thing:one, reply: status must be int"),
        (CASE + 'given = ["clint"]', "whmcs/thing:one: there is no step clint"),
        (CASE + 'given = ["php/client"]', "whmcs/thing:one: there is no protocol php"),
        (CASE + 'given = [{ use = "client", wth = {} }]', "one, given: unknown key wth"),
        (CASE + "given = [{ capture = {} }]", "one, given: request is missing"),
        (CASE + "capture = { a = '.' }", "whmcs/thing:one: unknown key capture"),
        (CASE + "only = 'in-process'", 'only = "in-process" and its reason go together'),
        (CASE + "reason = 'x'", 'only = "in-process" and its reason go together'),
        (CASE + "refused = 'never'", "whmcs/thing:one: refused: 'never'"),
        (CASE + "refused = 'access'\ncommand = { type = 'X' }", "command or is refused, not both"),
        (CASE + "command = { a = 1 }", "whmcs/thing:one: command.type is missing"),
        (CASE + "request.body_base64 = '!'", "body and body_base64 exclude each other"),
        (CASE + "today = '2026-01-01'", "whmcs/thing:one: today must be date"),
        (CASE + "local_time = '23:30'", "whmcs/thing:one: local_time must be time"),
        (CASE + "account = { limits = { row = 1 } }", "account: no such limit: row"),
        (CASE + "vars = { a = [] }", "whmcs/thing:one: vars.a must be a text"),
        (CASE + "then = [{ request = {} }]", "one, then: reply is missing"),
        (CASE.replace("reply.body = 'x'", ""), "whmcs/thing:one: reply is missing"),
        (CASE.replace("request.body = 'action=Thing'", ""), "one: request is missing"),
        ("cases = []\n", "whmcs/thing.toml: unknown key cases"),
        ("[[case]\n", "whmcs/thing.toml: Expected"),
    ],
)  # fmt: skip
def test_a_bad_file_is_named(folder, text, complaint):
    with pytest.raises(BadContract) as caught:
        folder.load(text)
    assert complaint in str(caught.value)


def test_a_bad_base64_is_named(folder):
    text = CASE.replace("request.body = 'action=Thing'", 'request.body_base64 = "!"')
    with pytest.raises(BadContract, match="body_base64: "):
        folder.load(text)


def test_steps_that_need_each_other_are_named(folder):
    steps = """
    [step.a]
    given = ["b"]
    request.body = ''
    [step.b]
    given = ["a"]
    request.body = ''
    """
    with pytest.raises(BadContract, match="step a needs itself"):
        folder.load(steps + CASE + 'given = ["a"]')


def test_a_skip_of_nothing_is_named(folder):
    folder.write("skips.toml", '[[skip]]\nid = "whmcs/thing:two"\nreason = "x"\n')
    with pytest.raises(BadContract, match="there is no case whmcs/thing:two"):
        folder.load(CASE)


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(BadContract, match="no such folder"):
        load_contracts(tmp_path / "none")


def test_a_folder_without_cases_is_named(folder):
    with pytest.raises(BadContract, match="no contract files"):
        folder.load()
