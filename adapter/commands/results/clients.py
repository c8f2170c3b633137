"""Results about clients."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from adapter.billing.model import ClientStatus, InvoiceStatus
from adapter.billing.money import Money
from adapter.commands.results.base import Listing, Result


@dataclass(frozen=True, slots=True)
class ClientRecord:
    """A client as stored. `balance` is credit less what is unpaid: negative means owes."""

    client_id: int
    uuid: str
    invoice_name: str
    first_name: str
    last_name: str
    company_name: str
    email: str
    address_1: str
    address_2: str
    city: str
    state: str
    postcode: str
    country: str
    phone: str
    phone_2: str
    fax: str
    mobile: str
    tax_number: str
    branch_name: str
    account_number: str
    website: str
    physical_address: tuple[str, str, str, str]
    payment_terms_days: int | None
    custom: Mapping[int, str]
    currency_id: int
    currency_code: str
    group_id: int
    language: str
    notes: str
    ip_address: str
    status: ClientStatus
    credit: Money
    balance: Money
    opening_balance: Money
    payment_method: str
    tax_exempt: bool
    separate_invoices: bool
    no_late_fee: bool
    no_overdue_notices: bool
    no_auto_charge: bool
    no_auto_close: bool
    marketing_emails: bool
    send_documents: bool
    email_preferences: Mapping[str, bool]
    created_at: datetime
    created_on: date


@dataclass(frozen=True, slots=True)
class StatusTotal:
    """How many documents of one state a client has, and what they come to."""

    count: int
    total: Money


@dataclass(frozen=True, slots=True)
class ClientStats:
    """Figures about one client.

    `by_status` has every invoice status. `due` counts unpaid invoices with their balances,
    `overdue` those past their due date. `items` counts services by product type, active and all.
    """

    currency_prefix: str
    currency_suffix: str
    due: StatusTotal
    overdue: StatusTotal
    by_status: Mapping[InvoiceStatus, StatusTotal]
    gross_revenue: Money
    expenses: Money
    active_services: Mapping[str, int]
    all_services: Mapping[str, int]
    active_domains: int
    all_domains: int
    accepted_quotes: int
    all_quotes: int


@dataclass(frozen=True, slots=True)
class ClientCreated(Result):
    """A client was created, or (`created` False) an equal one already existed."""

    client_id: int
    created: bool = True


@dataclass(frozen=True, slots=True)
class ClientUpdated(Result):
    """A client was changed."""

    client_id: int


@dataclass(frozen=True, slots=True)
class ClientFound(Result):
    """The client asked for."""

    client_id: int


@dataclass(frozen=True, slots=True)
class ClientShown(Result):
    """One client, with figures where asked for."""

    client: ClientRecord
    stats: ClientStats | None = None


@dataclass(frozen=True, slots=True)
class ClientsListed(Result):
    """A window of clients."""

    listing: Listing
    clients: tuple[ClientRecord, ...]


@dataclass(frozen=True, slots=True)
class ClientHasClosed(Result):
    """A client is closed."""

    client_id: int


@dataclass(frozen=True, slots=True)
class ClientDeleted(Result):
    """A client is erased and hidden."""

    client_id: int


@dataclass(frozen=True, slots=True)
class ClientGroupRecord:
    """A group of clients."""

    group_id: int
    name: str
    colour: str
    discount_percent: Decimal
    exempt_from_suspension: bool
    separate_invoices: bool


@dataclass(frozen=True, slots=True)
class ClientGroupsListed(Result):
    """The groups of clients."""

    groups: tuple[ClientGroupRecord, ...]


@dataclass(frozen=True, slots=True)
class LoginValidated(Result):
    """The password is the client's; `digest` changes with it and tells nothing of it."""

    client_id: int
    digest: str
