"""The page about coverage is made from the code, and names every action once."""

from pathlib import Path

from adapter.protocols.whmcs.actions import ACTIONS
from adapter.protocols.whmcs.coverage import GROUPS, describe_coverage

ROOT = Path(__file__).parents[3]
NAMES = [name for group in GROUPS.values() for name in group.names]


def test_the_page_about_coverage_is_the_tables():
    assert (ROOT / "docs" / "coverage.md").read_text() == describe_coverage()


def test_every_action_is_named_once_in_its_documented_spelling():
    assert len({name.lower() for name in NAMES}) == len(NAMES)
    assert {action.schema.action for action in ACTIONS.values()} <= set(NAMES)


def test_what_does_not_work_says_why():
    page = describe_coverage()
    assert "| Support | OpenTicket | error | passes | support is not billing |" in page
    assert "| Billing | GenInvoices | works | as routed | |" in page
