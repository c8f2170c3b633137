"""One client's month as a bookkeeper reads it, the balance told by either protocol at every step.

All amounts are worked out by hand. VAT is 15 %; the client pays within 30 days. Negative means
that he owes.
"""

import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import pytest

from adapter.billing.statement import Statement, statement_csv
from adapter.bridge.contracts import AccountSpec
from adapter.protocols.base import WireRequest
from adapter.store import tables
from adapter.store.auditing import Counts, Span, audit
from adapter.store.explaining import explain_invoice
from tests.contract.target import IDENTIFIER, SECRET, AppSession, app_target
from tests.invariants import assert_sound

pytestmark = pytest.mark.integration

ONE = [["HOST", "1", "Hosting", "1000.00", "ZAR", "1", "15.00", "0"]]


class Books:
    """The account seen through both protocols; `client_id` is the client of the story."""

    def __init__(self, session: AppSession) -> None:
        self.session = session
        self.client_id = 0

    def on(self, day: int, month: int = 2) -> None:
        self.session.move_clock(date(2026, month, day))

    def _send(self, path: str, query: bytes, body: str) -> Any:
        reply = self.session.send(
            "",
            WireRequest("POST", path, query, {}, body.encode(), "127.0.0.1", len(body.encode())),
        )
        return json.loads(reply.body)

    def json(self, endpoint: str, **fields: Any) -> Any:
        """Call the positional API in JSON mode."""
        fields |= {"username": IDENTIFIER, "password": SECRET}
        return self._send(f"/api/{endpoint}.php", b"apiformat=json", json.dumps(fields))

    def form(self, action: str, **fields: Any) -> Any:
        """Call the form-post API."""
        fields |= {"action": action, "identifier": IDENTIFIER, "secret": SECRET}
        body = urlencode(fields | {"responsetype": "json"})
        reply = self._send("/includes/api.php", b"", body)
        assert reply["result"] == "success", reply
        return reply

    def document(self, endpoint: str, **fields: Any) -> dict[str, Any]:
        """Issue a document to the client; return it."""
        reply = self.json(endpoint, ClientID=self.client_id, EmailToClient="false", **fields)
        assert all(status["type"] == "success" for status in reply[:-1]), reply
        found: dict[str, Any] = reply[-1]
        return found

    def balance(self, owed_on_payouts: str = "0.00") -> str:
        """Return the client's balance, which every call that tells it must tell alike.

        The form-post API shows credit and unpaid invoices; payouts are none.
        """
        told: str = self.json("getClientBalance_JSON", ClientID=self.client_id)["balance"]
        key = str(self.client_id)
        for endpoint in ("getClientDetails_JSON", "getClients_JSON", "getClientHistory_JSON"):
            assert self.json(endpoint, ClientID=self.client_id)[key]["balance"] == told
        shown = self.form("GetClientsDetails", clientid=self.client_id, stats="true")
        credit = Decimal(shown["client"]["credit"])
        invoices = self.form("GetInvoices", userid=self.client_id)["invoices"]
        unpaid = [each["id"] for each in invoices.get("invoice", []) if each["status"] == "Unpaid"]
        due = sum(
            (Decimal(self.form("GetInvoice", invoiceid=each)["balance"]) for each in unpaid),
            Decimal(0),
        )
        assert f"{credit - due - Decimal(owed_on_payouts):.2f}" == told
        assert_sound(self.session.store)
        return told

    def invoice(self, document_id: Any) -> tuple[str, str, str, str]:
        """Return status, used credit, total and balance as the form-post API shows them."""
        shown = self.form("GetInvoice", invoiceid=document_id)
        return shown["status"], shown["credit"], shown["total"], shown["balance"]


@pytest.fixture
def books() -> Iterator[Books]:
    with app_target() as target:
        session = target.account(AccountSpec(), "invoicesonline", date(2026, 2, 1))
        yield Books(session)


