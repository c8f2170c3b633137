"""TOML and environment -> `Settings`. The only reader of the environment."""

import difflib
import os
import re
import tomllib
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from adapter.bridge.access import AccessConfig
from adapter.bridge.daily import DailyConfig
from adapter.bridge.idempotency import IdempotencyConfig
from adapter.bridge.journal import JournalConfig
from adapter.bridge.links import LinksConfig
from adapter.bridge.routing import COMMANDS
from adapter.commands.access import Account
from adapter.documents.config import BusinessConfig, DocumentConfig
from adapter.outbox.config import MailConfig
from adapter.protocols.base import Limits
from adapter.protocols.invoicesonline.quirks import Quirks as InvoicesOnlineQuirks
from adapter.protocols.whmcs.quirks import Quirks as WhmcsQuirks
from adapter.settings.backends import backend_specs, make_backend
from adapter.settings.contradictions import (
    account_backends,
    account_commands,
    contradictions,
    route_contradictions,
)
from adapter.settings.model import (
    MAIN,
    AccountConfig,
    AccountSettings,
    DatabaseConfig,
    FormPostConfig,
    ServerConfig,
    Settings,
    SettingsError,
)
from adapter.settings.routes import RoutesConfig, nearest
from adapter.settings.schema import account_specs, common_specs
from adapter.settings.sections import PREFIX, Spec, config_of
from adapter.settings.values import check_value, from_text, read_value
from adapter.store.config import RunConfig, StoreConfig

CONFIG: Final = "ADAPTER_CONFIG"
# What the file is called in messages, for processes that are given a copy of it; blank: no file.
CONFIG_NAME: Final = "ADAPTER_CONFIG_NAME"
DEFAULT_FILE: Final = "adapter.toml"

_BACKEND_KEY: Final = re.compile(r"accounts\.[^.]*\.backends\.([^.]*)")
_ACCOUNT_NAME: Final = re.compile(r"[a-z][a-z0-9]{0,31}")


@dataclass(frozen=True, slots=True)
class _Written:
    """A value as written, and where."""

    value: Any
    where: str
    from_environment: bool = False


@dataclass(frozen=True, slots=True)
class _Resolved:
    """Every setting's value by key, and where those stand that were chosen."""

    specs: Mapping[str, Spec]
    values: Mapping[str, Any]
    written: Mapping[str, _Written]
    accounts: tuple[str, ...]
    file: str | None


