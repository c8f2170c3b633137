"""Quotes: making, changing and listing them, and their way to the invoice."""

from collections.abc import Callable, Mapping
from typing import Any

from adapter.backends.local.quotes.changing import create_quote, update_quote
from adapter.backends.local.quotes.reading import list_quotes
from adapter.backends.local.quotes.stages import accept_quote, delete_quote, send_quote
from adapter.commands.context import Context
from adapter.commands.model import (
    AcceptQuote,
    Command,
    CreateQuote,
    DeleteQuote,
    ListQuotes,
    SendQuote,
    UpdateQuote,
)
from adapter.commands.results import Result
from adapter.store.unit_of_work import UnitOfWork

HANDLERS: Mapping[type[Command], Callable[[UnitOfWork, Any, Context], Result]] = {
    CreateQuote: create_quote,
    UpdateQuote: update_quote,
    ListQuotes: list_quotes,
    SendQuote: send_quote,
    AcceptQuote: accept_quote,
    DeleteQuote: delete_quote,
}
