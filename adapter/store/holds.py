"""Holds on a whole store: set, lifted and listed.

While any hold stands no run bills, nothing takes an id or a number, and nothing leaves. Readers
and dry runs go on. Source: contracts/decisions.md, "Holds".
"""

from collections.abc import Mapping
from typing import Any, Final

import sqlalchemy as sa

from adapter.commands.context import Context
from adapter.errors import InvalidField
from adapter.store import tables
from adapter.store.current import Hold, load_holds
from adapter.store.unit_of_work import SETTINGS_VERSION, UnitOfWork

# A backup was brought back: what was issued since it was made is in the world, and not in here.
RESTORED: Final = "restored"
# Another system's data was brought in, and that system still bills.
IMPORTED: Final = "imported"

_LONGEST: Final = 32
_NOUN: Final = "hold"
_C: Final = tables.holds.c


def set_hold(uow: UnitOfWork, context: Context, reason: str, facts: Mapping[str, Any]) -> Hold:
    """Put the store on hold, from the next transaction of every process on; return the hold.

    The caller began with `Store.write(settings=True)`, so that whoever is at work has ended. One
    that stands already keeps its time and gets the new facts. Raises `InvalidField` for a reason
    that is no lower-case word.
    """
    if not (
        reason.isascii() and reason.isalpha() and reason.islower() and len(reason) <= _LONGEST
    ):
        raise InvalidField("reason", "word", f"must be a lower-case word of at most {_LONGEST}")
    uow.take(SETTINGS_VERSION)
    values = {"facts": dict(facts), "caller": context.caller.credential}
    here = sa.update(tables.holds).where(_C.reason == reason)
    if reason in {each.reason for each in holds(uow)}:
        uow.execute(here.values(**values))
    else:
        uow.execute(sa.insert(tables.holds).values(reason=reason, since=context.now, **values))
    uow.audit(context, "set", _NOUN, 0, {"reason": reason, **facts})
    uow.holds = load_holds(uow.connection)
    return next(each for each in uow.holds if each.reason == reason)


def lift_hold(uow: UnitOfWork, context: Context, reason: str) -> bool:
    """Lift a hold; False when there is none of this reason. Others stand.

    The caller began with `Store.write(settings=True)`.
    """
    lifted = uow.execute(sa.delete(tables.holds).where(_C.reason == reason)).rowcount
    if not lifted:
        return False
    uow.take(SETTINGS_VERSION)
    uow.audit(context, "lift", _NOUN, 0, {"reason": reason})
    uow.holds = load_holds(uow.connection)
    return True


def holds(uow: UnitOfWork) -> tuple[Hold, ...]:
    """Return what holds the store, the oldest first; empty when nothing does."""
    return uow.holds
