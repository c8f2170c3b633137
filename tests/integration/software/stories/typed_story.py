"""Part of the story of `test_client_libraries.py` through whmcs-api-client; prints what it saw.

The library's strict models refuse a field of another type than they declare. It knows neither
runs nor payments. Runs in an environment of its own.
"""

import json
import os
from typing import Any

from whmcs_client import ApiClient, Configuration, DefaultApi

person: dict[str, Any] = json.loads(os.environ["PERSON"])
host = os.environ["URL"].removesuffix("/api.php")
api = DefaultApi(ApiClient(Configuration(host=host)))
login = {
    "username": os.environ["IDENTIFIER"],
    "password": os.environ["SECRET"],
    "responsetype": "json",
}
product = int(os.environ["PRODUCT"])
order = {"pid": [product], "billingcycle": ["monthly"], "paymentmethod": "banktransfer"}
seen: dict[str, Any] = {}

seen["unknown"] = api.get_clients_details(**login, email=person["email"]).message
client = int(api.add_client(**login, **person | {"noemail": True}).clientid)
found = api.get_clients_details(**login, email=person["email"]).client
seen["found"] = [found.email == person["email"], found.phonenumber]
(row,) = api.get_clients(**login, search=person["email"]).clients.client
seen["listed"] = [row.id == client, row.firstname, row.groupid, row.status]

placed = api.add_order(**login, clientid=client, **order)
(service,) = api.get_clients_products(**login, clientid=client).to_dict()["products"]["product"]
seen["ordered"] = [service["nextduedate"], service["recurringamount"], service["status"]]
(invoice,) = api.get_invoices(**login, userid=client).to_dict()["invoices"]["invoice"]
seen["invoice"] = [invoice["status"], invoice["total"], invoice["userid"] == client]
api.cancel_order(**login, orderid=int(placed.orderid))
(cancelled,) = api.get_orders(**login, id=int(placed.orderid)).to_dict()["orders"]["order"]
(invoice,) = api.get_invoices(**login, userid=client).to_dict()["invoices"]["invoice"]
seen["cancelled"] = [cancelled["status"], invoice["status"]]

domains = api.get_clients_domains(**login, clientid=client)
seen["domains"] = [domains.totalresults, domains.numreturned, domains.domains]
(currency,) = api.get_currencies(**login).currencies.currency
seen["currency"] = [currency.id, currency.code]
(method,) = api.get_payment_methods(**login).paymentmethods.paymentmethod
seen["method"] = method.module
seen["products"] = api.get_products(**login, pid=str(product)).totalresults
seen["changed"] = api.update_client(**login, clientid=client, firstname="Bea").result
print(json.dumps(seen))  # noqa: T201 - what the test reads
