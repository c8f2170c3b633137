"""What the gateway is told: the layers' own configs, composed into one frozen `Settings`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from adapter.bridge.access import AccessConfig
from adapter.bridge.daily import DailyConfig
from adapter.bridge.idempotency import IdempotencyConfig
from adapter.bridge.journal import JournalConfig
from adapter.bridge.links import LinksConfig
from adapter.commands.access import Account, Mode
from adapter.documents.config import BusinessConfig, DocumentConfig
from adapter.errors import AdapterError
from adapter.outbox.config import MailConfig
from adapter.protocols.base import Limits
from adapter.protocols.invoicesonline.quirks import Quirks as InvoicesOnlineQuirks
from adapter.protocols.whmcs.quirks import Quirks as WhmcsQuirks
from adapter.settings.backends import BackendSettings
from adapter.settings.routes import RoutesConfig
from adapter.store.config import RunConfig, StoreConfig

MAIN: Final = "main"


class SettingsError(AdapterError):
    """The settings cannot be used; `problems` name place, key and remedy, one each."""

    code = "settings"

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class ServerConfig:
    """How `adapter serve` listens, and for which accounts (none named: all)."""

    bind: str = "127.0.0.1:8080"
    workers: int = 1
    threads: int = 4
    body_timeout_seconds: float = 30.0
    tls_cert: str = ""
    tls_key: str = ""
    metrics_bind: str = ""
    metrics_addresses: tuple[str, ...] = ("127.0.0.1", "::1")
    tracing: bool = False
    accounts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FormPostConfig:
    """What holds for the form-post protocol in every account."""

    allow_get: bool = True


@dataclass(frozen=True, slots=True)
class DatabaseConfig:
    """The first account's database, and how every account's is used."""

    url: str = "sqlite:///var/adapter.db"
    write_wait_seconds: float = StoreConfig("").write_wait_seconds
    pool_size: int = StoreConfig("").pool_size


@dataclass(frozen=True, slots=True)
class AccountConfig:
    """One account as written; the accounts' quirks stand in tables of their own."""

    mode: Mode = Mode.SANDBOX
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    business_id: str = "1"
    database_url: str = ""
    clock_shift_days: int = 0


@dataclass(frozen=True, slots=True)
class AccountSettings:
    """One account with what each layer needs for it.

    `commands` maps names of commands to the backends that execute them.
    """

    account: Account
    store: StoreConfig
    whmcs: WhmcsQuirks
    invoicesonline: InvoicesOnlineQuirks
    idempotency: IdempotencyConfig
    business: BusinessConfig
    documents: DocumentConfig
    clock_shift_days: int
    backends: Mapping[str, BackendSettings] = field(default_factory=dict)
    routes: RoutesConfig = RoutesConfig()
    commands: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings. `accounts` begins with the first one, `main`; `file` is None without one."""

    accounts: Mapping[str, AccountSettings]
    access: AccessConfig
    form_post: FormPostConfig
    limits: Limits
    run: RunConfig
    daily: DailyConfig
    mail: MailConfig
    links: LinksConfig
    journal: JournalConfig
    server: ServerConfig
    file: str | None

    @property
    def main(self) -> AccountSettings:
        """The first account, whose database holds the credentials."""
        return self.accounts[MAIN]

    @property
    def served_accounts(self) -> tuple[str, ...]:
        """The accounts that web and daily workers work for."""
        return self.server.accounts or tuple(self.accounts)

    @property
    def server_key_file(self) -> Path | None:
        """Where the server key is kept when the settings do not hold it themselves."""
        if self.access.server_key_file:
            return Path(self.access.server_key_file)
        database = sqlite_file(self.main.store.url)
        return None if database is None else database.with_name("server.key")

    @property
    def mail_folder(self) -> Path:
        """Where mail is written to that leaves as files."""
        if self.mail.folder:
            return Path(self.mail.folder)
        database = sqlite_file(self.main.store.url)
        return Path("var/mail") if database is None else database.with_name("mail")

    @property
    def base_url(self) -> str:
        """What links begin with: as chosen, else where this gateway listens."""
        if self.links.base_url:
            return self.links.base_url.rstrip("/")
        scheme = "https" if self.server.tls_cert else "http"
        return f"{scheme}://{self.server.bind}"


def sqlite_file(url: str) -> Path | None:
    """Return the file of a SQLite URL; None for any other database."""
    scheme, _, path = url.partition(":///")
    return Path(path.partition("?")[0]) if path and scheme.startswith("sqlite") else None
