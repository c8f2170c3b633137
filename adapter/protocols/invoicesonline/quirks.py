"""The named switches of this protocol: each a documented difference between callers."""

from dataclasses import dataclass
from enum import StrEnum


class BothDiscounts(StrEnum):
    """What a document with both discounts means."""

    REFUSE = "refuse"
    PERCENTAGE = "percentage"


@dataclass(frozen=True, slots=True)
class Quirks:
    """How one account's dialect differs from the default one.

    `empty_required_booleans`: an empty required 1/0 field (`paused`, `limit_recurrances`,
        `add_increase`, columns 5 and 7) means 0; off, it is an error, because `paused=''` would
        start billing and an empty `vat_applies` would drop VAT.
    `truncate_long_values`: a text longer than its documented maximum is cut; off, it is refused.
    `both_discounts`: DiscountAmount and DiscountPercentage in one document are refused, or the
        percentage wins.
    `round_unit_price`: a unit price is rounded half up to two decimals when it is read; off, it
        keeps up to six and more are refused.
    `int_document_id`: `document_id` is a JSON number; off, a string as the live service sent it.
    """

    empty_required_booleans: bool = False
    truncate_long_values: bool = False
    both_discounts: BothDiscounts = BothDiscounts.REFUSE
    round_unit_price: bool = False
    int_document_id: bool = False
