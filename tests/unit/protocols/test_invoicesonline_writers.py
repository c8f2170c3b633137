"""Commands as endpoints of the positional-array protocol: every field under its name, or refused.

That each reads back as itself is checked by the client; that replies are read, by the contracts.
"""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from adapter.billing.model import DocumentKind, RecurringLine
from adapter.billing.statement import StatementKind, StatementTotal
from adapter.commands.model import (
    AddRecurringLine,
    AutoConvert,
    ClientFields,
    ClientIdentity,
    ConvertProforma,
    CreateStatement,
    GetClientHistory,
    IssueDocument,
    IssueDocuments,
    ListClients,
    ListDocuments,
    ListInvoices,
    ListRecurringInvoices,
    PaidAs,
    PaymentMade,
    RecordClientPayment,
    RemoveRecurringLines,
    UpdateClient,
)
from adapter.errors import CannotExpress
from adapter.protocols.base import Limits
from adapter.protocols.invoicesonline import InvoicesOnlineProtocol
from adapter.protocols.invoicesonline.client import InvoicesOnlineClient
from adapter.protocols.invoicesonline.codec import ENDPOINT_NAMES
from adapter.protocols.invoicesonline.results import READERS

DAY = date(2026, 3, 2)
LINE = RecurringLine("A1", Decimal(2), "Hosting", Decimal("9.95"), "ZAR", True, Decimal(15), False)
ROW = ["A1", "2", "Hosting", "9.95", "ZAR", "1", "15", "0", *[""] * 8]
INVOICE = IssueDocument(DocumentKind.INVOICE, (LINE,), client_id=5)
NAMED = {"qty": "2", "currency": "ZAR", "vat_applies": "1", "vat_percentage": "15"}
PLAIN = {"ClientID": "5", "data": [ROW], "OrderNr": ""} | {
    f"AdditionalValue{number}": "" for number in range(1, 11)
}
PAYMENT = RecordClientPayment(5, Decimal("12.50"), DAY, "EFT", "R1", "Thanks", send_email=True)
WRITTEN = [
    (INVOICE, "GenerateNewInvoice", PLAIN),
    (
        replace(
            INVOICE,
            issued_on=DAY,
            order_number="17",
            custom_labels=("a", "", "c"),
            discount_percentage=Decimal(5),
            number_prefix="P",
            send_email=False,
            payment=PaymentMade(Decimal(3), DAY, "EFT", "R", thank=True),
            paid=PaidAs.PAYMENT,
        ),
        "GenerateNewInvoice",
        PLAIN
        | {
            "InvoiceDate": "2026-03-02",
            "OrderNr": "17",
            "AdditionalLabel1": "a",
            "AdditionalLabel2": "",
            "AdditionalLabel3": "c",
            "DiscountPercentage": "5",
            "prepend_nr": "P",
            "EmailToClient": False,
            "PaymentAmount": "3",
            "PaymentDate": "2026-03-02",
            "PaymentMethod": "EFT",
            "ReferenceNumber": "R",
            "SendThankYou": True,
            "mark_as_paid": "1",
        },
    ),
    (
        replace(INVOICE, kind=DocumentKind.PROFORMA, convert=AutoConvert(DAY)),
        "GenerateNewProFormaInvoice",
        PLAIN
        | {
            "AutoConvertToInvoice": "1",
            "AutoConvertToInvoiceOption": "fixed",
            "AutoConvertToInvoiceFixed": "2026-03-02",
        },
    ),
    (
        replace(
            INVOICE,
            kind=DocumentKind.CREDIT_NOTE,
            client_id=None,
            new_client=ClientFields(invoice_name="Acme", email="a@b.example"),
        ),
        "GenerateNewCreditNote",
        {name: value for name, value in PLAIN.items() if name != "ClientID"}
        | {"client_invoice_name": "Acme", "client_email": "a@b.example"},
    ),
    (replace(INVOICE, kind=DocumentKind.PAYOUT), "GenerateNewPayout", PLAIN),
    (
        replace(
            INVOICE,
            kind=DocumentKind.DELIVERY_NOTE,
            lines=(replace(LINE, custom=("3", "1", "", "", ""), discount_amount=Decimal(4)),),
        ),
        "GenerateNewDeliveryNote",
        PLAIN | {"data": [[*ROW[:8], "3", "1", "", "", "4", "", "", ""]]},
    ),
    (
        IssueDocuments((INVOICE, replace(INVOICE, client_id=6))),
        "GenerateInvoiceBatch",
        {
            "data": [
                {
                    "ClientID": client,
                    "Products": [
                        NAMED
                        | {
                            "code": "A1",
                            "desc": "Hosting",
                            "item_amount": "9.95",
                            "includes_vat": "0",
                        }
                    ],
                }
                for client in ("5", "6")
            ]
        },
    ),
    (ConvertProforma(7), "ConvertProFormaInvoiceToInvoice", {"ProFormaInvoiceNR": "7"}),
    (
        PAYMENT,
        "GenerateNewPayment",
        {
            "ClientID": "5",
            "PaymentDate": "2026-03-02",
            "PaymentAmount": "12.50",
            "PaymentMethod": "EFT",
            "ReferenceNumber": "R1",
            "Description": "Thanks",
            "SendThankYou": False,
            "EmailToClient": True,
        },
    ),
    (
        replace(PAYMENT, paid_on=None, send_email=False),
        "RecordPayment",
        {
            "ClientID": "5",
            "PaymentAmount": "12.50",
            "payment_method": "EFT",
            "reference_number": "R1",
            "Description": "Thanks",
        },
    ),
    (
        CreateStatement(
            5, StatementKind.DATE_RANGE, "csv", DAY, DAY, StatementTotal.ONLY_SHOWN, True
        ),
        "ClientStatement",
        {
            "ClientID": "5",
            "type": "date_range",
            "format": "csv",
            "from": "2026-03-02",
            "to": "2026-03-02",
            "TotalAmountOption": "OnlyShown",
            "EmailToClient": True,
        },
    ),
    (
        AddRecurringLine(9, LINE, DocumentKind.PROFORMA),
        "AddItemTo",
        {
            "IID": "9",
            "type": "recurring_pro-forma_invoices",
            "item": NAMED
            | {
                "item_code": "A1",
                "description": "Hosting",
                "amount": "9.95",
                "amount_includes_vat": "0",
            },
        },
    ),
    (
        RemoveRecurringLines(9, "A1"),
        "RemoveItemByCode",
        {"IID": "9", "type": "recurring_invoices", "item_code": "A1"},
    ),
    (
        GetClientHistory(5, DAY, None, descending=False),
        "getClientHistory_JSON",
        {"ClientID": "5", "StartDate": "2026-03-02", "Order": "ASC"},
    ),
    (ListClients(None), "getClients_JSON", {}),
    (
        ListInvoices(None, 5, order_number="17"),
        "getClientOrderInvoice_JSON",
        {"ClientID": "5", "OrderID": "17"},
    ),
    (
        ListDocuments(DocumentKind.CREDIT_NOTE, 5),
        "getDocumentsByType_JSON",
        {"ClientID": "5", "type": "credit_notes"},
    ),
    (
        ListRecurringInvoices(None, DocumentKind.PROFORMA),
        "getDocumentsByType_JSON",
        {"ClientID": "all", "type": "recurring_pro-forma_invoices"},
    ),
    (
        UpdateClient(
            ClientFields(email="", city="Paarl", payment_terms_days=30, custom=((2, "x"),)),
            5,
            identity=ClientIdentity.NAME_AND_EMAIL,
        ),
        "UpdateClient",
        {
            "ClientID": "5",
            "client_email": "",
            "client_postal_address3": "Paarl",
            "payment_terms": "30 days",
            "custom_field_2": "x",
        },
    ),
]


