"""`[accounts.NAME.backends.BACKEND]`: the kinds of backends, each with its layer's own config.

To add a kind, or a config that every kind has, is one line here: its fields become settings.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final, TypeVar, get_type_hints
from urllib.parse import urlsplit

from adapter.backends.canonical_http import CanonicalConfig
from adapter.backends.forward.config import CLIENTS, ForwardConfig, UpstreamTerms
from adapter.backends.guarded import GuardConfig
from adapter.backends.mapped import MappedConfig
from adapter.backends.rates import read_rates
from adapter.backends.remote import RemoteConfig
from adapter.backends.transport import TransportConfig
from adapter.settings.sections import Section, Spec

ConfigT = TypeVar("ConfigT")

KIND: Final = "kind"


@dataclass(frozen=True, slots=True)
class BackendSettings:
    """One backend: its kind, and the configs that its table fills."""

    name: str
    kind: str
    configs: tuple[Any, ...] = field(repr=False)

    def config(self, kind: type[ConfigT]) -> ConfigT:
        """Return the config of this type."""
        found: ConfigT = next(each for each in self.configs if type(each) is kind)
        return found

    @property
    def protocol(self) -> str:
        """The legacy protocol that it speaks, "" where it speaks none."""
        return next(
            (each.protocol for each in self.configs if isinstance(each, ForwardConfig)), ""
        )


def _check_protocol(value: str) -> None:
    if value not in CLIENTS:
        raise ValueError(f"must be one of {', '.join(CLIENTS)}")


def _check_days(value: int) -> None:
    if value < -1:
        raise ValueError("must be -1 or more")


def _check_count(value: int) -> None:
    if value < 0:
        raise ValueError("must be 0 or more")


def check_url(value: str) -> None:
    """Raise `ValueError` unless this is an http(s) URL that can be called as it is."""
    try:
        parts = urlsplit(value)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname)
        _ = parts.port
    except ValueError:
        usable = False
    if not usable or value != value.strip() or " " in value:
        raise ValueError("must be a URL such as https://billing.example.com/includes/api.php")
    if parts.username is not None or parts.query or parts.fragment:
        raise ValueError("must hold no credentials, query or fragment; set those by their names")


def _check_optional_url(value: str) -> None:
    if value:
        check_url(value)


def _check_currency(value: str) -> None:
    if value and not re.fullmatch("[A-Z]{3}", value):
        raise ValueError("must be a code of three letters such as ZAR")


def _check_country(value: str) -> None:
    if value and not re.fullmatch("[A-Z]{2}", value):
        raise ValueError("must be a code of two letters such as ZA")


def _check_settled(value: float) -> None:
    if value <= 0:
        raise ValueError(
            "must be more than 0 seconds: a request without an answer may still be on its "
            "way, and sent again at once it could be carried out twice; leave it out for 60"
        )


def _check_mapping(value: str) -> None:
    if not value:
        raise ValueError("must name a shipped mapping or a file")


def _check_proxy(value: str) -> None:
    if value and urlsplit(value).scheme != "http":
        raise ValueError("must be a URL such as http://proxy.example.com:3128")


def _check_file(value: Any) -> None:
    if value is not None and not value.is_file():
        raise ValueError(f"no such file: {value}")


def _check_seconds(value: float) -> None:
    if value <= 0:
        raise ValueError("must be more than 0 seconds")


# What each kind's own table and those below it may hold.
KINDS: Final[Mapping[str, tuple[Section, ...]]] = {
    "forward": (
        Section(
            "",
            "A system that speaks one of the two legacy protocols.",
            (ForwardConfig,),
            {
                "protocol": "What it speaks: `whmcs` (form-post) or `invoicesonline` "
                "(positional).",
                "url": "Its endpoint: the address of `api.php`, or of the folder that holds the "
                "positional endpoints.",
                "identifier": "The identifier (or user name) that the gateway calls it with.",
                "secret": "The secret (or password) to it.",
                "access_key": "Its access key, where the system asks for one.",
                "business_id": "Its business id (BID), for the positional protocol.",
            },
            {"url": check_url, "protocol": _check_protocol},
            secret_files=True,
        ),
        Section(
            "terms",
            "What a form-post upstream has set, as far as a translation depends on it; what "
            'depends on something not declared is refused. For `protocol = "whmcs"` alone.',
            (UpstreamTerms,),
            {
                "currency": "Its clients' currency, by code.",
                "vat_rate": "The percentage that it adds to billable items; `0`: it does not tax "
                "them.",
                "vat_included": "Amounts of its billable items include VAT.",
                "days_in_advance": "How many days before its due date it invoices an item; -1: "
                "not declared.",
                "client_country": "Country code of clients that are made there.",
                "endless_times": "How many repetitions stand for `until cancelled`; 0: such "
                "schedules are refused.",
                "drop_product_codes": "Leave a line's product code out.",
            },
            {
                "currency": _check_currency,
                "days_in_advance": _check_days,
                "client_country": _check_country,
                "endless_times": _check_count,
            },
        ),
    ),
    "mapped": (
        Section(
            "",
            "A system that a mapping file describes (docs/mapped-backends.md).",
            (MappedConfig,),
            {
                "mapping": "A shipped mapping (`stripe`, `invoiceninja`), or the path of a file.",
                "url": "Its address, instead of the one in the file.",
                "identifier": "The identifier that the file's `auth` asks for.",
                "secret": "The secret that the file's `auth` asks for.",
                "values": "What replaces the file's own `values`, each as `name=value`.",
            },
            {"mapping": _check_mapping, "url": _check_optional_url},
            secret_files=True,
        ),
    ),
    "canonical": (
        Section(
            "",
            "A gateway or a service of yours that speaks the command model (docs/canonical.md).",
            (CanonicalConfig,),
            {
                "url": "The address that `/canonical/commands` stands below.",
                "identifier": "The identifier that goes along, with the secret, as HTTP Basic.",
                "secret": "The secret to it; alone it goes as a bearer token.",
                "send_day": "Send the account's date along; off, it acts on its own day.",
            },
            {"url": check_url},
            secret_files=True,
        ),
    ),
}
# What the table of every backend may hold.
EVERY_KIND: Final = Section(
    "",
    "What every kind of backend has besides.",
    (TransportConfig, RemoteConfig, GuardConfig),
    {
        "connect_seconds": "Time to find the name, connect and agree on TLS.",
        "read_seconds": "The longest silence that is waited for.",
        "deadline_seconds": "Time for everything that is done for one call.",
        "reply_bytes": "Size of a reply, at most; not for what passes as it is.",
        "ca_file": "Certificate authorities (PEM) that the system's certificate is verified "
        "with, instead of the usual ones. It is always verified.",
        "proxy": "Proxy to call through, as `http://HOST:PORT`; never taken from the environment.",
        "pool_size": "Connections that each process keeps open to it.",
        "tries": "How often a request is tried that provably did not arrive.",
        "pause_seconds": "The first pause between two tries; it doubles.",
        "settle_seconds": "How long after its deadline a call whose end is unknown may still be "
        "on its way: only then, and proved absent, is it sent again.",
        "accept": "When the caller gets success: at the backend's `answer`, or at once (`queue`) "
        "for commands whose reply needs nothing from the backend.",
        "breaker_failures": "So many failures in a row open the breaker: no command is sent then.",
        "breaker_seconds": "How long an open breaker rests before a safe read is let through.",
        "probe_seconds": "How long such a read may take.",
        "max_in_flight": "Commands that one process has on their way at once.",
        "rate": "Commands to it, such as `10/second; 600/minute`; blank: as many as come.",
        "credential_rate": "The same for each credential.",
    },
    {
        "connect_seconds": _check_seconds,
        "read_seconds": _check_seconds,
        "deadline_seconds": _check_seconds,
        "settle_seconds": _check_settled,
        "breaker_seconds": _check_seconds,
        "probe_seconds": _check_seconds,
        "rate": read_rates,
        "credential_rate": read_rates,
        "ca_file": _check_file,
        "proxy": _check_proxy,
    },
    secret_files=True,
)


def backend_specs(prefix: str, kind: str) -> Iterator[Spec]:
    """Yield the settings of one backend; of every kind when its own is not known."""
    yield Spec(f"{prefix}.{KIND}", str, "", "", required=True, check=_check_kind)
    own = KINDS.get(kind) or tuple(section for each in KINDS.values() for section in each)
    for section in (*own, EVERY_KIND):
        yield from section.specs(prefix)


def _check_kind(value: str) -> None:
    if value not in KINDS:
        raise ValueError(f"must be one of {', '.join(KINDS)}")


def make_backend(name: str, kind: str, values: Mapping[str, Any], prefix: str) -> BackendSettings:
    """Return a backend from its settings. Raises `InvalidField` where a config refuses them.

    A config that holds another one is given that.
    """
    made: dict[str, Any] = {}
    for section in (EVERY_KIND, *reversed(KINDS[kind])):
        table = f"{prefix}.{section.name}".rstrip(".")
        for config in section.configs:
            hints = get_type_hints(config)
            given = {
                each.name: values[f"{table}.{each.name}"]
                for each in fields(config)
                if f"{table}.{each.name}" in values
            }
            inner = {
                each.name: made[hints[each.name].__qualname__]
                for each in fields(config)
                if getattr(hints[each.name], "__qualname__", "") in made
            }
            made[config.__qualname__] = config(**given, **inner)
    return BackendSettings(name, kind, tuple(made.values()))
