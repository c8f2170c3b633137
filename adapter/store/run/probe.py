"""The cheap question before a run: is anything due at all? One prepared statement."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from adapter.billing.model import BillableKind
from adapter.billing.settings import BusinessSettings
from adapter.commands.model import GenerateDueInvoices
from adapter.errors import ClientNotFound
from adapter.store import tables
from adapter.store.direct import Question
from adapter.store.queue import TABLES
from adapter.store.run.scope import Scope, due_condition
from adapter.store.unit_of_work import SETTINGS_VERSION, Store

# Dates in the statement are written as days after this one, so that it serves on every day.
_ORIGIN = date(2000, 1, 1)
_KEPT = 8


def nothing_due(store: Store, command: GenerateDueInvoices, today: date) -> bool | None:
    """Tell whether nothing is due in the scope of a call without id lists; None: ask otherwise.

    Building the due condition costs ten times what executing it does, so the statement is kept
    per settings version; the statement itself says whether that version is still the current one.
    Raises `ClientNotFound`.
    """
    if command.service_ids is not None or command.addon_ids is not None:
        return None
    if command.domain_ids is not None:
        return None
    settings = store.cached_settings()
    if settings is None:
        return None
    question, days = _prepared(store, settings, one_client=command.client_id is not None)
    values: dict[str, Any] = {
        name: today + timedelta(days=offset) for name, offset in days.items()
    }
    if command.client_id is not None:
        values["client_id"] = command.client_id
    version, known, due = question.ask(values) or (None, None, None)
    if version != settings.settings_version:
        return None
    if not known:
        raise ClientNotFound(command.client_id)
    return not due


def _prepared(
    store: Store, settings: BusinessSettings, *, one_client: bool
) -> tuple[Question, Mapping[str, int]]:
    key = (settings.settings_version, one_client)
    found = store.prepared.get(key)
    if found is None:
        if len(store.prepared) >= _KEPT:
            store.prepared.clear()  # statements of earlier settings
        found = store.prepared[key] = _build(store, settings, one_client=one_client)
    return found


def _build(
    store: Store, settings: BusinessSettings, *, one_client: bool
) -> tuple[Question, Mapping[str, int]]:
    scope = Scope(ids=dict.fromkeys(BillableKind))
    counters = tables.counters
    version = sa.select(counters.c.next_value).where(
        counters.c.name == sa.literal_column(f"'{SETTINGS_VERSION}'")
    )
    client_id: sa.BindParameter[int] = sa.bindparam("client_id", type_=sa.BigInteger)
    known: Any = sa.literal_column("1")
    if one_client:
        known = sa.exists().where(tables.clients.c.id == client_id)
    probes = []
    for kind in BillableKind:
        table = TABLES[kind]
        condition: Any = due_condition(kind, scope, settings, _ORIGIN)
        probe = sa.exists().select_from(table).where(condition)
        probes.append(probe.where(table.c.client_id == client_id) if one_client else probe)
    # A CASE stops at the first kind that has something due, on every engine.
    due = sa.case(*((probe, 1) for probe in probes), else_=0)
    statement = sa.select(
        sa.func.coalesce(version.scalar_subquery(), 0).label("version"),
        sa.case((known, 1), else_=0).label("known") if one_client else known.label("known"),
        due.label("due"),
    )
    question = store.direct.prepare(statement)
    days = {
        name: (value - _ORIGIN).days
        for name, value in question.defaults.items()
        if isinstance(value, date)
    }
    return question, days
