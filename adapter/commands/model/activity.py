"""Commands about what happens in the installation, and who looks at it."""

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from adapter.commands.model.base import Command, Effect, Page


@dataclass(frozen=True, slots=True)
class LogActivity(Command):
    """Note down a text, about a client where one is named."""

    effect: ClassVar[Effect] = Effect.CREATES
    description: str
    client_id: int | None = None


@dataclass(frozen=True, slots=True)
class ListActivity(Command):
    """List what was noted down, newest first.

    `caller`, `address` and `description` are parts of what is looked for.
    """

    page: Page = Page()
    client_id: int | None = None
    on: date | None = None
    caller: str | None = None
    description: str | None = None
    address: str | None = None


@dataclass(frozen=True, slots=True)
class GetStatistics(Command):
    """Show the installation's figures; those of each of the last `days` days too."""

    days: int = 0


@dataclass(frozen=True, slots=True)
class GetAdmin(Command):
    """Show who is calling."""
