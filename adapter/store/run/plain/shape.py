"""What the statements of a page depend on besides a call's own values."""

from dataclasses import dataclass

from adapter.billing.due import TaxRule
from adapter.billing.settings import BusinessSettings


@dataclass(frozen=True, slots=True)
class Shape:
    """One database's dialect, and what its account has set; `tax_rules` are in id order."""

    dialect: str
    settings: BusinessSettings
    methods: tuple[str, ...]
    tax_rules: tuple[TaxRule, ...]
