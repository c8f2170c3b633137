"""What all schemas share: loading into a command, writing a command back, paging."""

from collections.abc import Mapping
from dataclasses import MISSING, Field, fields
from enum import Enum
from types import MappingProxyType
from typing import Any, ClassVar, Final, TypeVar

from marshmallow import EXCLUDE, Schema, ValidationError

from adapter.commands.model import UNSET, Command, Page
from adapter.errors import AdapterError, CannotExpress, InvalidField, NotFound
from adapter.protocols.base import Params
from adapter.protocols.fields import WireInt, invalid_field
from adapter.protocols.whmcs.fields import word, written

# Why a parameter of the documents changes nothing here.
NO_SERVERS: Final = "servers and registrars are not driven from here"
NO_USERS: Final = "a client is its own only user; logins are not kept"
NO_SHOP: Final = "there is no shop to show it in"
NO_CARDS: Final = "card and bank details are never kept"
DERIVED: Final = "derived from other fields"

E = TypeVar("E", bound=Enum)
Warnings = tuple[tuple[frozenset[str], str], ...]


class ActionSchema(Schema):
    """The parameters of one action.

    `ignored` names every documented parameter that changes nothing here, with the reason.
    `subjects` are ids that the action is about: whatever is wrong with one, the record is "not
    found", since only that text is documented. `warnings`: a reply to a request with one of the
    parameters (not blank) carries the text.
    """

    class Meta:
        """Old clients send extra keys."""

        unknown = EXCLUDE

    action: ClassVar[str]
    command: ClassVar[type[Command]]
    subjects: ClassVar[Mapping[str, type[NotFound]]] = MappingProxyType({})
    ignored: ClassVar[Mapping[str, str]] = MappingProxyType({})
    warnings: ClassVar[Warnings] = ()

    def to_command(self, params: Params) -> Command:
        """Check names, types and limits; raises `RequestError` or `NotFound`."""
        try:
            data = self.load(params)
        except ValidationError as error:
            raise self._refusal(error) from error
        return self.build(data)

    def build(self, data: dict[str, Any]) -> Command:
        """Make the command of checked data; rules between fields stand here."""
        return self.command(**data)

    def to_params(self, command: Command) -> Params:
        """Write a command as parameters, what equals its default left out."""
        values = self.unbuild(command)
        params: Params = {}
        for name, field in self.fields.items():
            if name in values:
                params[field.data_key or name] = written(field, values[name])
        return params

    def unbuild(self, command: Command) -> dict[str, Any]:
        """Return the data that `build` makes the command of."""
        return changed(command)

    def documented(self) -> frozenset[str]:
        """Name every parameter this action knows, used or not."""
        return frozenset(self.ignored).union(
            field.data_key or name for name, field in self.fields.items()
        )

    def _refusal(self, error: ValidationError) -> AdapterError:
        refusal = invalid_field(error, self)
        subject = self.subjects.get(refusal.path)
        return refusal if subject is None else subject()


class PagedSchema(ActionSchema):
    """An action that lists a window of rows."""

    offset = WireInt(data_key="limitstart", minimum=0, load_default=0)
    limit = WireInt(data_key="limitnum", minimum=0, load_default=Page().limit)

    def build(self, data: dict[str, Any]) -> Command:
        """Fold the two counters into a page; 0 rows asked for means the default number."""
        page = Page(data.pop("offset"), data.pop("limit") or Page().limit)
        return self.command(page=page, **data)  # type: ignore[call-arg]  # all paged ones have it

    def unbuild(self, command: Command) -> dict[str, Any]:
        """Write the page as its two counters."""
        values = changed(command)
        page = values.pop("page", Page())
        if page is None:
            raise CannotExpress("a list without paging")
        return values | {"offset": page.offset, "limit": page.limit}


def changed(record: Any) -> dict[str, Any]:
    """Return the fields of a dataclass that differ from their defaults."""
    values = {field.name: (getattr(record, field.name), field) for field in fields(record)}
    return {
        name: value
        for name, (value, field) in values.items()
        if value is not UNSET and value != _default(field)
    }


def _default(field: Field[Any]) -> Any:
    return UNSET if field.default is MISSING else field.default


def required(name: str) -> InvalidField:
    """Return the error of a parameter that a rule between fields asks for."""
    return InvalidField(name, "required", f"{name} is required")


def member(choices: type[E], text: str, name: str) -> E:
    """Return the enum's value that a text means; raises `InvalidField`."""
    found = {word(str(choice.value)): choice for choice in choices}.get(word(text))
    if found is None:
        known = ", ".join(str(choice.value) for choice in choices)
        raise InvalidField(name, "choice", f"{name} must be one of {known}")
    return found


def column(text: str, names: Mapping[str, str]) -> str:
    """Return the record's attribute a list is ordered by; raises `InvalidField`."""
    found = names.get(text.strip().lower())
    if found is None:
        raise InvalidField("orderby", "choice", f"orderby must be one of {', '.join(names)}")
    return found


def descending(text: str, name: str, *, default: str) -> bool:
    """Tell whether a list runs backwards; raises `InvalidField`."""
    direction = text.strip().lower() or default
    if direction not in {"asc", "desc"}:
        raise InvalidField(name, "choice", f"{name} must be ASC or DESC")
    return direction == "desc"
