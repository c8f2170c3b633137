"""The in-process target of contract cases: the real application on a fresh store per case."""

import io
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, tzinfo
from pathlib import Path
from typing import Any

from adapter.assemble import Assembly, assemble, assemble_protocols, server_key
from adapter.backends.base import Backend
from adapter.bridge.canonical import CANONICAL
from adapter.bridge.contracts import (
    DEFAULT_TIME,
    DEFAULT_TODAY,
    AccountSpec,
    Case,
    CredentialSpec,
    Session,
    SkipWhere,
    complete_credentials,
)
from adapter.bridge.contracts.replies import StepFailed
from adapter.bridge.secrets import digest_generated
from adapter.commands.access import Caller
from adapter.commands.context import Context
from adapter.protocols.base import LegacyProtocol, WireRequest, WireResponse
from adapter.settings import Settings, load_settings
from adapter.store.credentials import CredentialRow, insert_credential, revoke_credential
from adapter.store.migrate import upgrade
from adapter.store.setup import apply_catalogue, ensure_defaults, parse_catalogue
from adapter.store.setup.settings import change_settings
from adapter.store.unit_of_work import Store
from adapter.web.app import create_app

CATALOGUES = Path(__file__).parents[2] / "contracts" / "setup"
SERVER_KEY = "00" * 32
MADE_AT = datetime(2026, 1, 1, tzinfo=UTC)
CREDENTIAL = "contracts"
# Fixed texts of the generated form: no case depends on their values.
IDENTIFIER = "CONTRACTSIDENTIFIERAAAAAAAAAAAAA"
SECRET = "CONTRACTSSECRETBBBBBBBBBBBBBBBBB"
# Of another gateway: its credential has to name the wire.
GATEWAY_IDENTIFIER = "GATEWAYIDENTIFIERAAAAAAAAAAAAAAA"
VALUES = complete_credentials(
    {
        "identifier": IDENTIFIER,
        "secret": SECRET,
        "username": IDENTIFIER,
        "password": SECRET,
        "business_id": "1",
    }
)


def fast_folder() -> Path | None:
    """Return a folder in memory where there is one: stores sync every commit to disk."""
    shared = Path("/dev/shm")  # noqa: S108 - a folder of its own is made in it
    return shared if shared.is_dir() else None


def environment(account: AccountSpec, database: Path) -> dict[str, str]:
    """Return the settings of a case's account as the environment gives them."""
    environ = {
        "ADAPTER_DATABASE_URL": f"sqlite:///{database}",
        "ADAPTER_ACCESS_SERVER_KEY": SERVER_KEY,
        "ADAPTER_ACCESS_FAILURE_DELAY_SECONDS": "0",
    }
    for prefix, values in (("limits.", account.limits), ("access.", account.access)):
        environ |= {_variable(prefix + name): _text(value) for name, value in values.items()}
    environ |= {_variable(name): _text(value) for name, value in account.config.items()}
    main = {"ZONE": account.zone, "BUSINESS_ID": account.business_id, "MODE": account.mode}
    environ |= {f"ADAPTER_ACCOUNTS_MAIN_{name}": value for name, value in main.items() if value}
    return environ


def settings_of(account: AccountSpec, protocol: str, database: Path) -> Settings:
    """Return an account's settings; its `quirks` are those of `protocol`."""
    environ = environment(account, database)
    prefix = f"accounts.main.{protocol}."
    environ |= {_variable(prefix + name): _text(value) for name, value in account.quirks.items()}
    return load_settings(environ)


def protocols_of(case: Case) -> dict[str, LegacyProtocol[Any]]:
    """Return the protocols as the case's account has them, by name."""
    key = f"{case.protocol} {case.account!r}"
    if key not in _PROTOCOLS:
        made = assemble_protocols(settings_of(case.account, case.protocol, Path("none.db")))
        _PROTOCOLS[key] = {protocol.name: protocol for protocol in made}
    return _PROTOCOLS[key]


_PROTOCOLS: dict[str, dict[str, LegacyProtocol[Any]]] = {}


def _variable(key: str) -> str:
    return "ADAPTER_" + key.replace(".", "_").upper()


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(str(each) for each in value) if isinstance(value, list) else str(value)


