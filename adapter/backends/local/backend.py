"""The built-in store as a backend: one table from command to handler."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from sqlalchemy import Dialect

from adapter.backends.local import (
    activity,
    catalogue,
    clients,
    documents,
    invoices,
    items,
    mails,
    offers,
    orders,
    pay_methods,
    quotes,
    recurring,
    recurring_lines,
    system,
)
from adapter.backends.local.clients.logins import validate_login
from adapter.commands.context import Context
from adapter.commands.links import Links
from adapter.commands.model import (
    ChangeSetting,
    Command,
    Effect,
    GenerateDueInvoices,
    ValidateLogin,
)
from adapter.commands.results import Result
from adapter.errors import AlreadyClaimed, UnknownAction
from adapter.store.config import RunConfig
from adapter.store.fingerprints import once
from adapter.store.references import answer_again
from adapter.store.run import generate_due
from adapter.store.unit_of_work import Conflict, Store, UnitOfWork

Handler = Callable[[UnitOfWork, Any, Context], Result]
Work = Callable[[UnitOfWork], Result]

HANDLERS: Mapping[type[Command], Handler] = {
    **activity.HANDLERS,
    **catalogue.HANDLERS,
    **clients.HANDLERS,
    **documents.HANDLERS,
    **invoices.HANDLERS,
    **items.HANDLERS,
    **mails.HANDLERS,
    **quotes.HANDLERS,
    **pay_methods.HANDLERS,
    **offers.HANDLERS,
    **orders.HANDLERS,
    **recurring.HANDLERS,
    **recurring_lines.HANDLERS,
    **system.HANDLERS,
}


# What needs no store is done before its write lock is waited for; the rest may be committed with
# others.
PLANS: Mapping[type[Command], Callable[[Any, Context, Dialect], Work]] = {
    **clients.PLANS,
    **recurring.PLANS,
}


class LocalBackend:
    """Executes every command on one account's store, each in one transaction.

    While the store is on hold it reads and tries only; whatever would be kept raises `OnHold`,
    business settings excepted. Source: contracts/decisions.md, "Holds".

    A run is an exception: it pages, and commits per page; a login is another: it counts before it
    looks. Where the context says so, any other
    writing command is carried out once for its reference, which commits with it.
    """

    def __init__(self, store: Store, run: RunConfig, links: Links | None = None) -> None:
        self._store = store
        self._run = run
        self._links = links

    def execute(self, command: Command, context: Context) -> Result:
        """Carry out one command; with `context.dry_run` nothing is kept."""
        if self._links is not None:
            context = replace(context, links=self._links)
        if isinstance(command, GenerateDueInvoices):
            return generate_due(self._store, self._run, command, context)
        if isinstance(command, ValidateLogin):
            return validate_login(self._store, command, context)
        plan = PLANS.get(type(command))
        if plan is not None:
            work = plan(command, context, self._store.engine.dialect)
            share = partial(self._share, _once(work, command, context), context)
            return self._retried(share, command, context)
        handler = HANDLERS.get(type(command))
        if handler is None:
            raise UnknownAction(type(command).__name__)
        if command.effect is Effect.READS:
            with self._store.read() as uow:
                return handler(uow, command, context)
        deed = _once(lambda uow: handler(uow, command, context), command, context)
        return self._retried(partial(self._write, deed, command, context), command, context)

    def _retried(self, deed: Callable[[], Result], command: Command, context: Context) -> Result:
        try:
            try:
                return deed()
            except Conflict:
                # Nothing was answered and nothing written: once more, now that the other is done.
                return deed()
        except AlreadyClaimed:
            if not context.keep_reference:
                raise  # answered in front of every backend
            return answer_again(self._store, command, context)

    def _share(self, work: Work, context: Context) -> Result:
        if not context.dry_run:
            return self._store.write_shared(_unless_held(work))
        with self._store.write(keep=False) as uow:
            return work(uow)

    def _write(self, deed: Work, command: Command, context: Context) -> Result:
        settings = isinstance(command, ChangeSetting)
        with self._store.write(keep=not context.dry_run, settings=settings) as uow:
            return deed(uow) if settings else _unless_held(deed)(uow)


def _unless_held(work: Work) -> Work:
    def deed(uow: UnitOfWork) -> Result:
        uow.require_no_hold()
        return work(uow)

    return deed


def _once(work: Work, command: Command, context: Context) -> Work:
    """Return a work that also keeps what a repeat of it is to be answered with."""
    claims = context.claim is not None and context.claim.key is not None
    if context.dry_run or not (context.keep_reference or claims):
        return work
    return once(work, command, context)
