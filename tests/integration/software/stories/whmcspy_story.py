"""The story of `test_client_libraries.py` through whmcspy, a Python client; prints what it saw.

Runs in an environment of its own. Every call is the library's; nothing is sent or read around it.
"""

import json
import os
from typing import Any

from whmcspy import WHMCS, exceptions

person: dict[str, Any] = json.loads(os.environ["PERSON"])
order = {"billingcycle": ["monthly"], "pid": [int(os.environ["PRODUCT"])], "noemail": True}
whmcs = WHMCS(os.environ["URL"], os.environ["IDENTIFIER"], os.environ["SECRET"])
seen: dict[str, Any] = {}

# Who is not known yet, is made.
try:
    whmcs.call("GetClientsDetails", email=person["email"])
except exceptions.Error as error:
    seen["unknown"] = str(error)
client = whmcs.add_client(**person)
found = whmcs.call("GetClientsDetails", email=person["email"])
seen["found"] = [str(found["client"]["id"]) == str(client), found["client"]["fullname"]]

# An order, its service, and the service's invoice.
placed = whmcs.add_order(client, noinvoice=True, **order)
whmcs.accept_order(placed["orderid"])
(service,) = whmcs.get_clients_products(active=True, clientid=client)
seen["before"] = [service["nextduedate"], service["recurringamount"], service["status"]]
made = whmcs.call("GenInvoices", clientid=client)
seen["generated"] = [str(made["numcreated"]), int(made["latestinvoiceid"]) > 0]
listed = whmcs.call("GetInvoices", userid=client, status="Unpaid")["invoices"]["invoice"]
seen["unpaid"] = [int(row["id"]) == int(made["latestinvoiceid"]) for row in listed]
invoice_id = listed[0]["id"]


def invoice(number: Any) -> list[str]:
    """Return what of an invoice the story is about."""
    shown = whmcs.get_invoice(number)
    return [shown["status"], shown["total"], shown["balance"]]


seen["invoice"] = invoice(invoice_id)
seen["lines"] = [row["amount"] for row in whmcs.get_invoice(invoice_id)["items"]["item"]]

# The money comes, and the due date moves.
payment = {"invoiceid": invoice_id, "transid": f"IN-{client}", "gateway": "banktransfer"}
whmcs.call("AddInvoicePayment", **payment)
seen["paid"] = invoice(invoice_id)
(service,) = whmcs.get_clients_products(clientid=client)
seen["after"] = service["nextduedate"]

# A second order that nobody wants after all.
placed = whmcs.add_order(client, **order)
whmcs.cancel_order(placed["orderid"])
(second,) = whmcs.get_orders(id=placed["orderid"])
seen["cancelled"] = [second["status"], invoice(placed["invoiceid"])[0]]

# The money of the first goes back.
whmcs.add_transaction(
    "banktransfer", invoiceid=invoice_id, transid=f"OUT-{client}", amountout="15.95"
)
seen["refunded"] = invoice(invoice_id)[0]
moved = [(row["amountin"], row["amountout"]) for row in whmcs.get_transactions(clientid=client)]
seen["transactions"] = sorted(map(list, moved))
(service,) = whmcs.get_clients_products(clientid=client, serviceid=service["id"])
seen["back"] = service["nextduedate"]
print(json.dumps(seen))  # noqa: T201 - what the test reads
