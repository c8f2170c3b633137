"""docs/integrating.md knows every switch of both protocols, with its default and values."""

import re
from dataclasses import fields
from enum import Enum
from pathlib import Path
from typing import Any

import pytest

from adapter.protocols.invoicesonline.quirks import Quirks as InvoicesOnlineQuirks
from adapter.protocols.whmcs.quirks import Quirks as WhmcsQuirks

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "integrating.md").read_text()
# The account's, not a switch.
DERIVED = {"zone"}


def shown(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def switches() -> dict[str, Any]:
    """Return the default of every switch by the name that the page gives it."""
    return {
        f"{table}.{each.name}": each.default
        for table, quirks in (("whmcs", WhmcsQuirks), ("invoicesonline", InvoicesOnlineQuirks))
        for each in fields(quirks)
        if each.name not in DERIVED
    }


def rows() -> dict[str, list[str]]:
    """Return the cells of the table of switches by the switch."""
    part = PAGE.partition("## Every switch")[2].partition("\n## ")[0]
    cells = [line.strip("| ").split(" | ") for line in part.splitlines() if line.startswith("| `")]
    return {name.strip("`"): rest for name, *rest in cells}


def test_every_switch_is_there_once_and_no_other():
    assert sorted(rows()) == sorted(switches())


@pytest.mark.parametrize("name", list(switches()))
def test_a_switch_has_its_default_and_its_other_values(name):
    default = switches()[name]
    written, others = rows()[name]
    assert written == f"`{shown(default)}`"
    if isinstance(default, bool):
        values = {shown(not default)}
    elif isinstance(default, Enum):
        values = {each.value for each in type(default)} - {default.value}
    else:
        return
    assert values <= set(re.findall(r"`([^`]*)`", others))


@pytest.mark.parametrize("name", list(switches()))
def test_a_switch_stands_beside_what_it_changes(name):
    differences = PAGE.partition("## Every switch")[0]
    assert re.search(rf"\| `{name.partition('.')[2]}` \|$", differences, re.MULTILINE), name


def test_titles_of_decisions_are_titles():
    titles = set(re.findall(r"(?m)^### (.*)$", (ROOT / "contracts/decisions.md").read_text()))
    cited = set(re.findall(r'\("([^")]*)"\)', PAGE))
    assert cited
    assert cited <= titles
