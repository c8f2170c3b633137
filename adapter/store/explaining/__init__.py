"""Why a document was made, and why a billable is or is not due: told from what was stored."""

from adapter.store.explaining.billable import BillableExplained, explain_billable, state_of
from adapter.store.explaining.invoice import ClaimExplained, InvoiceExplained, explain_invoice

__all__ = [
    "BillableExplained",
    "ClaimExplained",
    "InvoiceExplained",
    "explain_billable",
    "explain_invoice",
    "state_of",
]
