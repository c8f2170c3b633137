"""The connector of a legacy upstream: which way each command is said, and how it is looked up."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from adapter.backends.base import Deadline, Proof
from adapter.backends.forward.config import CLIENTS, ForwardConfig
from adapter.backends.forward.looks import Look, Taken
from adapter.backends.forward.positional import POSITIONAL
from adapter.backends.forward.proofs import FORM_POST
from adapter.backends.forward.translate import TRANSLATED, Terms, Translation, refusal
from adapter.backends.forward.upstream import Ask, Upstream
from adapter.backends.transport import Transport
from adapter.commands.context import Context
from adapter.commands.model import ClientIdentity, Command, CreateClient, Effect
from adapter.commands.results import Result
from adapter.errors import (
    BadAnswer,
    CannotExpress,
    InvalidField,
    NotProved,
    NotSent,
    RequestError,
    StateError,
    TransportLost,
)
from adapter.protocols.base import Limits
from adapter.protocols.invoicesonline.client import InvoicesOnlineClient
from adapter.protocols.whmcs.client import WhmcsClient

LOOKS: Final[Mapping[str, Mapping[type[Command], Look]]] = MappingProxyType(
    {WhmcsClient.name: FORM_POST, InvoicesOnlineClient.name: POSITIONAL}
)


class ForwardConnector:
    """Says commands to one legacy upstream; a `Connector`.

    A call that came in the upstream's own protocol is sent with every field as its caller wrote
    it; a command without a call (from the command line, or sent again later) as its protocol
    writes it; a call of the other protocol is translated, or refused. `taken` tells whether
    another attempt has already ended with a result: such a record is not looked up twice.
    """

    def __init__(
        self,
        name: str,
        config: ForwardConfig,
        transport: Transport,
        *,
        limits: Limits | None = None,
        taken: Taken = lambda _: False,
    ) -> None:
        """Check the config. Raises `InvalidField` for one without credentials."""
        for needed in ("identifier", "secret"):
            if not getattr(config, needed):
                raise InvalidField(needed, "required", f"{needed} must be given")
        self.name = name
        client = CLIENTS[config.protocol](limits)
        self._upstream = Upstream(client, config.url, config.credentials, transport)
        self._client = client
        self._terms = Terms(config.terms, client.ask)
        self._taken = taken

    def proof(self, command: Command) -> Proof:
        """Return how a command can be looked up; raises `CannotExpress`."""
        translation = self._translation(command)
        if translation is not None:
            translation.refuse(command, self._terms)
            return translation.proof(command)
        look = LOOKS[self._client.name].get(type(command))
        return Proof.NONE if look is None else look.proof(command)

    def send(self, command: Command, context: Context, deadline: Deadline) -> Result:
        """Say a command; errors as `Connector.send` and the upstream's own refusals."""
        if context.dry_run and command.effect is not Effect.READS:
            raise CannotExpress("a dry run")
        upstream, sent = self._upstream, context.sent
        if sent is not None and sent.protocol == self._client.name:
            return upstream.say(command, context, deadline, self._client.keep(sent))
        translation = self._translation(command, context)
        if translation is None:
            return upstream.say(command, context, deadline)
        translation.refuse(command, self._terms)

        def ask(inner: Command) -> Result:
            try:
                return upstream.say(inner, context, deadline)
            except (BadAnswer, TransportLost) as error:
                if command.effect is Effect.READS:
                    raise
                # Of a read, and every translation reads before it changes anything.
                raise NotSent(f"{type(inner).__name__}: {error!r}") from error

        return translation.send(ask, command, context, self._terms)

    def look_up(self, command: Command, context: Context, deadline: Deadline) -> Result | None:
        """Find what an earlier `send` made; None proves its absence. Raises `BackendError`."""
        if self.proof(command) is Proof.NONE:
            raise NotProved("this command leaves nothing that can be looked up")

        def ask(inner: Command) -> Result:
            return self._upstream.say(inner, context, deadline)

        try:
            return self._find(command, ask)
        except (RequestError, StateError) as error:
            # Of a read: the upstream does not show what would prove it.
            raise NotProved(str(error)) from error

    def _find(self, command: Command, ask: Ask) -> Result | None:
        translation = self._translation(command)
        if translation is not None and translation.find is not None:
            return translation.find(ask, command, self._terms)
        find = LOOKS[self._client.name][type(command)].find
        return None if find is None else find(ask, command, self._taken)

    def _translation(self, command: Command, context: Context | None = None) -> Translation | None:
        """Return how a command is said in the upstream's protocol; None where it is its own.

        Raises `CannotExpress` for one of the other protocol's callers that is not translated.
        """
        name, kind = self._client.name, type(command)
        translation = TRANSLATED[name].get(kind)
        if context is not None and context.sent is not None:
            if translation is None:
                raise CannotExpress(f"{kind.__name__}: {refusal(name, kind)}")
            return translation
        own = kind in self._client.expresses()
        if isinstance(command, CreateClient) and own:
            own = command.identity is ClientIdentity.EMAIL or name != WhmcsClient.name
        return None if own else translation
