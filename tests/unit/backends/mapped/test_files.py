"""Mapping files: what is wrong with one is said at start, with its place and a remedy."""

from pathlib import Path

import pytest

from adapter.backends.mapped import MappedConfig, MappedConnector, load_mapping, shipped_mappings
from adapter.backends.mapped.describe import describe_kind
from adapter.errors import InvalidField, InvalidMapping
from tests.unit.backends.mapped.conftest import Script

GOOD = """
mapping: 1
name: shop
url: https://shop.example/api
values: {kind: plain}
tables: {rate: {a: 1}}
message: body.error
commands:
  FindClient:
    ignores: {branch_name: there are no branches}
    steps:
      - name: found
        url: /clients/{command.email}
        query: {name: "${command.invoice_name}"}
    result:
      kind: ClientFound
      fields: {client_id: {value: steps.found.body.id, as: id, noun: client}}
  AddCredit:
    proof: reference
    ids: {client: {noun: client, of: command.client_id}}
    ignores: {admin_id: nobody asks, entered_on: it is today}
    refuses:
      - {when: command.remove, what: taking credit away}
    steps:
      - name: added
        method: POST
        url: /clients/{ids.client}/credits
        json: {amount: {$eval: cents(command.amount)}, text: {$eval: command.description}}
        replies: [{status: 404, end: refused, error: client_not_found}]
    result:
      kind: CreditAdded
      fields: {new_balance: {value: steps.added.body.sum, as: hundredths, currency: "'ZAR'"}}
    look_up:
      steps:
        - name: listed
          url: /credits
          find: {in: body.data, where: {ref: reference}, more: body.more}
      absent: "!(steps.listed.found)"
      result:
        kind: CreditAdded
        fields: {new_balance: {value: steps.listed.found.sum, as: hundredths, currency: "'ZAR'"}}
"""

