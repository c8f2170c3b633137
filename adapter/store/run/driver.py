"""Drive a run: probe, page over whole clients, commit per page, and say honestly how it ended."""

from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from adapter.billing.drafts import Parked
from adapter.billing.settings import BusinessSettings
from adapter.commands.context import Context
from adapter.commands.model import GenerateDueInvoices
from adapter.commands.results import InvoicesGenerated
from adapter.errors import (
    AdapterError,
    ClientNotFound,
    OnHold,
    OutcomeUnknown,
    RunIncomplete,
    StoreFull,
    StoreUnavailable,
)
from adapter.store import tables
from adapter.store.config import RunConfig
from adapter.store.faults import Point, reached
from adapter.store.issuing import convert_due
from adapter.store.prepared import Prepared
from adapter.store.run import calendar
from adapter.store.run.claimed import set_claimed_aside
from adapter.store.run.content import digest_of
from adapter.store.run.holding import hold, wait_for
from adapter.store.run.page import PageJob, bill_page
from adapter.store.run.probe import anything_left, what_is_due
from adapter.store.run.scope import Scope, anything_due, due_clients, due_conditions
from adapter.store.run.snapshot import IdSet
from adapter.store.run.write import NOTHING, Written, note_parked
from adapter.store.unit_of_work import RUN_ID, Conflict, Store, UnitOfWork

DAILY = "daily"
# The operator's own: without a client or lists it stands for the daily run where that is off.
BY_HAND = "cli"
Watch = Callable[[UnitOfWork, Written], None]
# What a page costs is not known before the first one: so many clients of a hundred items each are
# hardly more than its time, and of one item each next to nothing.
_FIRST_PAGE = 250
_SMALLEST_PAGE = 20
_AIM = 0.65  # of a page's time; the rest is for pages that turn out larger
_IDLE_PASSES = 2

_RUNS = tables.runs
# The scope of a run that leaves nothing out.
_WHOLE = ({"send_email": True}, {"send_email": False})
_THE_RUN = sa.update(_RUNS).where(_RUNS.c.id == sa.bindparam("run_id"))
_COMPLETE = Prepared(
    _THE_RUN.values(
        complete=sa.true(), finished_at=sa.bindparam("at", type_=_RUNS.c.finished_at.type)
    )
)
_COUNT = Prepared(
    _THE_RUN.values(
        document_count=_RUNS.c.document_count + sa.bindparam("documents", type_=sa.Integer),
        parked_count=_RUNS.c.parked_count + sa.bindparam("parked", type_=sa.Integer),
    )
)


@dataclass(slots=True)
class Progress:
    """What a run did so far. `digest` is of every document's content, where it was asked for."""

    count: int = 0
    last_id: int = 0
    parked: int = 0
    pages: int = 0
    run_id: int | None = None
    complete: bool = False
    digest: int = 0

    def add(self, page: "_Page") -> None:
        """Count one committed page."""
        written = page.written or NOTHING
        self.count += written.count
        self.last_id = written.last_id or self.last_id
        self.parked += written.parked
        self.pages += page.written is not None
        self.run_id = page.run_id
        self.complete = page.complete
        self.digest = (self.digest + page.digest) % 2**256

    @property
    def hexdigest(self) -> str:
        """The content digest as 64 hex digits."""
        return f"{self.digest:064x}"


@dataclass(frozen=True, slots=True)
class _Page:
    """One committed page: what was due (None: nothing), and which clients another caller held."""

    written: Written | None
    elsewhere: tuple[int, ...]
    run_id: int | None
    complete: bool
    digest: int


def generate_due(
    store: Store,
    config: RunConfig,
    command: GenerateDueInvoices,
    context: Context,
    *,
    kind: str = "api",
) -> InvoicesGenerated:
    """Issue everything that is due in the command's scope; return when all of it is committed.

    Whoever committed it: callers at the same time share the work, and each counts its own.
    Raises `ClientNotFound`, `OnHold`, or one of `BROKEN_OFF` with what this call issued: committed
    pages stay, the next call goes on. `RunIncomplete` is a bound of `config`, a busy store, or a
    hold that was set meanwhile.
    """
    return run(store, config, command, context, kind=kind)[0]


