"""Rows of `data` as lines. A schema per row would cost more than the rest of the request."""

from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from types import MappingProxyType
from typing import Any, Final

from marshmallow import ValidationError, missing

from adapter.billing.model import RecurringLine
from adapter.billing.money import round_half_up
from adapter.errors import InvalidField
from adapter.protocols.base import Limits
from adapter.protocols.fields import (
    MONEY_MAX,
    Empty,
    RuleText,
    WireDecimal,
    WireField,
    WireStrictBool,
    WireText,
)
from adapter.protocols.invoicesonline.columns import DOCUMENT, Layout
from adapter.protocols.invoicesonline.quirks import Quirks
from adapter.protocols.jsonbody import rows

# The page gives no limit for texts of a line.
TEXT_MAX: Final = 65_535
UNIT_PRICE_PLACES: Final = 6
QUANTITY_PLACES: Final = 6
# A code that is too long is answered by the list of codes in use, as any other unknown one.
_CURRENCY_MAX: Final = 64
_ANY_PLACES: Final = 60
NOTHING: Final[Mapping[str, bool]] = MappingProxyType({})
_NO_PERCENT: Final = Decimal(0)
_WHOLE_PERCENT: Final = Decimal(100)


class _Quantity(WireDecimal):
    """A decimal other than 0: such a line would be billed as nothing, without a word."""

    default_error_messages = {"not_zero": "must not be 0"}  # noqa: RUF012

    def _deserialize(self, value: Any, *args: Any, **settings: Any) -> Decimal:
        number = super()._deserialize(value, *args, **settings)
        if not number:
            raise self.make_error("not_zero")
        return number


class _RoundedPrice(WireDecimal):
    """A decimal of any precision, rounded to cents. Source: the switch `round_unit_price`."""

    def _deserialize(self, value: Any, *args: Any, **settings: Any) -> Decimal:
        return round_half_up(super()._deserialize(value, *args, **settings))


class _NotSet(WireField[None]):
    """A column that must stay empty."""

    default_error_messages = {"not_set": "must not be set"}  # noqa: RUF012

    def _deserialize(self, *_: Any, **__: Any) -> None:
        raise self.make_error("not_set")


def read_lines(
    value: Any,
    quirks: Quirks,
    limits: Limits,
    layout: Layout = DOCUMENT,
    instead: Mapping[str, bool] = NOTHING,
) -> tuple[RecurringLine, ...]:
    """Return the lines that `data` holds, in the order of the rows' indexes.

    `instead` are what columns mean where they are missing or empty.
    Raises `InvalidField` that names row, column and rule.
    """
    fields = line_fields(quirks)
    columns = layout.columns
    # Most cells of a column are alike, so each text of a column is read once a request.
    known: dict[str, dict[Any, Any]] = {
        name: {} if field.required else {missing: field.load_default}
        for name, field in fields.items()
    }
    lines = []
    for index, cells in rows(value, limits).items():
        padded = [*cells, *[missing] * (len(columns) - len(cells))]
        line: dict[str, Any] = {}
        for name, cell in zip(columns, padded, strict=True):
            if name is None:
                continue
            if name in instead and _is_blank(cell):
                line[name] = instead[name]
                continue
            try:
                line[name] = known[name][cell]
            except (KeyError, TypeError):  # a list or an object is no key
                line[name] = _load(fields[name], cell, layout.path(index, name), name, layout)
                known[name][cell] = line[name]
        lines.append(line_of(line, f"data[{index}]"))
        _check_alike(lines, index, layout)
    if not lines:
        raise InvalidField("data", "required", "data must hold at least one line")
    return tuple(lines)


