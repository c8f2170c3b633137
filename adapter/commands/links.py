"""Links to documents, which need no login: what they say, and the key that makes them unguessable.

Source of their shape: contracts/decisions.md, "Links".
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlencode

DOWNLOAD: Final = "Download"
EMAIL: Final = "Email"
# The words of types that the original is known to use in a link.
INVOICE: Final = "invoice"
# Ours for money that was booked without a document.
RECEIPT: Final = "receipt"
STATEMENT: Final = "statement"
KEY: Final = "k"
_KEY_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class Links:
    """Makes and checks one account's links.

    `base_url` is what comes before `/scripts/`; `secret` is the account's own, never sent. With
    `keyless` a download without a key is believed, as the original's are: `id` and `did` together
    are then all that keeps a document private. Statements and mails need the key always.
    """

    base_url: str = ""
    business_id: str = "1"
    secret: bytes = field(default=b"", repr=False)
    keyless: bool = False

    def download(self, kind: str, document_id: int, number: int) -> str:
        """Return the address of a document's PDF; `kind` is the word of its type.

        `number` is its own, 0 where it has none. "" where nothing can be opened.
        """
        return self._url(DOWNLOAD, self._named(kind, document_id, number))

    def email(self, kind: str, document_id: int, number: int) -> str:
        """Return the address that mails a document to its client when it is opened."""
        return self._url(EMAIL, self._named(kind, document_id, number))

    def statement(self, statement_id: int) -> str:
        """Return the address of a statement's file, as long as it is kept."""
        return self._url(DOWNLOAD, self._named(STATEMENT, statement_id, statement_id))

    def holds(self, script: str, values: Mapping[str, str]) -> bool:
        """Tell whether a link was made here, for this account; `values` are all it says."""
        if values.get("bid") != self.business_id:
            return False
        said = {name: value for name, value in values.items() if name != KEY}
        given = values.get(KEY, "")
        if not given:
            return self.keyless and script == DOWNLOAD and said.get("type") != STATEMENT
        return hmac.compare_digest(
            given.encode("utf-8", "replace"), self._key(script, said).encode("ascii")
        )

    def _named(self, kind: str, document_id: int, number: int) -> dict[str, str]:
        # Where a document has no number of its own, its id stands for it.
        return {
            "type": kind,
            "id": str(document_id),
            "bid": self.business_id,
            "did": str(number or document_id),
        }

    def _url(self, script: str, values: Mapping[str, str]) -> str:
        if not self.base_url:
            return ""
        query = urlencode({**values, KEY: self._key(script, values)})
        return f"{self.base_url}/scripts/{script}.php?{query}"

    def _key(self, script: str, values: Mapping[str, str]) -> str:
        # Lengths before each part: no two links are the same text.
        parts = [script, *(part for pair in sorted(values.items()) for part in pair)]
        text = "".join(f"{len(part)}:{part}" for part in parts)
        digest = hmac.digest(self.secret, text.encode("utf-8", "surrogatepass"), "sha256")
        return digest[:_KEY_BYTES].hex()


def link_secret(server_key: bytes, account: str) -> bytes:
    """Return an account's secret for links, which tells nothing of the server key."""
    return hmac.digest(server_key, f"links of {account}".encode(), "sha256")
