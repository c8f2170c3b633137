"""What is configured of an upstream: where it is, as whom to call, and what it has set."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit

from marshmallow import ValidationError

from adapter.backends.transport import TransportConfig
from adapter.commands.access import Credentials
from adapter.errors import InvalidField
from adapter.protocols.base import Limits
from adapter.protocols.fields import WireDecimal
from adapter.protocols.invoicesonline.client import InvoicesOnlineClient
from adapter.protocols.upstream import UpstreamClient
from adapter.protocols.whmcs.client import WhmcsClient

NOT_DECLARED: Final = -1
CLIENTS: Final[Mapping[str, Callable[[Limits | None], UpstreamClient]]] = MappingProxyType(
    {WhmcsClient.name: WhmcsClient, InvoicesOnlineClient.name: InvoicesOnlineClient}
)
_RATE: Final = WireDecimal(places=3, minimum=Decimal(0), maximum=Decimal(100))
_MOST_DAYS: Final = 365


@dataclass(frozen=True, slots=True)
class UpstreamTerms:
    """What a form-post upstream has set, as far as a translation depends on it.

    `currency` is its clients' currency by code. `vat_rate` is the percentage that it adds to
    billable items, 0 where it does not tax them; `vat_included` tells that their amounts include
    it. `days_in_advance` is how long before its due date it invoices an item. `client_country` is
    given to clients that are made there. `endless_times` is how many repetitions stand for "until
    cancelled". With `drop_product_codes` a line's product code is left out. Blank and -1 mean
    not declared: what depends on it is then refused, as are endless schedules with 0 times.
    """

    currency: str = ""
    vat_rate: str = ""
    vat_included: bool = False
    days_in_advance: int = NOT_DECLARED
    client_country: str = ""
    endless_times: int = 0
    drop_product_codes: bool = False

    def __post_init__(self) -> None:
        """Refuse what is no setting. Raises `InvalidField`."""
        if self.vat_rate:
            self._rate()
        if not NOT_DECLARED <= self.days_in_advance <= _MOST_DAYS:
            raise InvalidField("terms.days_in_advance", "range", f"-1 to {_MOST_DAYS} is wanted")
        if self.endless_times < 0:
            raise InvalidField("terms.endless_times", "minimum", "0 or more is wanted")

    @property
    def rate(self) -> Decimal | None:
        """The VAT rate in percent; None where none is declared."""
        return self._rate() if self.vat_rate else None

    def _rate(self) -> Decimal:
        try:
            rate: Decimal = _RATE.deserialize(self.vat_rate)
        except ValidationError as error:
            raise InvalidField(
                "terms.vat_rate", "decimal", f"vat_rate {error.messages[0]}"
            ) from error
        return rate


@dataclass(frozen=True, slots=True)
class ForwardConfig:
    """One upstream.

    `url` is, for `whmcs`, the whole address of its endpoint (`https://host/includes/api.php`), for
    `invoicesonline` the folder of its endpoints (`https://host/api`). `identifier` and `secret`
    are sent in place of the caller's, `access_key` (form-post) and `business_id` (positional)
    where they are not blank. An upstream that requests only pass to as they are needs neither.
    """

    protocol: str
    url: str
    identifier: str = ""
    secret: str = field(default="", repr=False)
    access_key: str = field(default="", repr=False)
    business_id: str = ""
    transport: TransportConfig = TransportConfig()
    terms: UpstreamTerms = UpstreamTerms()

    def __post_init__(self) -> None:
        """Refuse what cannot be an upstream. Raises `InvalidField`."""
        if self.protocol not in CLIENTS:
            raise InvalidField("protocol", "choice", f"one of {', '.join(CLIENTS)} is wanted")
        parts = urlsplit(self.url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise InvalidField("url", "url", "an http:// or https:// address is wanted")
        if parts.query or parts.fragment or parts.username is not None:
            raise InvalidField("url", "url", "neither a query nor credentials may stand in it")

    @property
    def credentials(self) -> Credentials:
        """As whom calls are made; blank ones are absent."""
        return Credentials(
            identifier=self.identifier,
            secret=self.secret,
            access_key=self.access_key or None,
            business_id=self.business_id or None,
        )
