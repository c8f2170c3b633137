"""The journal of requests: which are kept, without their secrets, and written beside the answers.

An answer never waits for it. Entries wait in memory until one thread writes them together, a
moment later; a process that is killed loses those, and none of what their requests did.
"""

import json
import re
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from adapter.bridge.exchanges import REDACTED, SECRET_FIELDS
from adapter.bridge.service import Outcome
from adapter.commands.canonical import masked, result_data, to_data
from adapter.commands.model import UNSET, Command, Effect
from adapter.commands.results import InvoicesGenerated, Result
from adapter.errors import AdapterError, InvalidField
from adapter.store.journal import OK, Entry, milliseconds, write_entries
from adapter.store.unit_of_work import Store

# How long an entry waits for others to be written with.
_PAUSE_SECONDS: Final = 0.5
# Few enough that whoever is answered meanwhile does not wait long for the interpreter.
_TOGETHER: Final = 100
# Entries that wait while the store is busy; past it the oldest are lost.
_WAITING: Final = 5_000
# Characters of a command or result that are kept, and of one value where there are more.
_LONGEST: Final = 32_768
_LONGEST_VALUE: Final = 512
_MANY: Final = 5
_LONGEST_MESSAGE: Final = 2_000
# Parts of names under which callers and other systems' forms send secrets, and whole names.
_SECRET_PARTS: Final = (
    "pass", "pwd", "secret", "card", "ccnum", "cvv", "token", "key", "bank", "iban", "auth",
    "credential",
)  # fmt: skip
_SECRET_NAMES: Final = frozenset({*SECRET_FIELDS, "pw", "pin", "digest"})
# The key of a link opens a document to whoever has it.
_LINK_KEY: Final = re.compile(r"([?&]k=)[0-9A-Fa-f]+")


class Recorded(StrEnum):
    """Which requests are kept."""

    NONE = "none"
    CHANGES = "changes"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class JournalConfig:
    """Which requests are kept, and about how many of an account."""

    record: Recorded = Recorded.CHANGES
    rows: int = 100_000


@dataclass(frozen=True, slots=True)
class Waiting:
    """An answered request; what it becomes in the journal is made when it is written."""

    at: datetime
    request_id: str
    protocol: str
    outcome: Outcome
    seconds: float

    def entry(self) -> Entry:
        """Return it as it is kept: redacted, and of bounded size."""
        outcome = self.outcome
        return Entry(
            request_id=self.request_id,
            received_at=self.at,
            credential=outcome.credential,
            protocol=self.protocol,
            action=outcome.action,
            command="" if outcome.command is None else type(outcome.command).__name__,
            asked=_asked(outcome.command, outcome.params),
            outcome=outcome.result,
            message=_message(outcome.told),
            told=_told(outcome.told),
            status=outcome.response.status,
            milliseconds=milliseconds(self.seconds),
        )


