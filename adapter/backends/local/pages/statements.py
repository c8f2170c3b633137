"""A kept statement as a page: what was charged and what came in, with the balance after each."""

from collections.abc import Iterator

from adapter.backends.local.lookups import require_client
from adapter.backends.local.pages.documents import date_format_of, page_of
from adapter.billing.money import Money
from adapter.billing.statement import Movement, Statement
from adapter.commands.links import STATEMENT
from adapter.documents.model import Fact, Page, StatementRow, TotalRow
from adapter.store.unit_of_work import UnitOfWork


def statement_page(uow: UnitOfWork, statement_id: int, statement: Statement) -> Page:
    """Return a client's statement as it was made. Raises `ClientNotFound`."""
    client = require_client(uow, statement.client_id)
    zero = Money.zero(statement.currency)
    rows = tuple(_rows(statement))
    date_format = date_format_of(uow)
    facts = [Fact("Date", statement.made_on.strftime(date_format))]
    if statement.from_on is not None:
        facts.append(Fact("From", statement.from_on.strftime(date_format)))
    facts.append(Fact("To", statement.to_on.strftime(date_format)))
    return page_of(
        uow,
        client,
        statement.currency,
        kind=STATEMENT,
        title="Statement",
        document_id=statement_id,
        number="",
        issued_on=statement.made_on,
        facts=tuple(facts),
        rows=rows,
        totals=(
            TotalRow("Opening balance", statement.brought_forward),
            TotalRow("Charged", sum((each.charge or zero for each in rows), zero)),
            TotalRow("Received", sum((each.credit or zero for each in rows), zero)),
            _closing(statement.total),
        ),
    )


def _closing(balance: Money) -> TotalRow:
    """Say who owes whom, without a sign that readers take the wrong way."""
    if balance < Money.zero(balance.currency):
        return TotalRow("You owe", -balance, strong=True)
    return TotalRow("In your favour" if balance else "Balance", balance, strong=True)


def _rows(statement: Statement) -> Iterator[StatementRow]:
    zero = Money.zero(statement.currency)
    for each in statement.entries:
        amount = each.movement.amount
        charged = amount < zero
        yield StatementRow(
            each.movement.on,
            _text(each.movement),
            -amount if charged else None,
            None if charged else amount,
            each.balance,
        )


def _text(movement: Movement) -> str:
    name = movement.kind.value.replace("_", " ").capitalize()
    parts = (name, movement.number, movement.reference, movement.description)
    return " ".join(dict.fromkeys(part for part in parts if part))