FIND = "commands.FindClient"
CREDIT = "commands.AddCredit"
# ruff: noqa: E501 - one case a line reads as the table that it is
# What is replaced, by what, where the error is, and a word of the remedy or what is wrong.
BROKEN = {
    "several fields neither sent nor ignored": (
        "{admin_id: nobody asks, entered_on: it is today}", "{}", CREDIT, "entered_on, admin_id of AddCredit are neither"
    ),
    "no yaml": ("mapping: 1", "mapping: [1", "(file)", "cannot be parsed"),
    "a key twice": ("name: shop", "name: shop\nname: other", "(file)", "comes twice"),
    "another version": ("mapping: 1", "mapping: 2", "mapping", "write `mapping: 1`"),
    "an unknown key": ("message:", "mesage:", "mesage", "did you mean message?"),
    "an address that is none": ("https://shop", "shop", "url", "http or https"),
    "no commands": ("commands:", "values2:", "values2", "remove it"),
    "an unknown command": ("AddCredit:", "AddCredits:", "commands.AddCredits", "no such command"),
    "an unknown command key": ("    ignores: {branch", "    ignore: {branch", f"{FIND}.ignore", "ignores"),
    "an unknown field in a url": ("{command.email}", "{command.mail}", f"{FIND}.steps[0].url", "no field 'mail'"),
    "an unknown field in a query": (
        "${command.invoice_name}", "${command.name}", f"{FIND}.steps[0].query", "no field 'name'"
    ),
    "a field of nothing": ("{command.email}", "{command.email.host}", f"{FIND}.steps[0].url", "no fields"),
    "a field neither sent nor ignored": (
        "ignores: {branch_name: there are no branches}", "ignores: {}", FIND, "branch_name of FindClient"
    ),
    "an ignored field that is none": ("branch_name:", "branch:", f"{FIND}.ignores.branch", "no field branch"),
    "an unknown name": ("{command.email}", "{comand.email}", f"{FIND}.steps[0].url", "known are"),
    "a value that is not declared": (
        "${command.invoice_name}", "${command.invoice_name}${values.none}", f"{FIND}.steps[0].query", "'none'"
    ),
    "jmespath that does not compile": (
        "value: steps.found.body.id", "value: steps.found..id", f"{FIND}.result.fields.client_id", "jmespath"
    ),
    "json-e that does not compile": (
        "cents(command.amount)", "cents(command.amount", f"{CREDIT}.steps[0].json", "json-e"
    ),
    "an interpolation that does not end": (
        "${command.invoice_name}", "${command.invoice_name", f"{FIND}.steps[0].query", "does not end"
    ),
    "an unknown operator": ("{$eval: cents", "{$evl: cents", f"{CREDIT}.steps[0].json", "$evl"),
    "an unknown function": ("cents(", "hundredths(", f"{CREDIT}.steps[0].json", "is no function"),
    "a negated call": ("when: command.remove", 'when: "!given(command.remove)"', f"{CREDIT}.refuses[0].when", "brackets"),
    "a step before its time": (
        "{command.email}", "{steps.later.body.id}", f"{FIND}.steps[0].url", "no 'later'"
    ),
    "an unknown method": ("method: POST", "method: SEND", f"{CREDIT}.steps[0].method", "use GET"),
    "a url with a query": ("/credits\n        json", "/credits?a=1\n        json", f"{CREDIT}.steps[0].url", "under query"),
    "a url without a beginning": ("url: /credits", "url: credits", f"{CREDIT}.look_up.steps[0].url", "begin with /"),
    "a hole that does not end": ("{ids.client}", "{ids.client", f"{CREDIT}.steps[0].url", "close it"),
    "an unknown result": ("kind: ClientFound", "kind: ClientGone", f"{FIND}.result.kind", "no result ClientGone"),
    "a result field that is none": ("{client_id: {value: steps.found", "{client: {value: steps.found", f"{FIND}.result.fields.client", "no field client"),
    "a result field that is missing": (
        "fields: {client_id: {value: steps.found.body.id, as: id, noun: client}}",
        "fields: {}",
        f"{FIND}.result.fields.client_id",
        "ClientFound needs client_id",
    ),
    "a form that gives another type": ("as: id, noun: client", "as: unix_date", f"{FIND}.result.fields.client_id.as", "use one of"),
    "an id without a noun": ("as: id, noun: client}", "as: id}", f"{FIND}.result.fields.client_id.noun", "noun goes with"),
    "an amount without a currency": (
        "value: steps.added.body.sum, as: hundredths, currency: \"'ZAR'\"",
        "value: steps.added.body.sum, as: hundredths",
        f"{CREDIT}.result.fields.new_balance.currency",
        "goes with amounts",
    ),
    "a constant of another type": (
        "{value: steps.found.body.id, as: id, noun: client}", "{constant: seven}", f"{FIND}.result.fields.client_id", "does not fit"
    ),
    "a proof that is none": ("proof: reference", "proof: hope", f"{CREDIT}.proof", "natural"),
    "no proof": ("    proof: reference\n", "", f"{CREDIT}.proof", "is missing"),
    "a proof without a look-up": ("proof: reference", "proof: none", f"{CREDIT}.look_up", "proof: none"),
    "a look-up that acts": ("url: /credits\n", "method: POST\n          url: /credits\n", f"{CREDIT}.look_up.steps[0]", "must not act"),
    "another result of the look-up": (
        "kind: CreditAdded\n        fields: {new_balance: {value: steps.listed",
        "kind: ClientFound\n        fields: {client_id: {value: steps.listed.found.id, as: id, noun: c}}\n        x: {y: {value: steps.listed",
        f"{CREDIT}.look_up.result.x",
        "remove it",
    ),
    "a status that is none": ("status: 404", "status: 4o4", f"{CREDIT}.steps[0].replies[0].status", "4xx"),
    "an end that is none": ("end: refused", "end: gone", f"{CREDIT}.steps[0].replies[0].end", "not_sent"),
    "an error that is none": ("client_not_found", "client_gone", f"{CREDIT}.steps[0].replies[0].error", "client_gone"),
    "an error that is not refused": ("end: refused, error", "end: unknown, error", f"{CREDIT}.steps[0].replies[0].error", "goes with end refused"),
    "a switch of words": ("method: POST", "reusable: sometimes\n        method: POST", f"{CREDIT}.steps[0].reusable", "true or false"),
    "a reading of GET's body": ("url: /credits\n", "json: {a: 1}\n          url: /credits\n", f"{CREDIT}.look_up.steps[0].json", "GET has no body"),
    "an authentication that is none": ("values:", "auth: {kind: magic}\nvalues:", "auth.kind", "oauth2"),
    "oauth2 without an address": ("values:", "auth: {kind: oauth2}\nvalues:", "auth.token_url", "needs it"),
    "a list for a table": ("values: {kind: plain}", "values: [1]", "values", "is no table"),
    "a number for a text": ("name: shop", "name: 7", "name", "is no text"),
}  # fmt: skip


