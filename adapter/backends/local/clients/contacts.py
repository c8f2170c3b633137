"""The other people of a client who get mail."""

from typing import Any, Final

import sqlalchemy as sa

from adapter.backends.local.clients.rules import email_key
from adapter.backends.local.lengths import check_lengths
from adapter.backends.local.lookups import require_client, window
from adapter.commands.context import Context
from adapter.commands.model import (
    ContactFields,
    CreateContact,
    DeleteContact,
    ListContacts,
    UpdateContact,
)
from adapter.commands.results import (
    ContactCreated,
    ContactDeleted,
    ContactRecord,
    ContactsListed,
    ContactUpdated,
)
from adapter.errors import ContactNotFound, EmailTaken, InvalidField
from adapter.store import tables
from adapter.store.unit_of_work import UnitOfWork

DOMAIN_MAIL: Final = "domain"
_CONTACTS = tables.contacts
_C = tables.contacts.c
_TEXTS: Final = (
    "first_name",
    "last_name",
    "company_name",
    "email",
    "address_1",
    "address_2",
    "city",
    "state",
    "postcode",
    "country",
    "phone",
)


def create_contact(uow: UnitOfWork, command: CreateContact, context: Context) -> ContactCreated:
    """Add a contact; raises `EmailTaken` for the address of another one of the client."""
    uow.lock_client(command.client_id)
    require_client(uow, command.client_id)
    values = _stated(command.contact)
    _check_email(uow, command.client_id, values)
    contact_id = uow.insert(
        _CONTACTS,
        client_id=command.client_id,
        email_preferences=dict(command.contact.email_preferences),
        created_at=context.now,
        updated_at=context.now,
        **values,
    )
    # A contact is a person: the audit, which is never erased, names fields and no values.
    uow.audit(context, "create", "contact", contact_id, {"fields": sorted(values)})
    return ContactCreated(contact_id)


def update_contact(uow: UnitOfWork, command: UpdateContact, context: Context) -> ContactUpdated:
    """Change a contact; somebody of the client must go on getting mail on domains."""
    row = _held(uow, command.contact_id)
    values = _stated(command.changes)
    changed = {name: value for name, value in values.items() if row[name] != value}
    _check_email(uow, row["client_id"], changed, row["id"])
    preferences = {**row["email_preferences"], **dict(command.changes.email_preferences)}
    if preferences != row["email_preferences"]:
        changed["email_preferences"] = preferences
        stopped = row["email_preferences"].get(DOMAIN_MAIL) and not preferences[DOMAIN_MAIL]
        client = require_client(uow, row["client_id"])
        if stopped and not gets_domain_mail(uow, client["id"], client["email_preferences"], row):
            raise no_domain_mail()
    if changed:
        here = _C.id == row["id"]
        uow.execute(sa.update(_CONTACTS).where(here).values(updated_at=context.now, **changed))
        uow.audit(context, "change", "contact", row["id"], {"fields": sorted(changed)})
    return ContactUpdated(command.contact_id)


def delete_contact(uow: UnitOfWork, command: DeleteContact, context: Context) -> ContactDeleted:
    """Erase a contact; its id is never given again."""
    row = _held(uow, command.contact_id)
    uow.execute(sa.delete(_CONTACTS).where(_C.id == row["id"]))
    detail = {"client_id": row["client_id"]}
    uow.audit(context, "delete", "contact", row["id"], detail)
    return ContactDeleted(command.contact_id)


def list_contacts(uow: UnitOfWork, command: ListContacts, _context: Context) -> ContactsListed:
    """List contacts by id; a text must be the very same, an e-mail address in any casing."""
    query = sa.select(_CONTACTS).order_by(_C.id)
    if command.client_id is not None:
        query = query.where(_C.client_id == command.client_id)
    for name in _TEXTS:
        wanted = getattr(command, name)
        if wanted is not None:
            column = _C.email_key if name == "email" else _C[name]
            query = query.where(column == (email_key(wanted) if name == "email" else wanted))
    listing, rows = window(uow, query, command.page)
    return ContactsListed(
        listing,
        tuple(
            ContactRecord(
                contact_id=row["id"],
                client_id=row["client_id"],
                tax_number=row["tax_number"],
                email_preferences=row["email_preferences"],
                created_at=row["created_at"],
                updated_at=row["updated_at"],
                **{name: row[name] for name in _TEXTS},
            )
            for row in rows
        ),
    )


def gets_domain_mail(
    uow: UnitOfWork,
    client_id: int,
    preferences: dict[str, bool],
    leaving: sa.RowMapping | None = None,
) -> bool:
    """Tell whether a client with these preferences, or a contact but `leaving`, gets that mail."""
    if preferences.get(DOMAIN_MAIL, True):
        return True
    rows = uow.execute(
        sa.select(_C.id, _C.email_preferences).where(_C.client_id == client_id)
    ).all()
    return any(
        row.email_preferences.get(DOMAIN_MAIL)
        for row in rows
        if leaving is None or row.id != leaving["id"]
    )


def no_domain_mail() -> InvalidField:
    """Return the error where nobody would get mail on domains."""
    path = f"email_preferences[{DOMAIN_MAIL}]"
    return InvalidField(path, "icann", "Mail on domains must stay on")


def _held(uow: UnitOfWork, contact_id: int) -> sa.RowMapping:
    row = uow.held(_CONTACTS, contact_id)
    if row is None:
        raise ContactNotFound(contact_id)
    return row


def _stated(fields: ContactFields) -> dict[str, Any]:
    values = {
        name: value
        for name in (*_TEXTS, "tax_number")
        if (value := getattr(fields, name)) is not None
    }
    if "email" in values:
        values["email"] = values["email"].strip()
        values["email_key"] = email_key(values["email"])
    check_lengths(_CONTACTS, values)
    return values


def _check_email(
    uow: UnitOfWork, client_id: int, values: dict[str, Any], contact_id: int = 0
) -> None:
    """Raise `EmailTaken` for the address of another contact of the client, which is held."""
    key = values.get("email_key")
    same = sa.and_(_C.client_id == client_id, _C.email_key == key, _C.id != contact_id)
    if key and uow.execute(sa.select(_C.id).where(same).limit(1)).first() is not None:
        raise EmailTaken
