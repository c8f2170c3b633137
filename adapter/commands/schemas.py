"""JSON Schema (draft 2020-12) of every command, result and error, made from the dataclasses."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Final, Union, get_args, get_origin

from adapter.billing.money import Money
from adapter.commands.canonical import hints_of, is_required, kinds_of, to_data
from adapter.commands.canonical_errors import error_kinds
from adapter.commands.model import UNSET, Command, Unset
from adapter.commands.results import Result

Schema = dict[str, Any]

_DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"
_NUMBER: Final = r"^-?[0-9]{1,60}(\.[0-9]{1,60})?$"
_DATE: Final = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
_PLAIN: Final[Mapping[Any, Schema]] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer", "minimum": -(2**63), "maximum": 2**63 - 1},
    Decimal: {"type": "string", "pattern": _NUMBER},
    date: {"type": "string", "format": "date", "pattern": _DATE},
    datetime: {"type": "string", "format": "date-time"},
    Money: {
        "type": "object",
        "properties": {
            "amount": {"type": "string", "pattern": r"^-?[0-9]{1,60}(\.[0-9]{1,2}0*)?$"},
            "currency": {"type": "string"},
        },
        "required": ["amount", "currency"],
        "additionalProperties": False,
    },
}
# What goes with a command on its way, beside the command itself. Source: docs/canonical.md.
SENDING: Final[Mapping[str, Schema]] = {
    "reference": {"type": "string", "pattern": "^[A-Za-z0-9_-]{8,64}$"},
    "today": {"anyOf": [_PLAIN[date], {"type": "null"}]},
    "idempotency_key": {"anyOf": [{"type": "string", "maxLength": 255}, {"type": "null"}]},
}


def schema_files() -> Iterator[tuple[str, str]]:
    """Yield the name and text of every file of `docs/schema`."""
    for name, command in kinds_of(Command).items():
        yield f"{name}.json", _text(_enveloped(command, "command", SENDING))
    for name, result in kinds_of(Result).items():
        yield f"{name}.json", _text(_enveloped(result, "result", {}))
    yield "Error.json", _text(_error_schema())


def _text(schema: Schema) -> str:
    return json.dumps(schema, indent=2) + "\n"


def _enveloped(kind: type, key: str, more: Mapping[str, Schema]) -> Schema:
    definitions: dict[str, Schema] = {}
    _define(kind, definitions)
    return {
        "$schema": _DRAFT,
        "$id": f"{kind.__name__}.json",
        "title": kind.__name__,
        "description": _summary(kind),
        "type": "object",
        "properties": {
            key: {"const": kind.__name__},
            "fields": {"$ref": f"#/$defs/{kind.__name__}"},
            **more,
        },
        "required": [key, "fields"],
        "additionalProperties": False,
        "$defs": dict(sorted(definitions.items())),
    }


def _error_schema() -> Schema:
    return {
        "$schema": _DRAFT,
        "$id": "Error.json",
        "title": "Error",
        "description": "Why a command was not carried out, or that nobody can tell.",
        "type": "object",
        "properties": {
            "error": {"enum": sorted(error_kinds())},
            "message": {"type": "string"},
            "facts": {"type": "object"},
        },
        "required": ["error", "message"],
        "additionalProperties": False,
    }


def _define(kind: type, definitions: dict[str, Schema]) -> None:
    if kind.__name__ in definitions:
        return
    definition: Schema = {"description": _summary(kind), "type": "object", "properties": {}}
    definitions[kind.__name__] = definition
    for each in fields(kind):
        found = _schema_of(hints_of(kind)[each.name], definitions)
        if each.default is not MISSING and each.default is not UNSET:
            found = {**found, "default": to_data(each.default)}
        definition["properties"][each.name] = found
    definition["required"] = [each.name for each in fields(kind) if is_required(each)]
    definition["additionalProperties"] = False


def _schema_of(kind: Any, definitions: dict[str, Schema]) -> Schema:
    plain = _PLAIN.get(kind)
    if plain is not None:
        return plain
    origin = get_origin(kind)
    if origin in {Union, UnionType}:
        return _one_of(kind, definitions)
    if origin is tuple:
        return _list(get_args(kind), definitions)
    if origin is not None:
        key, value = get_args(kind)
        return _mapping(key, value, definitions)
    if issubclass(kind, Enum):
        return {"enum": [each.value for each in kind]}
    _define(kind, definitions)
    return {"$ref": f"#/$defs/{kind.__name__}"}


def _one_of(kind: Any, definitions: dict[str, Schema]) -> Schema:
    choices = [each for each in get_args(kind) if each is not Unset]
    found = [_schema_of(each, definitions) for each in choices if each is not NoneType]
    if NoneType in choices:
        found.append({"type": "null"})
    return found[0] if len(found) == 1 else {"anyOf": found}


def _list(parts: tuple[Any, ...], definitions: dict[str, Schema]) -> Schema:
    if parts[-1] is Ellipsis:
        return {"type": "array", "items": _schema_of(parts[0], definitions)}
    return {
        "type": "array",
        "prefixItems": [_schema_of(each, definitions) for each in parts],
        "items": False,
        "minItems": len(parts),
    }


def _mapping(key: Any, value: Any, definitions: dict[str, Schema]) -> Schema:
    found: Schema = {"type": "object", "additionalProperties": _schema_of(value, definitions)}
    if key is int:
        found["propertyNames"] = {"pattern": "^-?[0-9]+$"}
    elif key is not str:
        found["propertyNames"] = _schema_of(key, definitions)
    return found


def _summary(kind: type) -> str:
    return (kind.__doc__ or "").partition("\n")[0]
