"""Reading and changing business settings: one way in for the API and for the catalogue."""

from collections.abc import Mapping

import sqlalchemy as sa

from adapter.billing.settings import (
    QUEUE_SETTINGS,
    check_value,
    default_text,
    load_settings,
    setting_name,
)
from adapter.commands.context import Context
from adapter.errors import SettingNotFound
from adapter.store import tables
from adapter.store.queue import requeue_all
from adapter.store.unit_of_work import SETTINGS_VERSION, UnitOfWork

_S = tables.settings.c


def stored_settings(uow: UnitOfWork) -> dict[str, str]:
    """Return the settings that were ever written, by their public names."""
    rows = uow.execute(sa.select(_S.name, _S.value).order_by(_S.name))
    return {row.name: row.value for row in rows}


def setting_text(uow: UnitOfWork, name: str) -> tuple[str, str]:
    """Return a setting's public name and its text; raises `SettingNotFound`."""
    public = setting_name(name)
    if public is None:
        raise SettingNotFound(name)
    value = uow.execute(sa.select(_S.value).where(_S.name == public)).scalar()
    return public, default_text(public) if value is None else value


def change_settings(
    uow: UnitOfWork, context: Context, values: Mapping[str, str]
) -> tuple[str, ...]:
    """Write the settings that differ; return their public names.

    One new settings version for all of them; from here on `uow.settings` has the new values, and
    the run's queue follows where a setting decides about it. Raises `SettingNotFound`, and
    `InvalidField` for a value the setting cannot have, before anything is written.
    """
    wanted: dict[str, str] = {}
    for name, value in values.items():
        public = setting_name(name)
        if public is None:
            raise SettingNotFound(name)
        check_value(public, value)
        wanted[public] = value
    stored = stored_settings(uow)
    changed = {
        name: value
        for name, value in wanted.items()
        if stored.get(name, default_text(name)) != value
    }
    if not changed:
        return ()
    uow.take(SETTINGS_VERSION)
    if not uow.is_alone:
        # Whoever had the counter before may have written the same settings.
        stored = stored_settings(uow)
    for name, value in changed.items():
        _write(uow, context, name, value, is_new=name not in stored)
        old = stored.get(name, default_text(name))
        uow.audit(context, "change", "setting", 0, {"name": name, "old": old, "new": value})
    _reload(uow)
    if not QUEUE_SETTINGS.isdisjoint(changed):
        requeue_all(uow)
    return tuple(changed)


def _write(uow: UnitOfWork, context: Context, name: str, value: str, *, is_new: bool) -> None:
    row = {"value": value, "changed_at": context.now}
    if is_new:
        uow.execute(sa.insert(tables.settings).values(name=name, **row))
    else:
        uow.execute(sa.update(tables.settings).where(_S.name == name).values(**row))


def _reload(uow: UnitOfWork) -> None:
    counters = tables.counters.c
    version = uow.execute(
        sa.select(counters.next_value).where(counters.name == SETTINGS_VERSION)
    ).scalar_one()
    uow.settings = load_settings(stored_settings(uow), version)
