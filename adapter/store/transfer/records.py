"""Records between what a file says and the columns of the store. Nothing here looks at a store."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any, Final
from zoneinfo import ZoneInfo

from marshmallow import Schema, ValidationError, missing

from adapter.billing.schedule import Frequency, occurrence_date
from adapter.store.transfer.kinds import EXPECTED, LINES, Kind, defaults_of

Said = dict[str, Any]

_CLIENT_NAMESPACE: Final = uuid.UUID("5f0c9d3e-6a49-4f0e-9d53-2f6ad1a0b1c7")
_NAME_LENGTH: Final = 255
_FIRST: Final = ("id", "client_id", "billable", "billable_id", "due_on")


@dataclass(frozen=True, slots=True)
class Origin:
    """When the export was made, and the account's zone: what left-out fields are filled from."""

    exported_at: datetime
    zone: ZoneInfo

    @property
    def exported_on(self) -> date:
        """The account's day of the export."""
        return self.exported_at.astimezone(self.zone).date()


def load(kind: Kind, said: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns of a record as it was read; what may be filled in is left out.

    Raises marshmallow's `ValidationError` with everything that is wrong. A record that is in order
    is read field by field, which costs a third of what the schema takes; any other one goes
    through the schema, for all its messages.
    """
    try:
        if _is_plainly_complete(kind.schema, said):
            return _columns(kind.schema, said)
    except (ValidationError, TypeError, AttributeError):
        pass
    return dict(kind.schema.load(said))


@cache
def _names(schema: Schema) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """Return all names, those that are required, and those that may be null."""
    named = schema.fields.items()
    return (
        frozenset(schema.fields),
        frozenset(name for name, each in named if each.required),
        frozenset(name for name, each in named if each.allow_none),
    )


def _is_plainly_complete(schema: Schema, said: Mapping[str, Any]) -> bool:
    """Tell whether every required field is there, none is unknown, and none null that must not."""
    names, required, nullable = _names(schema)
    stated = said.keys()
    if not (stated <= names and required <= stated):
        return False
    if any(value is None and name not in nullable for name, value in said.items()):
        return False
    if LINES not in names:
        return True
    inner = schema.fields[LINES].inner.schema  # type: ignore[attr-defined] # a list of records
    return all(_is_plainly_complete(inner, line) for line in said[LINES])


def columns_of(kind: Kind, said: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns of a record that was checked; what may be filled in is left out."""
    return _columns(kind.schema, said)


def _columns(schema: Schema, said: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, column, each, default in _plan(schema):
        if name in said:
            value = said[name]
            if name == LINES:
                inner = each.inner.schema
                found[column] = [_columns(inner, line) for line in value]
            else:
                found[column] = None if value is None else each._deserialize(value, name, said)  # noqa: SLF001 - a checked value
        elif default is not _NONE:
            found[column] = default() if callable(default) else default
    return found


class _NoDefault:
    """What a field without a default has."""


_NONE: Final = _NoDefault()


@cache
def _plan(schema: Schema) -> tuple[tuple[str, str, Any, Any], ...]:
    """Return name, column, field and default of each field, ids first."""
    return tuple(
        (
            name,
            each.attribute or name,
            each,
            _NONE if each.required or each.load_default is missing else each.load_default,
        )
        for name, each in named_fields(schema)
    )


def named_fields(schema: Schema) -> list[tuple[str, Any]]:
    """Return a schema's fields in the order in which files and docs/import.md have them."""
    return sorted(schema.fields.items(), key=_place)


def _place(named: tuple[str, Any]) -> int:
    return _FIRST.index(named[0]) if named[0] in _FIRST else len(_FIRST)


@cache
def _saying(schema: Schema) -> tuple[tuple[str, str, Any, Any], ...]:
    """Return name, column, field and default as the file says it, of each field."""
    defaults = defaults_of(schema)
    return tuple(
        (name, column, each, defaults.get(name, _NONE)) for name, column, each, _ in _plan(schema)
    )


def say(kind: Kind, values: Mapping[str, Any]) -> Said:
    """Return columns as a file says them, in the schema's order; what is a default is left out."""
    return _say(kind.schema, values)


def _say(schema: Schema, values: Mapping[str, Any]) -> Said:
    said: Said = {}
    for name, column, each, default in _saying(schema):
        if column not in values:
            continue
        value = values[column]
        if name == LINES:
            said[name] = [_say(each.inner.schema, line) for line in value]
            continue
        text = each._serialize(value, name, values)  # noqa: SLF001 - a field without its object
        if default is _NONE or text != default:
            said[name] = text
    return said


def expected_of(values: dict[str, Any]) -> dict[str, Any] | None:
    """Take what the other system would invoice next out of a billable's columns; None: unsaid."""
    said = {name: values.pop(name, None) for name in EXPECTED if name in values}
    if "next_invoice_on" not in said:
        return None
    return {column: said.get(name) for name, column in EXPECTED.items()}


# --- what is filled in ---------------------------------------------------------------------------


def fill(kind: Kind, values: dict[str, Any], origin: Origin) -> None:
    """Fill in what a record left out and what no other record is needed for."""
    for column in ("created_at", "updated_at", "claimed_at", "recorded_at"):
        if column in kind.columns:
            values.setdefault(column, origin.exported_at)
    if kind.name == "client":
        _fill_client(values, origin)
    elif kind.name == "recurring":
        values.setdefault("next_due_on", next_date(values))
    elif "anchor_day" in kind.columns:
        due_on = values["next_due_on"]
        values.setdefault("anchor_day", None if due_on is None else due_on.day)


def next_date(recurring: Mapping[str, Any]) -> date | None:
    """Return the date of a recurring invoice's `occurrence`, None beyond the calendar."""
    frequency = Frequency(recurring["frequency"])
    try:
        return occurrence_date(recurring["start_on"], frequency, recurring["occurrence"])
    except OverflowError:
        return None


def _fill_client(values: dict[str, Any], origin: Origin) -> None:
    values.setdefault("uuid", str(uuid.uuid5(_CLIENT_NAMESPACE, str(values["id"]))))
    values.setdefault("created_on", origin.exported_on)
    parts = f"{values['first_name']} {values['last_name']}".strip()
    values.setdefault("invoice_name", (values["company_name"].strip() or parts)[:_NAME_LENGTH])


def with_expected(ours: Said, expected: Said, theirs: Mapping[str, Any]) -> Said:
    """Return a stored billable with what was said that the other system would invoice next.

    An export of our own says what waits in the queue here: where that is what the file says, it is
    left as it stands.
    """
    own, their = ({n: each[n] for n in EXPECTED if n in each} for each in (ours, theirs))
    if own == their:
        return ours
    return {name: value for name, value in ours.items() if name not in EXPECTED} | expected


def differing(ours: Mapping[str, Any], theirs: Mapping[str, Any], kind: Kind) -> Iterable[str]:
    """Yield the names of fields in which a record of the store differs from one of a file.

    Both as a file says them. A field that the file leaves out and that is filled in is whatever
    the store has.
    """
    for name in kind.schema.fields:
        if name in EXPECTED:
            # Said together or not at all, and compared where it is said.
            if EXPECTED.keys() & theirs.keys() and ours.get(name, _NONE) != theirs.get(
                name, _NONE
            ):
                yield name
            continue
        default = kind.defaults.get(name, _NONE)
        their = theirs.get(name, default)
        if their is not _NONE and ours.get(name, default) != their:
            yield name
