"""Handlers about clients and their contacts."""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Dialect

from adapter.backends.local.clients.changes import (
    find_or_create_client,
    plan_client,
    update_client,
)
from adapter.backends.local.clients.contacts import (
    create_contact,
    delete_contact,
    list_contacts,
    update_contact,
)
from adapter.backends.local.clients.endings import close_client, delete_client
from adapter.backends.local.clients.groups import list_client_groups
from adapter.backends.local.clients.reads import find_client, get_client, list_clients
from adapter.commands.context import Context
from adapter.commands.model import (
    CloseClient,
    Command,
    CreateClient,
    CreateContact,
    DeleteClient,
    DeleteContact,
    FindClient,
    GetClient,
    ListClientGroups,
    ListClients,
    ListContacts,
    UpdateClient,
    UpdateContact,
)
from adapter.commands.results import Result
from adapter.store.unit_of_work import UnitOfWork

__all__ = ["HANDLERS", "PLANS", "find_or_create_client", "get_client"]

HANDLERS: Mapping[type[Command], Callable[[UnitOfWork, Any, Context], Result]] = {
    CloseClient: close_client,
    CreateContact: create_contact,
    DeleteClient: delete_client,
    DeleteContact: delete_contact,
    FindClient: find_client,
    GetClient: get_client,
    ListClientGroups: list_client_groups,
    ListClients: list_clients,
    ListContacts: list_contacts,
    UpdateClient: update_client,
    UpdateContact: update_contact,
}
PLANS: Mapping[
    type[Command], Callable[[Any, Context, Dialect], Callable[[UnitOfWork], Result]]
] = {CreateClient: plan_client}
