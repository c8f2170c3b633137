"""What the fuzzed account holds: clients with due work, made over the wire."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from adapter.protocols.base import WireRequest, WireResponse

Send = Callable[[WireRequest], WireResponse]
Params = Mapping[str, Any]
HEADERS = {"content-type": "application/x-www-form-urlencoded"}


def form(action: str, credential: Params, params: Params) -> WireRequest:
    """Return a form-post request that asks for JSON."""
    pairs = {"action": action, **credential, **params, "responsetype": "json"}
    body = urlencode(pairs).encode()
    return WireRequest("POST", "/includes/api.php", b"", HEADERS, body, "127.0.0.1", len(body))


@dataclass(slots=True)
class Population:
    """Makes and remembers records over the wire. `today` is the account's date."""

    send: Send
    credential: Params
    today: date
    serial: int = 0
    product_id: int = 0
    values: dict[str, str] = field(default_factory=dict)

    def call(self, action: str, **params: Any) -> dict[str, Any]:
        """Make one call that must succeed."""
        reply = self.send(form(action, self.credential, params))
        value: dict[str, Any] = json.loads(reply.body)
        if "success" not in {value.get("result"), value.get("status")}:
            raise RuntimeError(f"{action} {params} answered {value}")
        return value

    def client(self) -> int:
        """Make a client."""
        self.serial += 1
        made = self.call(
            "AddClient",
            firstname="Fuzz",
            lastname=str(self.serial),
            email=f"fuzz-{self.serial}@example.com",
            address1="1 Main Road",
            city="Cape Town",
            state="Western Cape",
            postcode="8001",
            country="ZA",
            phonenumber="0215550100",
            password2="x",
            noemail="1",
        )
        return int(made["clientid"])

    def service(self, client_id: int, due_in_days: int = 5) -> int:
        """Make an active service of a client, due soon."""
        if not self.product_id:
            self.product_id = int(
                self.call(
                    "AddProduct",
                    name="Fuzz",
                    gid=1,
                    type="other",
                    paytype="recurring",
                    **{"pricing[1][monthly]": "10.00"},
                )["pid"]
            )
        order = self.call(
            "AddOrder",
            clientid=client_id,
            paymentmethod="banktransfer",
            noinvoice=1,
            noemail=1,
            **{"pid[0]": self.product_id, "billingcycle[0]": "monthly"},
        )
        self.call("AcceptOrder", orderid=order["orderid"])
        service_id = int(order["serviceids"])
        self.call(
            "UpdateClientProduct",
            serviceid=service_id,
            regdate=(self.today - timedelta(days=365)).isoformat(),
            nextduedate=(self.today + timedelta(days=due_in_days)).isoformat(),
        )
        self.values |= {"order_id": str(order["orderid"]), "service_id": str(service_id)}
        return service_id

    def populate(self) -> dict[str, str]:
        """Make one of most things; return their ids by the names that contract steps capture."""
        client_id = self.client()
        self.values |= {"client_id": str(client_id), "second.client_id": str(self.client())}
        self.service(client_id)
        self.values["product_id"] = str(self.product_id)
        item = self.call(
            "AddBillableItem",
            clientid=client_id,
            description="Work",
            unit="quantity",
            amount="1.00",
            invoiceaction="nextcron",
        )
        self.values["billable_id"] = str(item["billableid"])
        made = self.call("GenInvoices", clientid=client_id)
        self.values["invoice_id"] = str(made["latestinvoiceid"])
        return self.values


def scoped_calls(
    credential: Mapping[str, str], client_id: int, service_id: int
) -> Iterator[WireRequest]:
    """Yield `GenInvoices` calls that name their scope in every way clients use."""
    scopes: list[dict[str, str]] = [
        {"clientid": str(client_id)},
        {"clientid": str(client_id), "noemails": "1"},
        {"serviceids[0]": str(service_id)},
        {"serviceids[]": str(service_id)},
        {"serviceids": str(service_id)},
        {"clientid": str(client_id), "serviceids[0]": str(service_id)},
        {"addonids[0]": "987654321"},
        {"domainids[0]": "987654321"},
    ]
    for scope in scopes:
        whole = form("GenInvoices", credential, scope)
        yield whole
        action = form("GenInvoices", credential, {}).body
        body = "&".join(f"{name}={value}" for name, value in scope.items()).encode()
        split = WireRequest(
            "POST", whole.path, action, whole.headers, body, whole.address, len(body)
        )
        yield split
        yield WireRequest("GET", whole.path, whole.body, {}, b"", whole.address, 0)
        parts = b"".join(
            b'--bnd\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
            % tuple(piece.encode() for piece in pair)
            for pair in scope.items()
        )
        multipart = parts + b"--bnd--\r\n"
        yield WireRequest(
            "POST",
            whole.path,
            action,
            {"content-type": "multipart/form-data; boundary=bnd"},
            multipart,
            whole.address,
            len(multipart),
        )