@cache
def line_fields(quirks: Quirks) -> Mapping[str, WireField[Any]]:
    """Return the field of each column."""
    flag_empty = False if quirks.empty_required_booleans else Empty.REFUSED
    price: WireDecimal
    if quirks.round_unit_price:
        price = _RoundedPrice(places=_ANY_PLACES, required=True, empty=Empty.REFUSED)
    else:
        price = WireDecimal(places=UNIT_PRICE_PLACES, required=True, empty=Empty.REFUSED)
    return {
        "product_code": WireText(max_length=TEXT_MAX, required=True),
        "quantity": _Quantity(places=QUANTITY_PLACES, required=True, empty=Empty.REFUSED),
        "description": WireText(max_length=TEXT_MAX, required=True, empty=Empty.REFUSED),
        "unit_price": price,
        "currency": WireText(max_length=_CURRENCY_MAX, required=True, empty=Empty.REFUSED),
        "vat_applies": WireStrictBool(required=True, empty=flag_empty),
        "vat_rate": WireDecimal(minimum=_NO_PERCENT, required=True, empty=Empty.REFUSED),
        "includes_vat": WireStrictBool(required=True, empty=flag_empty),
        "custom_1": WireText(max_length=TEXT_MAX, load_default=""),
        "custom_2": WireText(max_length=TEXT_MAX, load_default=""),
        "custom_3": WireText(max_length=TEXT_MAX, load_default=""),
        "cost_price": WireDecimal(places=UNIT_PRICE_PLACES, load_default=None),
        "discount_percentage": WireDecimal(
            minimum=_NO_PERCENT, maximum=_WHOLE_PERCENT, load_default=None
        ),
        "discount_amount": WireDecimal(minimum=_NO_PERCENT, load_default=None),
        "ordered": WireDecimal(places=QUANTITY_PLACES, load_default=None),
        "back_order": WireDecimal(places=QUANTITY_PLACES, load_default=None),
        "internal": _NotSet(load_default=None),
        "custom_4": WireText(max_length=TEXT_MAX, load_default=""),
        "custom_5": WireText(max_length=TEXT_MAX, load_default=""),
    }


def _is_blank(cell: Any) -> bool:
    return cell is missing or cell is None or (isinstance(cell, str) and not cell.strip())


def _load(field: WireField[Any], cell: Any, path: str, name: str, layout: Layout) -> Any:
    try:
        if isinstance(cell, str) and cell.strip():
            # What `deserialize` does besides is about cells that are absent, null or blank.
            return field._deserialize(cell, None, None)  # noqa: SLF001
        return field.deserialize(cell)
    except ValidationError as error:
        message = error.messages[0]
        rule = message.rule if isinstance(message, RuleText) else "invalid"
        label = f"{path} ({layout.words[name]})"
        raise InvalidField(path, rule, f"{label} {message}") from error


def line_of(line: Mapping[str, Any], path: str) -> RecurringLine:
    """Return the line of these values; raises `InvalidField` when it comes to too much."""
    if abs(line["quantity"] * line["unit_price"]) > MONEY_MAX:
        raise InvalidField(path, "maximum", f"{path} must come to at most {MONEY_MAX}")
    return RecurringLine(
        product_code=line["product_code"],
        quantity=line["quantity"],
        description=line["description"],
        unit_price=line["unit_price"],
        currency=line["currency"],
        vat_applies=line["vat_applies"],
        vat_rate=line["vat_rate"],
        includes_vat=line["includes_vat"],
        custom=_custom(line),
        cost_price=line.get("cost_price"),
        discount_percentage=line.get("discount_percentage") or None,  # 0 is "not given"
        discount_amount=line.get("discount_amount") or None,
    )


def _custom(line: Mapping[str, Any]) -> tuple[str, str, str, str, str]:
    """Return the five custom columns; a delivery note has quantities in the first two."""
    get = line.get
    return (
        get("custom_1") or _plain(get("ordered")),
        get("custom_2") or _plain(get("back_order")),
        get("custom_3", ""),
        get("custom_4", ""),
        get("custom_5", ""),
    )


def _plain(quantity: Decimal | None) -> str:
    return "" if quantity is None else format(quantity, "f")


def _check_alike(lines: list[RecurringLine], index: int, layout: Layout) -> None:
    """Refuse a line in another currency than the first: a document has one."""
    currency = lines[0].currency
    if lines[-1].currency != currency:
        path, label = layout.path(index, "currency"), layout.label(index, "currency")
        text = f"{label} must be that of the first line, {currency}"
        raise InvalidField(path, "same_currency", text)
