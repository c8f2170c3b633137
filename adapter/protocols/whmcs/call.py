"""One decoded request of this protocol, and how its parameters are read outside a schema."""

from dataclasses import dataclass, field
from typing import Any

from adapter.protocols.base import BaseCall, Params
from adapter.protocols.whmcs.fields import record_id
from adapter.protocols.whmcs.formats import DEFAULT_FORMAT
from adapter.protocols.whmcs.quirks import Quirks


@dataclass(frozen=True, slots=True)
class Call(BaseCall):
    """`responsetype` is the caller's word, in lower case; `quirks` are the account's once bound.

    `action` is in lower case and "" when the request names none.
    """

    params: Params = field(repr=False)  # they hold the secret
    responsetype: str = DEFAULT_FORMAT
    quirks: Quirks = Quirks()

    def text(self, name: str) -> str:
        """Return a parameter's text without outer blanks, "" when absent or an array."""
        return plain_text(self.params.get(name))

    def sent_id(self, name: str) -> int | None:
        """Return an id the caller sent; None when absent, blank or 0, which all mean "not given".

        Only for parameters that a schema has accepted.
        """
        return record_id(self.text(name))


def plain_text(value: Any) -> str:
    """Return a parameter's text without outer blanks, "" when absent or an array."""
    return value.strip() if isinstance(value, str) else ""
