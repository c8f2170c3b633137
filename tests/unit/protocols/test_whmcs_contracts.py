"""The contracts name every parameter and every text, and the code knows no others."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from adapter import errors
from adapter.protocols.whmcs.actions import ACTIONS
from adapter.protocols.whmcs.errors import ACTION_TEXTS, FIELD_TEXTS, WIRE

FOLDER = Path(__file__).parents[3] / "contracts" / "whmcs"
FILES = {
    path.stem: tomllib.loads(path.read_text(encoding="utf-8"))
    for path in FOLDER.glob("*.toml")
    if path.stem != "steps"
}
TEXT = "".join(path.read_text(encoding="utf-8") for path in FOLDER.glob("*.toml"))
_WIRE_NAME = re.compile(r"^\| `([^`\[]+)(?:\[[^`]*)?` \|", re.MULTILINE)


def sent(case: dict[str, Any]) -> str:
    request: dict[str, str] = case["request"]
    return "&" + request.get("query", "") + "&" + request.get("body", "")


@pytest.mark.parametrize("key", ACTIONS)
def test_every_action_has_cases_and_a_description(key: str) -> None:
    assert FILES[key]["case"]
    assert (FOLDER / f"{key}.md").is_file()


@pytest.mark.parametrize("key", ACTIONS)
def test_the_description_names_what_the_schema_knows(key: str) -> None:
    described = set(_WIRE_NAME.findall((FOLDER / f"{key}.md").read_text(encoding="utf-8")))
    assert described == ACTIONS[key].schema.documented()


@pytest.mark.parametrize("key", ACTIONS)
def test_every_parameter_occurs_in_a_case(key: str) -> None:
    requests = "".join(map(sent, FILES[key]["case"]))
    missing = [
        name
        for name in ACTIONS[key].schema.documented()
        if not re.search(rf"&{re.escape(name)}(\[|=)", requests)
    ]
    assert missing == []


def told(text: str) -> bool:
    """Tell whether a case expects a text, as JSON, XML or NVP have it."""
    escaped = text.replace("/", "\\/").replace('"', '\\"')
    return any(form in TEXT for form in (text, escaped))


@pytest.mark.parametrize("key", FIELD_TEXTS)
def test_every_text_of_a_field_is_expected_by_a_case_of_its_action(
    key: tuple[str, str, str],
) -> None:
    content = (FOLDER / f"{key[0]}.toml").read_text(encoding="utf-8")
    text = FIELD_TEXTS[key]
    assert text in content or text.replace('"', '\\"') in content


@pytest.mark.parametrize("key", ACTION_TEXTS)
def test_every_text_of_one_action_is_expected_by_a_case(
    key: tuple[str, type[errors.AdapterError]],
) -> None:
    assert ACTION_TEXTS[key] in (FOLDER / f"{key[0]}.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "kind",
    [
        kind
        for kind, row in WIRE.items()
        if isinstance(row.text, str) and kind not in {errors.AdapterError, errors.BackendError}
    ],
)
def test_every_text_of_the_table_is_expected_by_a_case(kind: type[errors.AdapterError]) -> None:
    text = WIRE[kind].text
    assert isinstance(text, str)
    assert told(text)


def test_every_status_is_expected_by_a_case() -> None:
    expected = {
        case.get("reply", {}).get("status", 200)
        for file in FILES.values()
        for case in file["case"]
    }
    assert {row.status for row in WIRE.values()} <= expected


def test_actions_are_asked_for_by_their_commands_only_once() -> None:
    commands = [action.schema.command for action in ACTIONS.values()]
    assert len(set(commands)) == len(commands)
