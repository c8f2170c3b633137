"""One setting's value: from file or variable to its type, with the rules it must keep."""

import re
from collections.abc import Callable, Mapping
from datetime import time
from enum import StrEnum
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Final, get_args, get_origin
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from adapter.bridge.addresses import AddressList
from adapter.bridge.secrets import parse_server_key
from adapter.documents.mail import Undeliverable, split_addresses
from adapter.settings.routes import read_rules

# What a time of day is that never comes.
OFF: Final = "off"
_ACCESS_KEY: Final = re.compile(r"[A-Za-z0-9!@#$%.()*\[\]_-]*")
_TRUE: Final = frozenset({"1", "true", "yes", "on"})
_FALSE: Final = frozenset({"0", "false", "no", "off"})
_MAX_PORT: Final = 65_535
_MAX_SHIFT_DAYS: Final = 36_500


def read_value(kind: Any, value: Any) -> Any:
    """Turn a value of the file into a setting's type; raises `ValueError` with the rule."""
    return _READERS[reader_name(kind)](kind, value)


def from_text(kind: Any, text: str) -> Any:
    """Turn a variable's text into what the file would hold; unreadable text stays as it is."""
    if kind is bool and text.lower() in _TRUE | _FALSE:
        return text.lower() in _TRUE
    if kind in {int, float}:
        try:
            return kind(text)
        except ValueError:
            return text
    if get_origin(kind) is tuple:
        return [part.strip() for part in text.split(",") if part.strip()]
    return text


def reader_name(kind: Any) -> str:
    """Return the word for a type's form; an optional one is written as what it may be."""
    if isinstance(kind, UnionType):
        kind = next(each for each in get_args(kind) if each is not NoneType)
    if get_origin(kind) is tuple:
        return "list"
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return "choice"
    return str(kind.__name__)


def _read_bool(_kind: Any, value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")  # noqa: TRY004 - the same
    return value


def _read_int(_kind: Any, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("must be a whole number")  # noqa: TRY004 - one error for every rule
    return value


def _read_float(_kind: Any, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 10**9:
        raise ValueError("must be a number from 0 on")
    return float(value)


def _read_text(_kind: Any, value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("must be a text in quotes")  # noqa: TRY004 - the same
    return value


def _read_list(kind: Any, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(
        isinstance(each, get_args(kind)[0]) for each in value
    ):
        raise ValueError("must be a list of texts")
    return tuple(value)


def _read_choice(kind: type[StrEnum], value: Any) -> StrEnum:
    try:
        return kind(value)
    except ValueError:
        raise ValueError("must be one of " + ", ".join(kind)) from None


def _read_zone(_kind: Any, value: Any) -> ZoneInfo:
    try:
        return ZoneInfo(_read_text(_kind, value))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(
            f"no such time zone: {value}; use a name such as Africa/Johannesburg"
        ) from None


def _read_time(_kind: Any, value: Any) -> time | None:
    if isinstance(value, time):
        return value
    if value == OFF:
        return None
    if not (isinstance(value, str) and re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", value)):
        raise ValueError("must be a time of day such as 00:30, or off")
    return time.fromisoformat(value)


def _read_path(_kind: Any, value: Any) -> Path | None:
    text = _read_text(_kind, value)
    return Path(text) if text else None


_READERS: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "bool": _read_bool,
    "int": _read_int,
    "float": _read_float,
    "str": _read_text,
    "list": _read_list,
    "choice": _read_choice,
    "ZoneInfo": _read_zone,
    "time": _read_time,
    "Path": _read_path,
    "RuleTables": lambda _kind, value: read_rules(value),
}


def check_value(key: str, value: Any) -> None:
    """Raise `ValueError` when a value of the right type cannot be meant."""
    name = key.rpartition(".")[2]
    check = _CHECKS.get(name)
    if check is not None:
        check(value)
    elif type(value) is int and value < 1:
        raise ValueError("must be 1 or more")


def _check_access_key(value: str) -> None:
    if not _ACCESS_KEY.fullmatch(value):
        raise ValueError("only letters, digits and ! @ # $ % . ( ) * [ ] - _ are allowed")


def _check_server_key(value: str) -> None:
    if value:
        parse_server_key(value, "the value")


def _check_database(value: str) -> None:
    try:
        url = make_url(value)
        url.get_dialect()
    except NoSuchModuleError:
        raise ValueError(f"no such kind of database: {url.drivername}") from None
    except (ArgumentError, ValueError):
        raise ValueError("must be a database URL such as sqlite:///var/adapter.db") from None
    if url.get_backend_name() == "sqlite" and not url.database:
        raise ValueError("must name a file, as sqlite:///var/adapter.db does")


def _check_optional_database(value: str) -> None:
    if value:
        _check_database(value)


def _check_optional_bind(value: str) -> None:
    if value:
        parse_bind(value)


def _check_business_id(value: str) -> None:
    if not value or value != value.strip():
        raise ValueError("must not be blank, nor begin or end with blanks")


def _check_shift(value: int) -> None:
    if abs(value) > _MAX_SHIFT_DAYS:
        raise ValueError(f"must lie between -{_MAX_SHIFT_DAYS} and {_MAX_SHIFT_DAYS}")


def parse_bind(text: str) -> tuple[str, int]:
    """Return host and port of `HOST:PORT` or `[IPV6]:PORT`; raises `ValueError`."""
    host, _, port = text.rpartition(":")
    if not host or not (port.isascii() and port.isdigit()) or int(port) > _MAX_PORT:
        raise ValueError(f"{text!r} is not HOST:PORT")
    return host.removeprefix("[").removesuffix("]"), int(port)


def _check_color(value: str) -> None:
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", value):
        raise ValueError("must be a colour such as #1f4e79")


def _check_base_url(value: str) -> None:
    if value and not re.fullmatch(r"https?://[^\s?#/]+(/[^\s?#]*)?", value):
        raise ValueError("must be an address such as https://billing.example.com")


def _check_sender(value: str) -> None:
    if value:
        try:
            found = split_addresses(value)
        except Undeliverable as error:
            raise ValueError("must be one e-mail address") from error
        if len(found) != 1:
            raise ValueError("must be one e-mail address")


def _check_line(value: str) -> None:
    if not value.isprintable():
        raise ValueError("must be one line")


def _check_port(value: int) -> None:
    if not 0 < value <= _MAX_PORT:
        raise ValueError(f"must lie between 1 and {_MAX_PORT}")


# By the last part of the key; whole numbers without a rule of their own are 1 or more.
_CHECKS: Final[Mapping[str, Callable[[Any], object]]] = {
    "allowed_addresses": AddressList,
    "trusted_proxies": AddressList,
    "access_key": _check_access_key,
    "server_key": _check_server_key,
    "url": _check_database,
    "database_url": _check_optional_database,
    "bind": parse_bind,
    "metrics_bind": _check_optional_bind,
    "metrics_addresses": AddressList,
    "accent": _check_color,
    "base_url": _check_base_url,
    "email": _check_sender,
    "name": _check_line,
    "port": _check_port,
    "business_id": _check_business_id,
    "clock_shift_days": _check_shift,
}
