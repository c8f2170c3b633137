"""Builds stores, backends, protocols and the gateway, and picks the clocks; nothing else does."""

from adapter.assemble.documents import (
    account_links,
    account_renderer,
    mail_account,
    mail_transport,
    server_key,
)
from adapter.assemble.serving import (
    Assembly,
    assemble,
    assemble_protocols,
    check_fixed,
    reassemble,
)
from adapter.assemble.workplaces import (
    Workplace,
    account_tenders,
    at_store,
    check_elsewhere,
    daily_account,
    known_account,
    new_id,
    open_store,
    open_workplace,
    unmoved_clock,
)

__all__ = [
    "Assembly",
    "Workplace",
    "account_links",
    "account_renderer",
    "account_tenders",
    "assemble",
    "assemble_protocols",
    "at_store",
    "check_elsewhere",
    "check_fixed",
    "daily_account",
    "known_account",
    "mail_account",
    "mail_transport",
    "new_id",
    "open_store",
    "open_workplace",
    "reassemble",
    "server_key",
    "unmoved_clock",
]