def written(folder, text, name="shop.yaml"):
    path = folder / name
    path.write_text(text)
    return str(path)


def test_the_file_that_is_broken_below_is_in_order(tmp_path):
    mapping = load_mapping(written(tmp_path, GOOD))
    assert list(mapping.commands) == ["FindClient", "AddCredit"]
    assert mapping.values == {"kind": "plain"}


@pytest.mark.parametrize("case", BROKEN)
def test_what_is_wrong_is_said_with_file_key_and_remedy(tmp_path, case):
    old, new, key, told = BROKEN[case]
    assert GOOD.count(old) >= 1
    file = written(tmp_path, GOOD.replace(old, new, 1))
    with pytest.raises(InvalidMapping) as refused:
        load_mapping(file)
    error = refused.value
    assert (error.file, error.path.startswith(key)) == (file, True), error
    assert told in str(error)
    assert error.remedy
    assert str(error) == f"{file}: {error.path}: {error.detail}; {error.remedy}"


def test_there_are_many_broken_files():
    assert len(BROKEN) >= 25


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.yaml", "!!python/object/apply:os.system ['true']"),
        ("b.yaml", "a: &a [*a]\n"),
        ("c.toml", "mapping = "),
        ("d.yaml", "[" * 5000),
        ("e.yaml", "- 1\n"),
        ("f.yaml", ""),
    ],
)
def test_a_file_of_another_kind_is_refused(tmp_path, name, text):
    with pytest.raises(InvalidMapping):
        load_mapping(written(tmp_path, text, name))
    with pytest.raises(
        InvalidMapping, match="name a readable file or one of invoiceninja, stripe"
    ):
        load_mapping(str(tmp_path / "none.yaml"))


def test_toml_says_the_same(tmp_path):
    text = """
        mapping = 1
        name = "shop"
        [commands.FindClient]
        ignores.branch_name = "there are no branches"
        steps = [{name = "found", url = "/clients", query = {"$eval" = "command"}}]
        [commands.FindClient.result]
        kind = "ClientFound"
        fields.client_id = {value = "steps.found.body.id", as = "id", noun = "client"}
    """
    with pytest.raises(InvalidMapping, match="invoice_name, email of FindClient are neither"):
        load_mapping(written(tmp_path, text, "shop.toml"))
    used = text.replace('{"$eval" = "command"}', '{q = "${command.invoice_name}${command.email}"}')
    assert load_mapping(written(tmp_path, used, "shop.toml")).name == "shop"


@pytest.mark.parametrize("name", shipped_mappings())
def test_what_is_shipped_is_in_order(name):
    assert load_mapping(name).name == name


@pytest.mark.parametrize(
    ("config", "path"),
    [
        (MappedConfig("shop", values=("kinds=x",)), "values.kinds"),
        (MappedConfig("shop", url="shop.example"), "url"),
    ],
)
def test_settings_that_do_not_fit_the_file_are_refused(tmp_path, book, config, path):
    mapping = load_mapping(written(tmp_path, GOOD))
    with pytest.raises(InvalidMapping) as refused:
        MappedConnector("shop", mapping, config, Script(), book, monotonic=lambda: 0.0)
    assert refused.value.path == path


def test_the_whole_small_file_of_the_documentation_can_be_used(tmp_path):
    page = (Path(__file__).parents[4] / "docs" / "mapped-backends.md").read_text()
    file = tmp_path / "shop.yaml"
    file.write_text(
        page.partition("## A whole small file")[2].split("```")[1].removeprefix("yaml")
    )
    assert list(load_mapping(str(file)).commands) == ["AddCredit"]


def test_the_fields_of_commands_and_results_are_described():
    assert list(describe_kind("AddCredit"))[:4] == [
        ("client_id", "int", "required"),
        ("description", "str", "required"),
        ("amount", "Decimal", "required"),
        ("entered_on", "datetime.date | None", "None"),
    ]
    paths = [path for path, _, _ in describe_kind("CreateRecurringInvoice")]
    assert "lines.unit_price" in paths
    with pytest.raises(InvalidField, match="did you mean AddCredit"):
        list(describe_kind("AddCredits"))
