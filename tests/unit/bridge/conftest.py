"""A contracts folder to write, and a target that answers without a gateway."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, time
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from adapter.bridge.contracts import (
    DEFAULT_TIME,
    Case,
    Contracts,
    Session,
    SkipWhere,
    load_contracts,
)
from adapter.protocols.base import WireRequest, WireResponse

STEPS = """
[defaults]
request.path = "/includes/api.php"

[vars]
auth = "identifier=${identifier}&secret=${secret}"

[step.client]
vars = { name = "Ann" }
request.body = 'action=AddClient&${auth}&name=${name|form}-${unique}'
capture = { client_id = "clientid" }

[step.service]
given = ["client"]
vars = { price = "1.00" }
request.body = 'action=AddService&${auth}&client=${client_id}&price=${price}'
capture = { service_id = "re:id=([0-9]+)" }
"""
OTHER_STEPS = """
[defaults]
request.path = "/api/${endpoint}.php"

[vars]
auth = "username=${username}&password=${password}"
auth_json = '"username":"${username}","password":"${password}"'

[step.client]
request.path = "/api/NewClient.php"
request.body = '{${auth_json},"name":"x ${unique}"}'
capture = { client_id = "." }
"""


@dataclass
class Folder:
    """A contracts folder under construction."""

    path: Path

    def write(self, name: str, text: str) -> None:
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def load(self, cases: str = "", protocol: str = "whmcs") -> Contracts:
        if cases:
            self.write(f"{protocol}/thing.toml", cases)
        return load_contracts(self.path)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    made = Folder(tmp_path / "contracts")
    made.write("whmcs/steps.toml", STEPS)
    made.write("invoicesonline/steps.toml", OTHER_STEPS)
    return made


@dataclass
class FakeTarget:
    """Answers from a table of action to reply, counts ids, remembers what it was sent."""

    replies: dict[str, WireResponse] = field(default_factory=dict)
    sent: list[tuple[str, WireRequest]] = field(default_factory=list)
    today: date = date(2026, 1, 15)
    local_time: time = DEFAULT_TIME
    last_id: int = 40
    blocked: str | None = None
    where: SkipWhere = SkipWhere.IN_PROCESS
    values: dict[str, str] = field(
        default_factory=lambda: {
            "identifier": "ID",
            "secret": "top/secret",
            "username": "shop",
            "password": "pass&word",
        }
    )

    def blocker(self, _: Case) -> str | None:
        return self.blocked

    @contextmanager
    def open(self, _: Case) -> Iterator[Session]:
        yield self

    def move_clock(self, today: date, local_time: time = DEFAULT_TIME) -> None:
        self.today, self.local_time = today, local_time

    def send(self, protocol: str, request: WireRequest) -> WireResponse:
        self.sent.append((protocol, request))
        action = parse_qs(request.body.decode("latin-1")).get("action", [request.path])[0]
        if action in self.replies:
            return self.replies[action]
        self.last_id += 1
        if protocol == "invoicesonline":
            return WireResponse(200, b"%d" % self.last_id, "application/json")
        if action == "AddService":
            return WireResponse(200, b"result=success;id=%d;" % self.last_id, "text/plain")
        if action == "AddClient":
            body = json.dumps({"result": "success", "clientid": str(self.last_id)})
            return WireResponse(200, body.encode(), "application/json")
        return WireResponse(
            200, b'{"result":"success","today":"%s"}' % str(self.today).encode(), "text/plain"
        )


@pytest.fixture
def target() -> FakeTarget:
    return FakeTarget()
