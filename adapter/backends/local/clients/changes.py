"""Creating and changing clients."""

import uuid
from collections.abc import Callable, Mapping
from typing import Any, Final

import sqlalchemy as sa

from adapter.backends.local.clients import rules
from adapter.backends.local.clients.contacts import gets_domain_mail, no_domain_mail
from adapter.backends.local.clients.logins import hash_password
from adapter.billing.model import ClientStatus
from adapter.commands.context import Context
from adapter.commands.model import ClientFields, ClientIdentity, CreateClient, UpdateClient
from adapter.commands.results import ClientCreated, ClientUpdated
from adapter.errors import ClientNotFound, ClientPairTaken, EmailTaken
from adapter.store import tables
from adapter.store.outbox import enqueue_mail
from adapter.store.unit_of_work import CLIENT_IDENTITY, UnitOfWork

WELCOME: Final = "client_welcome"

# What decides about bills is audited with old and new value, the rest (personal details) by the
# name of the field only: an audit row can never be rewritten.
_BILLING = frozenset(
    {
        "country",
        "currency_id",
        "group_id",
        "no_auto_charge",
        "no_auto_close",
        "no_late_fee",
        "no_overdue_notices",
        "payment_method",
        "payment_terms_days",
        "send_documents",
        "separate_invoices",
        "state",
        "status",
        "tax_exempt",
    }
)


def plan_client(
    command: CreateClient, context: Context, _dialect: sa.Dialect
) -> Callable[[UnitOfWork], ClientCreated]:
    """Return the work that creates a client; a password is hashed before anybody waits for it."""
    hashed = "" if command.password is None else hash_password(command.password)
    return lambda uow: _create(uow, command, context, hashed)


def _create(
    uow: UnitOfWork, command: CreateClient, context: Context, hashed: str
) -> ClientCreated:
    """Create a client, or find the equal one where the identity says so.

    Raises `EmailTaken` under `ClientIdentity.EMAIL`.
    """
    fields = command.client
    if command.identity is ClientIdentity.NAME_AND_EMAIL:
        client_id, created = _by_pair(uow, context, fields)
    else:
        uow.take(CLIENT_IDENTITY)
        if rules.email_is_taken(uow, fields.email or ""):
            raise EmailTaken
        client_id, created = _insert(uow, context, fields), True
    if created and hashed:
        clients = tables.clients
        here = clients.c.id == client_id
        uow.execute(sa.update(clients).where(here).values(password_hash=hashed))
    if created and command.send_email:
        enqueue_mail(uow, context, WELCOME, client_id)
    return ClientCreated(client_id, created)


def update_client(uow: UnitOfWork, command: UpdateClient, context: Context) -> ClientUpdated:
    """Change what the command states.

    Raises `EmailTaken` for another client's address, or `ClientPairTaken` under that identity.
    """
    client_id = command.client_id
    if client_id is None and command.email is not None:
        client_id = rules.id_by_email(uow, command.email)
    if command.changes.email or command.changes.invoice_name:
        # Before the client's own row, in the order in which whoever makes clients takes them.
        uow.take(CLIENT_IDENTITY)
    row = locked(uow, client_id or 0)
    values = rules.stated(command.changes)
    if command.changes.custom:
        values["custom"] = rules.merged_custom(row["custom"], command.changes)
    if command.changes.email_preferences:
        values["email_preferences"] = rules.merged_preferences(
            row["email_preferences"], command.changes
        )
        if not gets_domain_mail(uow, row["id"], values["email_preferences"]):
            raise no_domain_mail()
    if not values.get("currency_id", 1):
        del values["currency_id"]
    _rename(row, values)
    changed = {name: value for name, value in values.items() if row[name] != value}
    rules.check_references(uow, changed)
    _refuse_taken(uow, command.identity, row, changed)
    _write(uow, context, row, changed)
    return ClientUpdated(row["id"])


def _refuse_taken(
    uow: UnitOfWork,
    identity: ClientIdentity,
    row: sa.RowMapping,
    changed: Mapping[str, Any],
) -> None:
    """Refuse what would make a client the same as another one."""
    if identity is ClientIdentity.NAME_AND_EMAIL:
        if {"email", "invoice_name"} & changed.keys():
            name = changed.get("invoice_name", row["invoice_name"])
            email = changed.get("email", row["email"])
            if rules.pair_is_taken(uow, name, email, row["id"]):
                raise ClientPairTaken
    elif "email" in changed and rules.email_is_taken(uow, changed["email"], row["id"]):
        raise EmailTaken


