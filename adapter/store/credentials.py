"""Rows of credentials; what their digests mean is the business of whoever admits callers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from adapter.errors import CredentialExists, CredentialNotFound
from adapter.store import tables
from adapter.store.unit_of_work import UnitOfWork

_C = tables.credentials.c

# Built once: every request looks up its caller.
_FIND = sa.select(tables.credentials).where(
    _C.identifier == sa.bindparam("wanted"), _C.revoked_at.is_(None)
)
_LIST = sa.select(tables.credentials).order_by(_C.id)


@dataclass(frozen=True, slots=True)
class CredentialRow:
    """A credential as stored; only digests of its secret are, and they are left out of repr.

    `secret_kind` says how the digests were made. `actions`, `addresses` and `protocols` limit
    what the credential may do; empty means every one. `version` grows with every change, so that
    caches keyed by it forget.
    """

    name: str
    identifier: str
    account: str
    secret_kind: str
    secret_digest: str = field(repr=False)
    created_at: datetime
    secret_md5_digest: str = field(default="", repr=False)
    actions: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    protocols: tuple[str, ...] = ()
    version: int = 1
    revoked_at: datetime | None = None
    credential_id: int = 0


def insert_credential(uow: UnitOfWork, credential: CredentialRow) -> int:
    """Add a credential; return its id.

    Raises `CredentialExists` when its name or identifier is in use or was: history names callers
    by it, so neither is ever given to another one.
    """
    taken = sa.select(_C.id).where(
        sa.or_(_C.name == credential.name, _C.identifier == credential.identifier)
    )
    if uow.execute(taken).first() is not None:
        raise CredentialExists(credential.name)
    try:
        return uow.insert(
            tables.credentials,
            name=credential.name,
            identifier=credential.identifier,
            account=credential.account,
            secret_kind=credential.secret_kind,
            secret_digest=credential.secret_digest,
            secret_md5_digest=credential.secret_md5_digest,
            actions=list(credential.actions),
            addresses=list(credential.addresses),
            protocols=list(credential.protocols),
            version=credential.version,
            created_at=credential.created_at,
            revoked_at=credential.revoked_at,
        )
    except IntegrityError as error:  # another process was quicker
        raise CredentialExists(credential.name) from error


def list_credentials(uow: UnitOfWork) -> tuple[CredentialRow, ...]:
    """Return all credentials in the order in which they were made, revoked ones too."""
    return tuple(_read(row) for row in uow.execute(_LIST).mappings())


def revoke_credential(uow: UnitOfWork, name: str, now: datetime) -> None:
    """End a credential; raises `CredentialNotFound` when no live one has this name."""
    revoked = uow.execute(
        sa.update(tables.credentials)
        .where(_C.name == name, _C.revoked_at.is_(None))
        .values(revoked_at=now, version=_C.version + 1)
    )
    if not revoked.rowcount:
        raise CredentialNotFound(name)


def find_credential(connection: Connection, identifier: str) -> CredentialRow | None:
    """Return the live credential with this identifier, compared exactly; None without one."""
    row = connection.execute(_FIND, {"wanted": identifier}).mappings().first()
    return None if row is None else _read(row)


def _read(row: Mapping[Any, Any]) -> CredentialRow:
    return CredentialRow(
        name=row["name"],
        identifier=row["identifier"],
        account=row["account"],
        secret_kind=row["secret_kind"],
        secret_digest=row["secret_digest"],
        created_at=row["created_at"],
        secret_md5_digest=row["secret_md5_digest"],
        actions=tuple(row["actions"]),
        addresses=tuple(row["addresses"]),
        protocols=tuple(row["protocols"]),
        version=row["version"],
        revoked_at=row["revoked_at"],
        credential_id=row["id"],
    )
