"""Wire spellings that requests and replies share."""

from types import MappingProxyType
from typing import Final

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
