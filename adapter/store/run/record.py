"""A run's own row: written with its first page, counted with every page, complete at the end."""

from datetime import date, datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from adapter.commands.context import Context
from adapter.commands.model import GenerateDueInvoices
from adapter.store import tables
from adapter.store.prepared import Prepared
from adapter.store.run.write import Written
from adapter.store.unit_of_work import RUN_ID, UnitOfWork

DAILY: Final = "daily"
# The operator's own: without a client or lists it stands for the daily run where that is off.
BY_HAND: Final = "cli"

_RUNS = tables.runs
# The scope of a run that leaves nothing out.
_WHOLE: Final = ({"send_email": True}, {"send_email": False})
_THE_RUN = sa.update(_RUNS).where(_RUNS.c.id == sa.bindparam("run_id"))
_COMPLETE: Final = Prepared(
    _THE_RUN.values(
        complete=sa.true(), finished_at=sa.bindparam("at", type_=_RUNS.c.finished_at.type)
    )
)
_COUNT: Final = Prepared(
    _THE_RUN.values(
        document_count=_RUNS.c.document_count + sa.bindparam("documents", type_=sa.Integer),
        parked_count=_RUNS.c.parked_count + sa.bindparam("parked", type_=sa.Integer),
    )
)


def start_run(uow: UnitOfWork, command: GenerateDueInvoices, context: Context, kind: str) -> int:
    """Write a run's row; return its id. A run that did nothing leaves none."""
    run_id = uow.take(RUN_ID)
    uow.insert(
        _RUNS,
        id=run_id,
        kind=kind,
        run_on=context.today,
        started_at=context.now,
        caller=context.caller.credential,
        request_id=context.request_id,
        scope=_scope(command),
    )
    return run_id


def count_page(uow: UnitOfWork, run_id: int, written: Written) -> None:
    """Add what a page wrote to its run's counts."""
    values = {"run_id": run_id, "documents": written.count, "parked": written.parked}
    _COUNT.run(uow.connection, values)


def complete_run(uow: UnitOfWork, context: Context, run_id: int) -> None:
    """Say that nothing is left of what was due at a run's start."""
    finished_at = context.now + timedelta(seconds=context.elapsed())
    _COMPLETE.run(uow.connection, {"run_id": run_id, "at": finished_at})


def is_awaited(kind: str, command: GenerateDueInvoices) -> bool:
    """Tell whether somebody wants to know that a run took place, though nothing was due."""
    return kind in {DAILY, BY_HAND} and _scope(command) in _WHOLE


def last_complete_run(uow: UnitOfWork) -> datetime | None:
    """Return when the latest complete run of the whole account ended, whoever started it.

    By the account's clock; None before the first.
    """
    query = (
        sa.select(_RUNS.c.finished_at)
        .where(_RUNS.c.complete, _RUNS.c.scope.in_(_WHOLE))
        .order_by(_RUNS.c.id.desc())
        .limit(1)
    )
    found: datetime | None = uow.execute(query).scalar()
    return found


def last_daily_run(uow: UnitOfWork, now: datetime) -> date | None:
    """Return the account day of the latest complete daily run, None before the first.

    Runs that began after `now` are of a clock that was set back since; they do not count.
    """
    query = sa.select(sa.func.max(_RUNS.c.run_on)).where(
        _RUNS.c.kind == DAILY, _RUNS.c.complete, _RUNS.c.started_at <= now
    )
    found: date | None = uow.execute(query).scalar()
    return found


def _scope(command: GenerateDueInvoices) -> dict[str, Any]:
    """Return what a run is limited to, by the command's own names."""
    scope = {
        "client_id": command.client_id,
        "service_ids": command.service_ids,
        "addon_ids": command.addon_ids,
        "domain_ids": command.domain_ids,
        "send_email": command.send_email,
    }
    return {name: value for name, value in scope.items() if value is not None}
