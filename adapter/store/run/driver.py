"""Drive a run: probe, page over whole clients, commit per page, and say honestly how it ended."""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass

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
from adapter.store.issuing import convert_due
from adapter.store.run import calendar
from adapter.store.run.committing import Committer, Progress, Watch
from adapter.store.run.probe import due_clients, what_is_due
from adapter.store.run.record import is_awaited
from adapter.store.run.snapshot import IdSet
from adapter.store.unit_of_work import Store

# How long an item takes is not known before the first page. So many, decided one by one, are
# hardly more than a page's time, and most days have no more.
_FIRST_ITEMS = 1000
_SMALLEST_PAGE = 20
_AIM = 0.65  # of a page's time; the rest is for pages that turn out larger
_IDLE_PASSES = 2


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
    committer = Committer(store, config, command, context, kind, digest, watch)
    job = _Run(store, config, command, context, committer)
    progress = committer.progress
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
    committer: Committer
    # Until then the time limit waits: a search longer than the limit would else end every call
    # with nothing issued, for ever.
    paging_until: float | None = None
    # Whether the last look saw a pro-forma whose day has come, or did not look for one.
    converts: bool = True
    # How much is due of all clients that the next pass goes over.
    due_items: int = 0

    @property
    def progress(self) -> Progress:
        """What the pages committed so far come to."""
        return self.committer.progress

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
        wanted = self.progress.run_id is not None or is_awaited(self.committer.kind, self.command)
        if wanted and not self.context.dry_run:
            self.committer.complete()

    def _due(self) -> "array[int]":
        """Return the clients with due work: the snapshot that the next pass goes over."""
        due = self._due_ids()
        self.due_items = due.given
        return due.ascending()

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
            return due_clients(self.store, uow, command, today)

    def _still_due(self, clients: Sequence[int]) -> "array[int]":
        """Return those of the clients for whom something is due in what is committed."""
        due = self._due_ids() if clients else IdSet()
        return array("q", filter(due.__contains__, clients))

    def _pass_over(self, clients: "array[int]") -> None:
        """Bill every client, or see that another caller has billed it."""
        position, size = 0, self._first_size(len(clients))
        elsewhere: list[int] = []
        if self.paging_until is None:
            self.paging_until = self.context.elapsed() + self.config.page_seconds
        while position < len(clients):
            began = self.context.elapsed()
            self._check_bounds(began)
            client_ids = sorted(clients[position : position + size])
            position += len(client_ids)
            is_last = position >= len(clients) and not elsewhere
            page = self.committer.commit(client_ids, is_last=is_last)
            elsewhere += page.elsewhere
            if position < len(clients) and not self.context.dry_run and page.written is None:
                # Another caller is at work here: drop what it has done, go on in the middle.
                rest = self._still_due(clients[position:])
                middle = len(rest) // 2
                clients, position = rest[middle:] + rest[:middle], 0
            size = self._next_size(size, self.context.elapsed() - began)
        self._look_again(elsewhere)

    def _first_size(self, clients: int) -> int:
        """Return how many of so many clients have the items of a first page, were all alike."""
        size = _FIRST_ITEMS * clients // self.due_items
        return min(max(size, _SMALLEST_PAGE), self.config.page_clients)

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
                page = self.committer.commit(client_ids, wait_seconds=limit - now)
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