@dataclass(frozen=True, slots=True)
class SettingInForce:
    """A setting as it holds; `origin` is "default" or where it was chosen."""

    spec: Spec
    value: Any
    origin: str


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the file that `ADAPTER_CONFIG` names (else `adapter.toml`, if present) and environment.

    Raises `SettingsError` with everything that is wrong.
    """
    resolved = _resolve(os.environ if environ is None else environ)
    return _compose(resolved.values, resolved.accounts, resolved.file)


def list_settings(environ: Mapping[str, str] | None = None) -> tuple[SettingInForce, ...]:
    """Return every setting as it holds. Raises `SettingsError`."""
    resolved = _resolve(os.environ if environ is None else environ)
    # Where the value of a setting that stands in a file was chosen, the file's place was.
    places = {
        spec.fills: resolved.written[key]
        for key, spec in resolved.specs.items()
        if spec.fills and resolved.values[key]
    } | dict(resolved.written)
    return tuple(
        SettingInForce(
            spec, resolved.values[key], places[key].where if key in places else "default"
        )
        for key, spec in resolved.specs.items()
    )


def _resolve(environ: Mapping[str, str]) -> _Resolved:
    file, written, problems = _read_file(environ.get(CONFIG), environ.get(CONFIG_NAME))
    names = tuple(dict.fromkeys([MAIN, *_account_names(written, environ)]))
    specs = common_specs()
    for name in names:
        specs |= account_specs(name)
        specs |= _own_specs(name, written, environ)
    by_env = {spec.env: key for key, spec in specs.items()}
    for variable, text in environ.items():
        if variable.startswith(PREFIX) and variable not in {CONFIG, CONFIG_NAME}:
            key = by_env.get(variable)
            if key is None:
                problems.append(_unknown("environment", variable, by_env))
            else:
                written[key] = _Written(text, f"environment, {variable}", from_environment=True)
    values: dict[str, Any] = {key: spec.default for key, spec in specs.items()}
    wrong: set[str] = set()
    for key, each in written.items():
        spec = specs.get(key)
        if spec is None:
            problems.append(_unknown(each.where, key, specs))
            continue
        try:
            values[key] = _typed(spec, each)
        except ValueError as error:
            problems.append(f"{_place(each, key)}: {error}")
            wrong.add(key)
    problems += _secrets_from_files(specs, values, written, wrong)
    place = "" if file is None else f"{file}, "
    problems += (
        f"{place}{key}: has no default; set it"
        for key, spec in specs.items()
        if spec.required and key not in written and not values[key]
    )
    problems += contradictions(values, names, frozenset(written), frozenset(wrong))
    for name in names:
        problems += (place + each for each in route_contradictions(values, name, written, wrong))
    if problems:
        raise SettingsError(tuple(problems))
    return _Resolved(specs, values, written, names, file)


def _typed(spec: Spec, written: _Written) -> Any:
    value = written.value
    if written.from_environment:
        value = from_text(spec.kind, value)
    value = read_value(spec.kind, value)
    if spec.check is None:
        check_value(spec.key, value)
    else:
        spec.check(value)
    return value


def _secrets_from_files(
    specs: Mapping[str, Spec],
    values: dict[str, Any],
    written: Mapping[str, _Written],
    wrong: set[str],
) -> Iterator[str]:
    """Read the secrets that stand in files of their own; yield what is wrong with those."""
    for key, spec in specs.items():
        if not spec.fills or not values[key]:
            continue
        place = _place(written[key], key)
        if spec.fills in written:
            yield f"{place}: {spec.fills} is set too; set one of both"
            continue
        try:
            text = Path(values[key]).read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is no text"
            yield f"{place}: {values[key]} cannot be read: {reason}; name a readable file"
            wrong.add(spec.fills)
            continue
        if not text.strip() or "\n" in text:
            yield f"{place}: {values[key]} must hold one line, the secret; write it there"
            wrong.add(spec.fills)
            continue
        try:
            check_value(spec.fills, text)
        except ValueError as error:
            yield f"{place}: {values[key]}: {error}"
            wrong.add(spec.fills)
            continue
        values[spec.fills] = text


def _own_specs(
    account: str, written: Mapping[str, _Written], environ: Mapping[str, str]
) -> Iterator[tuple[str, Spec]]:
    """Yield the settings that an account has because its tables name them."""
    prefix = f"accounts.{account}.backends"
    for name in _backend_names(account, written, environ):
        key = f"{prefix}.{name}.kind"
        variable = PREFIX + key.replace(".", "_").upper()
        kind = environ.get(variable, written[key].value if key in written else "")
        for spec in backend_specs(f"{prefix}.{name}", str(kind)):
            yield spec.key, spec
    commands = f"accounts.{account}.routes.commands."
    for key in written:
        command = key.removeprefix(commands)
        if key.startswith(commands) and command in COMMANDS:
            yield key, Spec(key, str, "", "")


def _backend_names(
    account: str, written: Mapping[str, _Written], environ: Mapping[str, str]
) -> Iterator[str]:
    found = dict.fromkeys(
        key.split(".")[3] for key in written if key.startswith(f"accounts.{account}.backends.")
    )
    start = f"{PREFIX}ACCOUNTS_{account.upper()}_BACKENDS_"
    found |= dict.fromkeys(
        variable.removeprefix(start).partition("_")[0].lower()
        for variable in environ
        if variable.startswith(start)
    )
    yield from (name for name in found if _ACCOUNT_NAME.fullmatch(name))


def _place(each: _Written, key: str) -> str:
    return each.where if each.from_environment else f"{each.where}, {key}"


def _read_file(
    chosen: str | None, called: str | None = None
) -> tuple[str | None, dict[str, _Written], list[str]]:
    path = Path(chosen or DEFAULT_FILE)
    if not path.is_file():
        if chosen:
            return None, {}, [f"{CONFIG}: no such file: {chosen}; create it or unset {CONFIG}"]
        return None, {}, []
    try:
        tree = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        return None, {}, [f"{called or path}: not readable as TOML: {error}"]
    name = str(path) if called is None else called
    return name or None, {key: _Written(value, name) for key, value in _leaves(tree)}, []


def _leaves(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in tree.items():
        # A backend without any setting is still one, and lacks its kind.
        if isinstance(value, dict) and (value or not prefix.endswith(".backends.")):
            yield from _leaves(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def _account_names(written: Mapping[str, _Written], environ: Mapping[str, str]) -> Iterator[str]:
    for key in written:
        section, _, rest = key.partition(".")
        if section == "accounts" and _ACCOUNT_NAME.fullmatch(rest.partition(".")[0]):
            yield rest.partition(".")[0]
    accounts = f"{PREFIX}ACCOUNTS_"
    for variable in environ:
        name = variable.removeprefix(accounts).partition("_")[0].lower()
        if variable.startswith(accounts) and _ACCOUNT_NAME.fullmatch(name):
            yield name


def _unknown(where: str, name: str, known: Mapping[str, Any]) -> str:
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.75)
    remedy = f"did you mean {close[0]}?" if close else "remove it"
    backend = _BACKEND_KEY.match(name)
    if backend is not None and not _ACCOUNT_NAME.fullmatch(backend[1]):
        remedy = "a backend's name is a lower-case letter with letters and digits; rename it"
    if ".routes.commands." in name:
        remedy = nearest(name.rpartition(".")[2], COMMANDS)
    return f"{where}: unknown setting {name}: {remedy} (docs/settings.md lists all)"


def _compose(values: Mapping[str, Any], names: tuple[str, ...], file: str | None) -> Settings:
    config = partial(config_of, values)
    database: DatabaseConfig = config(DatabaseConfig, "database")
    accounts = {}
    for name in names:
        prefix = f"accounts.{name}"
        written: AccountConfig = config(AccountConfig, prefix)
        accounts[name] = AccountSettings(
            Account(name, written.mode, written.zone, written.business_id),
            StoreConfig(
                url=written.database_url or database.url,
                write_wait_seconds=database.write_wait_seconds,
                pool_size=database.pool_size,
            ),
            replace(config(WhmcsQuirks, f"{prefix}.whmcs"), zone=written.zone),
            config(InvoicesOnlineQuirks, f"{prefix}.invoicesonline"),
            config(IdempotencyConfig, f"{prefix}.idempotency"),
            config(BusinessConfig, f"{prefix}.business"),
            config(DocumentConfig, f"{prefix}.documents"),
            written.clock_shift_days,
            {
                backend: make_backend(backend, kind, values, f"{prefix}.backends.{backend}")
                for backend, kind in account_backends(values, name).items()
            },
            config(RoutesConfig, f"{prefix}.routes"),
            account_commands(values, name),
        )
    return Settings(
        accounts=types.MappingProxyType(accounts),
        access=config(AccessConfig, "access"),
        form_post=config(FormPostConfig, "whmcs"),
        limits=config(Limits, "limits"),
        run=replace(config(RunConfig, "run"), mail_hold_seconds=values["mail.hold"]),
        daily=config(DailyConfig, "run"),
        mail=config(MailConfig, "mail"),
        journal=config(JournalConfig, "journal"),
        links=config(LinksConfig, "links"),
        server=config(ServerConfig, "server"),
        file=file,
    )
