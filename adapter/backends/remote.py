"""A system elsewhere as a backend: each call ends as done, refused, not sent, or unknown.

Whatever could be done twice is written down before it is sent and told apart afterwards; nothing
is sent a second time unless it provably did not arrive.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from adapter.backends.base import Connector, Deadline
from adapter.commands.access import Caller
from adapter.commands.context import Context
from adapter.commands.model import (
    Command,
    Effect,
    RecordPayment,
    UpdateClient,
    UpdateDomain,
    UpdateInvoice,
    UpdateService,
    UpdateServiceAddon,
)
from adapter.commands.results import (
    ClientUpdated,
    DomainUpdated,
    InvoiceUpdated,
    PaymentRecorded,
    Result,
    ServiceAddonUpdated,
    ServiceUpdated,
)
from adapter.errors import (
    AdapterError,
    BackendBusy,
    BreakerOpen,
    CannotExpress,
    NotSent,
    OutcomeLost,
    Rejected,
    RequestError,
    StateError,
    StoreUnavailable,
    TooManyRequests,
)
from adapter.store.attempts import Attempt, End, Ledger, State

# What a connector raises when no byte has left.
_HELD_BACK: Final = (NotSent, TooManyRequests)
# What it raises when the backend certainly did nothing.
_REFUSALS: Final = (CannotExpress, Rejected, RequestError, StateError)
# Commands whose reply is made of what was asked, with the field that it repeats.
_REPEATS: Final[Mapping[type[Command], tuple[str, Callable[[int], Result]]]] = {
    UpdateClient: ("client_id", ClientUpdated),
    UpdateInvoice: ("invoice_id", InvoiceUpdated),
    UpdateService: ("service_id", ServiceUpdated),
    UpdateServiceAddon: ("service_addon_id", ServiceAddonUpdated),
    UpdateDomain: ("domain_id", DomainUpdated),
    RecordPayment: ("invoice_id", PaymentRecorded),
}


class Accept(StrEnum):
    """When a caller gets success: once the backend says so, or at once where it can be known."""

    ANSWER = "answer"
    QUEUE = "queue"


@dataclass(frozen=True, slots=True)
class RemoteConfig:
    """How a backend elsewhere is called.

    `deadline_seconds` bounds everything that is done for one call, `tries` counts how often a
    request is tried that cannot have arrived, the first pause between two is `pause_seconds` and
    doubles. What is unknown is sent again only `settle_seconds` after its deadline: until then it
    may still be on its way.
    """

    deadline_seconds: float = 60.0
    tries: int = 3
    pause_seconds: float = 0.1
    settle_seconds: float = 60.0
    accept: Accept = Accept.ANSWER


@dataclass(frozen=True, slots=True)
class Note:
    """One try as metrics and logs see it.

    `end` is one of the four ends, or `read` and `read_failed` for commands that change nothing.
    `reason` is for the log: the class of a failure and what the network said, no caller's data.
    """

    backend: str
    command: str
    end: str
    seconds: float
    reference: str
    request_id: str
    proof: str = ""
    reason: str = ""


def _ignore(_: Note) -> None:
    """Note nothing."""


class RemoteBackend:
    """Executes commands through a connector; safe to share between threads.

    `pause` sleeps, `note` hears of every try.
    """

    def __init__(
        self,
        connector: Connector,
        ledger: Ledger,
        config: RemoteConfig,
        *,
        pause: Callable[[float], None],
        note: Callable[[Note], None] = _ignore,
    ) -> None:
        self.name = connector.name
        self.ledger = ledger
        self.config = config
        self._connector = connector
        self._pause = pause
        self._note = note

    def execute(self, command: Command, context: Context) -> Result:
        """Carry out one command there.

        Raises `NotSent` when nothing arrived, what the backend refused it with when it did
        nothing, and `OutcomeLost` with the attempt's reference when nobody can tell.
        """
        if context.dry_run:
            raise CannotExpress("a dry run")
        if command.effect is Effect.READS:
            return self._read(command, context)
        proof = self._connector.proof(command)
        accepted = answer_at_once(command) if self.config.accept is Accept.QUEUE else None
        attempt = self.ledger.begin(
            command,
            context,
            backend=self.name,
            proof=proof,
            seconds=self.config.deadline_seconds,
            accepted=accepted,
        )
        if accepted is not None:
            return accepted
        return self.carry_out(attempt, command, context)

    def carry_out(  # noqa: PLR0913 - what a later try tells besides
        self,
        attempt: Attempt,
        command: Command,
        context: Context,
        *,
        unsent: State = State.NOT_SENT,
        by: str = "",
        now: Callable[[], datetime] | None = None,
    ) -> Result:
        """Send what an open attempt is about and record how that ends; raises as `execute`.

        `unsent` is where it goes when no byte of it left. `by` names who sends it again, and
        `now` tells the account's time where `context` is of an earlier day.
        """
        began = context.elapsed()
        ended_at = now or (lambda: moment(context))

        def ended(end: End, reason: str = "") -> None:
            # What happened has happened, whether or not it can be written down: a row that stays
            # open is taken for abandoned at its deadline, and looked up like any unknown end.
            with suppress(StoreUnavailable):
                self.ledger.end(attempt, end, ended_at())
            self._tell(end.state, command, context, began, attempt.proof, reason)

        try:
            result = self._send(command, context, self._deadline(context))
        except _HELD_BACK as error:
            reason = getattr(error, "reason", error.code)
            ended(End(unsent, error=error, by=by, unsent=True), reason)
            raise
        except _REFUSALS as error:
            ended(End(State.REFUSED, error=error, by=by), error.code)
            raise
        except AdapterError as error:
            reason = getattr(error, "reason", error.code)
            ended(End(State.UNKNOWN, error=error, by=by), reason)
            raise OutcomeLost(attempt.reference, reason) from error
        ended(End(State.DONE, result, by=by))
        return result

    def look_up(self, command: Command, context: Context) -> Result | None:
        """Ask what an earlier try of this reference made; errors as the connector's."""
        return self._connector.look_up(command, context, self._deadline(context))

    def _read(self, command: Command, context: Context) -> Result:
        began = context.elapsed()
        try:
            result = self._send(command, context, self._deadline(context))
        except AdapterError as error:
            reason = getattr(error, "reason", error.code)
            self._tell("read_failed", command, context, began, "", reason)
            raise
        self._tell("read", command, context, began)
        return result

    def _send(self, command: Command, context: Context, deadline: Deadline) -> Result:
        """Try until something may have arrived, as often and as long as the settings allow."""
        pause = self.config.pause_seconds
        for _ in range(self.config.tries - 1):
            try:
                return self._connector.send(command, context, deadline)
            except (BreakerOpen, BackendBusy):
                raise  # it is known already that it cannot be asked now
            except NotSent:
                if deadline.left <= pause:
                    raise
            self._pause(pause)
            pause *= 2
        return self._connector.send(command, context, deadline)

    def _deadline(self, context: Context) -> Deadline:
        return Deadline(self.config.deadline_seconds, context.elapsed)

    def _tell(  # noqa: PLR0913 - the facts of one try
        self,
        end: str,
        command: Command,
        context: Context,
        began: float,
        proof: str = "",
        reason: str = "",
    ) -> None:
        self._note(
            Note(
                backend=self.name,
                command=type(command).__name__,
                end=str(end),
                seconds=context.elapsed() - began,
                reference=context.reference,
                request_id=context.request_id,
                proof=proof,
                reason=reason,
            )
        )


def answer_at_once(command: Command) -> Result | None:
    """Return the reply of a command that needs nothing from the backend; None for others."""
    field, result = _REPEATS.get(type(command), ("", None))
    record_id: Any = getattr(command, field, None)
    return result(record_id) if result is not None and isinstance(record_id, int) else None


def moment(context: Context) -> datetime:
    """Return the time now by the account's clock, from the circumstances of a call."""
    return context.now + timedelta(seconds=context.elapsed())


def context_of(attempt: Attempt, context: Context) -> Context:
    """Return the circumstances of an earlier call, for one more try of it within this one.

    Its day stays the one on which it was asked for: that is what was meant.
    """
    account = context.caller.account
    return replace(
        context,
        caller=Caller(account, attempt.credential, ""),
        today=attempt.began_at.astimezone(account.zone).date(),
        now=attempt.began_at,
        reference=attempt.reference,
        sent=attempt.call(),
        claim=None,
    )
