"""What an account has outside: backends elsewhere, its routes to them, and its front door."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from adapter.backends.base import Backend, Connector
from adapter.backends.breaker import Phase
from adapter.backends.canonical_http import CanonicalConfig, CanonicalConnector
from adapter.backends.forward import ForwardConfig, ForwardConnector
from adapter.backends.guarded import GuardConfig, GuardedConnector
from adapter.backends.mapped import MappedConfig, MappedConnector, load_mapping
from adapter.backends.relay import Relay, origin
from adapter.backends.remote import Note, RemoteBackend, RemoteConfig
from adapter.backends.transport import Transport, TransportConfig
from adapter.bridge.front_door import FrontDoor, Upstream, UpstreamCredentials
from adapter.bridge.routing import RoutedBackend, Routes
from adapter.errors import InvalidField, InvalidMapping
from adapter.protocols.base import Limits
from adapter.settings import AccountSettings, SettingsError
from adapter.settings.backends import BackendSettings
from adapter.store.attempts import Ledger
from adapter.store.backend_ids import BackendIds
from adapter.store.unit_of_work import Store


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What one account has outside: its routed backends, and its front door if it has one."""

    routed: RoutedBackend
    door: FrontDoor | None
    closing: tuple[Callable[[], None], ...]

    def close(self) -> None:
        """Close every connection that is not in use."""
        for close in self.closing:
            close()


class Notes:
    """Tells whoever listens of every try at a backend, with the account it was for."""

    def __init__(self) -> None:
        self.listeners: list[Callable[[str, Note], None]] = []
        self.breaker_listeners: list[Callable[[str, str, str], None]] = []

    def breaker(self, account: str, backend: str, phase: Phase) -> None:
        """Tell them that a breaker has another state."""
        for listener in self.breaker_listeners:
            listener(account, backend, phase)

    def note(self, account: str, note: Note) -> None:
        """Tell them."""
        for listener in self.listeners:
            listener(account, note)


def open_remotes(
    account: AccountSettings, limits: Limits, store: Store, ledger: Ledger, notes: Notes
) -> tuple[Mapping[str, RemoteBackend], tuple[Callable[[], None], ...]]:
    """Build an account's backends elsewhere, and what closes their connections.

    Raises `SettingsError`; connects to nothing.
    """
    remotes: dict[str, RemoteBackend] = {}
    closing: list[Callable[[], None]] = []
    called = account.account.name
    for name, backend in account.backends.items():
        if not _executes(backend):
            continue
        try:
            transport = Transport(backend.config(TransportConfig))
            connector = GuardedConnector(
                _CONNECTORS[backend.kind](_Building(backend, transport, limits, ledger, store)),
                store,
                backend.config(GuardConfig),
                clock=ledger.clock,
                elapsed=time.monotonic,
                note=partial(notes.breaker, called),
            )
        except InvalidField as error:
            raise _refused(account, name, error) from error
        except InvalidMapping as error:
            key = f"accounts.{called}.backends.{name}.mapping"
            raise SettingsError((f"{key}: {error}",)) from error
        closing.append(transport.close)
        remotes[name] = RemoteBackend(
            connector,
            ledger,
            backend.config(RemoteConfig),
            pause=time.sleep,
            note=partial(notes.note, called),
        )
    return remotes, tuple(closing)


def _executes(backend: BackendSettings) -> bool:
    """Tell whether a backend is more than what requests pass to as they are."""
    if backend.kind != "forward":
        return True
    config = backend.config(ForwardConfig)
    return bool(config.identifier and config.secret)


@dataclass(frozen=True, slots=True)
class _Building:
    """What a connector is built from."""

    backend: BackendSettings
    transport: Transport
    limits: Limits
    ledger: Ledger
    store: Store


def _forward(given: _Building) -> Connector:
    return ForwardConnector(
        given.backend.name,
        given.backend.config(ForwardConfig),
        given.transport,
        limits=given.limits,
        taken=partial(given.ledger.has_ended_with, given.backend.name),
    )


def _mapped(given: _Building) -> Connector:
    config = given.backend.config(MappedConfig)
    return MappedConnector(
        given.backend.name,
        load_mapping(config.mapping),
        config,
        given.transport,
        BackendIds(given.store, given.backend.name),
        monotonic=time.monotonic,
    )


def _canonical(given: _Building) -> Connector:
    return CanonicalConnector(
        given.backend.name, given.backend.config(CanonicalConfig), given.transport
    )


# What speaks to each kind of backend.
_CONNECTORS: Final[Mapping[str, Callable[[_Building], Connector]]] = {
    "forward": _forward,
    "mapped": _mapped,
    "canonical": _canonical,
}


def _refused(account: AccountSettings, backend: str, error: InvalidField) -> SettingsError:
    key = f"accounts.{account.account.name}.backends.{backend}.{error.path}"
    return SettingsError((f"{key}: {error}",))


def routes_of(account: AccountSettings) -> Routes:
    """Return an account's routes."""
    return Routes(account.routes.default, account.commands, tuple(account.routes.rules))


def open_elsewhere(
    account: AccountSettings, backends: Mapping[str, Backend], leave: Callable[[], None]
) -> Elsewhere:
    """Build an account's routes and front door over its backends by name.

    `leave` closes the connections of those. Raises `SettingsError`; connects to nothing.
    """
    routes = routes_of(account)
    closing: list[Callable[[], None]] = [leave]
    upstreams: dict[str, Upstream] = {}
    for name in account.routes.upstreams:
        upstream, protocol, close = _open_upstream(account, name)
        upstreams[protocol] = upstream
        closing.append(close)
    door = None
    if upstreams:
        first = next(iter(upstreams.values()))
        other = replace(first, credentials=None) if account.routes.upstream_all_paths else None
        door = FrontDoor(routes, upstreams, other)
    return Elsewhere(RoutedBackend(routes, backends), door, tuple(closing))


def _open_upstream(
    account: AccountSettings, name: str
) -> tuple[Upstream, str, Callable[[], None]]:
    backend = account.backends[name]
    config = backend.config(ForwardConfig)
    try:
        relay = Relay(origin(config.url), backend.config(TransportConfig), elapsed=time.monotonic)
    except InvalidField as error:
        raise _refused(account, name, error) from error
    replaced = account.routes.upstream_credentials is UpstreamCredentials.REPLACE
    credentials = config.credentials if replaced else None
    return Upstream(name, relay, credentials), config.protocol, relay.close
