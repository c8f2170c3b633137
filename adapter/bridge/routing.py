"""Which backend executes a command: by account and command, for some clients, or for a share.

Pure: a decision depends on the routes, the command's name and the client it is about, on nothing
else. So a repeat of a call goes where the call went.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final

from adapter.backends.base import Backend
from adapter.commands import model
from adapter.commands.model import Command
from adapter.errors import Unroutable

LOCAL: Final = "local"
# Not a backend: the call goes to the upstream as it is. See `bridge.front_door`.
PASS: Final = "pass"  # noqa: S105 - a word, no secret

_SHARES: Final = 10_000
_PER_PERCENT: Final = _SHARES // 100
# What commands that may make a client call it.
_CLIENT_FIELDS: Final = ("new_client", "client")
_FIELDS: Final[Mapping[str, frozenset[str]]] = {
    name: frozenset(each.name for each in fields(kind))
    for name in model.__all__
    if isinstance(kind := getattr(model, name), type)
    and issubclass(kind, Command)
    and kind is not Command
}
COMMANDS: Final = tuple(sorted(_FIELDS))
_BY_ID: Final = frozenset({"client_id"})
_BY_NAME: Final = _BY_ID.union(("email",), _CLIENT_FIELDS)


@dataclass(frozen=True, slots=True)
class Rule:
    """Where commands about some clients go.

    `commands` are names of commands, none means every one. `clients` are ids as text or e-mail
    addresses in lower case; `percent` (0 to 100, two decimals) is a share of all client ids.
    Exactly one of both is set.
    """

    backend: str
    commands: frozenset[str] = frozenset()
    clients: frozenset[str] = frozenset()
    percent: float | None = None

    def covers(self, command: str) -> bool:
        """Tell whether the rule is about this command: one that it can tell by its client."""
        return self.can_tell(command) and (not self.commands or command in self.commands)

    def can_tell(self, command: str) -> bool:
        """Tell whether calls of a command name their client as the rule knows clients.

        What names an invoice, an order or a service belongs to nobody that a rule knows.
        """
        known = _BY_NAME if self.percent is None else _BY_ID
        return not known.isdisjoint(_FIELDS.get(command, ()))

    def reason(self, names: tuple[str, ...]) -> str | None:
        """Return why a client of these names falls under the rule, None where it does not."""
        if self.percent is None:
            listed = next((name for name in names if name in self.clients), None)
            return None if listed is None else f"client {listed} is listed"
        client_id = next((name for name in names if name.isdecimal()), None)
        if client_id is None:
            return None
        share = client_share(client_id) / _PER_PERCENT
        if share >= self.percent:
            return None
        return f"client {client_id} stands at {share:g} %, below {self.percent:g} %"


@dataclass(frozen=True, slots=True)
class Decision:
    """A backend's name (`local`, `pass` or one of the account's), and what led to it."""

    backend: str
    reason: str


@dataclass(frozen=True, slots=True)
class Routes:
    """One account's routes: the first rule that fits wins, then the command's, then the default.

    `commands` maps names of commands to names of backends.
    """

    default: str = LOCAL
    commands: Mapping[str, str] = field(default_factory=dict)
    rules: tuple[Rule, ...] = ()

    def choose(self, command: str, names: tuple[str, ...] = ()) -> Decision:
        """Return where a command about the client of these names goes."""
        for number, rule in enumerate(self.rules, 1):
            if rule.covers(command):
                why = rule.reason(names)
                if why is not None:
                    return Decision(rule.backend, f"rule {number}: {why}")
        chosen = self.commands.get(command)
        if chosen is not None:
            return Decision(chosen, f"routes.commands.{command}")
        return Decision(self.default, "routes.default")

    def plain(self, command: str) -> str | None:
        """Return where every call of a command goes; None where it depends on the client."""
        if any(rule.covers(command) for rule in self.rules):
            return None
        return self.commands.get(command, self.default)


@dataclass(frozen=True, slots=True)
class RoutedBackend:
    """One account's backends by name as one backend: each command goes where the routes say."""

    routes: Routes
    backends: Mapping[str, Backend]

    def choose(self, command: Command) -> Backend:
        """Return the backend that executes a command.

        Raises `Unroutable` for one that only the upstream may answer: it came by a way that
        cannot pass it on.
        """
        name = self.routes.choose(type(command).__name__, client_names(command)).backend
        if name == PASS:
            raise Unroutable(type(command).__name__)
        return self.backends[name]


def client_share(client_id: str) -> int:
    """Return where a client stands among all, 0 to 9,999: the same in every process, for ever.

    A share that grows keeps the clients it had.
    """
    digest = hashlib.sha256(b"client %d" % int(client_id)).digest()
    return int.from_bytes(digest[:8]) % _SHARES


def client_names(command: Any) -> tuple[str, ...]:
    """Return what a command calls its client by: the id and e-mail address that it holds."""
    client_id = getattr(command, "client_id", None)
    found = [] if client_id is None else [str(client_id)]
    for holder in (command, *(getattr(command, name, None) for name in _CLIENT_FIELDS)):
        email = getattr(holder, "email", None)
        if isinstance(email, str) and email:
            found.append(email.lower())
    return tuple(found)
