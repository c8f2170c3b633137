"""What every transaction is told at its start: the business settings, and what holds the store."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from adapter.billing.settings import BusinessSettings, load_settings
from adapter.store import tables

_SETTINGS: Final = sa.select(tables.settings.c.name, tables.settings.c.value)
_HOLDS: Final = sa.select(tables.holds).order_by(tables.holds.c.since, tables.holds.c.reason)


@dataclass(frozen=True, slots=True)
class Hold:
    """Why a store is on hold, since when by the account's clock, who said so, and free facts."""

    reason: str
    since: datetime
    caller: str
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Current:
    """Settings and holds as of one settings version; a change of either gives a new one."""

    settings: BusinessSettings = field(default_factory=BusinessSettings)
    holds: tuple[Hold, ...] = ()


def load_current(connection: sa.Connection, version: int) -> Current:
    """Read settings and holds; `version` is the one this transaction sees."""
    rows = connection.execute(_SETTINGS)
    settings = load_settings({row.name: row.value for row in rows}, version)
    return Current(settings, load_holds(connection))


def load_holds(connection: sa.Connection) -> tuple[Hold, ...]:
    """Read what holds the store, the oldest first."""
    return tuple(
        Hold(row.reason, row.since, row.caller, row.facts) for row in connection.execute(_HOLDS)
    )
