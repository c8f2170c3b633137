"""The seam to whatever executes commands."""

from typing import Protocol

from adapter.commands.context import Context
from adapter.commands.model import Command
from adapter.commands.results import Result


class Backend(Protocol):
    """Executes canonical commands; knows no wire."""

    def execute(self, command: Command, context: Context) -> Result:
        """Carry out one command whole, or raise `AdapterError` and change nothing."""
