"""The seams to whatever executes commands: a backend, and the connector of one elsewhere."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from adapter.commands.context import Context
from adapter.commands.model import Command
from adapter.commands.results import Result


class Backend(Protocol):
    """Executes canonical commands; knows no wire."""

    def execute(self, command: Command, context: Context) -> Result:
        """Carry out one command whole, or raise `AdapterError` and change nothing."""


class Proof(StrEnum):
    """How a backend can be asked later whether it carried a command out."""

    REFERENCE = "reference"  # our reference can be looked up there
    NATURAL = "natural"  # the record is found by its business fields
    NONE = "none"  # it cannot: an attempt whose end is unknown is never sent again


@dataclass(frozen=True, slots=True)
class Deadline:
    """The one bound on everything that is done for a call: `at` is a moment of `elapsed`."""

    at: float
    elapsed: Callable[[], float]

    @property
    def left(self) -> float:
        """Seconds left; zero when it has passed."""
        return max(0.0, self.at - self.elapsed())


class Connector(Protocol):
    """Says commands to one system elsewhere, each time at most once; stores nothing.

    Whatever follows from an end (storing, resolving, sending again) is not its business.
    """

    name: str

    def proof(self, command: Command) -> Proof:
        """Return how a command can be looked up later; may raise `CannotExpress`."""

    def send(self, command: Command, context: Context, deadline: Deadline) -> Result:
        """Send the command under `context.reference` and return what the backend answered.

        Raises `CannotExpress` or `NotSent` when nothing has left, `Rejected` (or the error it
        stands for) when the backend refused and did nothing, and `OutcomeLost` whenever it may
        have acted.
        """

    def look_up(self, command: Command, context: Context, deadline: Deadline) -> Result | None:
        """Find what an earlier `send` of this reference made; None proves that it is absent.

        Raises `BackendError` where neither is proved.
        """
