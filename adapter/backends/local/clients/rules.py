"""What the fields of a client must fulfil, and how one client is told from another."""

from typing import Any, Final

import sqlalchemy as sa

from adapter.backends.local.lengths import check_lengths
from adapter.backends.local.lookups import active_methods
from adapter.commands.model import UNSET, ClientFields
from adapter.errors import (
    ClientGroupNotFound,
    CurrencyNotFound,
    PaymentMethodInvalid,
)
from adapter.store import tables
from adapter.store.prepared import Prepared
from adapter.store.unit_of_work import UnitOfWork

_C = tables.clients.c

# Text that a caller states about a client as it stands.
DETAILS: Final = (
    "first_name",
    "last_name",
    "company_name",
    "address_1",
    "address_2",
    "city",
    "state",
    "postcode",
    "country",
    "phone",
    "phone_2",
    "fax",
    "mobile",
    "tax_number",
    "branch_name",
    "account_number",
    "website",
    "physical_address_1",
    "physical_address_2",
    "physical_address_3",
    "physical_address_4",
    "language",
    "notes",
)
_PLAIN = (
    "invoice_name",
    "email",
    *DETAILS,
    "ip_address",
    "payment_method",
    "currency_id",
    "group_id",
    "tax_exempt",
    "separate_invoices",
    "no_late_fee",
    "no_overdue_notices",
    "no_auto_charge",
    "no_auto_close",
    "marketing_emails",
    "send_documents",
)
_NAME_LENGTH: Final = 255

_SAME_EMAIL = _C.email_key == sa.bindparam("email")
_FIND_BY_EMAIL = sa.select(_C.id).where(_SAME_EMAIL).order_by(_C.id).limit(1)
_FIND_PAIR = (
    sa.select(_C.id)
    .where(_C.invoice_name == sa.bindparam("invoice_name"), _SAME_EMAIL, sa.not_(_C.hidden))
    .order_by(_C.id)
    .limit(1)
)
_FIND_PAIR_FAST = Prepared(_FIND_PAIR)
_FIND_BRANCH = _FIND_PAIR.where(_C.branch_name == sa.bindparam("branch_name"))


def email_key(email: str) -> str:
    """Return an e-mail address as it is compared: trimmed, in lower case.

    DECISION: kept beside the address as typed, so that equal addresses are equal bytes on every
    engine and an index answers. Source: contracts/decisions.md, "Equal e-mail addresses".
    """
    return email.strip().lower()


def derived_name(first_name: str, last_name: str, company_name: str) -> str:
    """Return the name on documents of a client who was given none."""
    name = company_name.strip() or f"{first_name} {last_name}".strip()
    # Two names of full length are longer together than the name on documents may be.
    return name[:_NAME_LENGTH]


def stated(fields: ClientFields) -> dict[str, Any]:
    """Return the plain columns that the fields state, in the form in which they are kept.

    Raises `InvalidField` when a text is too long for its column.
    """
    values = {name: value for name in _PLAIN if (value := getattr(fields, name)) is not None}
    if "email" in values:
        values["email"] = values["email"].strip()
        values["email_key"] = email_key(values["email"])
    if "invoice_name" in values:
        values["invoice_name"] = values["invoice_name"].strip()
    if "country" in values:
        # Tax rules match countries exactly.
        values["country"] = values["country"].strip().upper()
    if fields.status is not None:
        values["status"] = fields.status.value
    if fields.payment_terms_days is not UNSET:
        values["payment_terms_days"] = fields.payment_terms_days
    check_lengths(tables.clients, values)
    return values


def states_details(fields: ClientFields) -> bool:
    """Tell whether the fields state any text about a client, or terms of payment."""
    return fields.payment_terms_days is not UNSET or any(getattr(fields, name) for name in DETAILS)


def merged_custom(stored: dict[str, str], fields: ClientFields) -> dict[str, str]:
    """Return the numbered values with the stated ones in place."""
    return stored | {str(number): value for number, value in fields.custom}


def merged_preferences(stored: dict[str, bool], fields: ClientFields) -> dict[str, bool]:
    """Return the mail preferences with the stated ones in place."""
    return stored | dict(fields.email_preferences)


def check_references(uow: UnitOfWork, values: dict[str, Any]) -> None:
    """Raise when the values name a currency, group or payment method that does not exist."""
    if "currency_id" in values and uow.row(tables.currencies, values["currency_id"]) is None:
        raise CurrencyNotFound(values["currency_id"])
    group_id = values.get("group_id", 0)
    if group_id and uow.row(tables.client_groups, group_id) is None:
        raise ClientGroupNotFound(group_id)
    if values.get("payment_method"):
        valid = active_methods(uow)
        if values["payment_method"] not in valid:
            raise PaymentMethodInvalid(valid)


def default_currency_id(uow: UnitOfWork) -> int:
    """Return the id of the account's own currency."""
    currencies = tables.currencies.c
    found = uow.execute(
        sa.select(currencies.id).order_by(currencies.is_default.desc(), currencies.id).limit(1)
    ).scalar()
    if found is None:
        raise CurrencyNotFound
    return int(found)


def id_by_email(uow: UnitOfWork, email: str) -> int | None:
    """Return the lowest id of the clients with this address; a blank one finds nobody."""
    key = email_key(email)
    return uow.execute(_FIND_BY_EMAIL, {"email": key}).scalar() if key else None


def email_is_taken(uow: UnitOfWork, email: str, client_id: int = 0) -> bool:
    """Return whether a client other than `client_id` has this address."""
    key = email_key(email)
    others = sa.select(_C.id).where(_C.email_key == key, _C.id != client_id).limit(1)
    return bool(key) and uow.execute(others).first() is not None


def pair_is_taken(uow: UnitOfWork, invoice_name: str, email: str, client_id: int) -> bool:
    """Return whether a client other than `client_id` has this name on documents and address."""
    others = sa.select(_C.id).where(
        _C.invoice_name == invoice_name.strip(),
        _C.email_key == email_key(email),
        _C.id != client_id,
    )
    return uow.execute(others.limit(1)).first() is not None


def id_by_pair(
    uow: UnitOfWork, invoice_name: str, email: str, branch_name: str = ""
) -> int | None:
    """Return the lowest id of the clients with this name on documents and this address.

    A branch counts only where it is not blank.
    """
    pair = {"invoice_name": invoice_name.strip(), "email": email_key(email)}
    if branch_name.strip():
        return uow.execute(_FIND_BRANCH, pair | {"branch_name": branch_name.strip()}).scalar()
    found = _FIND_PAIR_FAST.one(uow.connection, pair)
    return None if found is None else int(found[0])