class Journal:
    """The journals of every account of one process; `close` writes what still waits.

    `stores` are by account name. `report` is told in a word how many entries were lost. The
    thread begins with the first entry, so that a process may be forked before.
    """

    def __init__(
        self,
        stores: Mapping[str, Store],
        config: JournalConfig,
        now: Callable[[], datetime],
        report: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.config = config
        self._stores = stores
        self._now = now
        self._report = report
        self._waiting: deque[Waiting] = deque()
        self._lost = 0
        self._changed = threading.Condition()
        self._closing = False
        self._thread: threading.Thread | None = None

    def note(self, protocol: str, request_id: str, outcome: Outcome, seconds: float) -> None:
        """Keep one answered request, if it is one of those that are kept."""
        if outcome.account not in self._stores or not self._is_kept(outcome):
            return
        waiting = Waiting(self._now(), request_id, protocol, outcome, seconds)
        with self._changed:
            if self._closing:
                return
            self._waiting.append(waiting)
            if len(self._waiting) > _WAITING:
                self._waiting.popleft()
                self._lost += 1
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="journal", daemon=True)
                self._thread.start()
            elif len(self._waiting) == 1 or len(self._waiting) >= _TOGETHER:
                self._changed.notify()

    def close(self) -> None:
        """Write what waits, and end."""
        with self._changed:
            self._closing = True
            self._changed.notify()
            thread = self._thread
        if thread is not None:
            thread.join()

    def _is_kept(self, outcome: Outcome) -> bool:
        record = self.config.record
        if record is Recorded.CHANGES:
            command = outcome.command
            reads = command is not None and command.effect is Effect.READS
            # A run that found nothing due changed nothing, and callers poll with it.
            idle = isinstance(outcome.told, InvoicesGenerated) and not outcome.told.count
            return not ((reads or idle) and outcome.result == OK)
        return record is Recorded.ALL

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closing)
                if not self._closing:
                    # More will come soon, and are written in the same transaction.
                    self._changed.wait_for(self._is_enough, _PAUSE_SECONDS)
                taken = [*self._waiting]
                self._waiting.clear()
                lost, self._lost = self._lost, 0
                closing = self._closing
            if taken or lost:
                self._write(taken, lost)
            if closing:
                return

    def _is_enough(self) -> bool:
        return self._closing or len(self._waiting) >= _TOGETHER

    def _write(self, taken: list[Waiting], lost: int) -> None:
        reason = "the store was busy"
        for account, store in self._stores.items():
            of_account = [each for each in taken if each.outcome.account == account]
            if not of_account:
                continue
            try:
                write_entries(store, [each.entry() for each in of_account], self.config.rows)
            except Exception as error:  # noqa: BLE001 - whatever it is, the next are still noted
                lost += len(of_account)
                reason = str(error) if isinstance(error, AdapterError) else type(error).__name__
        if lost:
            self._report(f"{lost} requests are not in the journal: {reason}")


def _message(told: Result | AdapterError | None) -> str | None:
    if not isinstance(told, AdapterError):
        return None
    text = f"{told.path}: {told}" if isinstance(told, InvalidField) else str(told)
    return text[:_LONGEST_MESSAGE]


def _told(told: Result | AdapterError | None) -> str | None:
    return _bounded(_without_secrets(result_data(told))) if isinstance(told, Result) else None


def _asked(command: Command | None, params: Mapping[str, Any] | None) -> str | None:
    if command is not None and is_dataclass(command):
        return _bounded(masked({"command": type(command).__name__, "fields": _brief(command)}))
    return None if params is None else _bounded({"params": _without_secrets(params)})


def _brief(command: Command) -> dict[str, Any]:
    """Return a command's fields, long lists by their length: what they made says what they held.

    Writing ten lines of an invoice costs more than all the rest of its entry.
    """
    found: dict[str, Any] = {}
    for each in fields(command):
        value = getattr(command, each.name)
        if isinstance(value, tuple) and len(value) > _MANY:
            found[each.name] = f"({len(value)} of them, not kept)"
        elif value is not UNSET:
            found[each.name] = to_data(value)
    return found


def _without_secrets(value: Any, name: str = "") -> Any:
    if value and _is_secret(name.lower()):
        return REDACTED  # whatever it holds
    if isinstance(value, Mapping):
        # `setting` and `value`, `name` and `value`: the one says what the other is.
        named = any(isinstance(each, str) and _is_secret(each.lower()) for each in value.values())
        return {
            str(key): REDACTED
            if named and str(key).lower() == "value"
            else _without_secrets(each, str(key))
            for key, each in value.items()
        }
    if isinstance(value, list | tuple):
        return [_without_secrets(each, name) for each in value]
    return _LINK_KEY.sub(rf"\1{REDACTED}", value) if isinstance(value, str) else value


def _is_secret(name: str) -> bool:
    return name in _SECRET_NAMES or any(part in name for part in _SECRET_PARTS)


def _bounded(data: Mapping[str, Any]) -> str:
    """Return the data as JSON, its long values told by their length where it is too long."""
    text = json.dumps(data)
    if len(text) <= _LONGEST:
        return text
    text = json.dumps({name: _cut(value) for name, value in data.items()})
    if len(text) <= _LONGEST:
        return text
    return json.dumps({name: _short(value) for name, value in data.items()})


def _cut(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _short(each) for name, each in value.items()}
    return _short(value)


def _short(value: Any) -> Any:
    text = json.dumps(value)
    return value if len(text) <= _LONGEST_VALUE else f"({len(text)} characters, not kept)"
