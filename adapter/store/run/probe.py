"""The cheap question before a run: is anything due at all? One prepared statement."""

from datetime import date
from typing import Any, NamedTuple

import sqlalchemy as sa

from adapter.billing.model import BillableKind
from adapter.billing.settings import BusinessSettings
from adapter.commands.model import GenerateDueInvoices
from adapter.errors import ClientNotFound
from adapter.store import tables
from adapter.store.issuing import due_proformas
from adapter.store.queue import TABLES
from adapter.store.run.scope import Scope, due_condition, due_conditions, select_due_clients
from adapter.store.run.snapshot import IdSet
from adapter.store.run.statement import ORIGIN, TODAY, PageStatement
from adapter.store.unit_of_work import SETTINGS_VERSION, Store, UnitOfWork


class Due(NamedTuple):
    """Whether anything is to be billed, and whether any pro-forma is to be an invoice."""

    items: bool
    proformas: bool


def what_is_due(store: Store, command: GenerateDueInvoices, today: date) -> Due | None:
    """Tell what is due in the scope of a call without id lists; None: ask otherwise.

    Building the due condition costs ten times what executing it does, so the statement is kept
    per settings version; the statement itself says whether that version is still the current one.
    Raises `ClientNotFound`.
    """
    current = store.cached()
    # A store on hold is asked like anybody: by a transaction, which says so.
    if current is None or current.holds or _has_lists(command):
        return None
    settings = current.settings
    probe = _prepared(store, settings, command)
    row = store.direct.fetch(probe.sql, probe.parameters(_values(command, today)))
    version, known, items, proformas = row or (None, None, None, None)
    if version != settings.settings_version:
        return None
    if not known:
        raise ClientNotFound(command.client_id)
    return Due(bool(items), bool(proformas))


def anything_left(
    store: Store, uow: UnitOfWork, command: GenerateDueInvoices, today: date
) -> bool | None:
    """Tell whether anything is due as a transaction sees it; None for a call with id lists."""
    if _has_lists(command):
        return None
    probe = _prepared(store, uow.settings, command)
    return bool(probe.all(uow.connection, _values(command, today))[0][2])


def due_clients(store: Store, uow: UnitOfWork, command: GenerateDueInvoices, today: date) -> IdSet:
    """Return the clients with due work in the scope of a call: the snapshot a run pages over.

    What it was `given` is how much is due of all of them together.
    """
    settings = uow.settings

    def build() -> PageStatement | None:
        conditions = due_conditions(Scope.of(command, settings), settings, ORIGIN)
        found = select_due_clients(conditions) if conditions else None
        return None if found is None else PageStatement(found, store.engine.dialect)

    if command.client_id is None and not _has_lists(command):
        statement = store.kept(("due clients", settings.settings_version), build)
    else:
        statement = build()
    if statement is None:
        return IdSet()
    return IdSet(statement.column(uow.connection, {TODAY: today}))


def _has_lists(command: GenerateDueInvoices) -> bool:
    lists = (command.service_ids, command.addon_ids, command.domain_ids)
    return any(ids is not None for ids in lists)


def _values(command: GenerateDueInvoices, today: date) -> dict[str, Any]:
    return {TODAY: today, "client_id": command.client_id}


def _prepared(
    store: Store, settings: BusinessSettings, command: GenerateDueInvoices
) -> PageStatement:
    one_client = command.client_id is not None

    def build() -> PageStatement:
        return PageStatement(_probe(settings, one_client=one_client), store.engine.dialect)

    return store.kept(("probe", settings.settings_version, one_client), build)


def _probe(settings: BusinessSettings, *, one_client: bool) -> sa.Select[Any]:
    """Return one row: the settings' version, is the client known, what of `Due` holds."""
    scope = Scope(ids=dict.fromkeys(BillableKind))
    counters = tables.counters
    version = sa.select(counters.c.next_value).where(
        counters.c.name == sa.literal_column(f"'{SETTINGS_VERSION}'")
    )
    # A value of its own: where a list is written out, SQLAlchemy wants one of every parameter.
    client_id: sa.BindParameter[int] = sa.bindparam("client_id", None, type_=sa.BigInteger)
    known: Any = sa.literal_column("1")
    if one_client:
        known = sa.exists().where(tables.clients.c.id == client_id)
    probes = []
    for kind in BillableKind:
        table = TABLES[kind]
        condition: Any = due_condition(kind, scope, settings, ORIGIN)
        probe = sa.exists().select_from(table).where(condition)
        probes.append(probe.where(table.c.client_id == client_id) if one_client else probe)
    # A CASE stops at the first kind that has something due, on every engine.
    due = sa.case(*((probe, 1) for probe in probes), else_=0)
    proformas = due_proformas(ORIGIN)
    if one_client:
        proformas = proformas.where(tables.documents.c.client_id == client_id)
    return sa.select(
        sa.func.coalesce(version.scalar_subquery(), 0).label("version"),
        sa.case((known, 1), else_=0).label("known") if one_client else known.label("known"),
        due.label("due"),
        sa.case((proformas.exists(), 1), else_=0).label("proformas"),
    )
