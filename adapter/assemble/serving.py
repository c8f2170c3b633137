"""Everything that answers requests in one process, built from settings and built anew."""

import logging
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from adapter.assemble.documents import linked_account, linking, server_key
from adapter.assemble.elsewhere import Elsewhere, Notes, open_elsewhere
from adapter.assemble.workplaces import Workplace, new_id, open_store, open_workplace, with_remotes
from adapter.bridge.access import Access
from adapter.bridge.canonical import CanonicalWire
from adapter.bridge.front_door import FrontDoors
from adapter.bridge.idempotency import Idempotency
from adapter.bridge.journal import Journal
from adapter.bridge.links import DocumentLinks
from adapter.bridge.management import Management
from adapter.bridge.routing import LOCAL, Routes
from adapter.bridge.service import Gateway
from adapter.protocols.base import LegacyProtocol
from adapter.protocols.invoicesonline import InvoicesOnlineProtocol
from adapter.protocols.whmcs import WhmcsProtocol
from adapter.settings import MAIN, Settings, SettingsError
from adapter.store.credential_finder import CredentialFinder
from adapter.store.migrate import needed_revision
from adapter.store.unit_of_work import Store


@dataclass(frozen=True, slots=True)
class Assembly:
    """Everything that answers requests in one process."""

    settings: Settings
    gateway: Gateway
    protocols: tuple[LegacyProtocol[Any], ...]
    management: Management
    canonical: CanonicalWire
    places: Mapping[str, Workplace]
    links: DocumentLinks
    credentials: Store
    schema_revision: str
    elsewhere: Mapping[str, Elsewhere]
    notes: Notes
    journal: Journal

    @property
    def stores(self) -> Mapping[str, Store]:
        """Every served account's database."""
        return {name: place.store for name, place in self.places.items()}

    def close(self) -> None:
        """Write what the journal still holds, and close every connection."""
        self.journal.close()
        self.leave()
        for store in (*self.stores.values(), self.credentials):
            store.close()

    def leave(self) -> None:
        """Close the connections to other systems; the stores stay open."""
        for each in self.elsewhere.values():
            each.close()


def assemble_protocols(
    settings: Settings,
) -> tuple[LegacyProtocol[Any], ...]:
    """Build both protocols with each account's quirks."""
    accounts = settings.accounts
    return (
        WhmcsProtocol(
            {name: each.whmcs for name, each in accounts.items()},
            settings.limits,
            allow_get=settings.form_post.allow_get,
        ),
        InvoicesOnlineProtocol(
            {name: each.invoicesonline for name, each in accounts.items()},
            settings.limits,
        ),
    )


def assemble(settings: Settings) -> Assembly:
    """Build everything that answers requests. Opens no connection yet."""
    served = {name: settings.accounts[name] for name in settings.served_accounts}
    notes = Notes()
    places = {name: linking(open_workplace(settings, name, notes), settings) for name in served}
    main = places.get(MAIN)
    # The first account holds the credentials, whether it is served or not.
    credentials = open_store(settings.main) if main is None else main.store
    access = Access(
        settings.access,
        server_key(settings),
        CredentialFinder(credentials),
        {name: each.account for name, each in served.items()},
        monotonic=time.monotonic,
        pause=time.sleep,
    )
    journal = Journal(
        {name: place.store for name, place in places.items()},
        settings.journal,
        lambda: datetime.now(UTC),
        logging.getLogger("adapter.journal").warning,
    )
    return _assembled(settings, places, credentials, access, notes, journal)


def reassemble(assembly: Assembly, settings: Settings) -> Assembly:
    """Build everything anew from other settings on the same stores.

    What cannot change while requests are answered is refused by key. The old one still answers
    what it has begun; `leave` it when that has ended. Raises `SettingsError`.
    """
    check_fixed(assembly.settings, settings)
    places = {
        name: with_remotes(
            linking(replace(place, account=settings.accounts[name]), settings), settings
        )
        for name, place in assembly.places.items()
    }
    access = assembly.gateway.access.with_config(settings.access)
    journal = assembly.journal
    journal.config = settings.journal
    return _assembled(settings, places, assembly.credentials, access, assembly.notes, journal)


def check_fixed(old: Settings, new: Settings) -> None:
    """Raise `SettingsError` with everything that differs and cannot without a restart."""
    problems = tuple(_fixed_problems(old, new))
    if problems:
        raise SettingsError(problems)


def _fixed_problems(old: Settings, new: Settings) -> Iterator[str]:
    remedy = "cannot be changed while the gateway runs; put it back or restart"
    if old.server != new.server:
        yield f"server: {remedy}"
    if tuple(old.accounts) != tuple(new.accounts):
        yield f"accounts: their number and names {remedy}"
        return
    if (old.access.server_key, old.server_key_file) != (
        new.access.server_key,
        new.server_key_file,
    ):
        yield f"access.server_key: {remedy}"
    if old.limits.body_bytes != new.limits.body_bytes:
        yield f"limits.body_bytes: {remedy}"
    for name, before in old.accounts.items():
        after = new.accounts[name]
        for key in ("account", "store", "clock_shift_days"):
            if getattr(before, key) != getattr(after, key):
                yield f"accounts.{name} (zone, mode, business id, database and clock): {remedy}"
                break


def _assembled(  # noqa: PLR0913 - what an assembly is made of
    settings: Settings,
    places: Mapping[str, Workplace],
    credentials: Store,
    access: Access,
    notes: Notes,
    journal: Journal,
) -> Assembly:
    elsewhere = {
        name: open_elsewhere(place.account, {LOCAL: place.backend, **place.remotes}, place.leave)
        for name, place in places.items()
    }
    find = CredentialFinder(credentials)

    def account_of(identifier: str) -> str | None:
        found = find(identifier)
        return None if found is None else found.account

    gateway = Gateway(
        access=access,
        backends={name: place.backend for name, place in places.items()},
        repeats={
            name: Idempotency(
                place.store,
                place.account.idempotency,
                clock=lambda: datetime.now(UTC),
                pause=time.sleep,
            )
            for name, place in places.items()
        },
        clocks={name: place.clock.clock for name, place in places.items()},
        monotonic=time.monotonic,
        routing={
            name: each.routed
            for name, each in elsewhere.items()
            if each.routed.routes != Routes()  # all is local without any
        },
        front_doors=FrontDoors(
            {name: each.door for name, each in elsewhere.items() if each.door is not None},
            access,
            account_of,
            notes.note,
            time.monotonic,
        ),
        new_reference=new_id,
    )
    return Assembly(
        settings,
        gateway,
        assemble_protocols(settings),
        Management(access, {name: place.clock for name, place in places.items()}),
        CanonicalWire(
            gateway, {name: place.store for name, place in places.items()}, settings.limits
        ),
        places,
        DocumentLinks(tuple(linked_account(settings, place) for place in places.values())),
        credentials,
        needed_revision(),
        elsewhere,
        notes,
        journal,
    )