def run(  # noqa: PLR0913 - what a run is, and what its caller wants to know
    store: Store,
    config: RunConfig,
    command: GenerateDueInvoices,
    context: Context,
    *,
    kind: str = "api",
    digest: bool = False,
    watch: Watch | None = None,
) -> tuple[InvoicesGenerated, Progress]:
    """Do what `generate_due` does; return the progress as well (run id, parked).

    With `digest` every document's content is read back and summed up in it. `watch` is shown
    every page in its transaction, before that ends.
    """
    job = _Run(store, config, command, context, kind, digest, watch)
    progress = job.progress
    try:
        job.finish()
        # Pro-formas that are to be invoices from today on: the rest of a day's invoices.
        for converted in convert_due(store, command, context) if job.converts else ():
            progress.count += 1
            progress.last_id = max(progress.last_id, converted.document_id)
    except (StoreUnavailable, OnHold) as error:
        if progress.count == 0:
            raise
        # "Nothing was changed" would be untrue: earlier pages are committed.
        raise _with_count(error, progress.count) from error
    return InvoicesGenerated(progress.count, progress.last_id or None), progress


def _with_count(error: StoreUnavailable | OnHold, issued: int) -> AdapterError:
    """Return what to say of a run that broke off after it had issued so many documents."""
    match error:
        case OutcomeUnknown():
            return OutcomeUnknown(issued)
        case StoreFull():
            return StoreFull(issued)
        case _:
            return RunIncomplete(issued)


