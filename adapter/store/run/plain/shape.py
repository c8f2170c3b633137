"""What the statements of a page depend on besides a call's own values."""

from dataclasses import dataclass

from adapter.billing.due import TaxRule
from adapter.billing.settings import BusinessSettings


@dataclass(frozen=True, slots=True)
class Shape:
    """One database's dialect, and what its account has set; `tax_rules` are in id order.

    `dense`: a page is every client between two ids, as `holding.is_dense` allows.
    """

    dialect: str
    settings: BusinessSettings
    methods: tuple[str, ...]
    tax_rules: tuple[TaxRule, ...]
    dense: bool = False
