"""How far a sandbox's clock was moved: one row in its database, the same for every process."""

from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa

from adapter.store import tables
from adapter.store.unit_of_work import Store, UnitOfWork

_CLOCK = tables.sandbox_clock
_ID: Final = 1
_SHIFT: Final = sa.select(_CLOCK.c.shift_seconds).where(_CLOCK.c.id == _ID)


class StoredShift:
    """Reads the shift, one prepared statement each time. Safe to share between threads."""

    def __init__(self, store: Store) -> None:
        self._question = store.direct.prepare(_SHIFT)

    def __call__(self) -> timedelta:
        """Return the shift as it is committed now; zero while nobody has moved the clock."""
        found = self._question.ask({})
        return timedelta(seconds=0 if found is None else found[0])


def read_shift(uow: UnitOfWork) -> timedelta:
    """Return the shift inside a transaction."""
    return timedelta(seconds=uow.execute(_SHIFT).scalar() or 0)


def write_shift(uow: UnitOfWork, shift: timedelta, changed_at: datetime, caller: str) -> None:
    """Store a shift of whole seconds; the caller is alone (`Store.write(settings=True)`)."""
    values = {
        "shift_seconds": shift // timedelta(seconds=1),
        "changed_at": changed_at,
        "caller": caller,
    }
    if uow.execute(_SHIFT).first() is None:
        uow.insert(_CLOCK, id=_ID, **values)
    else:
        uow.execute(sa.update(_CLOCK).where(_CLOCK.c.id == _ID).values(**values))
