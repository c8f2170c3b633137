"""One decoded request of this protocol."""

from dataclasses import dataclass

from adapter.commands.links import Links
from adapter.protocols.base import BaseCall
from adapter.protocols.invoicesonline.quirks import Quirks


@dataclass(frozen=True, slots=True)
class Call(BaseCall):
    """The file's name in lower case, without `.php`, and the account's quirks and links."""

    quirks: Quirks = Quirks()
    links: Links = Links()
