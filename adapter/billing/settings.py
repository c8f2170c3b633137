"""Business settings: what an operator chooses about billing, with the names callers know.

Stored as text under the form-post API's own setting names where it has one; changed by that API,
by `adapter setup` and nowhere else. Each change gives a new settings version.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from typing import Any

from adapter.billing.model import CatchUp, DocumentKind, ItemStatus, PastStart
from adapter.billing.schedule import Cycle
from adapter.errors import InvalidField


class IdLists(StrEnum):
    """What an id list of a run does. Source: contracts/decisions.md, "Id lists"."""

    DUE = "due"
    EARLY = "early"


class Allocation(StrEnum):
    """What a payment or a credit note of the positional API does.

    Source: contracts/decisions.md, "Payments of the positional API".
    """

    OLDEST = "oldest"  # it pays the client's oldest open documents, the rest is his credit
    CREDIT = "credit"  # all of it is his credit


def _bool(text: str) -> bool:
    word = text.strip().lower()
    if word not in {"on", "1", "true", "yes", "", "0", "off", "false", "no"}:
        raise ValueError("must be on or empty")
    return word in {"on", "1", "true", "yes"}


def _day_count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= 3650):  # noqa: PLR2004 - ten years
        raise ValueError("must be a whole number of days from 0 to 3650")
    return int(text)


def _optional_days(text: str) -> int | None:
    try:
        return None if text == "" else _day_count(text)
    except ValueError as error:
        raise ValueError(f"{error}, or empty") from error


def _positive(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 10**15):
        raise ValueError("must be a whole number above 0")
    return int(text)


def _statuses(text: str) -> frozenset[ItemStatus]:
    try:
        found = frozenset(ItemStatus(part.strip()) for part in text.split(",") if part.strip())
    except ValueError as error:
        raise ValueError("must be a comma list of " + ", ".join(ItemStatus)) from error
    if not found:
        raise ValueError("must name at least one status, or nothing is ever billed")
    return found


def _tagged(text: str) -> str:
    if "{NUMBER}" not in text or len(text) > 40:  # noqa: PLR2004 - its result fits 64 characters
        raise ValueError("must hold {NUMBER} and have at most 40 characters")
    return text


def _choice(kind: type[StrEnum]) -> Callable[[str], Any]:
    def parse(text: str) -> StrEnum:
        try:
            return kind(text)
        except ValueError as error:
            raise ValueError("must be one of " + ", ".join(kind)) from error

    return parse


def _tax_type(text: str) -> bool:
    if text not in {"Exclusive", "Inclusive"}:
        raise ValueError("must be Exclusive or Inclusive")
    return text == "Inclusive"


def _date_format(text: str) -> str:
    if text not in DATE_FORMATS:
        raise ValueError("must be one of " + ", ".join(DATE_FORMATS))
    return text


def _reset(text: str) -> str:
    if text not in {"never", "monthly", "annually"}:
        raise ValueError("must be one of never, monthly, annually")
    return text


def _short(text: str) -> str:
    if len(text) > 9:  # noqa: PLR2004 - the documented limit of prepend_nr and append_nr
        raise ValueError("must be at most 9 characters")
    return text


def _labels(text: str) -> tuple[str, ...]:
    labels = tuple(part.strip() for part in text.split(";")) if text.strip() else ()
    if len(labels) > 10 or any(len(label) > 32 for label in labels):  # noqa: PLR2004 - as many values
        raise ValueError("must be at most 10 labels of at most 32 characters, split by ;")
    return labels


DATE_FORMATS = {
    "DD/MM/YYYY": "%d/%m/%Y",
    "DD.MM.YYYY": "%d.%m.%Y",
    "DD-MM-YYYY": "%d-%m-%Y",
    "MM/DD/YYYY": "%m/%d/%Y",
    "YYYY/MM/DD": "%Y/%m/%d",
    "YYYY-MM-DD": "%Y-%m-%d",
}


def _setting(name: str, parse: Callable[[str], Any], default: str) -> Any:
    """Declare a setting: its public name, its reader, its default as text."""
    return field(
        default_factory=lambda: parse(default),
        metadata={"name": name, "parse": parse, "default": default},
    )


_ACTIVE = "Active,Pending,Suspended"


@dataclass(frozen=True, slots=True)
class BusinessSettings:
    """All business settings, typed. Sources: contracts/decisions.md, "Business settings"."""

    company_name: str = _setting("CompanyName", str, "")
    company_email: str = _setting("Email", str, "")
    system_url: str = _setting("SystemURL", str, "")
    language: str = _setting("Language", str, "english")
    date_format: str = _setting("DateFormat", _date_format, "DD/MM/YYYY")
    days_in_advance: int = _setting("CreateInvoiceDaysBefore", _day_count, "14")
    days_monthly: int | None = _setting("CreateInvoiceDaysBeforeMonthly", _optional_days, "")
    days_quarterly: int | None = _setting("CreateInvoiceDaysBeforeQuarterly", _optional_days, "")
    days_semi_annually: int | None = _setting(
        "CreateInvoiceDaysBeforeSemiAnnually", _optional_days, ""
    )
    days_annually: int | None = _setting("CreateInvoiceDaysBeforeAnnually", _optional_days, "")
    days_biennially: int | None = _setting("CreateInvoiceDaysBeforeBiennially", _optional_days, "")
    days_triennially: int | None = _setting(
        "CreateInvoiceDaysBeforeTriennially", _optional_days, ""
    )
    domain_days: int | None = _setting("CreateDomainInvoiceDaysBefore", _optional_days, "")
    continuous: bool = _setting("ContinuousInvoiceGeneration", _bool, "")
    tax_enabled: bool = _setting("TaxEnabled", _bool, "")
    tax_inclusive: bool = _setting("TaxType", _tax_type, "Exclusive")
    tax_compound: bool = _setting("TaxL2Compound", _bool, "")
    tax_domains: bool = _setting("TaxDomains", _bool, "")
    tax_billable_items: bool = _setting("TaxBillableItems", _bool, "")
    no_auto_credit: bool = _setting("NoAutoApplyCredit", _bool, "")
    cancel_invoices_on_request: bool = _setting("CancelInvoiceOnCancellation", _bool, "")
    id_increment: int = _setting("InvoiceIncrement", _positive, "1")
    custom_numbers: bool = _setting("TaxCustomInvoiceNumbering", _bool, "")
    custom_number_format: str = _setting("TaxCustomInvoiceNumberFormat", _tagged, "{NUMBER}")
    custom_number_reset: str = _setting("TaxAutoResetNumbering", _reset, "never")
    sequential_numbers: bool = _setting("SequentialInvoiceNumbering", _bool, "")
    sequential_number_format: str = _setting("SequentialInvoiceNumberFormat", _tagged, "{NUMBER}")
    sequential_number_reset: str = _setting("TaxAutoResetPaidNumbering", _reset, "never")
    proforma: bool = _setting("EnableProformaInvoicing", _bool, "")
    date_on_payment: bool = _setting("TaxSetInvoiceDateOnPayment", _bool, "")
    billed_statuses: frozenset[ItemStatus] = _setting("BilledStatuses", _statuses, _ACTIVE)
    billed_statuses_continuous: frozenset[ItemStatus] = _setting(
        "BilledStatusesContinuous", _statuses, "Active,Suspended"
    )
    billed_domain_statuses: frozenset[ItemStatus] = _setting(
        "BilledDomainStatuses", _statuses, "Active,Pending"
    )
    id_lists: IdLists = _setting("IdLists", _choice(IdLists), "due")
    cancelled_blocks: bool = _setting("CancelledInvoiceBlocksDate", _bool, "on")
    anchor_month_ends: bool = _setting("AnchorMonthEnds", _bool, "")
    catch_up: CatchUp = _setting("CatchUp", _choice(CatchUp), "one_per_day")
    recurring_catch_up: CatchUp = _setting("RecurringCatchUp", _choice(CatchUp), "all")
    catch_up_mails: bool = _setting("CatchUpMails", _bool, "")
    past_start: PastStart = _setting("PastStart", _choice(PastStart), "latest")
    number_prefix: str = _setting("InvoicePrefix", _short, "")
    number_suffix: str = _setting("InvoiceSuffix", _short, "")
    proforma_prefix: str = _setting("ProFormaPrefix", _short, "")
    proforma_suffix: str = _setting("ProFormaSuffix", _short, "")
    credit_note_prefix: str = _setting("CreditNotePrefix", _short, "")
    credit_note_suffix: str = _setting("CreditNoteSuffix", _short, "")
    payout_prefix: str = _setting("PayoutPrefix", _short, "")
    payout_suffix: str = _setting("PayoutSuffix", _short, "")
    payment_prefix: str = _setting("PaymentPrefix", _short, "")
    payment_suffix: str = _setting("PaymentSuffix", _short, "")
    quote_prefix: str = _setting("QuotePrefix", _short, "")
    quote_suffix: str = _setting("QuoteSuffix", _short, "")
    delivery_note_prefix: str = _setting("DeliveryNotePrefix", _short, "")
    delivery_note_suffix: str = _setting("DeliveryNoteSuffix", _short, "")
    invoice_fields: tuple[str, ...] = _setting("InvoiceFields", _labels, "")
    proforma_fields: tuple[str, ...] = _setting("ProFormaFields", _labels, "")
    credit_note_fields: tuple[str, ...] = _setting("CreditNoteFields", _labels, "")
    payout_fields: tuple[str, ...] = _setting("PayoutFields", _labels, "")
    quote_fields: tuple[str, ...] = _setting("QuoteFields", _labels, "")
    delivery_note_fields: tuple[str, ...] = _setting("DeliveryNoteFields", _labels, "")
    line_fields: tuple[str, ...] = _setting("LineFields", _labels, "")
    proforma_days: int = _setting("ProFormaConvertDays", _day_count, "7")
    allocation: Allocation = _setting("PaymentAllocation", _choice(Allocation), "oldest")
    settings_version: int = 0

    def days_for(self, cycle: Cycle) -> int:
        """Return how many days before its due date an item of `cycle` is invoiced."""
        override = {
            Cycle.MONTHLY: self.days_monthly,
            Cycle.QUARTERLY: self.days_quarterly,
            Cycle.SEMI_ANNUALLY: self.days_semi_annually,
            Cycle.ANNUALLY: self.days_annually,
            Cycle.BIENNIALLY: self.days_biennially,
            Cycle.TRIENNIALLY: self.days_triennially,
        }.get(cycle)
        return self.days_in_advance if override is None else override

    def affixes(self, kind: DocumentKind) -> tuple[str, str]:
        """Return what stands before and after the numbers of this kind of document."""
        if kind is DocumentKind.INVOICE:
            return self.number_prefix, self.number_suffix
        prefix, suffix = f"{kind.value}_prefix", f"{kind.value}_suffix"
        return getattr(self, prefix), getattr(self, suffix)

    def field_labels(self, kind: DocumentKind) -> tuple[str, ...]:
        """Return the names of this kind's custom fields, in order; payments have none."""
        labels: tuple[str, ...] = getattr(self, f"{kind.value}_fields", ())
        return labels

    @property
    def days_for_domains(self) -> int:
        """How many days before its due date a domain is invoiced."""
        return self.days_in_advance if self.domain_days is None else self.domain_days

    @property
    def statuses(self) -> frozenset[ItemStatus]:
        """The states in which services and addons are billed."""
        return self.billed_statuses_continuous if self.continuous else self.billed_statuses


