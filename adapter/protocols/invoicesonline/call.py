"""One decoded request of this protocol."""

from dataclasses import dataclass

from adapter.protocols.base import BaseCall
from adapter.protocols.invoicesonline.quirks import Quirks


@dataclass(frozen=True, slots=True)
class Call(BaseCall):
    """`action` is the file name in lower case, without `.php`; `quirks` are the account's."""

    quirks: Quirks = Quirks()
