"""Bill monthly subscriptions as draft invoices with django-silver; prints seconds and count.

Runs in that project's own environment: `silver_peer.py DATABASE_URL COUNT`. One customer with one
subscription each, prebilled from this month's first day; every subscription is new, and what is
timed is `DocumentsGenerator.generate`, which its command `generate_docs` calls.
"""

import json
import sys
import time
from datetime import timedelta
from decimal import Decimal
from urllib.parse import urlsplit

import django
from django.conf import settings


def database(url):
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": parts.path[1:]}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.lstrip("/"),
        "USER": parts.username,
        "PASSWORD": parts.password or "",
        "HOST": parts.hostname,
        "PORT": parts.port or 5432,
    }


def configure(url):
    settings.configure(
        SECRET_KEY="benchmark",
        DATABASES={"default": database(url)},
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        USE_TZ=True,
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "django.contrib.admin",
            "dal",
            "dal_select2",
            "silver",
        ],
        PAYMENT_PROCESSORS={},
        SILVER_AUTOMATICALLY_CREATE_TRANSACTIONS=False,
        SILVER_CURRENCY_CONVERTER="silver.currencies.DummyConverter",
        TEMPLATES=[
            {"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}
        ],
    )
    django.setup()


def fill(count):
    from django.db import transaction
    from django.utils import timezone
    from silver.models import Customer, Plan, ProductCode, Provider, Subscription

    today = timezone.now().date()
    with transaction.atomic():
        provider = Provider.objects.create(
            name="Bench", flow=Provider.FLOWS.INVOICE, invoice_series="B",
            invoice_starting_number=1, address_1="1 Main Road", country="ZA", city="Cape Town",
        )  # fmt: skip
        plan = Plan.objects.create(
            name="Hosting", interval=Plan.INTERVALS.MONTH, interval_count=1,
            amount=Decimal("99.00"), currency="USD", generate_after=0, provider=provider,
            product_code=ProductCode.objects.create(value="hosting"),
        )  # fmt: skip
        for number in range(count):
            customer = Customer.objects.create(
                first_name="Client", last_name=str(number), address_1="1 Main Road",
                country="ZA", city="Cape Town", consolidated_billing=False, currency="USD",
                sales_tax_percent=Decimal("15.00"), sales_tax_name="VAT",
            )  # fmt: skip
            subscription = Subscription.objects.create(
                plan=plan, customer=customer, start_date=today.replace(day=1) - timedelta(days=1)
            )
            subscription.activate(start_date=today.replace(day=1))
            subscription.save()
    return today


def main():
    url, count = sys.argv[1], int(sys.argv[2])
    configure(url)

    from django.core.management import call_command
    from silver.documents_generator import DocumentsGenerator
    from silver.models import Invoice

    call_command("migrate", verbosity=0)
    today = fill(count)
    began = time.perf_counter()
    DocumentsGenerator().generate(billing_date=today)
    seconds = time.perf_counter() - began
    drafts = Invoice.objects.filter(state="draft").count()
    print(json.dumps({"seconds": seconds, "invoices": drafts}))


if __name__ == "__main__":
    main()
