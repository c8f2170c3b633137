"""Lines of documents as they are written in bulk."""

from typing import Any, Final

from adapter.billing.drafts import LineDraft
from adapter.store import tables
from adapter.store.bulk import Bulk

LINE_COLUMNS: Final = (
    "document_id", "position", "line_type", "related_id", "description", "amount", "taxed",
    "product_code", "quantity", "unit_price", "net", "vat", "vat_rate", "custom", "cost_price",
    "includes_vat", "discount_percentage",
)  # fmt: skip
LINES: Final = Bulk(tables.document_lines, LINE_COLUMNS)


def line_row(document_id: int, position: int, line: LineDraft) -> list[Any]:
    """Return a line in the order of `LINE_COLUMNS`."""
    (
        line_type,
        related_id,
        description,
        amount,
        taxed,
        product_code,
        quantity,
        unit_price,
        net,
        vat,
        vat_rate,
        custom,
        cost_price,
        includes_vat,
        discount_percentage,
    ) = line
    return [
        document_id,
        position,
        line_type.value,
        related_id,
        description,
        amount.hundredths,
        taxed,
        product_code,
        quantity,
        unit_price,
        None if net is None else net.hundredths,
        None if vat is None else vat.hundredths,
        vat_rate,
        custom,
        cost_price,
        includes_vat,
        discount_percentage,
    ]
