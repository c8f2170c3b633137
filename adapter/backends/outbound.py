"""What connectors over HTTP share: the seam to the network, and how a caller says who it is."""

import base64
from collections.abc import Mapping
from typing import Protocol

from adapter.backends.base import Deadline
from adapter.backends.transport import OutboundRequest, UpstreamReply


class Exchanges(Protocol):
    """Sends one request and returns its reply, or says whether it may have arrived."""

    def exchange(self, request: OutboundRequest, deadline: Deadline) -> UpstreamReply:
        """Send it once. Raises `NotSent` or `TransportLost`."""


def authorization(identifier: str, secret: str) -> Mapping[str, str]:
    """Return the header that says who calls: HTTP Basic, or a bearer token without a name."""
    if identifier:
        pair = base64.b64encode(f"{identifier}:{secret}".encode()).decode()
        return {"Authorization": f"Basic {pair}"}
    return {"Authorization": f"Bearer {secret}"} if secret else {}