@dataclass
class AppTarget:
    """Opens each case on a store that is a fresh copy of one migrated template.

    Applications are kept by their settings: building one costs more than a case.
    """

    folder: Path
    where: SkipWhere = SkipWhere.IN_PROCESS

    def __post_init__(self) -> None:
        self.opened = 0
        self.sessions: dict[str, AppSession] = {}
        settings = load_settings(environment(AccountSpec(), self.folder / "template.db"))
        store = Store(settings.main.store)
        upgrade(store)
        with store.write() as uow:
            ensure_defaults(uow, MADE_AT)
            row = credential_row(settings, CREDENTIAL, IDENTIFIER, SECRET)
            insert_credential(uow, row)
            gateway = replace(
                row, name="gateway", identifier=GATEWAY_IDENTIFIER, protocols=(CANONICAL,)
            )
            insert_credential(uow, gateway)
        store.close()
        self.template = sqlite3.connect(self.folder / "template.db")

    def close(self) -> None:
        """Close every store."""
        self.template.close()
        for session in self.sessions.values():
            session.store.close()

    def blocker(self, _: Case) -> str | None:
        """Return None: every case runs in process."""
        return None

    @contextmanager
    def open(self, case: Case) -> Iterator[Session]:
        """Return a session on a fresh account that is as the case wants it."""
        session = self.account(case.account, case.protocol, case.today or DEFAULT_TODAY)
        session.move_clock(session.today, case.local_time or DEFAULT_TIME)
        yield session

    def exchanged(self) -> list[tuple[WireRequest, WireResponse]]:
        """Return every exchange of the case before, secrets included."""
        return self.current.exchanged

    def zone(self) -> tzinfo:
        """Return the zone of that case's account."""
        return self.current.account.zone

    def account(
        self, account: AccountSpec, protocol: str, today: date = DEFAULT_TODAY
    ) -> "AppSession":
        """Return a session on a fresh account; the one before with the same settings ends."""
        self.opened += 1
        bare = replace(account, settings={}, setup=None, credentials={})
        key = f"{protocol} {bare!r}" if account.quirks else repr(bare)
        if key not in self.sessions:
            database = self.folder / f"store-{len(self.sessions)}.db"
            self.sessions[key] = AppSession(assemble(settings_of(account, protocol, database)))
        session = self.sessions[key]
        session.reset(self.template, today)
        self.current = session
        self._prepare(account, session)
        return session

    def _prepare(self, account: AccountSpec, session: "AppSession") -> None:
        if account.setup is not None:
            load_catalogue(account.setup, session.store, session.context())
        if account.settings:
            texts = {name: _text(value) for name, value in account.settings.items()}
            with session.store.write() as uow:
                change_settings(uow, session.context(), texts)
        for name, spec in account.credentials.items():
            # Another identifier for each case: the application remembers those it has seen.
            identifier = f"{name.upper()}{self.opened}X".ljust(32, "A")
            secret = f"{name.upper()}SECRET".ljust(32, "B")
            row = credential_row(session.assembly.settings, name, identifier, secret, spec)
            with session.store.write() as uow:
                insert_credential(uow, row)
                if spec.revoked:
                    revoke_credential(uow, name, MADE_AT)
            given = complete_credentials({"identifier": identifier, "secret": secret})
            session.values |= {f"{name}.{part}": text for part, text in given.items()}


def load_catalogue(name: str, store: Store, context: Context) -> None:
    """Load `contracts/setup/<name>.toml` as `adapter setup --file` does."""
    catalogue = parse_catalogue((CATALOGUES / f"{name}.toml").read_text(encoding="utf-8"))
    with store.write() as uow:
        apply_catalogue(uow, context, catalogue)


def credential_row(
    settings: Settings, name: str, identifier: str, secret: str, spec: CredentialSpec | None = None
) -> CredentialRow:
    """Return a credential as `adapter credentials add` would store it."""
    digests = digest_generated(server_key(settings), secret)
    limits = spec or CredentialSpec()
    return CredentialRow(
        name=name,
        identifier=identifier,
        account="main",
        secret_kind=digests.kind,
        secret_digest=digests.digest,
        created_at=MADE_AT,
        secret_md5_digest=digests.md5_digest,
        actions=tuple(action.lower() for action in limits.allow),
        addresses=limits.addresses,
    )