@dataclass(slots=True)
class _Run:
    """One call's way through everything that is due."""

    store: Store
    config: RunConfig
    command: GenerateDueInvoices
    context: Context
    kind: str
    with_digest: bool = False
    watch: Watch | None = None
    progress: Progress = field(default_factory=Progress)
    job: PageJob | None = None
    # Until then the time limit waits: a search longer than the limit would else end every call
    # with nothing issued, for ever.
    paging_until: float | None = None
    # Whether the last look saw a pro-forma whose day has come, or did not look for one.
    converts: bool = True

    def finish(self) -> None:
        """Bill until nothing is due of what was due at the start, whoever billed it."""
        clients = self._due()
        if clients and self.config.set_based and not self.context.dry_run:
            calendar.fill(self.store, self.context.today, self.config.calendar_months)
        idle = 0
        while clients:
            pages = self.progress.pages
            self._pass_over(clients)
            if self.context.dry_run or self.progress.complete:
                # A dry run keeps nothing, so its rows stay due: one pass is the answer.
                return
            before, clients = clients, self._due()
            if self.progress.pages > pages:
                idle = 0
            elif not any(map(IdSet(before).__contains__, clients)):
                break  # others did what was due at the start; what came due since is theirs too
            else:
                idle += 1
            if idle == _IDLE_PASSES:
                raise RunIncomplete(self.progress.count)
        if not self.context.dry_run and (self.progress.run_id or self._is_awaited()):
            with self.store.write() as uow:
                run_id = self.progress.run_id or self._start(uow)
                self._complete(uow, run_id)
            self.progress.run_id, self.progress.complete = run_id, True

    def _is_awaited(self) -> bool:
        """Tell whether somebody wants to know that it took place, though nothing was due."""
        return self.kind in {DAILY, BY_HAND} and self._scope() in _WHOLE

    def _due(self) -> "array[int]":
        """Return the clients with due work: the snapshot that the next pass goes over."""
        return self._due_ids().ascending()

    def _due_ids(self) -> IdSet:
        command, today = self.command, self.context.today
        client_id = command.client_id
        due = what_is_due(self.store, command, today)
        self.converts = due is None or due.proformas
        if due is not None and not due.items:
            return IdSet()
        if due is not None and client_id is not None:
            return IdSet((client_id,))
        with self.store.read() as uow:
            if not self.context.dry_run:
                uow.require_no_hold()
            if client_id is not None and uow.row(tables.clients, client_id) is None:
                raise ClientNotFound(client_id)
            conditions = due_conditions(Scope.of(command, uow.settings), uow.settings, today)
            return due_clients(uow, conditions)

    def _still_due(self, clients: Sequence[int]) -> "array[int]":
        """Return those of the clients for whom something is due in what is committed."""
        due = self._due_ids() if clients else IdSet()
        return array("q", filter(due.__contains__, clients))

    def _pass_over(self, clients: "array[int]") -> None:
        """Bill every client, or see that another caller has billed it."""
        position, size = 0, min(_FIRST_PAGE, self.config.page_clients)
        elsewhere: list[int] = []
        if self.paging_until is None:
            self.paging_until = self.context.elapsed() + self.config.page_seconds
        while position < len(clients):
            began = self.context.elapsed()
            self._check_bounds(began)
            client_ids = sorted(clients[position : position + size])
            position += len(client_ids)
            is_last = position >= len(clients) and not elsewhere
            page = self._commit(client_ids, is_last=is_last)
            elsewhere += page.elsewhere
            if position < len(clients) and not self.context.dry_run and page.written is None:
                # Another caller is at work here: drop what it has done, go on in the middle.
                rest = self._still_due(clients[position:])
                middle = len(rest) // 2
                clients, position = rest[middle:] + rest[:middle], 0
            size = self._next_size(size, self.context.elapsed() - began)
        self._look_again(elsewhere)

    def _next_size(self, size: int, spent: float) -> int:
        """Return how many clients fill a page's time, when `size` of them took `spent`.

        Never by more than a step up or down: one slow page may have waited for somebody else.
        """
        wanted = int(size * _AIM * self.config.page_seconds / max(spent, 1e-6))
        smallest = min(_SMALLEST_PAGE, self.config.page_clients)
        return min(max(wanted, size // 2, smallest), size * 4, self.config.page_clients)

    def _look_again(self, elsewhere: Sequence[int]) -> None:
        """Wait for clients that others hold until what was due of them is committed, or bill it.

        Raises `RunIncomplete` after `wait_seconds`.
        """
        limit = self.context.elapsed() + self.config.wait_seconds
        limit = min(limit, self.config.time_limit_seconds)
        waiting = self._still_due(elsewhere)
        while waiting:
            now = self.context.elapsed()
            self._check_bounds(now)
            if now >= limit:
                raise RunIncomplete(self.progress.count)
            client_ids, rest = sorted(waiting[:_SMALLEST_PAGE]), waiting[_SMALLEST_PAGE:]
            try:
                page = self._commit(client_ids, wait_seconds=limit - now)
            except (OutcomeUnknown, StoreFull):
                raise
            except StoreUnavailable as error:
                raise RunIncomplete(self.progress.count) from error
            waiting = self._still_due([*rest, *page.elsewhere])

    def _check_bounds(self, elapsed: float) -> None:
        over_time = elapsed > self.config.time_limit_seconds
        over_time = over_time and elapsed > (self.paging_until or 0.0)
        if over_time or self.progress.count >= self.config.document_limit:
            raise RunIncomplete(self.progress.count)

    def _commit(
        self,
        client_ids: Sequence[int],
        *,
        wait_seconds: float | None = None,
        is_last: bool = False,
    ) -> _Page:
        """Bill one page in one transaction, once more where the database undid it.

        A period that has its claim already is out of place in the queue; it is set aside, so that
        it does not keep the others from being billed.
        """
        try:
            page = self._attempt(client_ids, wait_seconds, is_last=is_last)
        except Conflict:
            page = self._attempt(client_ids, wait_seconds, is_last=is_last)
        except IntegrityError:
            page = self._attempt(client_ids, wait_seconds, is_last=is_last, has_claimed=True)
        self.progress.add(page)
        return page

    def _attempt(
        self,
        client_ids: Sequence[int],
        wait_seconds: float | None,
        *,
        is_last: bool,
        has_claimed: bool = False,
    ) -> _Page:
        context = self.context
        started: list[int] = []
        complete, digest = False, 0

        def run_row() -> int:
            """Return the run's id; its row is written together with its first page."""
            if self.progress.run_id is not None:
                return self.progress.run_id
            if not started:
                started.append(self._start(uow))
            return started[0]

        with self.store.write(keep=not context.dry_run) as uow:
            uow.require_no_hold()
            if wait_seconds is not None:
                wait_for(uow, client_ids[0], wait_seconds)
            held = hold(uow, client_ids, wait=context.dry_run)
            reached(Point.LOCK)
            job = self._job_under(uow.settings)
            written = self._bill(uow, job, held.mine, run_row, has_claimed=has_claimed)
            run_id = started[0] if started else self.progress.run_id
            if run_id is not None:
                _count(uow, run_id, written or NOTHING)
                nothing_left = is_last and not held.elsewhere and not context.dry_run
                if nothing_left and not self._anything_left(uow, job):
                    self._complete(uow, run_id)
                    complete = True
            if self.with_digest and written is not None and written.numbers is not None:
                digest = digest_of(uow, written.numbers, written.count)
            if self.watch is not None and written is not None:
                self.watch(uow, written)
        return _Page(written, held.elsewhere, run_id, complete, digest)

    def _bill(
        self,
        uow: UnitOfWork,
        job: PageJob,
        client_ids: Sequence[int],
        run_row: Callable[[], int],
        *,
        has_claimed: bool,
    ) -> Written | None:
        """Bill clients that are held, whatever has a claim in its way parked first."""
        aside: list[Parked] = []
        if has_claimed:
            aside = set_claimed_aside(uow, self.context, client_ids, job.conditions)
        store = self.store if self.config.set_based else None
        written = bill_page(uow, store, job, client_ids, run_row)
        if not aside:
            return written
        note_parked(uow, run_row(), aside)
        return Written(0, 0, len(aside)).plus(written or NOTHING)

    def _job_under(self, settings: BusinessSettings) -> PageJob:
        """Return what pages are billed by; its conditions are built once for all of them."""
        job = self.job
        if job is None or job.settings is not settings:
            job = self.job = PageJob(
                self.context,
                Scope.of(self.command, settings),
                settings,
                send_email=self.command.send_email,
                mail_held_until=self._mail_held_until(),
            )
        return job

    def _mail_held_until(self) -> datetime | None:
        hold = self.config.mail_hold_seconds
        return self.context.now + timedelta(seconds=hold) if hold else None

    def _anything_left(self, uow: UnitOfWork, job: PageJob) -> bool:
        left = anything_left(self.store, uow, self.command, self.context.today)
        return anything_due(uow, job.conditions) if left is None else left

    def _start(self, uow: UnitOfWork) -> int:
        """Write the run's row; a run that did nothing leaves none."""
        context = self.context
        run_id = uow.take(RUN_ID)
        uow.insert(
            tables.runs,
            id=run_id,
            kind=self.kind,
            run_on=context.today,
            started_at=context.now,
            caller=context.caller.credential,
            request_id=context.request_id,
            scope=self._scope(),
        )
        return run_id

    def _scope(self) -> dict[str, Any]:
        """Return what the run is limited to, by the command's own names."""
        command = self.command
        scope = {
            "client_id": command.client_id,
            "service_ids": command.service_ids,
            "addon_ids": command.addon_ids,
            "domain_ids": command.domain_ids,
            "send_email": command.send_email,
        }
        return {name: value for name, value in scope.items() if value is not None}

    def _complete(self, uow: UnitOfWork, run_id: int) -> None:
        finished_at = self.context.now + timedelta(seconds=self.context.elapsed())
        _COMPLETE.run(uow.connection, {"run_id": run_id, "at": finished_at})


def _count(uow: UnitOfWork, run_id: int, written: Written) -> None:
    values = {"run_id": run_id, "documents": written.count, "parked": written.parked}
    _COUNT.run(uow.connection, values)


def last_complete_run(uow: UnitOfWork) -> datetime | None:
    """Return when the latest complete run of the whole account ended, whoever started it.

    By the account's clock; None before the first.
    """
    runs = tables.runs
    query = (
        sa.select(runs.c.finished_at)
        .where(runs.c.complete, runs.c.scope.in_(_WHOLE))
        .order_by(runs.c.id.desc())
        .limit(1)
    )
    found: datetime | None = uow.execute(query).scalar()
    return found


def last_daily_run(uow: UnitOfWork, now: datetime) -> date | None:
    """Return the account day of the latest complete daily run, None before the first.

    Runs that began after `now` are of a clock that was set back since; they do not count.
    """
    runs = tables.runs
    query = sa.select(sa.func.max(runs.c.run_on)).where(
        runs.c.kind == DAILY, runs.c.complete, runs.c.started_at <= now
    )
    found: date | None = uow.execute(query).scalar()
    return found
