"""One HTTP request to a system elsewhere, with a certain end: answered, not sent, or lost.

The only module that imports `requests`. Nothing is retried or redirected, no environment variable
and no cookie of another call has a say, TLS is always verified.
"""

import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NoReturn
from urllib.parse import urlsplit

import certifi
import requests
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from urllib3 import HTTPResponse
from urllib3.exceptions import HTTPError

from adapter.backends.base import Deadline
from adapter.backends.connections import POOLS, Flight, flying
from adapter.backends.hops import hop_headers
from adapter.errors import InvalidField, NotSent, TransportLost

_CHUNK_BYTES: Final = 65_536
_WITHOUT_BODY: Final = frozenset({"GET", "HEAD", "DELETE", "OPTIONS"})
# How a request is framed is ours to say.
_FRAMING: Final = frozenset({"content-length", "transfer-encoding", "connection"})
# What `requests` raises before it dials; it also says so of replies, when our own connections
# know better.
_NEVER_SENT: Final = (
    requests.ConnectTimeout,
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidSchema,
    requests.exceptions.MissingSchema,
    requests.exceptions.InvalidProxyURL,
    requests.exceptions.InvalidHeader,
)


@dataclass(frozen=True, slots=True)
class TransportConfig:
    """The network part of one backend's settings.

    `read_seconds` is the longest silence, `deadline_seconds` bounds everything done for one call.
    `ca_file` replaces the usual certificate authorities. `proxy` is an `http://` URL; it is never
    taken from the environment.
    """

    connect_seconds: float = 5.0
    read_seconds: float = 30.0
    deadline_seconds: float = 60.0
    reply_bytes: int = 16 * 2**20
    ca_file: Path | None = None
    proxy: str = field(default="", repr=False)
    pool_size: int = 16


@dataclass(frozen=True, slots=True)
class OutboundRequest:
    """A request. `url` is sent as it is; `headers` name neither length nor framing."""

    method: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class UpstreamReply:
    """A whole reply of any status, redirects included; `headers` by lower-case name."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class StreamedReply:
    """A reply whose body is still arriving: headers as they came, bytes as they came.

    `chunks` raises `TransportLost` when the rest does not arrive.
    """

    status: int
    headers: tuple[tuple[str, str], ...] = field(repr=False)
    chunks: Iterator[bytes] = field(repr=False)


class Transport:
    """Pooled connections to one backend; safe to share between threads."""

    def __init__(self, config: TransportConfig) -> None:
        """Read the certificate authorities. Raises `InvalidField` for what cannot be used."""
        self.config = config
        self._proxies = {"http": config.proxy, "https": config.proxy} if config.proxy else None
        if config.proxy and urlsplit(config.proxy).scheme != "http":
            raise InvalidField("proxy", "scheme", "an http:// URL is wanted")
        self._adapter = _Adapter(tls_context(config.ca_file), config.pool_size)

    def exchange(self, request: OutboundRequest, deadline: Deadline) -> UpstreamReply:
        """Send a request once and return its whole reply, decoded where it was compressed.

        Raises `NotSent` when provably no byte of the request left, `TransportLost` when it may
        have arrived. Returns or raises by the deadline.
        """
        with self._answered(request, deadline) as (flight, response):
            raw = response.raw
            try:
                body = b"".join(self._bounded(raw))
            except (HTTPError, OSError, ValueError) as error:
                raise TransportLost(reason_of(error)) from error
            if flight.surplus and request.method != "HEAD":
                raise TransportLost("more bytes than the reply announced")
            headers = {name.lower(): value for name, value in raw.headers.items()}
            return UpstreamReply(response.status_code, headers, body)

    @contextmanager
    def stream(self, request: OutboundRequest, deadline: Deadline) -> Iterator[StreamedReply]:
        """Send a request once and hand up its reply while it arrives; errors as `exchange`."""
        with self._answered(request, deadline) as (_, response):
            raw = response.raw
            pairs = tuple((name, value) for name, value in raw.headers.iteritems())
            yield StreamedReply(response.status_code, pairs, _as_it_comes(raw))

    def close(self) -> None:
        """Close every pooled connection."""
        self._adapter.close()

    @contextmanager
    def _answered(
        self, request: OutboundRequest, deadline: Deadline
    ) -> Iterator[tuple[Flight, requests.Response]]:
        flight = Flight(
            deadline, self.config.connect_seconds, self.config.read_seconds, _target(request.url)
        )
        if deadline.left <= 0:
            raise NotSent("no time is left")
        try:
            with flying(flight):
                response = self._adapter.send(
                    _prepared(request), stream=True, timeout=None, proxies=self._proxies
                )
        except (requests.RequestException, HTTPError, OSError, ValueError) as error:
            _raise(flight, error)
        try:
            yield flight, response
        except BaseException:
            # What is left of the reply must not become the next one's beginning.
            with suppress(OSError, HTTPError):
                response.raw.close()
            raise
        response.raw.release_conn()

    def _bounded(self, raw: HTTPResponse) -> Iterator[bytes]:
        left = self.config.reply_bytes
        announced = raw.headers.get("content-length", "")
        if announced.isdecimal() and int(announced) > left:
            raise TransportLost(f"a reply of {announced} bytes")
        for chunk in raw.stream(_CHUNK_BYTES, decode_content=True):
            left -= len(chunk)
            if left < 0:
                raise TransportLost(f"a reply of more than {self.config.reply_bytes} bytes")
            yield chunk


class _Adapter(HTTPAdapter):
    """The adapter of `requests` over our connections, with our certificate authorities."""

    def __init__(self, context: ssl.SSLContext, pool_size: int) -> None:
        self._context = context
        super().__init__(pool_connections=pool_size, pool_maxsize=pool_size, max_retries=0)

    def init_poolmanager(self, *args: Any, **more: Any) -> None:
        super().init_poolmanager(*args, ssl_context=self._context, **more)
        self.poolmanager.pool_classes_by_scheme = POOLS

    def proxy_manager_for(self, proxy: str, **more: Any) -> Any:
        manager = super().proxy_manager_for(proxy, ssl_context=self._context, **more)
        manager.pool_classes_by_scheme = POOLS
        return manager

    def cert_verify(self, conn: Any, *_: Any) -> None:
        """Leave the authorities to the context: those of `requests` would be added to it."""
        conn.cert_reqs = "CERT_REQUIRED"


def tls_context(ca_file: Path | None) -> ssl.SSLContext:
    """Return a context that verifies. Raises `InvalidField` for a file that cannot be used."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_verify_locations(ca_file or certifi.where())
    except (OSError, ssl.SSLError) as error:
        raise InvalidField("ca_file", "readable", f"{ca_file} cannot be read") from error
    return context