class AppSession:
    """One case's account, called through WSGI."""

    def __init__(self, assembly: Assembly) -> None:
        self.today = DEFAULT_TODAY
        self.local_time = DEFAULT_TIME
        self.account = assembly.settings.main.account
        self.store = assembly.stores["main"]
        gateway = replace(assembly.gateway, clocks={"main": self.now})
        self.assembly = replace(assembly, gateway=gateway)
        self.log = io.BytesIO()
        self.app = create_app(self.assembly, log_stream=self.log)
        self.backend: Backend = gateway.backends["main"]
        self.values: dict[str, str] = {}
        self.exchanged: list[tuple[WireRequest, WireResponse]] = []

    def use_backend(self, backend: Backend) -> None:
        """Execute commands elsewhere from now on."""
        if backend is self.backend:
            return
        self.backend = backend
        gateway = replace(self.assembly.gateway, backends={"main": backend})
        self.assembly = replace(self.assembly, gateway=gateway)
        self.app = create_app(self.assembly, log_stream=self.log)

    def reset(self, template: sqlite3.Connection, today: date) -> None:
        """Make the account a fresh one."""
        self.move_clock(today)
        self.exchanged = []
        self.log.seek(0)
        self.log.truncate()
        self.values = {**VALUES, "business_id": self.account.business_id}
        with closing(self.store.engine.raw_connection()) as connection:
            store: Any = connection.driver_connection
            template.backup(store)
        self.store._current_loaded = False

    def now(self) -> datetime:
        """Return the account's date and time of day in its zone."""
        local = datetime.combine(self.today, self.local_time, self.account.zone)
        return local.astimezone(UTC)

    def context(self) -> Context:
        """Return the circumstances of what an operator does."""
        return Context(
            caller=Caller(self.account, "operator", ""),
            today=self.today,
            now=self.now(),
            request_id="setup",
            reference="setup",
            elapsed=lambda: 0.0,
        )

    def move_clock(self, today: date, local_time: time = DEFAULT_TIME) -> None:
        """Set the account's date and the time of its day."""
        self.today = today
        self.local_time = local_time

    def send(self, _: str, request: WireRequest) -> WireResponse:
        """Answer a request through the real application."""
        reply = call_app(self.app, request)
        crashes = [line for line in self.log.getvalue().splitlines() if b'"crash"' in line]
        if crashes:
            raise StepFailed(f"the application crashed: {crashes[0].decode()}")
        self.exchanged.append((request, reply))
        return reply


def call_app(app: Any, request: WireRequest) -> WireResponse:
    """Call a WSGI application with exactly these bytes."""
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": request.path.encode().decode("latin-1"),
        "QUERY_STRING": request.query.decode("latin-1"),
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": request.address,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(request.body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in request.headers.items():
        key = name.upper().replace("-", "_")
        text = value.encode("utf-8", "surrogateescape").decode("latin-1")
        environ[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = text
    if request.announced_length is None:
        environ["wsgi.input_terminated"] = True
        environ["HTTP_TRANSFER_ENCODING"] = "chunked"
    else:
        environ["CONTENT_LENGTH"] = str(request.announced_length)
    started: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(status: str, headers: list[tuple[str, str]], _: Any = None) -> Any:
        started.append((status, headers))
        return lambda _: None

    parts = app(environ, start_response)
    try:
        body = b"".join(parts)
    finally:
        if hasattr(parts, "close"):
            parts.close()
    status, headers = started[-1]
    lower = {name.lower(): value for name, value in headers}
    return WireResponse(int(status.split()[0]), body, lower.pop("content-type", ""), lower)


@contextmanager
def app_target() -> Iterator[AppTarget]:
    """Return a target whose stores live in a folder of their own."""
    with (
        tempfile.TemporaryDirectory(prefix="contracts-", dir=fast_folder()) as folder,
        closing(AppTarget(Path(folder))) as target,
    ):
        yield target