_BY_NAME = {
    spec.metadata["name"].lower(): spec for spec in fields(BusinessSettings) if spec.metadata
}

# Changing one of these changes which items wait in the run's queue.
QUEUE_SETTINGS = frozenset(
    {
        "ContinuousInvoiceGeneration",
        "BilledStatuses",
        "BilledStatusesContinuous",
        "BilledDomainStatuses",
        "CancelledInvoiceBlocksDate",
    }
)


# No setting can have it, but those that take any text.
_IMPOSSIBLE = "?" * 50


def setting_rules() -> Iterator[tuple[str, str, str]]:
    """Yield each setting's public name, what it can be (blank: any text), and its default."""
    for spec in _BY_NAME.values():
        yield spec.metadata["name"], _rule(spec.metadata["parse"]), spec.metadata["default"]


def _rule(parse: Callable[[str], Any]) -> str:
    """Return what a value must be, in the words that refuse another."""
    try:
        parse(_IMPOSSIBLE)
    except ValueError as error:
        return str(error).removeprefix("must ").removeprefix("be ")
    return ""


def setting_name(name: str) -> str | None:
    """Return the public spelling of a setting's name in any casing; None when there is none."""
    spec = _BY_NAME.get(name.lower())
    return None if spec is None else str(spec.metadata["name"])


def default_text(name: str) -> str:
    """Return the default of the setting with this public name."""
    return str(_BY_NAME[name.lower()].metadata["default"])


def check_value(name: str, value: str) -> None:
    """Raise `InvalidField` when `value` is not one the setting can have."""
    try:
        _BY_NAME[name.lower()].metadata["parse"](value)
    except ValueError as error:
        raise InvalidField("value", "setting", f"{name} {error}") from error


def load_settings(stored: Mapping[str, str], version: int) -> BusinessSettings:
    """Return the settings made of stored text values over the defaults."""
    values = {
        _BY_NAME[name.lower()].name: _BY_NAME[name.lower()].metadata["parse"](value)
        for name, value in stored.items()
        if name.lower() in _BY_NAME
    }
    return replace(BusinessSettings(settings_version=version), **values)
