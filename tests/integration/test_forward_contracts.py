"""Gateway A in front of gateway B: what A's callers see is what B says, or why it is not asked."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from adapter.backends.forward.config import CLIENTS
from adapter.bridge.canonical import CANONICAL
from adapter.bridge.contracts import Case, Outcome, load_contracts, run_case, run_contracts
from tests.contract.test_contracts import FOLDER
from tests.forwarding import SHOP_TERMS, TAXED_SHOP, forward_target

pytestmark = [pytest.mark.integration, pytest.mark.enable_socket, pytest.mark.slow]

REFUSAL = b"The backend cannot express "
# The only calls of a form-post upstream that may go out for something that is then refused.
READS = {"GetClientsDetails", "GetInvoices"}
# Cases of positional callers whose reply differs at a form-post upstream, by their nature.
NUMBERS = "a form-post upstream tells an invoice's number only where it prints one of its own"
DIFFERENT = {
    "invoicesonline/generatenewrecurringinvoice:client-found-blank-details-are-filled": (
        "details of a client found there are not changed; the reply names them"
    ),
    "invoicesonline/getdocumentsbytype_json:invoices": NUMBERS,
    "invoicesonline/getdocumentsbytype_json:invoices-of-all-clients": NUMBERS,
}


def test_the_list_of_different_cases_names_cases():
    assert set(DIFFERENT) <= {case.key for case in load_contracts(FOLDER).cases}


@pytest.mark.parametrize("protocol", list(CLIENTS))
@pytest.mark.parametrize("by", ["itself", CANONICAL])
def test_a_protocol_forwarded_answers_its_whole_contract_suite(by, protocol):
    with forward_target(upstream=CANONICAL if by == CANONICAL else protocol) as target:
        report = run_contracts(load_contracts(FOLDER), target, select=[f"{protocol}/"])
        kept = [row for row in target.kept_by_the_front() if row]
    wrong = [each for each in report.results if each.outcome is not Outcome.PASSED]
    assert not wrong, "\n".join(f"{each.key}\n{each.detail}" for each in wrong)
    assert len(report.results) > 700
    assert not kept


def commanding(protocol: str) -> Iterator[Case]:
    """Yield the cases that a backend hears of; the others are the protocol's own business."""
    for case in load_contracts(FOLDER).cases:
        if case.protocol == protocol and case.main.command is not None:
            yield case


def test_positional_callers_of_a_form_post_upstream_get_the_same_replies_or_a_refusal():
    called: set[str] = set()
    with forward_target(upstream="whmcs", terms=SHOP_TERMS, catalogue=TAXED_SHOP) as target:
        for number, case in enumerate(commanding("invoicesonline")):
            result = run_case(case, target, f"u{number}")
            told = target.session.told
            refused = [calls for reply, calls in told if REFUSAL in reply.body]
            # Whatever is refused has changed nothing there.
            assert all(READS.issuperset(calls) for calls in refused), case.key
            if case.key in DIFFERENT:
                assert result.outcome is Outcome.DIFFERED
            elif not refused:
                assert result.outcome is Outcome.PASSED, f"{case.key}\n{result.detail}"
            called.update(*(calls for reply, calls in told if REFUSAL not in reply.body))
    assert called == {"GetClientsDetails", "AddClient", "AddBillableItem", "GetInvoices"}


@dataclass(frozen=True)
class Row:
    """What docs/translation.md promises of one command between two protocols."""

    caller: str
    upstream: str
    command: str
    becomes: str


def promised() -> Iterator[Row]:
    """Yield every row about callers of one protocol and an upstream of the other one."""
    caller = upstream = ""
    for line in (FOLDER.parent / "docs" / "translation.md").read_text().splitlines():
        if heading := HEADING(line):
            caller, upstream = (PROTOCOLS[word] for word in heading.groups())
        elif line.startswith("## "):
            caller = upstream = ""
        elif caller != upstream and (row := ROW(line)):
            yield Row(caller, upstream, *row.groups())


PROTOCOLS = {"form-post": "whmcs", "positional": "invoicesonline"}
HEADING = re.compile(r"## (\S+) callers, (\S+) upstream").fullmatch
ROW = re.compile(r"\| (\w+) \| (refused|translated): .* \| .*\|").fullmatch
PROMISED = list(promised())


def test_the_page_has_a_row_for_every_command_of_both_protocols():
    for caller, upstream in (("whmcs", "invoicesonline"), ("invoicesonline", "whmcs")):
        rows = [
            row.command for row in PROMISED if (row.caller, row.upstream) == (caller, upstream)
        ]
        commands = sorted({(case.main.command or {})["type"] for case in commanding(caller)})
        assert rows == commands


@pytest.mark.parametrize("caller", list(CLIENTS))
def test_what_the_page_translates_comes_through_and_the_rest_is_refused_before_sending(caller):
    cases: dict[str, list[Case]] = {}
    for case in commanding(caller):
        cases.setdefault((case.main.command or {})["type"], []).append(case)
    rows = [row for row in PROMISED if row.caller == caller]
    # Cases of form-post callers bring a shop of their own.
    catalogue = "" if caller == "whmcs" else TAXED_SHOP
    settings: dict[str, Any] = {"terms": SHOP_TERMS, "only_what_it_is_about": True}
    with forward_target(upstream=rows[0].upstream, catalogue=catalogue, **settings) as target:
        for row in rows:
            came_through = False
            for number, case in enumerate(cases[row.command]):
                result = run_case(case, target, f"{row.command}{number}")
                reply, calls = target.session.told[-1]
                if row.becomes == "refused":
                    assert REFUSAL + row.command.encode() in reply.body, case.key
                    assert calls == [], case.key
                    break
                came_through |= result.outcome is Outcome.PASSED and bool(calls)
            assert came_through is (row.becomes == "translated"), row
