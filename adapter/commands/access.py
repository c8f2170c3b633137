"""Who asks: credentials as sent, the account they open, and the caller they make."""

from dataclasses import dataclass, field
from enum import StrEnum
from zoneinfo import ZoneInfo


class Mode(StrEnum):
    """What an account is for: only a sandbox's clock can be moved."""

    SANDBOX = "sandbox"
    PRODUCTION = "production"


@dataclass(frozen=True, slots=True)
class Credentials:
    """Credentials as one request carried them; empty text is None (absent).

    `secret` may be the secret itself or its lower-case hex MD5. Never logged: left out of repr.
    """

    identifier: str | None = None
    secret: str | None = field(default=None, repr=False)
    access_key: str | None = field(default=None, repr=False)
    business_id: str | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """One served business; its database, quirks and routes stay with the layers that own them."""

    name: str
    mode: Mode
    zone: ZoneInfo
    business_id: str


@dataclass(frozen=True, slots=True)
class Caller:
    """An admitted caller: which account it may use, as which credential, from where."""

    account: Account
    credential: str
    address: str
