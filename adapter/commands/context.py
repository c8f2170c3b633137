"""What every command is executed with besides its own fields."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from adapter.commands.access import Caller
from adapter.commands.links import Links


@dataclass(frozen=True, slots=True)
class Sent:
    """A call as its caller wrote it, for a backend that speaks the same protocol.

    `action` as the protocol spells it in lower case; `params` are untyped and may hold
    secrets: they are left out of repr, and whoever keeps them takes those out.
    """

    protocol: str
    action: str
    params: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Claim:
    """What makes calls of one credential the same deed, to whoever stores that it was done.

    `fingerprint` tells what was asked. `key` is held by one stored attempt of the credential at a
    time, so that a repeat finds it instead of acting; None lets every call act. A reply is kept
    for `keep_seconds`.
    """

    fingerprint: str
    key: str | None = None
    keep_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Context:
    """The circumstances of one call.

    `today` is the account's date in its zone, `now` an aware UTC time; both come from the
    account's clock. `elapsed` returns the seconds since the call began. `reference` is ours for
    this deed at any backend; with `keep_reference` its caller may ask later what became of it, so
    a store keeps it with what the command did. With `dry_run` everything is decided and nothing is
    kept. `sent` is None where no legacy call led to the command, `claim` where a repeat is nothing
    special; it never goes with `keep_reference`. `links` tells where documents can be opened.
    """

    caller: Caller
    today: date
    now: datetime
    request_id: str
    reference: str
    elapsed: Callable[[], float]
    dry_run: bool = False
    sent: Sent | None = None
    claim: Claim | None = None
    keep_reference: bool = False
    links: Links = Links()
