"""Every setting: its place in the file, its name in the environment, what it means."""

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any, Final, get_type_hints

from adapter.bridge.access import AccessConfig
from adapter.bridge.daily import DailyConfig
from adapter.protocols.base import Limits
from adapter.protocols.invoicesonline.quirks import Quirks as InvoicesOnlineQuirks
from adapter.protocols.whmcs.quirks import Quirks as WhmcsQuirks
from adapter.settings.model import AccountConfig, DatabaseConfig, FormPostConfig, ServerConfig
from adapter.store.config import RunConfig

PREFIX: Final = "ADAPTER_"


@dataclass(frozen=True, slots=True)
class Spec:
    """One setting: where it stands, what it may be, what it does."""

    key: str
    kind: Any
    default: Any
    about: str
    secret: bool = False

    @property
    def env(self) -> str:
        """Its name in the environment."""
        return PREFIX + self.key.replace(".", "_").upper()


@dataclass(frozen=True, slots=True)
class Section:
    """One table of the file: the configs it fills and what their fields mean.

    A field without a text is not a setting: another layer fills it.
    """

    name: str
    about: str
    configs: tuple[type, ...]
    texts: Mapping[str, str]

    def specs(self, prefix: str = "") -> Iterator[Spec]:
        """Yield the section's settings in the order of their fields."""
        for config in self.configs:
            hints = get_type_hints(config)
            for each in fields(config):
                if each.name in self.texts:
                    default = (
                        each.default_factory()
                        if each.default_factory is not MISSING
                        else each.default
                    )
                    key = ".".join(part for part in (prefix, self.name, each.name) if part)
                    yield Spec(
                        key, hints[each.name], default, self.texts[each.name], not each.repr
                    )


SECTIONS: Final = (
    Section(
        "database",
        "The databases. Each account has its own; the first one's also holds the credentials.",
        (DatabaseConfig,),
        {
            "url": "Database of the account `main`, as an SQLAlchemy URL.",
            "write_wait_seconds": "How long a writer waits for its turn on SQLite before the "
            "caller gets an error.",
            "pool_size": "Connections that each process keeps open to one database.",
        },
    ),
    Section(
        "access",
        "Who may call. Credentials themselves are made with `adapter credentials`.",
        (AccessConfig,),
        {
            "allowed_addresses": "Addresses and networks that may call at all. Loopback only "
            "until you say otherwise; `0.0.0.0/0` and `::/0` let everybody try.",
            "trusted_proxies": "Proxies whose `X-Forwarded-For` is believed, as addresses or "
            "networks.",
            "access_key": "A caller that sends it as `accesskey` may call from any address; it "
            "still needs credentials. Letters, digits and `! @ # $ % . ( ) * [ ] - _`.",
            "failure_delay_seconds": "The longest wait put before another try after failed "
            "logins from one address with one identifier; 0 is none.",
            "server_key": "The key under which generated secrets are stored, 64 hex digits. "
            "Without it `server_key_file` is used.",
            "server_key_file": "File of the server key, made on first use and readable by its "
            "owner only. Blank: `server.key` beside the SQLite file of `main`. Keep it with the "
            "backups: without it no generated secret is valid any more.",
        },
    ),
    Section(
        "whmcs",
        "The form-post protocol, in every account.",
        (FormPostConfig,),
        {"allow_get": "Answer GET as well as POST."},
    ),
    Section(
        "limits",
        "Bounds on one request; past any of them the caller gets an error.",
        (Limits,),
        {
            "body_bytes": "Size of the body.",
            "fields": "Number of parameters.",
            "depth": "Levels of nesting.",
            "rows": "Rows of a line list.",
            "columns": "Columns of one row.",
        },
    ),
    Section(
        "run",
        "Invoice runs.",
        (RunConfig, DailyConfig),
        {
            "time_limit_seconds": "Time of a run that an API call starts; past it the caller gets "
            "an error that names what was issued, and the next call goes on.",
            "wait_seconds": "How long a run waits for clients that another one is billing, before "
            "the same error.",
            "page_seconds": "Time of one transaction of a run.",
            "page_clients": "Clients in one transaction of a run, at most.",
            "document_limit": "Documents that one run issues at most.",
            "set_based": "Whether plain items are billed by set-based SQL; without it every item "
            "takes the slower path that special ones take, with the same result.",
            "calendar_months": "How far back due dates are prepared for set-based SQL; older ones "
            "take the slower path.",
            "at": "When each account's daily run starts, in the account's time zone.",
        },
    ),
    Section(
        "server",
        "`adapter serve`; its options win over these.",
        (ServerConfig,),
        {
            "bind": "Address and port.",
            "workers": "Web processes.",
            "threads": "Requests that one web process works on at once.",
            "body_timeout_seconds": "How long a caller may take to send a request's body.",
            "tls_cert": "Certificate file (PEM); with `tls_key` the server speaks HTTPS.",
            "tls_key": "Key file of the certificate (PEM, PKCS#8).",
            "metrics_bind": "Address and port of the Prometheus listener, for example "
            "`127.0.0.1:9464`; blank is none.",
            "accounts": "Accounts that are served; blank is all.",
        },
    ),
)

ACCOUNT_SECTIONS: Final = (
    Section(
        "",
        "One table per account. The account `main` is always there and is the first.",
        (AccountConfig,),
        {
            "mode": "`sandbox` or `production`. Production starts only with a zone and a business "
            "id of your choice.",
            "zone": "IANA time zone: what day it is for this account.",
            "business_id": "The business id (BID) that callers may send and must then match.",
            "database_url": "Database of this account; for `main` it is `database.url`.",
            "clock_shift_days": "Days that a sandbox account lives ahead of the real date; "
            "negative: behind it.",
        },
    ),
    Section(
        "whmcs",
        "How the form-post protocol answers this account's callers.",
        (WhmcsQuirks,),
        {
            "numbers": "JSON numbers: `mixed` as in the documented examples, all `int`, or all "
            "`text`.",
            "unknown_action_text": "Error text for an unknown action: `current` or `legacy`.",
            "version": "The version that the gateway says it is.",
            "raw_nvp": "Write `;` and line breaks inside NVP values as they are, as the original "
            "does; a stored text can then forge a pair.",
        },
    ),
    Section(
        "invoicesonline",
        "How the positional-array protocol answers this account's callers.",
        (InvoicesOnlineQuirks,),
        {
            "empty_required_booleans": "An empty required 1/0 field means 0; off, it is an error.",
            "truncate_long_values": "Cut texts longer than documented; off, they are refused.",
            "both_discounts": "A document with both discounts is refused (`refuse`), or the "
            "percentage wins (`percentage`).",
            "round_unit_price": "Round unit prices to two decimals when they are read; off, up to "
            "six are kept.",
            "int_document_id": "Write `document_id` as a JSON number; off, as text.",
        },
    ),
)


def account_specs(account: str) -> dict[str, Spec]:
    """Return the settings of one account by key."""
    prefix = f"accounts.{account}"
    specs = (spec for section in ACCOUNT_SECTIONS for spec in section.specs(prefix))
    return {spec.key: spec for spec in specs}


def common_specs() -> dict[str, Spec]:
    """Return the settings that belong to no account by key."""
    return {spec.key: spec for section in SECTIONS for spec in section.specs()}
