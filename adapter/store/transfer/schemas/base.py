"""What the schemas of all kinds share: fields that are empty unless they are stated."""

from typing import Any, Final

from marshmallow import RAISE, Schema

from adapter.billing.money import MAX_HUNDREDTHS
from adapter.store.transfer.fields import Flag, Moment, Text

PAYMENT_METHOD: Final = 64
# What a quantity and a price of a line may be, as the positional API takes them.
MOST: Final = MAX_HUNDREDTHS // 100


def text(length: int | None = 255, **named: Any) -> Text:
    """Return a text, empty where it is not stated."""
    return Text(length, load_default="", **named)


def flag(*, default: bool = False, **named: Any) -> Flag:
    """Return a flag that has its default where it is not stated."""
    return Flag(load_default=default, **named)


NULL: Final[dict[str, Any]] = {"load_default": None, "allow_none": True}


def none(field: type[Any], *given: Any, **named: Any) -> Any:
    """Return a field that is null unless it is stated."""
    return field(*given, load_default=None, allow_none=True, **named)


def filled(how: str) -> dict[str, Any]:
    """Return what says how a field is filled in that is left out."""
    return {"metadata": {"filled": how}}


def about(text: str) -> dict[str, Any]:
    """Return what says more of a field in the documentation."""
    return {"metadata": {"about": text}}


def at_export() -> Moment:
    """Return a moment that is the export's where it is not stated."""
    return Moment(**filled("the export's time"))


class Record(Schema):
    """What every record's schema does with a name it does not know: refuse it."""

    class Meta:
        """Refuse what is no field."""

        unknown = RAISE

    error_messages = {"unknown": "is no field of this kind", "type": "must be an object"}  # noqa: RUF012 - marshmallow's own way
