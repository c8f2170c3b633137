"""The built-in store as a backend: one table from command to handler."""

from collections.abc import Callable, Mapping
from typing import Any

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


# What can be checked without the store is checked before its write lock is waited for.
CHECKS: Mapping[type[Command], Callable[[Any], None]] = {
    **recurring.CHECKS,
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
        handler = HANDLERS.get(type(command))
        if handler is None:
            raise UnknownAction(type(command).__name__)
        check = CHECKS.get(type(command))
        if check is not None:
            check(command)
        if command.effect is Effect.READS:
            with self._store.read() as uow:
                return handler(uow, command, context)
        try:
            return self._write(handler, command, context)
        except Conflict:
            # Nothing was answered and nothing written: once more, now that the other is done.
            return self._write(handler, command, context)

    def _write(self, handler: Handler, command: Command, context: Context) -> Result:
        settings = isinstance(command, ChangeSetting)
        with self._store.write(keep=not context.dry_run, settings=settings) as uow:
            return handler(uow, command, context)
