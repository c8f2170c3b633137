"""The look-up that every request makes: a live credential by its identifier."""

import sqlalchemy as sa

from adapter.store import tables
from adapter.store.credentials import CredentialRow, find_credential
from adapter.store.unit_of_work import Store

_C = tables.credentials.c
_VERSION = sa.select(_C.id, _C.version).where(
    _C.identifier == sa.bindparam("wanted"), _C.revoked_at.is_(None)
)
_KEPT = 1024


class CredentialFinder:
    """Finds live credentials by identifier. Safe to share between threads.

    Each call asks the database for the credential's version, one indexed row; only a version not
    seen yet is read whole. A revoked or changed credential is therefore known as such at the next
    call of every process.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._version = store.direct.prepare(_VERSION)
        self._rows: dict[str, CredentialRow] = {}

    def __call__(self, identifier: str) -> CredentialRow | None:
        """Return the live credential with this identifier; None without one."""
        if "\0" in identifier or not _encodes(identifier):
            return None
        found = self._version.ask({"wanted": identifier})
        if found is None:
            return None
        known = self._rows.get(identifier)
        if known is not None and (known.credential_id, known.version) == tuple(found):
            return known
        with self._store.read() as uow:
            row = find_credential(uow.connection, identifier)
        if row is not None:
            if len(self._rows) >= _KEPT:
                self._rows.clear()
            self._rows[identifier] = row
        return row


def _encodes(text: str) -> bool:
    """Tell whether a text is one that a database can hold (no lone surrogates)."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
