"""Replies of this protocol read back as results: one reader per command, a file per noun.

What the wire does not say is neutral: blank, zero, or the first moment of 1970.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from adapter.commands.model import Command
from adapter.protocols.upstream import Reader
from adapter.protocols.whmcs.results import (
    activity,
    billing,
    catalogue,
    clients,
    contacts,
    items,
    mails,
    money,
    order_states,
    orders,
    pay_methods,
    quotes,
    services,
    system,
)

READERS: Final[Mapping[type[Command], Reader]] = MappingProxyType(
    activity.READERS
    | billing.READERS
    | catalogue.READERS
    | clients.READERS
    | contacts.READERS
    | items.READERS
    | money.READERS
    | mails.READERS
    | quotes.READERS
    | pay_methods.READERS
    | order_states.READERS
    | orders.READERS
    | services.READERS
    | system.READERS
)
