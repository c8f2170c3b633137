"""What is wrong with settings that are each right by themselves."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from adapter.bridge.front_door import UpstreamCredentials
from adapter.bridge.routing import LOCAL, PASS
from adapter.commands.access import Mode
from adapter.errors import InvalidField
from adapter.outbox.config import Transport
from adapter.protocols.invoicesonline.client import InvoicesOnlineClient
from adapter.settings.backends import KINDS, make_backend
from adapter.settings.model import MAIN, sqlite_file
from adapter.settings.routes import RoutesConfig, route_problems
from adapter.settings.sections import config_of


def contradictions(
    values: Mapping[str, Any],
    names: tuple[str, ...],
    chosen: frozenset[str],
    wrong: frozenset[str],
) -> Iterator[str]:
    """Yield what is wrong with settings that are each right; what is not has been told already."""
    if bool(values["server.tls_cert"]) != bool(values["server.tls_key"]):
        yield "server.tls_cert and server.tls_key: set both or none"
    if sqlite_file(values["database.url"]) is None and not (
        values["access.server_key"] or values["access.server_key_file"]
    ):
        yield (
            "access.server_key: choose one (or access.server_key_file): without a SQLite file "
            "there is no default place for it"
        )
    if values["journal.rows"] < 1:
        yield 'journal.rows: must be 1 or more; `journal.record = "none"` keeps nothing'
    for name in values["server.accounts"]:
        if name not in names:
            yield f"server.accounts: no account {name}; known are {', '.join(names)}"
    for name in names:
        yield from _account_contradictions(values, name, chosen, wrong)
    in_production = any(values[f"accounts.{name}.mode"] is Mode.PRODUCTION for name in names)
    if in_production and "mail.transport" not in chosen:
        yield "mail.transport: production needs one of your choice (smtp, files or none); set it"
    urls = [values["database.url"], *(values[f"accounts.{name}.database_url"] for name in names)]
    used = [url for url in urls if url]
    if len(set(used)) < len(used):
        yield "accounts: two accounts have the same database; each needs its own"


def account_backends(values: Mapping[str, Any], name: str) -> dict[str, str]:
    """Return an account's backends with their kinds."""
    start = f"accounts.{name}.backends."
    return {
        key.removeprefix(start).removesuffix(".kind"): value
        for key, value in values.items()
        if key.startswith(start) and key.endswith(".kind")
    }


def account_commands(values: Mapping[str, Any], name: str) -> dict[str, str]:
    """Return the commands that have a route of their own, with its backend."""
    start = f"accounts.{name}.routes.commands."
    return {
        key.removeprefix(start): value for key, value in values.items() if key.startswith(start)
    }


def route_contradictions(
    values: Mapping[str, Any], name: str, chosen: Collection[str], wrong: Collection[str]
) -> Iterator[str]:
    """Yield what is wrong with an account's backends and routes, each well written by itself."""
    backends = account_backends(values, name)
    commands = account_commands(values, name)
    routes = f"accounts.{name}.routes"
    config: RoutesConfig = config_of(values, RoutesConfig, routes)
    for backend in backends:
        yield from _unfit(values, f"accounts.{name}.backends.{backend}", chosen, wrong)
    yield from _backend_contradictions(values, name, backends, wrong)
    yield from route_problems(routes, config, commands, backends)
    yield from _upstream_contradictions(values, name, config, wrong)
    used = {config.default, *commands.values(), *(rule.backend for rule in config.rules)}
    if config.upstream_credentials is UpstreamCredentials.REPLACE:
        used.update(config.upstreams)
    for backend in sorted(used):
        for needed in ("identifier", "secret"):
            key = f"accounts.{name}.backends.{backend}.{needed}"
            if backends.get(backend) == "forward" and not values[key] and key not in wrong:
                yield f"{key}: the gateway's own calls need it; set it"


def _unfit(
    values: Mapping[str, Any], table: str, chosen: Collection[str], wrong: Collection[str]
) -> Iterator[str]:
    """Yield the settings of a backend that do not go with its other ones."""
    terms = sorted(key for key in chosen if key.startswith(f"{table}.terms."))
    protocol = values.get(f"{table}.protocol")
    if terms and protocol == InvoicesOnlineClient.name:
        yield (
            f"{terms[0]}: only a form-post upstream has terms, and {table}.protocol is "
            f"{protocol}; remove [{table}.terms]"
        )
    read, whole = f"{table}.read_seconds", f"{table}.deadline_seconds"
    if read in chosen and not {read, whole} & set(wrong) and values[read] > values[whole]:
        yield (
            f"{read}: {values[read]:g} seconds of silence are never waited for, since a call ends "
            f"after deadline_seconds ({values[whole]:g}); lower it, or raise {whole}"
        )


def _backend_contradictions(
    values: Mapping[str, Any], name: str, backends: Mapping[str, str], wrong: Collection[str]
) -> Iterator[str]:
    for backend, kind in backends.items():
        table = f"accounts.{name}.backends.{backend}"
        if backend in {LOCAL, PASS}:
            yield f"{table}: this name is taken; choose another"
        if kind not in KINDS or any(key.startswith(f"{table}.") for key in wrong):
            continue
        try:
            make_backend(backend, kind, values, table)
        except InvalidField as error:
            yield f"{table}.{error.path}: {error}; choose another value"


def _upstream_contradictions(
    values: Mapping[str, Any], name: str, config: RoutesConfig, wrong: Collection[str]
) -> Iterator[str]:
    protocols: dict[str, str] = {}
    for backend in config.upstreams:
        key = f"accounts.{name}.backends.{backend}.protocol"
        protocol = values.get(key)
        if key in wrong or not protocol:
            continue
        if protocol in protocols:
            yield (
                f"accounts.{name}.routes.upstream: {protocols[protocol]} and {backend} speak "
                f"both {protocol}; name one for each protocol"
            )
        protocols[protocol] = backend


def _account_contradictions(
    values: Mapping[str, Any], name: str, chosen: frozenset[str], wrong: frozenset[str]
) -> Iterator[str]:
    prefix = f"accounts.{name}."
    if name == MAIN and values[prefix + "database_url"]:
        yield f"{prefix}database_url: the account main uses database.url; set that instead"
    url = prefix + "database_url"
    if name != MAIN and not values[url] and url not in wrong:
        yield f"{prefix}database_url: every account needs a database of its own; set it"
    if values["mail.transport"] is Transport.SMTP and not values[prefix + "business.email"]:
        yield f"{prefix}business.email: mail by SMTP needs a sender; set it"
    if values[prefix + "mode"] is not Mode.PRODUCTION:
        return
    for needed in ("zone", "business_id", "business.name"):
        if prefix + needed not in chosen:
            yield f"{prefix}{needed}: production needs one of your choice; set it"
    if values[prefix + "clock_shift_days"]:
        yield f"{prefix}clock_shift_days: a production clock cannot be moved; remove it"
