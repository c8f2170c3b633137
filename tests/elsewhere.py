"""A backend elsewhere in one process: it does what it is told, fails as planned, and remembers."""

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from adapter.backends.base import Deadline, Proof
from adapter.commands.context import Context
from adapter.commands.model import Command
from adapter.commands.results import Result
from adapter.errors import AdapterError, TransportLost


@dataclass
class Elsewhere:
    """A connector whose deeds are `result` of the command, listed by reference in `made`.

    `plan` are the errors of the next tries (None: it goes well); those in `after` come when the
    deed is done. `proof_of` is its kind of proof.
    """

    result: Callable[[Command, Context], Result]
    proof_of: Proof = Proof.REFERENCE
    name: str = "elsewhere"
    plan: list[AdapterError | None] = field(default_factory=list)
    after: list[AdapterError | None] = field(default_factory=list)
    unreachable: AdapterError | None = None
    made: dict[str, Result] = field(default_factory=dict)
    tries: Counter = field(default_factory=Counter)
    order: list[Command] = field(default_factory=list)
    contexts: list[Context] = field(default_factory=list)
    look_ups: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def proof(self, command: Command) -> Proof:
        return self.proof_of

    def send(self, command: Command, context: Context, deadline: Deadline) -> Result:
        with self.lock:
            self.tries[context.reference] += 1
            self.contexts.append(context)
            error = self.plan.pop(0) if self.plan else None
            if error is not None:
                raise error
            self.order.append(command)
            made = self.result(command, context)
            assert context.reference not in self.made, "done twice"
            self.made[context.reference] = made
            error = self.after.pop(0) if self.after else None
            if error is not None:
                raise error
            return made

    def look_up(self, command: Command, context: Context, deadline: Deadline) -> Result | None:
        self.look_ups += 1
        if self.unreachable is not None:
            raise self.unreachable
        if self.proof_of is Proof.NONE:
            raise TransportLost("asked for what cannot be proved")
        return self.made.get(context.reference)