@pytest.mark.parametrize(("command", "endpoint", "params"), WRITTEN)
def test_a_command_is_written_with_the_names_of_its_endpoint(command, endpoint, params):
    asked = InvoicesOnlineClient().ask(command)
    assert (asked.action, dict(asked.params)) == (endpoint, params)


@pytest.mark.parametrize(
    ("command", "what"),
    [
        (replace(INVOICE, kind=DocumentKind.QUOTE), "a document of the kind quote"),
        (replace(INVOICE, paid=PaidAs.STATUS), "payment, paid of IssueDocument"),
        (
            replace(INVOICE, lines=(replace(LINE, discount_amount=Decimal(1)),)),
            "lines of IssueDocument",
        ),
        (ConvertProforma(document_id=3), "ProFormaInvoiceNR is required"),
        (replace(PAYMENT, paid_on=None), "send_email of RecordClientPayment"),
        (replace(PAYMENT, method=""), "method of RecordClientPayment"),
        (AddRecurringLine(9, replace(LINE, custom=("x", "", "", "", ""))), "line of AddRecurring"),
        (ListDocuments(DocumentKind.PAYMENT), "a list of documents of the kind payment"),
        (ListInvoices(None, 5, order_number="A17"), "OrderID must be a whole number"),
        (UpdateClient(ClientFields(city="X"), 5), "identity of UpdateClient"),
        (UpdateClient(ClientFields(notes="X"), 5, None, ClientIdentity.NAME_AND_EMAIL), "changes"),
    ],
)
def test_what_an_endpoint_has_no_field_for_is_refused_by_name(command, what):
    with pytest.raises(CannotExpress) as caught:
        InvoicesOnlineClient().ask(command)
    assert caught.value.what.startswith(what)


def test_every_endpoint_has_its_commands_written_and_read():
    protocol, client = InvoicesOnlineProtocol({}, Limits()), InvoicesOnlineClient()
    commands = {kind for name in ENDPOINT_NAMES for kind in protocol.commands(name)}
    assert commands == client.expresses() == set(READERS)
