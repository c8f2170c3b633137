"""The target of contract cases over HTTP: any server, ours or a legacy one."""

import http.client
import ssl
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date, time
from hashlib import md5
from pathlib import Path
from urllib.parse import quote, urlsplit

from adapter.bridge.contracts.load import load_contracts
from adapter.bridge.contracts.model import DEFAULT_TIME, BadContract, Case, SkipWhere, Step
from adapter.bridge.contracts.reading import values_used
from adapter.bridge.contracts.report import CaseResult, Report
from adapter.bridge.contracts.run import Session, Transport, run_contracts
from adapter.protocols.base import WireRequest, WireResponse

_DEFAULT_PORTS = {"http": 80, "https": 443}


def http_transport(
    base_url: str, timeout_seconds: float = 30.0, *, verify: bool = True
) -> "HttpTransport":
    """Return a transport that sends the exact bytes of a request to `base_url` plus its path."""
    return HttpTransport(base_url, timeout_seconds, verify=verify)


class HttpTransport:
    """One kept-alive connection, for one thread; redirects are not followed.

    Not `requests`: it re-encodes brackets and escapes of a URL, and they are what is tested.
    Raises `OSError` when the server cannot be reached or breaks off.
    """

    def __init__(self, base_url: str, timeout_seconds: float, *, verify: bool) -> None:
        parts = urlsplit(base_url)
        if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
            raise BadContract(base_url, "an http:// or https:// address is expected")
        self._prefix = parts.path.rstrip("/")
        host, port = parts.hostname, parts.port or _DEFAULT_PORTS[parts.scheme]
        if parts.scheme == "https":
            context = ssl.create_default_context()
            if not verify:
                context.check_hostname = False
                context.verify_mode = ssl.CERT_NONE
            self._http: http.client.HTTPConnection = http.client.HTTPSConnection(
                host, port, timeout=timeout_seconds, context=context
            )
        else:
            self._http = http.client.HTTPConnection(host, port, timeout=timeout_seconds)

    def close(self) -> None:
        """Close the connection; the next request opens another."""
        self._http.close()

    def __call__(self, request: WireRequest) -> WireResponse:
        """Send one request; a connection that the server has closed is opened again."""
        fresh = self._http.sock is None
        try:
            return self._once(request)
        except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
            self._http.close()
            if fresh:
                raise
            return self._once(request)
        except http.client.HTTPException as error:
            self._http.close()
            raise ConnectionError(f"unreadable answer: {error!r}") from error
        except OSError:
            self._http.close()
            raise

    def _once(self, request: WireRequest) -> WireResponse:
        url = quote(self._prefix + request.path, safe="/!$&'()*+,;=:@~")
        if request.query:
            url += "?" + request.query.decode("ascii")
        sent = self._http
        sent.putrequest(request.method, url, skip_accept_encoding=True)
        for name, value in request.headers.items():
            sent.putheader(name.title(), value.encode("utf-8", "surrogateescape"))
        if request.announced_length is None:
            sent.putheader("Transfer-Encoding", "chunked")
            sent.endheaders([request.body] if request.body else [], encode_chunked=True)
        else:
            if request.body or request.method == "POST":
                sent.putheader("Content-Length", str(len(request.body)))
            sent.endheaders(request.body or None)
        answer = sent.getresponse()
        body = answer.read()
        headers = {name.lower(): value for name, value in answer.getheaders()}
        return WireResponse(answer.status, body, headers.pop("content-type", ""), headers)


@dataclass(frozen=True, slots=True)
class HttpTarget:
    """A server under `transports` by protocol, with credentials and its current date.

    `setups` are the catalogues that the operator has loaded there.
    """

    transports: Mapping[str, Transport]
    credentials: Mapping[str, str]
    today: date
    setups: frozenset[str] = frozenset()
    where: SkipWhere = field(default=SkipWhere.HTTP, init=False)

    def blocker(self, case: Case) -> str | None:
        """Return why the case cannot run over HTTP, or None."""
        return next(self._blockers(case), None)

    def _blockers(self, case: Case) -> Iterator[str]:
        if case.in_process_reason is not None:
            yield case.in_process_reason
        if case.today is not None:
            yield f"needs the date {case.today}"
        if case.local_time is not None:
            yield f"needs the time {case.local_time}"
        if case.account.differs:
            yield "needs an account of its own: " + ", ".join(_account_needs(case))
        if case.account.setup is not None and case.account.setup not in self.setups:
            yield f"needs the catalogue {case.account.setup}"
        for use in case.uses():
            yield from self._step_blockers(use.step)
        if missing := sorted(values_used(case) - self.credentials.keys()):
            yield f"no value given for {', '.join(missing)}"

    def _step_blockers(self, step: Step) -> Iterator[str]:
        if step.protocol not in self.transports:
            yield f"no target for {step.protocol}"
        if step.today is not None or step.local_time is not None:
            yield "moves the clock"
        if step.request.address is not None:
            yield "chooses the caller's address"
        if step.request.announced_length is not None:
            yield "announces another length than it sends"
        if not step.request.query.isascii() or "${byte:" in step.request.query:
            yield "has bytes in its query that an HTTP client cannot send"

    @contextmanager
    def open(self, case: Case) -> Iterator[Session]:  # noqa: ARG002 - one server for all cases
        """Return a session on the server."""
        yield _HttpSession(self.transports, self.credentials, self.today)


