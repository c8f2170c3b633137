"""Handlers about clients."""

from collections.abc import Callable, Mapping
from typing import Any

from adapter.backends.local.clients.changes import (
    create_client,
    find_or_create_client,
    update_client,
)
from adapter.backends.local.clients.reads import find_client, get_client, list_clients
from adapter.commands.context import Context
from adapter.commands.model import (
    Command,
    CreateClient,
    FindClient,
    GetClient,
    ListClients,
    UpdateClient,
)
from adapter.commands.results import Result
from adapter.store.unit_of_work import UnitOfWork

__all__ = ["HANDLERS", "find_or_create_client"]

HANDLERS: Mapping[type[Command], Callable[[UnitOfWork, Any, Context], Result]] = {
    CreateClient: create_client,
    FindClient: find_client,
    GetClient: get_client,
    ListClients: list_clients,
    UpdateClient: update_client,
}
