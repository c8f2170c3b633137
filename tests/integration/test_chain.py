"""`adapter serve` in front of `adapter serve`, over sockets: each protocol by itself, and by JSON.

The whole suites go through two gateways in test_forward_contracts.py; here are the processes.
"""

from datetime import UTC, datetime

import pytest

from adapter.bridge.contracts import Outcome, check_contracts
from tests.contract.test_contracts import FOLDER
from tests.integration.conftest import FORM_PATH, Gateway, OpenGateway

pytestmark = [
    pytest.mark.integration,
    pytest.mark.slow,
    pytest.mark.allow_hosts(["127.0.0.1"]),
]

PATHS = {"whmcs": FORM_PATH, "invoicesonline": "/api", "canonical": ""}
SELECTED = {
    "whmcs": ["whmcs/addbillableitem:", "whmcs/addinvoicepayment:", "whmcs/getinvoice:"],
    "invoicesonline": [
        "invoicesonline/generateinvoicebatch",
        "invoicesonline/generatenewpayment",
        "invoicesonline/getclienthistory_json",
    ],
}


@pytest.fixture(scope="module")
def back(open_gateway: OpenGateway) -> Gateway:
    return open_gateway(workers=2)


def in_front(open_gateway: OpenGateway, back: Gateway, name: str, spoken: str) -> Gateway:
    """Start a gateway that sends every command on as `spoken`."""
    printed = back.adapter("credentials", "add", name, "--protocol", spoken).split()
    backend = {
        "URL": back.url + PATHS[spoken],
        "IDENTIFIER": printed[printed.index("identifier") + 1],
        "SECRET": printed[printed.index("secret") + 1],
    }
    if spoken == "canonical":
        backend["KIND"] = "canonical"
    else:
        backend |= {"KIND": "forward", "PROTOCOL": spoken}
    prefix = "ADAPTER_ACCOUNTS_MAIN_"
    settings = {f"{prefix}BACKENDS_B_{name}": value for name, value in backend.items()}
    settings[f"{prefix}ROUTES_DEFAULT"] = "b"
    # Cases ask for the same twice and mean it.
    settings[f"{prefix}IDEMPOTENCY_BACKEND_WINDOW_SECONDS"] = "0"
    return open_gateway(**settings)


@pytest.mark.parametrize("protocol", list(SELECTED))
@pytest.mark.parametrize("by", ["itself", "canonical"])
def test_contracts_hold_through_two_servers(
    open_gateway: OpenGateway, back: Gateway, by: str, protocol: str
):
    spoken = protocol if by == "itself" else by
    front = in_front(open_gateway, back, f"{protocol}-by-{by}", spoken)
    asked = {"whmcs": back, "invoicesonline": back, protocol: front}
    report = check_contracts(
        FOLDER,
        {name: gateway.url for name, gateway in asked.items()},
        {
            "identifier": asked["whmcs"].identifier,
            "secret": asked["whmcs"].secret,
            "username": asked["invoicesonline"].username,
            "password": asked["invoicesonline"].password,
            "business_id": "1",
        },
        today=datetime.now(UTC).date(),
        run_token=f"{protocol[0]}{by[0]}",
        select=SELECTED[protocol],
    )
    wrong = [*report.ended(Outcome.DIFFERED), *report.ended(Outcome.ERROR)]
    assert wrong == [], "\n".join(report.lines())
    assert len(report.ended(Outcome.PASSED)) > 10
    sent = front.adapter("forwards", "list", "--all", "--json")
    assert '"state": "done"' in sent
    assert '"state": "unknown"' not in sent
