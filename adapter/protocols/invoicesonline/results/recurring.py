"""Replies about recurring documents read back as results."""

import re
from datetime import date
from typing import Final

from adapter.billing.schedule import occurrence_date
from adapter.commands.model import AddRecurringLine, CreateRecurringInvoice, RemoveRecurringLines
from adapter.commands.results import RecurringInvoiceCreated, RecurringLinesChanged
from adapter.errors import BadAnswer
from adapter.protocols.invoicesonline.results.documents import kept
from adapter.protocols.invoicesonline.results.reading import flat, succeeded
from adapter.protocols.upstream import UpstreamAnswer

_HELD: Final = re.compile(r" Held and not billed, because before today: ([^.]*)\.").search
_SPAN: Final = re.compile(r"([0-9]{1,9}) dates from .*").fullmatch


def created(command: CreateRecurringInvoice, answer: UpstreamAnswer) -> RecurringInvoiceCreated:
    """Read the flat object of a new recurring invoice."""
    reply = flat(answer)
    message = reply.text("message")
    return RecurringInvoiceCreated(
        reply.integer("document_id"),
        command.client_id or 0,
        held_on=_held(message, command),
        kept_fields=kept(message),
    )


def _held(message: str, command: CreateRecurringInvoice) -> tuple[date, ...]:
    """Read which dates are held; of many the message tells the number, counted from the start."""
    found = _HELD(message)
    if found is None:
        return ()
    span = _SPAN(found[1])
    try:
        if span is None:
            return tuple(date.fromisoformat(text) for text in found[1].split(", "))
        return tuple(
            occurrence_date(command.start_on, command.frequency, n) for n in range(int(span[1]))
        )
    except (ValueError, OverflowError) as error:
        raise BadAnswer from error


def lines_changed(
    command: AddRecurringLine | RemoveRecurringLines, answer: UpstreamAnswer
) -> RecurringLinesChanged:
    """Read that the lines are there, or gone."""
    succeeded(answer, "result")
    return RecurringLinesChanged(command.recurring_id)
