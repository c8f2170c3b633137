"""How one command is looked up, and what look-ups of both protocols have in common."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from adapter.backends.base import Proof
from adapter.backends.forward.upstream import Ask
from adapter.billing.money import Money
from adapter.commands.model import Command
from adapter.commands.results import Result
from adapter.errors import NotProved

# Tells whether another attempt has already ended with this result.
Taken = Callable[[Result], bool]
Find = Callable[[Ask, Any, Taken], Result | None]


@dataclass(frozen=True, slots=True)
class Look:
    """How a command is looked up; `by` says it in words. `find` as `Connector.look_up`.

    `holds` tells whether this very command can be: where it does not, there is no proof.
    """

    by: str
    find: Find | None = None
    holds: Callable[[Any], bool] = lambda _: True

    def proof(self, command: Command) -> Proof:
        """Return the kind of proof for a command."""
        return Proof.NATURAL if self.find is not None and self.holds(command) else Proof.NONE


def one(found: Iterable[Result], taken: Taken, what: str) -> Result | None:
    """Return the one that no other attempt made, None without any. Raises `NotProved`."""
    free = [each for each in found if not taken(each)]
    if len(free) > 1:
        raise NotProved(f"{len(free)} {what} are alike")
    return free[0] if free else None


def stated(record: Any) -> dict[str, Any]:
    """Return the fields that say something: those that differ from their defaults."""
    values = {field.name: (getattr(record, field.name), field.default) for field in fields(record)}
    return {name: value for name, (value, default) in values.items() if value != default}


def holds(said: Mapping[str, Any], record: Any, told: frozenset[str]) -> bool:
    """Tell whether a record shows every stated value; what it does not tell cannot be shown."""
    return all(
        name in told and _same(value, getattr(record, name)) for name, value in said.items()
    )


def _same(value: Any, shown: Any) -> bool:
    if isinstance(shown, Mapping):
        return all(shown.get(key) == each for key, each in value)
    if isinstance(shown, Money):
        return bool(shown.amount == value)
    if isinstance(value, str) and isinstance(shown, str):
        return value.strip() == shown.strip()
    return bool(value == shown)


def in_force(said: Mapping[str, Any], record: Any, told: frozenset[str], result: Result) -> Result:
    """Return the result of a change that a record shows. Raises `NotProved` for another value."""
    if not holds(said, record, told):
        raise NotProved("the change is not in force, or something changed it since")
    return result
