// The story of `test_client_libraries.py` through whmcs, the oldest JavaScript client; prints what
// it saw. It knows neither runs nor payments by transaction: the client's credit pays here, and
// the order makes the invoice.
"use strict";

const { promisify } = require("util");
const Whmcs = require("whmcs");

const { URL: serverUrl, IDENTIFIER, SECRET, PRODUCT } = process.env;
const person = JSON.parse(process.env.PERSON);
const whmcs = new Whmcs({ username: IDENTIFIER, password: SECRET, apiKey: "", serverUrl });
const billing = (name, ...given) => promisify(whmcs.billing[name].bind(whmcs.billing))(...given);
const customers = (name, ...given) =>
  promisify(whmcs.customers[name].bind(whmcs.customers))(...given);

async function main() {
  const seen = {};
  await customers("getCustomerByEmail", person.email).catch((error) => {
    seen.unknown = error.message.replace("WHMCS Error (200): ", "");
  });
  const { clientid } = await customers("createCustomer", person);
  const found = await customers("getCustomerByEmail", person.email);
  // It reads the old copies beside the nested object.
  seen.found = [String(found.userid) === String(clientid), found.fullname];

  const order = { "pid[0]": PRODUCT, "billingcycle[0]": "monthly", paymentmethod: "banktransfer" };
  const placed = await billing("addOrder", clientid, order);
  await billing("acceptOrder", placed.orderid);
  const service = async () => {
    const { products } = await customers("getCustomerProducts", clientid);
    return products.product[0];
  };
  const invoice = async (number) => {
    const read = await billing("getInvoice", number);
    return [read.status, read.total, read.balance];
  };
  let shown = await service();
  seen.before = [shown.nextduedate, shown.recurringamount, shown.status];
  seen.invoice = await invoice(placed.invoiceid);

  const credit = await billing("addCredit", clientid, "20.00", "Prepaid");
  seen.credit = credit.newbalance;
  const applied = await billing("payInvoice", placed.invoiceid, "full");
  seen.applied = [applied.amount, applied.invoicepaid];
  seen.paid = await invoice(placed.invoiceid);
  seen.after = (await service()).nextduedate;

  const second = await billing("addOrder", clientid, { ...order, noemail: true });
  await billing("cancelOrder", second.orderid);
  const { orders } = await customers("getCustomerOrders", { id: second.orderid });
  seen.cancelled = [orders.order[0].status, (await invoice(second.invoiceid))[0]];

  await billing("updateInvoice", placed.invoiceid, { status: "Refunded" });
  seen.refunded = (await invoice(placed.invoiceid))[0];
  seen.back = (await service()).nextduedate;
  console.log(JSON.stringify(seen));
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
