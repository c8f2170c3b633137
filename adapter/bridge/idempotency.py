"""The same request twice is one deed: by the caller's key, else by what it asks.

In front of every backend. Who was first is decided by the database, when the attempt is stored;
here is decided which calls claim a deed, and what a call does that came second.
Source: contracts/decisions.md, "Repeated requests".
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from adapter.backends.base import Backend
from adapter.backends.local.backend import LocalBackend
from adapter.commands.context import Claim, Context, Sent
from adapter.commands.fingerprint import fingerprint
from adapter.commands.model import Command, Effect, GenerateDueInvoices, RecordPayment
from adapter.commands.results import Result
from adapter.errors import AlreadyClaimed, InvalidField, KeyReused, OutcomeLost, ReplyNotKept
from adapter.store.fingerprints import DONE, Holder, holder_now, holder_of, release
from adapter.store.unit_of_work import Conflict, Store

HEADER: Final = "idempotency-key"

_LONGEST_KEY: Final = 200
_BY_KEY: Final = "key:"
_BY_CONTENT: Final = "same:"
_UNKNOWN: Final = "unknown"
# The states of an attempt that may still be carried out, or may have been.
_UNDER_WAY: Final = frozenset({"queued", "open", _UNKNOWN})
# How often a call that waits looks whether the other one has ended.
_FIRST_PAUSE: Final = 0.01
_LONGEST_PAUSE: Final = 0.25
# Who calls and in which form the reply is to be: not what is asked.
_BESIDE_THE_REQUEST: Final = frozenset(
    {
        "action",
        "identifier",
        "secret",
        "username",
        "password",
        "accesskey",
        "responsetype",
        "apiformat",
    }
)


@dataclass(frozen=True, slots=True)
class IdempotencyConfig:
    """How long a repeat is answered with the first call's reply; 0 seconds: it acts again."""

    window_seconds: float = 0.0
    backend_window_seconds: float = 600.0
    key_hours: float = 24.0
    join_seconds: float = 60.0


class Idempotency:
    """Answers repeats in one account. Safe to share between threads.

    `clock` is real time, whatever the account's own clock says; `pause` waits for so many seconds
    while another call is at work.
    """

    def __init__(
        self,
        store: Store,
        config: IdempotencyConfig,
        *,
        clock: Callable[[], datetime],
        pause: Callable[[float], None],
    ) -> None:
        self._store = store
        self._config = config
        self._clock = clock
        self._pause = pause

    def execute(
        self, backend: Backend, command: Command, context: Context, key: str | None = None
    ) -> Result:
        """Carry a command out once; a repeat gets the reply of the call that did it.

        `key` is the caller's own. Raises `KeyReused` for one that came with another request, and
        `OutcomeLost` with the first one's reference while nobody knows what became of it.
        """
        claim = self._claim(backend, command, context, key)
        if claim is None:
            return backend.execute(command, context)
        context = replace(context, claim=claim)
        if claim.key is None:
            return backend.execute(command, context)
        while True:
            try:
                return backend.execute(command, context)
            except Conflict:
                # Several waited for one that failed; the database lets them try again in turn.
                if context.elapsed() >= self._config.join_seconds:
                    raise
            except AlreadyClaimed:
                reply = self._join(claim, claim.key, context)
                if reply is not None:
                    return reply

    def _claim(
        self, backend: Backend, command: Command, context: Context, key: str | None
    ) -> Claim | None:
        """Return what this call claims; None when a repeat of it is nothing special."""
        key = _checked(key)
        # DECISION: a run is never answered from memory, whatever the caller sends: what is due
        # now is not what was due then. Source: contracts/decisions.md, "Repeated requests".
        if (
            context.dry_run
            or command.effect is Effect.READS
            or isinstance(command, GenerateDueInvoices)
        ):
            return None
        is_local = isinstance(backend, LocalBackend)
        if key is None and not _is_told_by_content(command):
            return None
        # A backend elsewhere may read parameters that are no part of the command.
        print_ = fingerprint(command, None if is_local else _asked(context.sent))
        if key is not None:
            return Claim(print_, f"{_BY_KEY}{key}", self._config.key_hours * 3600)
        if not is_local:
            # Also without a window: while the first one is under way or its end is unknown.
            seconds = self._config.backend_window_seconds
            return Claim(print_, f"{_BY_CONTENT}{print_}", seconds)
        window = self._config.window_seconds
        return Claim(print_, f"{_BY_CONTENT}{print_}" if window else None, window)

    def _join(self, claim: Claim, key: str, context: Context) -> Result | None:
        """Return the other call's reply; None when this one may act after all."""
        credential = context.caller.credential
        pause = _FIRST_PAUSE
        holder = holder_of(self._store, credential, key)
        has_waited = False
        while holder is not None:
            if _is_over(holder, context, claim.keep_seconds, met=has_waited):
                release(self._store, credential, key, holder.reference)
                return None
            if holder.fingerprint != claim.fingerprint:
                raise KeyReused
            reply = holder.reply()
            if reply is not None:
                return reply
            if holder.state == DONE:
                raise ReplyNotKept(holder.reference)
            patience = self._config.join_seconds - context.elapsed()
            is_late = patience <= 0 or self._clock() >= holder.deadline_at
            if holder.state == _UNKNOWN or is_late:
                raise OutcomeLost(holder.reference, f"joined while {holder.state}")
            self._pause(min(pause, patience))
            pause = min(2 * pause, _LONGEST_PAUSE)
            # By its reference: with a short window the claim may be the next one's by now.
            holder = holder_now(self._store, holder.reference)
            has_waited = True
        return None


def _is_over(holder: Holder, context: Context, keep_seconds: float, *, met: bool) -> bool:
    """Tell whether a claim is over: its time is, or it ended without anything done.

    For a call that met the other one under way it is never over by time, whatever the window:
    `met`, or the other one ended since this one came.
    """
    if holder.state == DONE:
        now = context.now + timedelta(seconds=context.elapsed())
        if met or (holder.ended_at is not None and context.now < holder.ended_at <= now):
            return False
        # The clocks of two machines differ, and a sandbox's can be set back.
        age = abs(now - (holder.ended_at or holder.began_at))
        return age >= timedelta(seconds=keep_seconds)
    return holder.state not in _UNDER_WAY


def _checked(key: str | None) -> str | None:
    """Return the caller's key; None when there is none. Raises `InvalidField`."""
    key = (key or "").strip()
    if not key:
        return None
    if len(key) > _LONGEST_KEY or not (key.isascii() and key.isprintable()):
        rule = f"Idempotency-Key must be at most {_LONGEST_KEY} printable ASCII characters"
        raise InvalidField("Idempotency-Key", "form", rule)
    return key


def _is_told_by_content(command: Command) -> bool:
    """Tell whether an equal command is taken for a repeat.

    Two payments of one amount may both be meant, unless they name one transaction.
    """
    if isinstance(command, RecordPayment):
        return bool(command.transaction_id)
    return command.effect is Effect.CREATES


def _asked(sent: Sent | None) -> Mapping[str, Any] | None:
    """Return a call's parameters without who calls and how the reply is to be written."""
    if sent is None:
        return None
    return {
        name: value
        for name, value in sent.params.items()
        if name.lower() not in _BESIDE_THE_REQUEST
    }
