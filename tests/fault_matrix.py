"""One cell of the fault matrix: a call that meets a fault, what it ends as, and what follows.

Whoever builds a kind of backend gives an `Upstream` for it; the faults, ends and times are here.
"""

import json
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Protocol
from uuid import uuid4

from adapter.backends.base import Connector, Proof
from adapter.backends.remote import RemoteBackend, RemoteConfig
from adapter.backends.resolving import Tender
from adapter.backends.transport import Transport
from adapter.commands.model import Command
from adapter.errors import AdapterError
from adapter.protocols.base import LegacyProtocol, Limits, WireRequest
from adapter.protocols.invoicesonline import InvoicesOnlineProtocol
from adapter.protocols.whmcs import WhmcsProtocol
from adapter.store.attempts import Ledger, State
from adapter.store.unit_of_work import Store
from tests.contexts import context_on
from tests.faults_proxy import Fault, FaultProxy, Reply, Seen, refused_port

TODAY = date(2026, 3, 2)
# Long enough that a busy machine has sent a request before it: a call that never left is another
# end than the one under test.
SECONDS = 1.0
# How much later than that a call may end.
LATE_SHARE = 0.05
# What a busy machine takes to wake a thread and to commit an end; the test of the deadline itself
# takes it off by measuring longer ones.
SLACK = 0.5

NOT_SENT = "The backend cannot be reached; nothing was sent, try again"
LOST = (
    "The backend's answer was lost and it may have acted; this is looked into under reference "
    "{reference}, do not send the request again"
)
NAMES = {
    "refused connect": "http://127.0.0.1:{closed}",
    "DNS failure": "http://nowhere.invalid",
    "TLS failure": "https://127.0.0.1:{open}",
}


@dataclass(frozen=True)
class Expected:
    """The end of the call, how often it counts as sent, what is told, how many deeds are done."""

    state: State
    sends: int
    told: str
    done: int


EXPECTED: dict[str, Expected] = {
    **dict.fromkeys(NAMES, Expected(State.NOT_SENT, 0, NOT_SENT, 0)),
    **{
        fault: Expected(State.UNKNOWN, 1, LOST, int(fault.acts))
        for fault in Fault
        if fault is not Fault.NONE
    },
    Fault.NONE: Expected(State.DONE, 1, "", 1),
}
# The table above in numbers, so that a fault cannot move from one end to another unseen.
assert sum(each.state is State.NOT_SENT for each in EXPECTED.values()) == 3
assert sum(each.state is State.UNKNOWN for each in EXPECTED.values()) == 16
assert sum(each.state is State.UNKNOWN and not each.done for each in EXPECTED.values()) == 4


class Upstream(Protocol):
    """A backend elsewhere with nothing done yet, and what is asked of it."""

    @property
    def command(self) -> Command:
        """What is asked."""

    @property
    def proof(self) -> Proof:
        """How it can be looked up."""

    def connector(self, name: str, url: str, transport: Transport) -> Connector:
        """Return the connector under test; `url` is the address, without a path."""

    def answer(self, seen: Seen) -> Reply:
        """Do what a request asks."""

    def done(self) -> int:
        """Count the deeds of the command."""


def told(error: AdapterError | None) -> str:
    """Return what a caller of either protocol reads, which is the same text."""
    if error is None:
        return ""
    form = {"content-type": "application/x-www-form-urlencoded"}
    replies = []
    protocols: tuple[tuple[LegacyProtocol[Any], str, bytes], ...] = (
        (
            WhmcsProtocol({}, Limits(), allow_get=True),
            "/includes/api.php",
            b"action=GenInvoices&responsetype=json",
        ),
        (InvoicesOnlineProtocol({}, Limits()), "/api/GetClientID.php", b"username=a"),
    )
    for protocol, path, body in protocols:
        call = protocol.decode(WireRequest("POST", path, b"", form, body, "", len(body)))
        replies.append(protocol.encode_error(error, call))
    form_post, positional = (reply.body.decode() for reply in replies)
    assert [reply.status for reply in replies] == [200, 200]
    assert json.loads(form_post) == {"result": "error", "message": positional}
    return positional


def check_cells(
    fault: str, upstreams: Sequence[Callable[[], Upstream]], store: Store, transport: Transport
) -> None:
    """Check one fault with several backends side by side: most of the time is spent waiting."""
    with ThreadPoolExecutor(len(upstreams)) as threads:
        list(threads.map(lambda make: check_cell(fault, make(), store, transport), upstreams))


def check_cell(
    fault: str,
    upstream: Upstream,
    store: Store,
    transport: Transport,
    *,
    seconds: float = SECONDS,
    slack: float = SLACK,
) -> None:
    """Check the end, the sends, what the caller is told, the time, and one pass of the worker."""
    expected, can_be_asked = EXPECTED[fault], upstream.proof is not Proof.NONE
    now = [datetime(2026, 11, 26, tzinfo=UTC)]
    ledger = Ledger(store, lambda: now[0])
    circumstances = context_on(TODAY, uuid4().hex)
    reference = circumstances.reference
    plan = [fault] if isinstance(fault, Fault) else []
    with FaultProxy(upstream.answer, plan, late_seconds=seconds * 1.3) as proxy:
        url = NAMES.get(fault, proxy.url).format(open=proxy.port, closed=refused_port())
        backend = RemoteBackend(
            upstream.connector(reference, url, transport),
            ledger,
            RemoteConfig(deadline_seconds=seconds, pause_seconds=0.01, settle_seconds=0),
            pause=time.sleep,
        )
        began = time.monotonic()
        error, result = None, None
        try:
            result = backend.execute(upstream.command, circumstances)
        except AdapterError as caught:
            error = caught
        took = time.monotonic() - began

        assert took < seconds * (1 + LATE_SHARE) + slack
        attempt = ledger.find(reference)
        assert attempt is not None
        assert (attempt.state, attempt.sends) == (expected.state, expected.sends), repr(error)
        assert told(error) == expected.told.format(reference=reference)
        assert attempt.answered() == result
        assert (result is not None) is (expected.state is State.DONE)
        assert upstream.done() == expected.done
        assert proxy.requests == (expected.sends if url == proxy.url else 0)

        now[0] += timedelta(seconds=seconds + 1)
        list(Tender(backend, lambda: context_on(TODAY, "worker")).tend())
    after = ledger.find(reference)
    assert after is not None
    if expected.state is State.UNKNOWN and can_be_asked:
        assert (after.state, after.sends) == (State.DONE, 2 - expected.done)
        assert after.answered() is not None
        assert upstream.done() == 1
    else:
        assert after == attempt
        assert upstream.done() == expected.done
