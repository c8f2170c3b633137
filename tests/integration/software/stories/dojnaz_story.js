// The story of `test_client_libraries.py` through @dojnaz/whmcs, a JavaScript client; prints what
// it saw. Every call is the library's. RESPONSETYPE is json or xml; of a list with one row the
// library's XML reader makes the row itself, which is the only difference that shows.
"use strict";

const Whmcs = require("@dojnaz/whmcs");

const { URL: serverUrl, IDENTIFIER, SECRET, PRODUCT, RESPONSETYPE } = process.env;
const person = JSON.parse(process.env.PERSON);
const order = { "pid[0]": PRODUCT, "billingcycle[0]": "monthly", paymentmethod: "banktransfer" };
const whmcs = new Whmcs({
  apiIdentifier: IDENTIFIER,
  apiSecret: SECRET,
  serverUrl: serverUrl.replace(/\/includes\/api\.php$/, ""),
  responseType: RESPONSETYPE,
});
const rows = (list) => (Array.isArray(list) ? list : [list]);

async function main() {
  const seen = {};
  // Who is not known yet, is made.
  await whmcs.client.getClientsDetails({ email: person.email }).catch((error) => {
    seen.unknown = error.message.replace("WHMCS Error (200): ", "");
  });
  const { clientid } = await whmcs.client.addClient(person);
  const { client } = await whmcs.client.getClientsDetails({ email: person.email });
  seen.found = [String(client.id) === String(clientid), client.fullname];

  // An order, its service, and the service's invoice.
  let placed = await whmcs.orders.addOrder({ clientid, ...order, noinvoice: true, noemail: true });
  await whmcs.orders.acceptOrder({ orderid: placed.orderid });
  const service = async () => {
    const { products } = await whmcs.client.getClientsProducts({ clientid, limitnum: 1 });
    return rows(products.product)[0];
  };
  let shown = await service();
  seen.before = [shown.nextduedate, shown.recurringamount, shown.status];
  const made = await whmcs.billing.genInvoices({ clientid });
  seen.generated = [String(made.numcreated), Number(made.latestinvoiceid) > 0];
  const { invoices } = await whmcs.billing.getInvoices({ userid: clientid, status: "Unpaid" });
  const unpaid = rows(invoices.invoice);
  seen.unpaid = unpaid.map((row) => Number(row.id) === Number(made.latestinvoiceid));
  const invoiceid = unpaid[0].id;
  const invoice = async (number) => {
    const read = await whmcs.billing.getInvoice({ invoiceid: number });
    return [read.status, read.total, read.balance];
  };
  seen.invoice = await invoice(invoiceid);
  const { items } = await whmcs.billing.getInvoice({ invoiceid });
  seen.lines = rows(items.item).map((row) => row.amount);

  // The money comes, and the due date moves.
  const payment = { invoiceid, transid: `IN-${clientid}`, gateway: "banktransfer" };
  await whmcs.billing.addInvoicePayment(payment);
  seen.paid = await invoice(invoiceid);
  seen.after = (await service()).nextduedate;

  // A second order that nobody wants after all.
  placed = await whmcs.orders.addOrder({ clientid, ...order, noemail: true });
  await whmcs.orders.cancelOrder({ orderid: placed.orderid });
  const { orders } = await whmcs.orders.getOrders({ id: placed.orderid });
  seen.cancelled = [rows(orders.order)[0].status, (await invoice(placed.invoiceid))[0]];

  // The money of the first goes back.
  await whmcs.billing.addTransaction({
    paymentmethod: "banktransfer",
    invoiceid,
    transid: `OUT-${clientid}`,
    amountout: "15.95",
  });
  seen.refunded = (await invoice(invoiceid))[0];
  const { transactions } = await whmcs.billing.getTransactions({ clientid });
  seen.transactions = rows(transactions.transaction)
    .map((row) => [row.amountin, row.amountout])
    .sort();
  seen.back = (await service()).nextduedate;
  console.log(JSON.stringify(seen));
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
