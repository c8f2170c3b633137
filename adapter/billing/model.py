"""The words of the field as types: kinds, states, lines, and what a run decides about."""

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum


class BillableKind(StrEnum):
    """Whatever can fall due; the order is the order of lines on an invoice."""

    SERVICE = "service"
    ADDON = "addon"
    DOMAIN = "domain"
    BILLABLE_ITEM = "item"
    RECURRING_INVOICE = "recurring"


class DocumentKind(StrEnum):
    """Kinds of issued documents; values are stored, and name the counter of their numbers."""

    INVOICE = "invoice"
    PROFORMA = "proforma"
    CREDIT_NOTE = "credit_note"
    PAYOUT = "payout"
    PAYMENT = "payment"
    QUOTE = "quote"
    DELIVERY_NOTE = "delivery_note"

    @property
    def number_counter(self) -> str:
        """The counter that gives this kind's running numbers."""
        return f"{self.value}_number"


# What a client owes the total of, and what counts for him; the other kinds move no money.
DEBITS = frozenset({DocumentKind.INVOICE, DocumentKind.PAYOUT})
CREDITS = frozenset({DocumentKind.CREDIT_NOTE, DocumentKind.PAYMENT})


class DocumentStatus(StrEnum):
    """States of documents that nothing is owed on; invoices and payouts have `InvoiceStatus`."""

    ISSUED = "Issued"
    CONVERTED = "Converted"
    CANCELLED = "Cancelled"
    QUOTE = "quote"


class InvoiceStatus(StrEnum):
    """States of an invoice; values as displayed."""

    DRAFT = "Draft"
    UNPAID = "Unpaid"
    PAID = "Paid"
    CANCELLED = "Cancelled"
    REFUNDED = "Refunded"
    COLLECTIONS = "Collections"
    PAYMENT_PENDING = "Payment Pending"


class QuoteStage(StrEnum):
    """Where a quote stands; values as displayed."""

    DRAFT = "Draft"
    DELIVERED = "Delivered"
    ON_HOLD = "On Hold"
    ACCEPTED = "Accepted"
    LOST = "Lost"
    DEAD = "Dead"


class ItemStatus(StrEnum):
    """States of services, service addons and domains; values as displayed."""

    PENDING = "Pending"
    PENDING_TRANSFER = "Pending Transfer"
    ACTIVE = "Active"
    COMPLETED = "Completed"
    SUSPENDED = "Suspended"
    TERMINATED = "Terminated"
    CANCELLED = "Cancelled"
    FRAUD = "Fraud"
    GRACE = "Grace"
    REDEMPTION = "Redemption"
    EXPIRED = "Expired"
    TRANSFERRED_AWAY = "Transferred Away"


class ClientStatus(StrEnum):
    """States of a client."""

    ACTIVE = "Active"
    INACTIVE = "Inactive"
    CLOSED = "Closed"


class OrderStatus(StrEnum):
    """States of an order."""

    PENDING = "Pending"
    ACTIVE = "Active"
    FRAUD = "Fraud"
    CANCELLED = "Cancelled"


class ItemAction(StrEnum):
    """When a billable item is invoiced (`invoiceaction` on the form-post wire)."""

    NO_INVOICE = "noinvoice"
    NEXT_RUN = "nextcron"
    NEXT_INVOICE = "nextinvoice"
    DUE_DATE = "duedate"
    RECUR = "recur"


class Rounding(StrEnum):
    """Where a document rounds; stored on it. Source: contracts/decisions.md, "Rounding"."""

    LINE = "line"
    SUM = "sum"


class CatchUp(StrEnum):
    """What a schedule does with several periods due at once."""

    ONE_PER_DAY = "one_per_day"
    ALL = "all"
    LATEST = "latest"
    NONE = "none"
    HOLD = "hold"


class HeldReason(StrEnum):
    """Why a date is known and not billed; values are stored.

    `PAST_START` and `CATCH_UP` wait for the operator, who drops or issues them; `SKIPPED` is what
    the policy `none` passes over, `PAUSED` what went by while the schedule was paused.
    """

    PAST_START = "past_start"
    CATCH_UP = "catch_up"
    SKIPPED = "skipped"
    PAUSED = "paused"
    DROPPED = "dropped"
    ISSUED = "issued"


class PastStart(StrEnum):
    """What a recurring invoice does with dates before its creation."""

    LATEST = "latest"
    ALL = "all"
    NEXT = "next"
    REFUSE = "refuse"


class LineType(StrEnum):
    """What a line of an invoice stands for; values as the form-post API shows them."""

    SERVICE = "Hosting"
    ADDON = "Addon"
    DOMAIN = "Domain"
    DOMAIN_REGISTER = "DomainRegister"
    DOMAIN_TRANSFER = "DomainTransfer"
    SETUP = "Setup"
    UPGRADE = "Upgrade"
    BILLABLE_ITEM = "Item"
    PROMOTION_SERVICE = "PromoHosting"
    PROMOTION_DOMAIN = "PromoDomain"
    GROUP_DISCOUNT = "GroupDiscount"
    RECURRING = "Recurring"
    MANUAL = ""


@dataclass(frozen=True, slots=True)
class RecurringLine:
    """One quoted line of a positional document, as given; rounded only when issued.

    `unit_price` keeps up to 6 decimals. `vat_rate` is a percentage. `discount_percentage` counts
    only where the document has none. `custom` are the five custom columns in order.
    `discount_amount` is taken off the whole line; only delivery notes can quote one, so that it
    is no input of a claim.
    """

    product_code: str
    quantity: Decimal
    description: str
    unit_price: Decimal
    currency: str
    vat_applies: bool
    vat_rate: Decimal
    includes_vat: bool
    custom: tuple[str, str, str, str, str] = ("", "", "", "", "")
    cost_price: Decimal | None = None
    discount_percentage: Decimal | None = None
    discount_amount: Decimal | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Increase:
    """The automatic price rise: `percentage` more after every `interval` issued documents."""

    percentage: Decimal
    interval: int
