"""Clients and their contacts."""

from adapter.billing.model import ClientStatus
from adapter.store.transfer.fields import Amount, Day, Id, Pairs, Text, Whole, Word
from adapter.store.transfer.schemas.base import (
    PAYMENT_METHOD,
    Record,
    about,
    at_export,
    filled,
    flag,
    none,
    text,
)


class ClientSchema(Record):
    """A client."""

    id = Id(required=True)
    uuid = Text(36, **filled("made from the id"))
    invoice_name = Text(**filled("company, else first and last name"))
    first_name = text(example="Thandi")
    last_name = text(example="Nkosi")
    company_name = text()
    email = text(example="thandi@example.com")
    address_1 = text()
    address_2 = text()
    city = text()
    state = text()
    postcode = text()
    country = text(2, example="ZA", **about("capital letters"))
    phone = text(64)
    phone_2 = text(64)
    fax = text(64)
    mobile = text(64)
    tax_number = text()
    branch_name = text()
    account_number = text()
    website = text()
    physical_address_1 = text()
    physical_address_2 = text()
    physical_address_3 = text()
    physical_address_4 = text()
    payment_terms_days = none(Whole, unit="days")
    custom = Pairs(
        str,
        kind="object of numbers and texts",
        example={"1": "A-17"},
        load_default=dict,
        **about("custom fields by number"),
    )
    currency = Text(3, **filled("the default currency"), example="ZAR")
    group_id = Id(optional=True, load_default=0)
    language = text(64)
    notes = text(None)
    ip_address = text(64)
    status = Word(ClientStatus, load_default=ClientStatus.ACTIVE.value)
    opening_balance = Amount(signed=True, load_default=0)
    payment_method = text(PAYMENT_METHOD, example="banktransfer")
    tax_exempt = flag()
    separate_invoices = flag()
    no_late_fee = flag()
    no_overdue_notices = flag()
    no_auto_charge = flag()
    no_auto_close = flag()
    marketing_emails = flag()
    send_documents = flag(default=True)
    email_preferences = Pairs(
        bool,
        kind="object of names and true or false",
        example={"invoice": True},
        load_default=dict,
    )
    password_hash = text()
    hidden = flag()
    created_on = Day(**filled("the export's day"))
    created_at = at_export()


class ContactSchema(Record):
    """Another person of a client who gets mail."""

    id = Id(required=True)
    client_id = Id(required=True)
    first_name = text()
    last_name = text()
    company_name = text()
    email = text()
    address_1 = text()
    address_2 = text()
    city = text()
    state = text()
    postcode = text()
    country = text(2, example="ZA", **about("capital letters"))
    phone = text(64)
    tax_number = text()
    email_preferences = Pairs(
        bool,
        kind="object of names and true or false",
        example={"invoice": True},
        load_default=dict,
    )
    created_at = at_export()
    updated_at = at_export()
