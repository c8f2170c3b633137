"""TOML and environment -> `Settings`. The only reader of the environment."""

import difflib
import os
import re
import tomllib
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Final

from adapter.bridge.access import AccessConfig
from adapter.bridge.daily import DailyConfig
from adapter.commands.access import Account, Mode
from adapter.protocols.base import Limits
from adapter.protocols.invoicesonline.quirks import Quirks as InvoicesOnlineQuirks
from adapter.protocols.whmcs.quirks import Quirks as WhmcsQuirks
from adapter.settings.model import (
    MAIN,
    AccountConfig,
    AccountSettings,
    DatabaseConfig,
    FormPostConfig,
    ServerConfig,
    Settings,
    SettingsError,
    sqlite_file,
)
from adapter.settings.schema import PREFIX, Spec, account_specs, common_specs
from adapter.settings.values import check_value, from_text, read_value
from adapter.store.config import RunConfig, StoreConfig

CONFIG: Final = "ADAPTER_CONFIG"
DEFAULT_FILE: Final = "adapter.toml"

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
    return tuple(
        SettingInForce(
            spec,
            resolved.values[key],
            resolved.written[key].where if key in resolved.written else "default",
        )
        for key, spec in resolved.specs.items()
    )


def _resolve(environ: Mapping[str, str]) -> _Resolved:
    file, written, problems = _read_file(environ.get(CONFIG))
    names = tuple(dict.fromkeys([MAIN, *_account_names(written, environ)]))
    specs = common_specs()
    for name in names:
        specs |= account_specs(name)
    by_env = {spec.env: key for key, spec in specs.items()}
    for variable, text in environ.items():
        if variable.startswith(PREFIX) and variable != CONFIG:
            key = by_env.get(variable)
            if key is None:
                problems.append(_unknown("environment", variable, by_env))
            else:
                written[key] = _Written(text, f"environment, {variable}", from_environment=True)
    values: dict[str, Any] = {key: spec.default for key, spec in specs.items()}
    wrong = set()
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
    problems += _contradictions(values, names, frozenset(written), frozenset(wrong))
    if problems:
        raise SettingsError(tuple(problems))
    return _Resolved(specs, values, written, names, file)


def _typed(spec: Spec, written: _Written) -> Any:
    value = written.value
    if written.from_environment:
        value = from_text(spec.kind, value)
    value = read_value(spec.kind, value)
    check_value(spec.key, value)
    return value


def _place(each: _Written, key: str) -> str:
    return each.where if each.from_environment else f"{each.where}, {key}"


def _read_file(chosen: str | None) -> tuple[str | None, dict[str, _Written], list[str]]:
    path = Path(chosen or DEFAULT_FILE)
    if not path.is_file():
        if chosen:
            return None, {}, [f"{CONFIG}: no such file: {chosen}; create it or unset {CONFIG}"]
        return None, {}, []
    try:
        tree = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        return None, {}, [f"{path}: not readable as TOML: {error}"]
    return str(path), {key: _Written(value, str(path)) for key, value in _leaves(tree)}, []


def _leaves(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in tree.items():
        if isinstance(value, dict):
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
    return f"{where}: unknown setting {name}: {remedy} (docs/settings.md lists all)"


def _contradictions(
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
    for name in values["server.accounts"]:
        if name not in names:
            yield f"server.accounts: no account {name}; known are {', '.join(names)}"
    for name in names:
        yield from _account_contradictions(values, name, chosen, wrong)
    urls = [values["database.url"], *(values[f"accounts.{name}.database_url"] for name in names)]
    used = [url for url in urls if url]
    if len(set(used)) < len(used):
        yield "accounts: two accounts have the same database; each needs its own"


def _account_contradictions(
    values: Mapping[str, Any], name: str, chosen: frozenset[str], wrong: frozenset[str]
) -> Iterator[str]:
    prefix = f"accounts.{name}."
    if name == MAIN and values[prefix + "database_url"]:
        yield f"{prefix}database_url: the account main uses database.url; set that instead"
    url = prefix + "database_url"
    if name != MAIN and not values[url] and url not in wrong:
        yield f"{prefix}database_url: every account needs a database of its own; set it"
    if values[prefix + "mode"] is not Mode.PRODUCTION:
        return
    for needed in ("zone", "business_id"):
        if prefix + needed not in chosen:
            yield f"{prefix}{needed}: production needs one of your choice; set it"
    if values[prefix + "clock_shift_days"]:
        yield f"{prefix}clock_shift_days: a production clock cannot be moved; remove it"


def _compose(values: Mapping[str, Any], names: tuple[str, ...], file: str | None) -> Settings:
    def config(kind: type, prefix: str) -> Any:
        return kind(
            **{
                each.name: values[f"{prefix}.{each.name}"]
                for each in fields(kind)
                if f"{prefix}.{each.name}" in values
            }
        )

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
            written.clock_shift_days,
        )
    return Settings(
        accounts=types.MappingProxyType(accounts),
        access=config(AccessConfig, "access"),
        form_post=config(FormPostConfig, "whmcs"),
        limits=config(Limits, "limits"),
        run=config(RunConfig, "run"),
        daily=config(DailyConfig, "run"),
        server=config(ServerConfig, "server"),
        file=file,
    )
