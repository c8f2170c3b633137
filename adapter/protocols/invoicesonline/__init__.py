"""The positional-array protocol: bytes <-> commands."""

from adapter.protocols.invoicesonline.call import Call
from adapter.protocols.invoicesonline.codec import InvoicesOnlineProtocol
from adapter.protocols.invoicesonline.quirks import (
    BothDiscounts,
    HistoryKeys,
    HistoryWords,
    MarkAsPaid,
    Quirks,
)

__all__ = [
    "BothDiscounts",
    "Call",
    "HistoryKeys",
    "HistoryWords",
    "InvoicesOnlineProtocol",
    "MarkAsPaid",
    "Quirks",
]
