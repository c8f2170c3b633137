"""Commands about clients."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar

from adapter.billing.model import ClientStatus
from adapter.commands.model.base import UNSET, Command, Effect, Page, Unset


class ClientIdentity(StrEnum):
    """What makes a new client the same as an existing one."""

    EMAIL = "email"  # refused: EmailTaken (form-post API)
    NAME_AND_EMAIL = "name_and_email"  # the existing one is used (positional API)


@dataclass(frozen=True, slots=True)
class ClientFields:
    """A client's own data; `None` means not given, `""` an explicit blank.

    `invoice_name` is the name printed on documents; not given, it is the company name, else
    "First Last". `email` may list several addresses split by `;`. The positional API's postal
    lines 1 to 4 are `address_1`, `address_2`, `city`, `postcode`. `country` is ISO 3166-1
    alpha-2. `payment_terms_days` None on create means unspecified. `custom` are numbered values.
    """

    invoice_name: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    company_name: str | None = None
    email: str | None = None
    address_1: str | None = None
    address_2: str | None = None
    city: str | None = None
    state: str | None = None
    postcode: str | None = None
    country: str | None = None
    phone: str | None = None
    phone_2: str | None = None
    fax: str | None = None
    mobile: str | None = None
    tax_number: str | None = None
    branch_name: str | None = None
    account_number: str | None = None
    website: str | None = None
    physical_address_1: str | None = None
    physical_address_2: str | None = None
    physical_address_3: str | None = None
    physical_address_4: str | None = None
    payment_terms_days: int | None | Unset = UNSET
    custom: tuple[tuple[int, str], ...] = ()
    currency_id: int | None = None
    group_id: int | None = None
    language: str | None = None
    notes: str | None = None
    ip_address: str | None = None
    status: ClientStatus | None = None
    payment_method: str | None = None
    tax_exempt: bool | None = None
    separate_invoices: bool | None = None
    no_late_fee: bool | None = None
    no_overdue_notices: bool | None = None
    no_auto_charge: bool | None = None
    no_auto_close: bool | None = None
    marketing_emails: bool | None = None
    email_preferences: tuple[tuple[str, bool], ...] = ()
    send_documents: bool | None = None


@dataclass(frozen=True, slots=True)
class CreateClient(Command):
    """Create a client; `identity` says what an equal one means.

    With `password` the client can be asked for by `ValidateLogin`.
    """

    effect: ClassVar[Effect] = Effect.CREATES
    client: ClientFields
    identity: ClientIdentity
    send_email: bool = True
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class UpdateClient(Command):
    """Change the client named by id, else by e-mail; `identity` says who would be his equal."""

    effect: ClassVar[Effect] = Effect.CHANGES
    changes: ClientFields
    client_id: int | None = None
    email: str | None = None
    identity: ClientIdentity = ClientIdentity.EMAIL


@dataclass(frozen=True, slots=True)
class FindClient(Command):
    """Find the client with this pair of invoice name and e-mail (and branch, where given)."""

    invoice_name: str
    email: str
    branch_name: str | None = None


@dataclass(frozen=True, slots=True)
class GetClient(Command):
    """Show one client, by id, else by e-mail (lowest id)."""

    client_id: int | None = None
    email: str | None = None
    with_stats: bool = False


@dataclass(frozen=True, slots=True)
class ListClients(Command):
    """List clients; `search` is a prefix of e-mail, first, last, full or company name.

    A `page` of None lists all (the positional API has no paging).
    """

    page: Page | None = Page()
    search: str | None = None
    status: ClientStatus | None = None
    order_by: str | None = None
    descending: bool = False


@dataclass(frozen=True, slots=True)
class CloseClient(Command):
    """End all that a client has: nothing is billed to it any more."""

    effect: ClassVar[Effect] = Effect.CHANGES
    client_id: int


@dataclass(frozen=True, slots=True)
class DeleteClient(Command):
    """Close a client, erase its personal data and hide what it had.

    Ids and numbers stay taken. Its payments are hidden too with `delete_transactions` only.
    """

    effect: ClassVar[Effect] = Effect.CHANGES
    client_id: int
    delete_transactions: bool = False


@dataclass(frozen=True, slots=True)
class ListClientGroups(Command):
    """List the groups of clients."""


@dataclass(frozen=True, slots=True)
class ValidateLogin(Command):
    """Tell whether an e-mail address and a password belong to one client."""

    email: str
    password: str = field(repr=False)