def test_the_balance_is_right_after_every_step_of_a_month(books: Books) -> None:  # noqa: PLR0915 - a month
    # A client who pays within 30 days.
    books.client_id = books.json(
        "NewClient",
        client_invoice_name="Acme",
        client_email="acme@example.com",
        payment_terms="30 days",
    )
    assert books.balance() == "0.00"

    # 1 February: a recurring invoice of 1,000.00 that rises by 10 % every month, and the run.
    books.json(
        "GenerateNewRecurringInvoice",
        ClientID=books.client_id,
        Recurrs="monthly",
        paused=0,
        limit_recurrances=0,
        recurrances_limit="",
        add_increase=1,
        IncreasePercentage="10",
        IncreaseInterval="1",
        recurring_start_date="2026-02-01",
        EmailToClient="false",
        data=ONE,
    )
    assert books.balance() == "0.00"
    first = books.form("GenInvoices", clientid=books.client_id)
    assert first["numcreated"] == "1"
    assert books.balance() == "-1150.00"

    # 3 February: a pro-forma of 500.00 owes nothing; on the 6th it becomes an invoice.
    books.on(3)
    row = ["SUP", "1", "Support", "500.00", "ZAR", "1", "15.00", "0"]
    proforma = books.document("GenerateNewProFormaInvoice", data=[row], OrderNr="PO-7")
    assert books.balance() == "-1150.00"
    books.on(6)
    reply = books.json(
        "ConvertProFormaInvoiceToInvoice", BusinessID=1, ProFormaInvoiceNR=proforma["invoice_nr"]
    )
    second = reply[2]
    assert books.balance() == "-1725.00"

    # 10 February: 1,200.00 pay the first invoice whole and 50.00 of the second.
    books.on(10)
    payment = books.json(
        "GenerateNewPayment",
        ClientID=books.client_id,
        PaymentDate="2026-02-10",
        PaymentAmount="1200.00",
        PaymentMethod="EFT",
        ReferenceNumber="EFT 1",
        EmailToClient="false",
    )
    assert payment[0]["TotalAmount"] == "1200.00"
    assert books.balance() == "-525.00"
    assert books.invoice(first["latestinvoiceid"]) == ("Paid", "0.00", "1150.00", "0.00")
    assert books.invoice(second["document_id"]) == ("Unpaid", "0.00", "575.00", "525.00")

    # 12 February: a credit note of 100.00 counts for the second invoice.
    books.on(12)
    rebate = ["", "1", "Too much support", "100.00", "ZAR", "1", "15.00", "0"]
    books.document("GenerateNewCreditNote", data=[rebate], OrderNr="2")
    assert books.balance() == "-410.00"
    assert books.invoice(second["document_id"]) == ("Unpaid", "115.00", "460.00", "410.00")

    # 15 February: 500.00 come, 90.00 too much; on the 18th they go back.
    books.on(15)
    books.json(
        "RecordPayment",
        ClientID=books.client_id,
        PaymentAmount="500.00",
        payment_date="2026-02-15",
        reference_number="EFT 2",
    )
    assert books.balance() == "90.00"
    books.on(18)
    back = ["", "1", "Paid back", "90.00", "ZAR", "0", "0", "0"]
    books.document("GenerateNewPayout", data=[back])
    assert books.balance() == "0.00"

    # 20 February: 10.00 of goodwill, given through the other protocol.
    books.on(20)
    books.form("AddCredit", clientid=books.client_id, description="Goodwill", amount="10.00")
    assert books.balance() == "10.00"

    # 28 February: the statement of the month.
    books.on(28)
    made = books.json(
        "ClientStatement",
        ClientID=books.client_id,
        type="date_range",
        format="csv",
        **{"from": "2026-02-01", "to": "2026-02-28"},
    )
    assert made["type"] == "success"
    assert _statement(books) == [
        "Date,Type,Number,Reference,Description,Amount,Balance",
        "2026-02-01,brought_forward,,,,,0.00",
        "2026-02-01,invoice,1,,,-1150.00,-1150.00",
        "2026-02-06,invoice,2,PO-7,,-575.00,-1725.00",
        "2026-02-10,payment,1,EFT 1,,1200.00,-525.00",
        "2026-02-12,credit_note,1,2,,115.00,-410.00",
        "2026-02-15,payment,2,EFT 2,,500.00,90.00",
        "2026-02-18,payout,1,,,-90.00,0.00",
        "2026-02-20,credit,,,Goodwill,10.00,10.00",
        "2026-02-28,total,,,,,10.00",
    ]

    # 1 March: the raised price, 1,100.00, less the goodwill.
    books.on(1, month=3)
    third = books.form("GenInvoices", clientid=books.client_id)
    assert books.balance() == "-1255.00"
    assert books.invoice(third["latestinvoiceid"]) == ("Unpaid", "10.00", "1255.00", "1255.00")
    listed = books.json("getDocumentsByType_JSON", ClientID=books.client_id, type="invoices")
    totals = sorted(each["total"] for each in listed[str(books.client_id)].values())
    assert totals == ["1150.00", "1265.00", "575.00"]

    # The books stand up to the audit, and every invoice of a run can be explained.
    span = Span(date(2026, 1, 1), date(2026, 12, 31))
    assert list(audit(books.session.store, span, Counts())) == []
    with books.session.store.read() as uow:
        for document_id in (first["latestinvoiceid"], int(second["document_id"])):
            assert explain_invoice(uow, document_id)


def test_a_payout_before_its_credit_note_is_owed_in_between(books: Books) -> None:
    books.client_id = books.json(
        "NewClient", client_invoice_name="Acme", client_email="acme@example.com"
    )
    invoice = books.document("GenerateNewInvoice", data=ONE, mark_as_paid="on")
    assert books.balance() == "0.00"
    assert books.invoice(invoice["document_id"]) == ("Paid", "0.00", "1150.00", "0.00")
    books.document("GenerateNewPayout", data=ONE)
    assert books.balance(owed_on_payouts="1150.00") == "-1150.00"
    books.document("GenerateNewCreditNote", data=ONE)
    assert books.balance() == "0.00"


def _statement(books: Books) -> list[str]:
    with books.session.store.read() as uow:
        row = uow.row(tables.statements, 1)
    assert row is not None
    return statement_csv(Statement.from_json(row["content"])).decode().splitlines()
