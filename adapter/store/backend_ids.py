"""The numbers of ours that stand for a backend's own names of its records."""

from typing import Final

import sqlalchemy as sa

from adapter.errors import OutOfBounds
from adapter.store.once import insert_unless_there
from adapter.store.tables import backend_ids
from adapter.store.unit_of_work import Store, UnitOfWork

_LONGEST: Final = 255
_C = backend_ids.c
_NUMBER: Final = sa.select(_C.id).where(
    _C.backend == sa.bindparam("backend_"),
    _C.noun == sa.bindparam("noun_"),
    _C.remote == sa.bindparam("remote_"),
)
_NAME: Final = sa.select(_C.remote).where(
    _C.backend == sa.bindparam("backend_"),
    _C.noun == sa.bindparam("noun_"),
    _C.id == sa.bindparam("id_", type_=sa.BigInteger),
)


class BackendIds:
    """One backend's book of numbers. Safe to share between threads."""

    def __init__(self, store: Store, backend: str) -> None:
        self._store = store
        self._backend = backend

    def ours(self, noun: str, theirs: str) -> int:
        """Return the number of a record, a new one where it has none.

        Raises `OutOfBounds` for a name that cannot be kept, `StoreUnavailable`.
        """
        if not theirs or len(theirs) > _LONGEST:
            raise OutOfBounds("The backend's id is blank or too long to be kept")
        wanted = {"backend_": self._backend, "noun_": noun, "remote_": theirs}
        with self._store.read() as uow:
            known = uow.execute(_NUMBER, wanted).scalar()
        if known is None:
            with self._store.write() as uow:
                known = self._made(uow, noun, theirs, wanted)
        return int(known)

    def theirs(self, noun: str, ours: int) -> str | None:
        """Return what the backend calls the record of a number; None for one never given."""
        if not 0 < ours < 2**63:
            return None
        wanted = {"backend_": self._backend, "noun_": noun, "id_": ours}
        with self._store.read() as uow:
            found: str | None = uow.execute(_NAME, wanted).scalar()
        return found

    def _made(self, uow: UnitOfWork, noun: str, theirs: str, wanted: dict[str, str]) -> int:
        """Insert unless another process just did; its number is this record's too."""
        row = {"backend": self._backend, "noun": noun, "remote": theirs}
        uow.execute(insert_unless_there(uow.connection.dialect.name, _C.remote), row)
        return int(uow.execute(_NUMBER, wanted).scalar_one())
