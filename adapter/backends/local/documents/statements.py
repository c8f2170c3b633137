"""Account statements."""

from datetime import date, timedelta
from typing import Final

from adapter.backends.local.lookups import currency_of, require_client
from adapter.billing.money import Money, Sum
from adapter.billing.statement import (
    Movement,
    Statement,
    StatementKind,
    StatementTotal,
    with_balances,
)
from adapter.commands.context import Context
from adapter.commands.model import CreateStatement
from adapter.commands.results import StatementCreated
from adapter.errors import InvalidField
from adapter.store import tables
from adapter.store.balances import balances, movements
from adapter.store.outbox import STATEMENT_MAIL, enqueue_mail
from adapter.store.unit_of_work import UnitOfWork

# How long a statement can be opened. Source: the positional facts, 2.23.
KEPT: Final = timedelta(days=2)


def create_statement(
    uow: UnitOfWork, command: CreateStatement, context: Context
) -> StatementCreated:
    """Make a client's statement and keep it for two days. Raises `ClientNotFound`."""
    statement = statement_of(uow, command, context)
    statement_id = uow.insert(
        tables.statements,
        client_id=command.client_id,
        format=command.file_format,
        content=statement.as_json(),
        created_at=context.now,
        expires_at=context.now + KEPT,
    )
    if command.send_email:
        values = {"statement_id": statement_id}
        enqueue_mail(uow, context, STATEMENT_MAIL, command.client_id, payload=values)
    uow.audit(context, "create", "statement", statement_id, {"client_id": command.client_id})
    url = context.links.statement(statement_id)
    return StatementCreated(statement_id, statement, command.file_format, url)


def statement_of(uow: UnitOfWork, command: CreateStatement, context: Context) -> Statement:
    """Return a client's account as the command wants it shown.

    Source: contracts/decisions.md, "Statements".
    """
    currency = currency_of(uow, command.client_id).code
    client = require_client(uow, command.client_id)
    stand = balances(uow, [command.client_id])[command.client_id]
    moved = movements(uow, command.client_id, currency, context.caller.account.zone)
    # A full account ends with what is dated last, which may lie ahead.
    last = max((each.on for each in moved), default=context.today)
    from_on, to_on = _range(command, context.today, max(last, context.today))
    before = [each for each in moved if from_on is not None and each.on < from_on]
    shown = [
        each for each in moved if (from_on is None or each.on >= from_on) and each.on <= to_on
    ]
    brought_forward = stand.opening + _sum(before, currency)
    entries = with_balances(brought_forward, shown)
    balance = stand.with_opening
    if command.total is StatementTotal.ONLY_SHOWN:
        balance = _sum(shown, currency)
    return Statement(
        client_id=command.client_id,
        client_name=client["invoice_name"],
        kind=command.kind,
        made_on=context.today,
        from_on=from_on,
        to_on=to_on,
        brought_forward=brought_forward,
        entries=entries,
        closing=entries[-1].balance if entries else brought_forward,
        total=balance,
    )


def _range(command: CreateStatement, today: date, last: date) -> tuple[date | None, date]:
    if command.kind is StatementKind.FULL:
        return None, last
    if command.kind is StatementKind.HISTORICAL:
        return None, command.to_on or today
    if command.from_on is None or command.to_on is None:
        raise InvalidField("from", "required", "from and to are required for date_range")
    if command.to_on < command.from_on:
        raise InvalidField("to", "minimum", "to must not lie before from")
    return command.from_on, command.to_on


def _sum(moved: list[Movement], currency: str) -> Money:
    return Sum(sum(each.amount.hundredths for each in moved), currency)
