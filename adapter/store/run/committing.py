"""One page of a run in one transaction: its clients held, billed, counted, and committed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy.exc import IntegrityError

from adapter.billing.drafts import Parked
from adapter.billing.settings import BusinessSettings
from adapter.commands.context import Context
from adapter.commands.model import GenerateDueInvoices
from adapter.store.config import RunConfig
from adapter.store.faults import Point, reached
from adapter.store.run.claimed import set_claimed_aside
from adapter.store.run.content import digest_of
from adapter.store.run.holding import hold, wait_for
from adapter.store.run.page import PageJob, bill_page
from adapter.store.run.probe import anything_left
from adapter.store.run.record import complete_run, count_page, start_run
from adapter.store.run.scope import Scope, anything_due
from adapter.store.run.write import NOTHING, Written, note_parked
from adapter.store.unit_of_work import Conflict, Store, UnitOfWork

Watch = Callable[[UnitOfWork, Written], None]


@dataclass(frozen=True, slots=True)
class Page:
    """One committed page: what was due (None: nothing), and which clients another caller held."""

    written: Written | None
    elsewhere: tuple[int, ...]
    run_id: int | None
    complete: bool
    digest: int


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

    def add(self, page: Page) -> None:
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


@dataclass(slots=True)
class Committer:
    """What commits a run's pages, and what came of them so far."""

    store: Store
    config: RunConfig
    command: GenerateDueInvoices
    context: Context
    kind: str
    with_digest: bool = False
    watch: Watch | None = None
    progress: Progress = field(default_factory=Progress)
    job: PageJob | None = None

    def commit(
        self,
        client_ids: Sequence[int],
        *,
        wait_seconds: float | None = None,
        is_last: bool = False,
    ) -> Page:
        """Bill these clients (ascending) in one transaction, once more where it was undone.

        With `wait_seconds` the first of them is waited for. `is_last` says that nothing is left
        of the run but them. A period that has its claim already is out of place in the queue; it
        is set aside, so that it does not keep the others from being billed.
        """
        try:
            page = self._attempt(client_ids, wait_seconds, is_last=is_last)
        except Conflict:
            page = self._attempt(client_ids, wait_seconds, is_last=is_last)
        except IntegrityError:
            page = self._attempt(client_ids, wait_seconds, is_last=is_last, has_claimed=True)
        self.progress.add(page)
        return page

    def complete(self) -> None:
        """Say that nothing is left, in a row that is written for it if there is none yet."""
        with self.store.write() as uow:
            run_id = self.progress.run_id or self._start(uow)
            complete_run(uow, self.context, run_id)
        self.progress.run_id, self.progress.complete = run_id, True

    def _attempt(
        self,
        client_ids: Sequence[int],
        wait_seconds: float | None,
        *,
        is_last: bool,
        has_claimed: bool = False,
    ) -> Page:
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
                count_page(uow, run_id, written or NOTHING)
                nothing_left = is_last and not held.elsewhere and not context.dry_run
                if nothing_left and not self._anything_left(uow, job):
                    complete_run(uow, context, run_id)
                    complete = True
            if self.with_digest and written is not None and written.numbers is not None:
                digest = digest_of(uow, written.numbers, written.count)
            if self.watch is not None and written is not None:
                self.watch(uow, written)
        return Page(written, held.elsewhere, run_id, complete, digest)

    def _start(self, uow: UnitOfWork) -> int:
        return start_run(uow, self.command, self.context, self.kind)

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
