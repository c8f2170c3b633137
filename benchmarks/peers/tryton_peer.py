"""Bill monthly subscriptions as draft invoices with Tryton; prints seconds and count.

Runs in that project's own environment: `tryton_peer.py DATABASE_URL COUNT`. One party with one
subscription of one service each. What is timed is what its scheduled tasks call: the period's
consumptions, then the invoices of them, each in a transaction with its commit.
"""

import json
import sys
import time
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from trytond import config


def activate(name, *, is_file):
    from trytond.pool import Pool
    from trytond.transaction import Transaction

    if is_file:
        with Transaction().start(None, 0, autocommit=True) as transaction:
            transaction.database.create(transaction.connection, name)
    with Transaction().start(name, 0) as transaction:
        transaction.database.init()
    pool = Pool(name)
    pool.init(update=["ir", "res", "sale_subscription"], lang=["en"], activatedeps=True)
    return pool


def company_of(pool):
    """Make a company and an administrator who works for it; return both ids and the currency's."""
    get = pool.get
    (currency,) = get("currency.currency").create(
        [{"name": "Rand", "code": "ZAR", "symbol": "R", "digits": 2, "rounding": Decimal("0.01")}]
    )
    (party,) = get("party.party").create([{"name": "Bench"}])
    (company,) = get("company.company").create([{"party": party.id, "currency": currency.id}])
    (user,) = get("res.user").create(
        [
            {
                "login": "bench",
                "name": "Bench",
                "administrator": True,
                "companies": [("add", [company.id])],
                "company": company.id,
            }
        ]
    )
    return company.id, user.id, currency.id


def make_chart(pool, company_id):
    """Make the chart of accounts, as the assistant of the client would."""
    (template,) = pool.get("account.account.template").search([("parent", "=", None)], limit=1)
    CreateChart = pool.get("account.create_chart", type="wizard")
    session, _, _ = CreateChart.create()
    chart = CreateChart(session)
    chart.account.company = company_id
    chart.account.account_template = template
    chart.transition_create_account()


def account(pool, kind):
    found, *_ = pool.get("account.account").search(
        [("type." + kind, "=", True), ("closed", "!=", True)], limit=1
    )
    return found


def fill(pool, count, start, company_id, currency_id):
    get = pool.get
    make_chart(pool, company_id)
    (monthly,) = get("sale.subscription.recurrence.rule.set").create(
        [{"name": "Monthly", "rules": [("create", [{"freq": "monthly", "interval": 1}])]}]
    )
    receivable, revenue = account(pool, "receivable"), account(pool, "revenue")
    (category,) = get("product.category").create(
        [{"name": "Services", "accounting": True, "account_revenue": revenue.id}]
    )
    (unit,) = get("product.uom").search([("name", "=", "Unit")])
    (template,) = get("product.template").create(
        [
            {
                "name": "Hosting",
                "type": "service",
                "default_uom": unit.id,
                "list_price": Decimal(99),
                "account_category": category.id,
                "products": [("create", [{}])],
            }
        ]
    )
    (product,) = template.products
    (service,) = get("sale.subscription.service").create(
        [{"product": product.id, "consumption_recurrence": monthly.id}]
    )
    parties = get("party.party").create(
        [
            {"name": f"Client {number}", "addresses": [("create", [{"street": "1 Main Road"}])],
             "account_receivable": receivable.id}
            for number in range(count)
        ]
    )  # fmt: skip
    Subscription = get("sale.subscription")
    subscriptions = []
    for party in parties:
        # One at a time: SQLite refuses what a long list makes of a check.
        subscriptions += Subscription.create(
            [
                {
                    "company": company_id,
                    "currency": currency_id,
                    "party": party.id,
                    "invoice_address": party.addresses[0].id,
                    "start_date": start,
                    "invoice_start_date": start,
                    "invoice_recurrence": monthly.id,
                    "lines": [
                        (
                            "create",
                            [
                                {
                                    "service": service.id,
                                    "quantity": 1,
                                    "unit": unit.id,
                                    "unit_price": Decimal(99),
                                    "start_date": start,
                                    "consumption_recurrence": monthly.id,
                                }
                            ],
                        )
                    ],
                }
            ]
        )
    for subscription in subscriptions:
        Subscription.quote([subscription])
        Subscription.run([subscription])


def main():
    url, count = sys.argv[1], int(sys.argv[2])
    parts = urlsplit(url)
    path = PurePosixPath(parts.path[1:])
    name = path.stem
    is_file = parts.scheme == "sqlite"
    if is_file:
        config.set("database", "path", str(path.parent))
        config.set("database", "uri", "sqlite://")
    else:
        config.set("database", "uri", url.removesuffix(name))

    from trytond.transaction import Transaction

    pool = activate(name, is_file=is_file)
    start = datetime.now(UTC).date().replace(day=1)
    with Transaction().start(name, 0):
        company_id, user_id, currency_id = company_of(pool)
    context = {"company": company_id}
    with Transaction().start(name, user_id, context=context):
        fill(pool, count, start, company_id, currency_id)
    began = time.perf_counter()
    with Transaction().start(name, user_id, context=context):
        pool.get("sale.subscription.line").generate_consumption(date=start)
    with Transaction().start(name, user_id, context=context):
        pool.get("sale.subscription").generate_invoice(date=start)
    seconds = time.perf_counter() - began
    with Transaction().start(name, user_id, context=context, readonly=True):
        drafts = pool.get("account.invoice").search([("state", "=", "draft")], count=True)
    print(json.dumps({"seconds": seconds, "invoices": drafts}))


if __name__ == "__main__":
    main()
