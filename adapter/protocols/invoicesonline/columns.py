"""What stands in which column of a row of `data`: the one place that counts columns."""

from typing import Final

# Source: the recurring invoice page, data[$i][0] to data[$i][15]. None: not implemented there,
# and ignored here.
LINE_COLUMNS: Final = (
    "product_code",
    "quantity",
    "description",
    "unit_price",
    "currency",
    "vat_applies",
    "vat_rate",
    "includes_vat",
    "custom_1",
    "custom_2",
    "custom_3",
    "cost_price",
    None,
    "discount_percentage",
    "custom_4",
    "custom_5",
)

# The page's own words for the columns, as error texts show them.
COLUMN_WORDS: Final = {
    "product_code": "prod_code",
    "quantity": "qty",
    "description": "description",
    "unit_price": "amount",
    "currency": "currency",
    "vat_applies": "vat_applies",
    "vat_rate": "vat_percentage",
    "includes_vat": "amount_includes_vat",
    "custom_1": "custom_line_item_1",
    "custom_2": "custom_line_item_2",
    "custom_3": "custom_line_item_3",
    "cost_price": "cost_price",
    "discount_percentage": "discount_percentage",
    "custom_4": "custom_line_item_4",
    "custom_5": "custom_line_item_5",
}

POSITIONS: Final = {name: index for index, name in enumerate(LINE_COLUMNS) if name is not None}


def cell_path(row: int, name: str) -> str:
    """Return a cell as a caller writes it, `data[2][3]`."""
    return f"data[{row}][{POSITIONS[name]}]"


def cell_label(row: int, name: str) -> str:
    """Return a cell as error texts name it, `data[2][3] (amount)`."""
    return f"{cell_path(row, name)} ({COLUMN_WORDS[name]})"
