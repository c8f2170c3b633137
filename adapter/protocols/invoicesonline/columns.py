"""What stands in which column of a row: the one place that counts columns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True, eq=False)
class Layout:
    """The columns of one kind of row, the words for them, and what holds the rows."""

    columns: Sequence[str | None]
    words: Mapping[str, str]

    def path(self, row: int, name: str) -> str:
        """Return a cell as a caller writes it, `data[2][3]`."""
        return f"data[{row}][{self.columns.index(name)}]"

    def label(self, row: int, name: str) -> str:
        """Return a cell as error texts name it, `data[2][3] (amount)`."""
        return f"{self.path(row, name)} ({self.words[name]})"


DOCUMENT: Final = Layout(LINE_COLUMNS, COLUMN_WORDS)

# Source: the comment of one client about delivery notes. Column 11 must not be set there.
DELIVERY_COLUMNS: Final = (
    *LINE_COLUMNS[:8],
    "ordered",
    "back_order",
    "custom_3",
    "internal",
    "discount_amount",
    "discount_percentage",
    "custom_4",
    "custom_5",
)
DELIVERY_NOTE: Final = Layout(
    DELIVERY_COLUMNS,
    {
        **COLUMN_WORDS,
        "quantity": "delivered_qty",
        "ordered": "ordered_qty",
        "back_order": "back_order_qty",
        "internal": "internal use",
        "discount_amount": "discount_amount",
    },
)


def cell_path(row: int, name: str) -> str:
    """Return a cell of a document's row as a caller writes it, `data[2][3]`."""
    return DOCUMENT.path(row, name)


def cell_label(row: int, name: str) -> str:
    """Return a cell of a document's row as error texts name it, `data[2][3] (amount)`."""
    return DOCUMENT.label(row, name)


POSITIONS: Final = {name: index for index, name in enumerate(LINE_COLUMNS) if name is not None}