def _prepared(request: OutboundRequest) -> requests.PreparedRequest:
    prepared = requests.PreparedRequest()
    prepared.method = request.method
    prepared.url = request.url
    prepared.headers = CaseInsensitiveDict(
        {name: value for name, value in request.headers.items() if name.lower() not in _FRAMING}
    )
    prepared.headers.update(hop_headers())
    prepared.body = request.body or None
    if request.body or request.method not in _WITHOUT_BODY:
        prepared.headers["Content-Length"] = str(len(request.body))
    return prepared


def _target(url: str) -> str:
    """Return path and query exactly as they stand in a URL."""
    after = url.partition("://")[2].partition("#")[0]
    at = min((found for mark in "/?" if (found := after.find(mark)) >= 0), default=len(after))
    target = after[at:]
    return target if target.startswith("/") else f"/{target}"


def _as_it_comes(raw: HTTPResponse) -> Iterator[bytes]:
    try:
        yield from raw.stream(_CHUNK_BYTES, decode_content=False)
    except (HTTPError, OSError, ValueError) as error:
        raise TransportLost(reason_of(error)) from error


def _raise(flight: Flight, error: Exception) -> NoReturn:
    """Say which of both it is; where no connection of ours can tell, it counts as lost."""
    if not flight.sent and (flight.dialled or isinstance(error, _NEVER_SENT)):
        raise NotSent(reason_of(error)) from error
    raise TransportLost(reason_of(error)) from error


def reason_of(error: BaseException) -> str:
    """Return a log line without the URL, whose query may hold secrets."""
    cause = error
    while cause.__cause__ or cause.__context__:
        cause = cause.__cause__ or cause.__context__  # type: ignore[assignment]
    return f"{type(error).__name__}: {type(cause).__name__}" + (
        f": {cause.strerror}" if isinstance(cause, OSError) and cause.strerror else ""
    )
