"""What all schemas of this protocol share."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final, Generic, TypeVar

from marshmallow import EXCLUDE, Schema, ValidationError, fields, missing

from adapter.commands.model import Command
from adapter.protocols.base import Limits
from adapter.protocols.fields import Empty, WireField, WireStrictBool, WireText, invalid_field
from adapter.protocols.invoicesonline.quirks import Quirks

T = TypeVar("T")

_ASK: Final = object()


class ShortText(WireText):
    """Text with a documented maximum; `cut` cuts a longer one where it is else refused."""

    cut = False

    def _deserialize(self, value: Any, *args: Any, **settings: Any) -> str:
        if self.cut and isinstance(value, str):
            value = value[: self.max_length]
        return super()._deserialize(value, *args, **settings)


class OneOf(WireField[T], Generic[T]):
    """One of the page's words, exactly as written there; loads as what it stands for."""

    default_error_messages = {"choice": "must be one of {words}"}  # noqa: RUF012

    def __init__(self, words: Mapping[str, T], **settings: Any) -> None:
        super().__init__(**settings)
        self.words = words

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> T:
        if not isinstance(value, str) or value not in self.words:
            raise self.make_error("choice", words=", ".join(self.words))
        return self.words[value]


class RequiredFlag(WireStrictBool):
    """A 1/0 field of the Required Fields list; see `Quirks.empty_required_booleans`."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(required=True, empty=Empty.REFUSED, **settings)


class EndpointSchema(Schema):
    """The base: one instance per `Quirks`, kept and shared by threads."""

    class Meta:
        """Three generations of clients send one another's names."""

        unknown = EXCLUDE

    endpoint: ClassVar[str] = ""

    def __init__(self, quirks: Quirks, limits: Limits) -> None:
        self.quirks = quirks
        self.limits = limits
        super().__init__()
        self._reading = [
            (name, field.data_key or name, field, _absent(field))
            for name, field in self.load_fields.items()
        ]

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:  # noqa: ARG002
        """Apply the switches to the fields they are about."""
        if isinstance(field_obj, RequiredFlag) and self.quirks.empty_required_booleans:
            field_obj.empty = False
        if isinstance(field_obj, ShortText):
            field_obj.cut = self.quirks.truncate_long_values

    def command(self, params: Mapping[str, Any]) -> Command:
        """Return the command the parameters ask for; raises `RequestError`."""
        try:
            command: Command = self.read(params)
        except ValidationError as error:
            raise invalid_field(error, self) from error
        return command

    def read(self, params: Mapping[str, Any]) -> Any:
        """Return what `load` does, or raise the same.

        Of the page's fields a call sends a third; `load` takes as long over each of the others.
        What is not right goes its way, so that every error is found and named.
        """
        data: dict[str, Any] = {}
        try:
            for name, key, field, absent in self._reading:
                loaded = absent
                if absent is _ASK or key in params:
                    loaded = field.deserialize(params.get(key, missing), key, params)
                if loaded is not missing:
                    data[name] = loaded
            return self._build(data, original_data=params)
        except ValidationError:
            return self.load(params)

    def _build(self, data: dict[str, Any], **_: Any) -> Any:
        """Return what the fields make together; `post_load` in the schemas that have one."""
        return data


def _absent(field: fields.Field[Any]) -> Any:
    """Return what a field is when it is not sent, `_ASK` where only the field can tell."""
    is_plain = type(field).deserialize is WireField.deserialize
    if field.required or not is_plain or callable(field.load_default):
        return _ASK
    return field.load_default


def wire_names(schema: type[Schema]) -> Mapping[str, str]:
    """Return our names of a schema's fields -> the names on the wire."""
    declared: Mapping[str, fields.Field[Any]] = schema._declared_fields  # noqa: SLF001
    return {name: field.data_key or name for name, field in declared.items()}
