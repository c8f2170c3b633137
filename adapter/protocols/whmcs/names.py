"""Wire spellings that requests and replies share."""

from enum import StrEnum
from types import MappingProxyType
from typing import Final

from adapter.billing.model import InvoiceStatus
from adapter.billing.schedule import Cycle

# Keys of a price list, in the order of the samples. Source: the form-post facts, 3.
PRICE_KEYS: Final = MappingProxyType(
    {
        cycle: cycle.price_key
        for cycle in (
            Cycle.MONTHLY,
            Cycle.QUARTERLY,
            Cycle.SEMI_ANNUALLY,
            Cycle.ANNUALLY,
            Cycle.BIENNIALLY,
            Cycle.TRIENNIALLY,
        )
    }
)
SETUP_KEYS: Final = MappingProxyType(
    {cycle: f"{key[0]}setupfee" for cycle, key in PRICE_KEYS.items()}
)

# The kinds of mail a client may switch off, in the order of the samples.
EMAIL_KINDS: Final = ("general", "invoice", "support", "product", "domain", "affiliate")

# Product types and states of invoices as a client's figures spell them.
TYPE_KEYS: Final = MappingProxyType(
    {
        "hostingaccount": "hosting",
        "reselleraccount": "reseller",
        "server": "servers",
        "other": "other",
    }
)
STATUS_WORDS: Final = MappingProxyType(
    {
        "unpaid": InvoiceStatus.UNPAID,
        "paid": InvoiceStatus.PAID,
        "cancelled": InvoiceStatus.CANCELLED,
        "refunded": InvoiceStatus.REFUNDED,
        "collections": InvoiceStatus.COLLECTIONS,
        "paymentpending": InvoiceStatus.PAYMENT_PENDING,
    }
)


class Ending(StrEnum):
    """When a cancelled service ends."""

    IMMEDIATE = "Immediate"
    END_OF_PERIOD = "End of Billing Period"
