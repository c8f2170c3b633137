"""The other end of this protocol: commands written as requests, replies read.

Names and tables are the server side's, and every request is read back before it is handed out:
what it would not say exactly is refused, never sent as something near it.
"""

from collections.abc import Mapping
from dataclasses import fields
from typing import Final

from adapter.commands.access import Credentials
from adapter.commands.context import Sent
from adapter.commands.model import Command
from adapter.commands.results import Result
from adapter.errors import BadAnswer, CannotExpress, RequestError
from adapter.protocols import phpjson
from adapter.protocols.base import Limits
from adapter.protocols.invoicesonline.codec import BUSINESS_ID_NAMES, ENDPOINT_NAMES
from adapter.protocols.invoicesonline.quirks import Quirks
from adapter.protocols.invoicesonline.results import READERS
from adapter.protocols.invoicesonline.writers import WRITERS, Written
from adapter.protocols.upstream import Asked, UpstreamAnswer, UpstreamRequest

_JSON_HEADERS: Final[Mapping[str, str]] = {"Content-Type": "application/json"}
_NOT_KEPT: Final = frozenset({"username", "password", "apiformat", *BUSINESS_ID_NAMES})


class InvoicesOnlineClient:
    """The positional-array protocol as its callers speak it, in JSON mode."""

    name = "invoicesonline"

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()

    def expresses(self) -> frozenset[type[Command]]:
        """Name every kind of command that has an endpoint."""
        return frozenset(WRITERS)

    def ask(self, command: Command) -> Asked:
        """Write a command as an endpoint and its fields; raises `CannotExpress`."""
        write = WRITERS.get(type(command))
        if write is None:
            raise CannotExpress(type(command).__name__)
        written = write(command)
        self._check(written, command)
        return Asked(written.schema.endpoint, written.params)

    def keep(self, sent: Sent) -> Asked:
        """Return a caller's own fields without credentials and business id.

        Raises `CannotExpress` for an endpoint whose replies are not read here.
        """
        if sent.action not in ENDPOINT_NAMES:
            raise CannotExpress(f"the endpoint {sent.action}")
        params = {name: value for name, value in sent.params.items() if name not in _NOT_KEPT}
        return Asked(ENDPOINT_NAMES[sent.action], params)

    def request(self, asked: Asked, credentials: Credentials, url: str) -> UpstreamRequest:
        """Write a call as JSON; `url` is the folder of the endpoints. Raises `CannotExpress`."""
        given = {
            "username": credentials.identifier,
            "password": credentials.secret,
            "BID": credentials.business_id,
        }
        body = phpjson.dumps(
            {name: value for name, value in given.items() if value is not None} | asked.params
        )
        if len(body) > self._limits.body_bytes:
            raise CannotExpress("a request of this size")
        address = f"{url.rstrip('/')}/{asked.action}.php?apiformat=json"
        return UpstreamRequest(address, _JSON_HEADERS, body)

    def read(self, answer: UpstreamAnswer, command: Command) -> Result:
        """Read a reply; raises what an error in it stands for, or `BadAnswer`.

        Raises `CannotExpress` for a command whose replies are not read here: only reads get here.
        """
        if answer.failed:
            raise BadAnswer
        reader = READERS.get(type(command))
        if reader is None:
            raise CannotExpress(type(command).__name__)
        return reader(command, answer)

    def _check(self, written: Written, command: Command) -> None:
        """Raise `CannotExpress` unless the parameters mean the command."""
        try:
            meant = written.schema(Quirks(), self._limits).command(written.params)
        except RequestError as error:
            raise CannotExpress(str(error)) from error
        if meant == command:
            return
        names = (name.name for name in fields(command))
        differing = [
            name for name in names if getattr(meant, name, None) != getattr(command, name)
        ]
        raise CannotExpress(f"{', '.join(differing)} of {type(command).__name__}")