def find_or_create_client(
    uow: UnitOfWork, context: Context, fields: ClientFields, currency_id: int | None = None
) -> tuple[int, tuple[str, ...]]:
    """Return the client with this name and e-mail, created if there is none.

    A new one is billed in `currency_id` unless the fields say otherwise (None: the account's own).
    An existing one's blank details are filled; details that differ are kept, and their names
    (ours; `custom_3` for a numbered value) are the second value.
    Source: contracts/decisions.md, "An existing client".
    """
    client_id, created = _by_pair(uow, context, fields, currency_id)
    if created or not (fields.custom or rules.states_details(fields)):
        return client_id, ()
    offered = {
        name: value
        for name, value in rules.stated(fields).items()
        if name in (*rules.DETAILS, "payment_terms_days") and value not in ("", None)
    }
    if not (offered or fields.custom):
        return client_id, ()
    row = locked(uow, client_id)
    filled = {name: value for name, value in offered.items() if row[name] in ("", None)}
    kept = [name for name, value in offered.items() if row[name] not in ("", None, value)]
    custom = dict(row["custom"])
    for number, value in fields.custom:
        present = custom.get(str(number), "")
        if value and not present:
            custom[str(number)] = value
        elif value and value != present:
            kept.append(f"custom_{number}")
    if custom != row["custom"]:
        filled["custom"] = custom
    _write(uow, context, row, filled)
    return client_id, tuple(kept)


def _by_pair(
    uow: UnitOfWork, context: Context, fields: ClientFields, currency_id: int | None = None
) -> tuple[int, bool]:
    """Return the client of this name and e-mail, and whether it had to be made."""
    name = _name_on_documents(fields)
    email = fields.email or ""
    found = rules.id_by_pair(uow, name, email)
    if found is None:
        # Another caller may be making the same client: look again with the lock held.
        uow.take(CLIENT_IDENTITY)
        found = rules.id_by_pair(uow, name, email)
    if found is not None:
        return found, False
    return _insert(uow, context, fields, currency_id), True


def _insert(
    uow: UnitOfWork, context: Context, fields: ClientFields, currency_id: int | None = None
) -> int:
    values = rules.stated(fields)
    values["invoice_name"] = _name_on_documents(fields)
    values["currency_id"] = values.get("currency_id") or currency_id
    if not values["currency_id"]:
        values["currency_id"] = rules.default_currency_id(uow)
    values.setdefault("status", ClientStatus.ACTIVE.value)
    rules.check_references(uow, values)
    client_id = uow.insert(
        tables.clients,
        uuid=str(uuid.uuid4()),
        custom=rules.merged_custom({}, fields),
        email_preferences=rules.merged_preferences({}, fields),
        created_on=context.today,
        created_at=context.now,
        **values,
    )
    uow.audit(context, "create", "client", client_id, _detail({}, values))
    return client_id


def _name_on_documents(fields: ClientFields) -> str:
    given = (fields.invoice_name or "").strip()
    return given or rules.derived_name(
        fields.first_name or "", fields.last_name or "", fields.company_name or ""
    )


def _rename(row: sa.RowMapping, values: dict[str, Any]) -> None:
    """Let the name on documents follow the client's names, unless it was chosen."""
    parts = ("first_name", "last_name", "company_name")
    follows = row["invoice_name"] == rules.derived_name(*(row[part] for part in parts))
    # A blank one is no name to print: it goes back to following the others.
    if values.get("invoice_name") == "" or (follows and "invoice_name" not in values):
        values["invoice_name"] = rules.derived_name(
            *(values.get(part, row[part]) for part in parts)
        )


def locked(uow: UnitOfWork, client_id: int) -> sa.RowMapping:
    """Return the client's row, held until commit so that merged values are not lost."""
    if not 0 < client_id < 2**63:
        raise ClientNotFound(client_id)
    clients = tables.clients
    found = uow.execute(sa.select(clients).where(clients.c.id == client_id).with_for_update())
    row = found.mappings().first()
    if row is None or row["hidden"]:
        raise ClientNotFound(client_id)
    return row


def _write(uow: UnitOfWork, context: Context, row: sa.RowMapping, changed: dict[str, Any]) -> None:
    if not changed:
        return
    clients = tables.clients
    uow.execute(sa.update(clients).where(clients.c.id == row["id"]).values(**changed))
    uow.audit(context, "change", "client", row["id"], _detail(row, changed))


def _detail(old: Any, new: dict[str, Any]) -> dict[str, Any]:
    return {
        "fields": sorted(new),
        "billing": {
            name: {"old": old.get(name), "new": new[name]} for name in sorted(_BILLING & set(new))
        },
    }
