"""What a claim keeps of what was known of a billable when it was decided about."""

import hashlib
from dataclasses import fields
from decimal import Decimal
from operator import attrgetter
from typing import Any, Final

from adapter.billing.due import DueItem, DueRecurring
from adapter.billing.model import CatchUp, RecurringLine
from adapter.billing.schedule import Frequency

# What is quicker than `repr`: a decimal's text, and what is put in as text already.
_PLACES: Final[dict[Any, str]] = {
    Decimal: "Decimal('%s')",
    Frequency: "%s",
    CatchUp: "%s",
    tuple[RecurringLine, ...]: "%s",
}
_WORDS: Final = {member: repr(member) for member in (*Frequency, *CatchUp)}


def _names(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind) if field.repr)


def _text(kind: type) -> str:
    """Return what a dataclass's `repr` looks like, with a place for every field."""
    places = (
        f"{field.name}={_PLACES.get(field.type, '%r')}" for field in fields(kind) if field.repr
    )
    return f"{kind.__qualname__}({', '.join(places)})"


_LINE: Final = _text(RecurringLine)
_RECURRING: Final = _text(DueRecurring)
_LINES_AT, _FREQUENCY_AT, _CATCH_UP_AT = map(
    _names(DueRecurring).index, ("lines", "frequency", "catch_up")
)
_line_values: Final = attrgetter(*_names(RecurringLine))
_recurring_values: Final = attrgetter(*_names(DueRecurring))


def inputs_digest(inputs: DueItem | DueRecurring) -> str:
    """Return what a claim keeps of its billable's inputs.

    For an item without a promotion that is readable: the amount in hundredths, whether it is
    taxed, and how often it was billed before (`1595:1:4`); for all else a hash of every input.
    """
    if isinstance(inputs, DueRecurring):
        text = recurring_text(inputs)
    elif inputs.promotion is None:
        first = inputs.registered_on == inputs.due_on
        amount = inputs.first_amount if first else inputs.recurring_amount
        return f"{amount.hundredths}:{int(inputs.taxed)}:{inputs.generation_count}"
    else:
        text = repr(inputs)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def recurring_text(recurring: DueRecurring) -> str:
    """Return what `repr` does, sooner: that of a dataclass guards each value against itself."""
    values = list(_recurring_values(recurring))
    lines = [_LINE % _line_values(line) for line in recurring.lines]
    values[_LINES_AT] = f"({lines[0]},)" if len(lines) == 1 else f"({', '.join(lines)})"
    values[_FREQUENCY_AT] = _WORDS[recurring.frequency]
    values[_CATCH_UP_AT] = _WORDS[recurring.catch_up]
    return _RECURRING % tuple(values)
