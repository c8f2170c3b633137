"""Client libraries that others wrote for the form-post API, unmodified, against a real gateway.

Each tells the same story in `software/stories/`: find a client by e-mail address, create, order,
accept, generate, read, pay, see the due date move, cancel, refund. What it saw is compared here.
All amounts and dates are worked out by hand: a monthly service of 15.95, ordered on 1 March 2027.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from tests.integration.conftest import FORM_PATH, PERSON, Gateway, OpenGateway
from tests.integration.software.environments import HERE, node_modules_of, python_of

pytestmark = [
    pytest.mark.integration,
    pytest.mark.slow,
    pytest.mark.allow_hosts(["127.0.0.1"]),
]

STORIES = HERE / "stories"
SECONDS = 120
STORY: Mapping[str, Any] = {
    "unknown": "Client Not Found",
    "found": [True, "Ann Doe"],
    "before": ["2027-03-01", "15.95", "Active"],
    "generated": ["1", True],
    "unpaid": [True],
    "invoice": ["Unpaid", "15.95", "15.95"],
    "lines": ["15.95"],
    "paid": ["Paid", "15.95", "0.00"],
    "after": "2027-04-01",
    "cancelled": ["Cancelled", "Cancelled"],
    "refunded": "Refunded",
    "transactions": [["0.00", "15.95"], ["15.95", "0.00"]],
    "back": "2027-03-01",
}


@pytest.fixture(scope="module")
def gateway(open_gateway: OpenGateway) -> Gateway:
    return open_gateway(date(2027, 3, 1))


def told(gateway: Gateway, command: list[str], name: str, **environ: str) -> dict[str, Any]:
    """Run a story; return what it saw."""
    environ |= {
        "URL": gateway.url + FORM_PATH,
        "IDENTIFIER": gateway.identifier,
        "SECRET": gateway.secret,
        "PRODUCT": str(gateway.product()),
        "PERSON": json.dumps({**PERSON, "email": f"{name}@example.com"}),
    }
    done = subprocess.run(  # noqa: S603 - programs of the test's own environments
        command,
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def node(script: str) -> tuple[list[str], str]:
    """Return the command of a JavaScript story and where its libraries are."""
    modules = node_modules_of("node-whmcs")
    return [str(shutil.which("node")), str(STORIES / script)], str(modules)


def test_a_python_library_tells_the_story(gateway: Gateway) -> None:
    command = [str(python_of("whmcspy")), str(STORIES / "whmcspy_story.py")]
    assert told(gateway, command, "whmcspy") == STORY


@pytest.mark.parametrize("format_name", ["json", "xml"])
def test_a_javascript_library_tells_the_story(gateway: Gateway, format_name: str) -> None:
    command, modules = node("dojnaz_story.js")
    name = f"dojnaz-{format_name}"
    seen = told(gateway, command, name, NODE_PATH=modules, RESPONSETYPE=format_name)
    assert seen == STORY


def test_the_oldest_javascript_library_pays_from_credit(gateway: Gateway) -> None:
    command, modules = node("apocas_story.js")
    seen = told(gateway, command, "apocas", NODE_PATH=modules)
    kept = ("unknown", "found", "before", "invoice", "after", "cancelled", "refunded", "back")
    assert seen == {name: STORY[name] for name in kept} | {
        "credit": "20.00",
        "applied": ["15.95", "true"],
        "paid": ["Paid", "0.00", "0.00"],
    }


def test_a_python_library_with_strict_models_reads_every_reply_it_knows(gateway: Gateway) -> None:
    command = [str(python_of("whmcs-api-client")), str(STORIES / "typed_story.py")]
    assert told(gateway, command, "typed") == {
        "unknown": "Client Not Found",
        "found": [True, "0215550100"],
        "listed": [True, "Ann", 0, "Active"],
        "ordered": ["2027-03-01", "15.95", "Pending"],
        "invoice": ["Unpaid", "15.95", True],
        "cancelled": ["Cancelled", "Cancelled"],
        "domains": [0, 0, []],
        "currency": [1, "ZAR"],
        "method": "banktransfer",
        "products": 1,
        "changed": "success",
    }
