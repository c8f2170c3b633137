"""The built-in store as a backend: one table from command to handler."""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Dialect

from adapter.backends.local import catalogue, clients, invoices, items, orders, recurring, system
from adapter.commands.context import Context
from adapter.commands.model import ChangeSetting, Command, Effect, GenerateDueInvoices
from adapter.commands.results import Result
from adapter.errors import UnknownAction
from adapter.store.config import RunConfig
from adapter.store.run import generate_due
from adapter.store.unit_of_work import Conflict, Store, UnitOfWork

Handler = Callable[[UnitOfWork, Any, Context], Result]

HANDLERS: Mapping[type[Command], Handler] = {
    **catalogue.HANDLERS,
    **clients.HANDLERS,
    **invoices.HANDLERS,
    **items.HANDLERS,
    **orders.HANDLERS,
    **recurring.HANDLERS,
    **system.HANDLERS,
}


# What needs no store is done before its write lock is waited for; the rest may be committed with
# others.
PLANS: Mapping[
    type[Command], Callable[[Any, Context, Dialect], Callable[[UnitOfWork], Result]]
] = {
    **recurring.PLANS,
}


class LocalBackend:
    """Executes every command on one account's store, each in one transaction.

    A run is the exception: it pages, and commits per page.
    """

    def __init__(self, store: Store, run: RunConfig) -> None:
        self._store = store
        self._run = run

    def execute(self, command: Command, context: Context) -> Result:
        """Carry out one command; with `context.dry_run` nothing is kept."""
        if isinstance(command, GenerateDueInvoices):
            return generate_due(self._store, self._run, command, context)
        plan = PLANS.get(type(command))
        if plan is not None:
            work = plan(command, context, self._store.engine.dialect)
            return self._retried(lambda: self._share(work, context))
        handler = HANDLERS.get(type(command))
        if handler is None:
            raise UnknownAction(type(command).__name__)
        if command.effect is Effect.READS:
            with self._store.read() as uow:
                return handler(uow, command, context)
        return self._retried(lambda: self._write(handler, command, context))

    def _retried(self, deed: Callable[[], Result]) -> Result:
        try:
            return deed()
        except Conflict:
            # Nothing was answered and nothing written: once more, now that the other is done.
            return deed()

    def _share(self, work: Callable[[UnitOfWork], Result], context: Context) -> Result:
        if not context.dry_run:
            return self._store.write_shared(work)
        with self._store.write(keep=False) as uow:
            return work(uow)

    def _write(self, handler: Handler, command: Command, context: Context) -> Result:
        settings = isinstance(command, ChangeSetting)
        with self._store.write(keep=not context.dry_run, settings=settings) as uow:
            return handler(uow, command, context)
