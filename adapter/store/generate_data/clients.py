"""Invented clients: names, addresses and terms as a shop has them."""

import uuid

from adapter.billing.model import ClientStatus
from adapter.store import tables
from adapter.store.generate_data.portion import Columns, Portion

_FIRST = (
    "Thandi", "Pieter", "Aisha", "Johan", "Lerato", "Sipho", "Nomsa", "Willem", "Fatima",
    "Kagiso", "Anna", "David", "Zanele", "Riaan", "Priya", "Themba", "Elsa", "Bongani", "Ruth",
    "Mohamed",
)  # fmt: skip
_LAST = (
    "Nkosi", "van der Merwe", "Dlamini", "Botha", "Naidoo", "Khumalo", "Smith", "Pillay",
    "Mokoena", "Jacobs", "Venter", "Ndlovu", "Adams", "Pretorius", "Mahlangu", "Govender",
    "Fourie", "Zulu", "Meyer", "Patel",
)  # fmt: skip
_TRADES = (
    "Bakery", "Plumbing", "Attorneys", "Logistics", "Dental Practice", "Print Works", "Farms",
    "Consulting", "Guest House", "Motors", "Architects", "Software",
)  # fmt: skip
_PLACES = (
    ("Cape Town", "Western Cape", "8001"),
    ("Johannesburg", "Gauteng", "2001"),
    ("Durban", "KwaZulu-Natal", "4001"),
    ("Pretoria", "Gauteng", "0002"),
    ("Bloemfontein", "Free State", "9301"),
    ("Gqeberha", "Eastern Cape", "6001"),
)
_STREETS = ("Main Road", "Church Street", "Long Street", "Oak Avenue", "Station Road")
_ABROAD = ("NA", "BW", "GB", "US")


def write_clients(portion: Portion) -> None:
    """Write one portion of the clients.

    In a shop some are abroad, exempt from tax, partners with a discount, or want an invoice for
    every item; plain clients are alike.
    """
    rng, context, shop = portion.dice("clients"), portion.context, portion.shop
    special = 0.0 if portion.plan.is_plain else 1.0
    rows = Columns(
        "id", "uuid", "invoice_name", "first_name", "last_name", "company_name", "email",
        "email_key", "address_1", "city", "state", "postcode", "country", "phone", "group_id",
        "tax_exempt", "separate_invoices",
    )  # fmt: skip
    for index in portion.indexes:
        client_id = portion.first_id + index
        first, last = rng.choice(_FIRST), rng.choice(_LAST)
        company = f"{last} {rng.choice(_TRADES)}" if rng.random() < 0.6 else ""  # noqa: PLR2004 - a share
        email = f"{first}.{last.replace(' ', '')}.{client_id}@example.com"
        city, state, postcode = rng.choice(_PLACES)
        abroad = rng.random() < 0.10 * special
        rows.add(
            client_id,
            str(uuid.UUID(int=rng.getrandbits(128), version=4)),
            company or f"{first} {last}",
            first,
            last,
            company,
            email,
            email.lower(),
            f"{rng.randrange(1, 400)} {rng.choice(_STREETS)}",
            city,
            "" if abroad else state,
            postcode,
            rng.choice(_ABROAD) if abroad else "ZA",
            f"0{rng.randrange(100_000_000, 900_000_000)}",
            shop.partner_group_id if rng.random() < 0.05 * special else 0,
            rng.random() < 0.03 * special,
            rng.random() < 0.03 * special,
        )
    portion.write(
        tables.clients,
        rows,
        currency_id=shop.currency_id,
        payment_method=shop.methods[0],
        status=ClientStatus.ACTIVE.value,
        created_on=context.today,
        created_at=context.now,
        send_documents=True,
    )
