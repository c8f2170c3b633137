"""How requests to a mapped backend say who sends them."""

import base64
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote_plus, urlencode

from adapter.backends.base import Deadline
from adapter.backends.mapped.model import Auth, AuthKind
from adapter.backends.outbound import Exchanges, authorization
from adapter.backends.transport import OutboundRequest
from adapter.errors import NotSent, TransportLost

_OK: Final = 200
_EARLY_SECONDS: Final = 30.0  # renewed so long before it ends
_USUAL_SECONDS: Final = 300.0  # where the server does not say how long a token lasts


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    until: float


class Authenticator:
    """Gives the headers of a request; keeps OAuth2 tokens while they last. Safe between threads.

    `elapsed` of the deadline counts from the beginning of a call, so tokens are timed by
    `monotonic`.
    """

    def __init__(  # noqa: PLR0913 - what a token is asked for with
        self,
        auth: Auth,
        base: str,
        identifier: str,
        secret: str,
        network: Exchanges,
        monotonic: Any,
    ) -> None:
        self._auth = auth
        self._identifier = identifier
        self._secret = secret
        self._network = network
        self._monotonic = monotonic
        url = auth.token_url
        self._token_url = url if url.startswith(("http://", "https://")) else base + url
        self._lock = threading.Lock()
        self._token: _Token | None = None

    @property
    def renews(self) -> bool:
        """Tell whether a request that was refused for its token may be sent with another one."""
        return self._auth.kind is AuthKind.OAUTH2

    def headers(self, deadline: Deadline) -> Mapping[str, str]:
        """Return the headers. Raises `NotSent` where no token is given."""
        match self._auth.kind:
            case AuthKind.BASIC:
                return authorization(self._identifier, self._secret)
            case AuthKind.BEARER:
                return authorization("", self._secret)
            case AuthKind.HEADER:
                return {self._auth.header: self._secret}
            case AuthKind.OAUTH2:
                return authorization("", self._current(deadline).text)
            case _:
                return {}

    def forget(self, headers: Mapping[str, str]) -> None:
        """Drop the token that these headers carry; another one that came since stays."""
        with self._lock:
            if self._token and authorization("", self._token.text) == headers:
                self._token = None

    def _current(self, deadline: Deadline) -> _Token:
        with self._lock:
            token = self._token
            if token is None or self._monotonic() >= token.until:
                token = self._token = self._renewed(deadline)
            return token

    def _renewed(self, deadline: Deadline) -> _Token:
        pair = f"{quote_plus(self._identifier)}:{quote_plus(self._secret)}"
        form = {"grant_type": "client_credentials"}
        if self._auth.scope:
            form["scope"] = self._auth.scope
        headers = {
            "Authorization": "Basic " + base64.b64encode(pair.encode()).decode(),
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
        }
        request = OutboundRequest("POST", self._token_url, headers, urlencode(form).encode())
        try:
            reply = self._network.exchange(request, deadline)
        except TransportLost as error:
            raise NotSent(f"no token: {error.reason}") from error
        try:
            told = json.loads(reply.body)
            text, seconds = (
                str(told["access_token"]),
                float(told.get("expires_in", _USUAL_SECONDS)),
            )
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise NotSent(f"no token: status {reply.status}") from error
        if reply.status != _OK or not text.isascii() or not text.isprintable():
            raise NotSent(f"no token: status {reply.status}")
        until = self._monotonic() + max(0.0, seconds - _EARLY_SECONDS)
        return _Token(text, until)
