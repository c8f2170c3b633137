"""One upstream as it is spoken to: a command of its own protocol in, its result or error out."""

from collections.abc import Callable
from dataclasses import dataclass, field

from adapter.backends.base import Deadline
from adapter.backends.transport import OutboundRequest, Transport
from adapter.commands.access import Credentials
from adapter.commands.context import Context
from adapter.commands.model import Command, Effect
from adapter.commands.results import Result
from adapter.errors import BadAnswer, OutcomeLost, TransportLost
from adapter.protocols.upstream import Asked, UpstreamAnswer, UpstreamClient


@dataclass(frozen=True, slots=True)
class Upstream:
    """Where calls go, and as whom."""

    client: UpstreamClient
    url: str
    credentials: Credentials = field(repr=False)
    transport: Transport = field(repr=False)

    def say(
        self, command: Command, context: Context, deadline: Deadline, asked: Asked | None = None
    ) -> Result:
        """Send one command once; `asked` is how its caller wrote it.

        Raises what `UpstreamClient` does, `NotSent`, and for a reply that tells nothing
        `OutcomeLost`, but of a read `BadAnswer` or `TransportLost`.
        """
        asked = asked or self.client.ask(command)
        request = self.client.request(asked, self.credentials, self.url)
        outbound = OutboundRequest("POST", request.url, request.headers, request.body)
        try:
            reply = self.transport.exchange(outbound, deadline)
            zone = context.caller.account.zone
            return self.client.read(UpstreamAnswer(reply.status, reply.body, asked, zone), command)
        except (BadAnswer, TransportLost) as error:
            if command.effect is Effect.READS:
                raise
            raise OutcomeLost(context.reference, f"{asked.action}: {error!r}") from error


# Sends a command of the upstream's own protocol under one context and deadline.
Ask = Callable[[Command], Result]