@dataclass(slots=True)
class _HttpSession:
    """A session on a server that keeps what earlier cases left."""

    transports: Mapping[str, Transport]
    values: Mapping[str, str]
    today: date

    def send(self, protocol: str, request: WireRequest) -> WireResponse:
        """Send a request to the server of a protocol."""
        return self.transports[protocol](request)

    def move_clock(self, today: date, local_time: time = DEFAULT_TIME) -> None:
        """Refuse: `blocker` lets no such case through."""
        raise BadContract(f"{today} {local_time}", "a server's clock cannot be moved over HTTP")


def _account_needs(case: Case) -> Iterator[str]:
    account = case.account
    for name in ("quirks", "settings", "limits", "access", "config", "credentials"):
        if given := getattr(account, name):
            yield f"{name} {' '.join(sorted(given))}"
    for name in ("zone", "business_id", "mode"):
        if (value := getattr(account, name)) is not None:
            yield f"{name} {value}"


def complete_credentials(given: Mapping[str, str | None]) -> dict[str, str]:
    """Return the values that placeholders name: those given, and the MD5 of each secret."""
    values = {name: value for name, value in given.items() if value is not None}
    for name in ("secret", "password"):
        if name in values:
            digest = md5(values[name].encode(), usedforsecurity=False).hexdigest()
            values.setdefault(f"{name}_md5", digest)
    return values


def check_contracts(  # noqa: PLR0913 - the options of one command
    folder: Path,
    target: str | Mapping[str, str],
    credentials: Mapping[str, str | None],
    *,
    today: date,
    run_token: str,
    select: Iterable[str] = (),
    setups: Iterable[str] = (),
    ignore: Iterable[str] = (),
    timeout_seconds: float = 30.0,
    verify: bool = True,
    each: Callable[[CaseResult], None] = lambda _: None,
) -> Report:
    """Run every contract case that can run over HTTP against a server, and report.

    `folder` is the contracts folder. `target` is the server's address for every protocol, or one
    per protocol (`{"whmcs": "https://billing.example.com/billing"}`); cases of protocols without
    an address are skipped. `credentials` may hold `identifier`, `secret` (or `secret_md5`),
    `username`, `password`, `business_id`; cases that need one that is missing are skipped.
    `today` is the server's date in its account's zone. `run_token` is a short word that no
    earlier run against this server had: made-up names and addresses contain it.

    `select` keeps cases whose key starts so (`whmcs/geninvoices`, a full key). `setups` names the
    catalogues of `contracts/setup/` that are loaded there. `ignore` names parts of replies that
    are not compared: `status`, `content_type`, `headers`, `json_whitespace`. `each` sees every
    result as it comes.

    The report has `results`, `summary`, `lines()` (differences side by side, then every skipped
    case with its reason, then the counts) and `exit_code`: 0 all that ran passed, 1 something
    differed or failed, 2 nothing ran. Raises `BadContract` for files that cannot be used.
    """
    contracts = load_contracts(folder)
    names = {case.protocol for case in contracts.cases}
    addresses = dict.fromkeys(names, target) if isinstance(target, str) else dict(target)
    transports = {
        name: http_transport(address, timeout_seconds, verify=verify)
        for name, address in addresses.items()
    }
    http_target = HttpTarget(
        transports, complete_credentials(credentials), today, frozenset(setups)
    )
    with ExitStack() as opened:
        for transport in transports.values():
            opened.callback(transport.close)
        return run_contracts(
            contracts,
            http_target,
            select=select,
            run_token=run_token,
            ignore=frozenset(ignore),
            each=each,
        )
