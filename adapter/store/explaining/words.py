"""Rules, inputs and settings in words."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from adapter.billing.drafts import (
    RULE_FIRST,
    RULE_IMPORTED,
    RULE_ITEM,
    RULE_PERIOD,
    RULE_RECURRING,
)
from adapter.billing.model import BillableKind
from adapter.billing.schedule import Cycle
from adapter.billing.settings import default_text
from adapter.store import tables
from adapter.store.setup.settings import stored_settings
from adapter.store.unit_of_work import UnitOfWork

_RULES: Mapping[str, str] = {
    RULE_FIRST: "the first period, at its first amount",
    RULE_PERIOD: "a renewal, at its recurring amount",
    RULE_ITEM: "a billable item, when its action says so",
    RULE_RECURRING: "an occurrence of a recurring invoice, dated on its own day",
    RULE_IMPORTED: "billed in the system that it was imported from",
}
# What an inputs digest says where it can be read: hundredths, taxed, issued before.
_READABLE = re.compile(r"(-?\d+):([01]):(\d+)")
_DAYS: Mapping[Cycle, str] = {
    Cycle.MONTHLY: "CreateInvoiceDaysBeforeMonthly",
    Cycle.QUARTERLY: "CreateInvoiceDaysBeforeQuarterly",
    Cycle.SEMI_ANNUALLY: "CreateInvoiceDaysBeforeSemiAnnually",
    Cycle.ANNUALLY: "CreateInvoiceDaysBeforeAnnually",
    Cycle.BIENNIALLY: "CreateInvoiceDaysBeforeBiennially",
    Cycle.TRIENNIALLY: "CreateInvoiceDaysBeforeTriennially",
}
_TAX = ("TaxEnabled", "TaxType", "TaxL2Compound")


def rule_in_words(rule: str) -> str:
    """Return what a claim's rule means; the rule itself where it is none of ours."""
    return _RULES.get(rule, rule)


def inputs_in_words(digest: str) -> str:
    """Return what a claim's inputs digest says, or that it is a hash of them."""
    readable = _READABLE.fullmatch(digest)
    if readable is None:
        return f"hash {digest}"
    amount = Decimal(readable[1]).scaleb(-2)
    taxed = "taxed" if readable[2] == "1" else "not taxed"
    return f"{amount:.2f}, {taxed}, {readable[3]} invoiced before"


def period_in_words(due_on: date, next_on: date | None) -> str:
    """Return a period as its first day and the day on which the next one begins."""
    return f"{due_on}" if next_on is None else f"{due_on} until {next_on}"


def settings_that_mattered(
    uow: UnitOfWork, kind: BillableKind, row: sa.RowMapping, at: datetime | None = None
) -> dict[str, str]:
    """Return the settings that decide about a billable, as they were at a time (None: are now)."""
    texts = stored_settings(uow)
    if at is not None:
        texts = _taken_back(uow, texts, at)
    return {name: texts.get(name, default_text(name)) for name in _names(kind, row)}


def _names(kind: BillableKind, row: sa.RowMapping) -> tuple[str, ...]:
    match kind:
        case BillableKind.RECURRING_INVOICE:
            return ("RecurringCatchUp", "InvoicePrefix", "InvoiceSuffix", "NoAutoApplyCredit")
        case BillableKind.BILLABLE_ITEM:
            return ("CreateInvoiceDaysBefore", "CatchUp", "TaxBillableItems", *_TAX)
        case BillableKind.DOMAIN:
            days = ("CreateDomainInvoiceDaysBefore", "CreateInvoiceDaysBefore")
            states: tuple[str, ...] = ("BilledDomainStatuses", "TaxDomains")
        case _:
            own = _DAYS.get(Cycle(row["cycle"]))
            days = ("CreateInvoiceDaysBefore", *((own,) if own else ()))
            states = ("BilledStatuses", "BilledStatusesContinuous")
    return (*days, *states, "ContinuousInvoiceGeneration", "CatchUp", "AnchorMonthEnds", *_TAX)


def _taken_back(uow: UnitOfWork, texts: Mapping[str, str], at: datetime) -> dict[str, str]:
    """Return setting texts as they were at a time: later changes are taken back, newest first."""
    audit = tables.audit
    query = (
        sa.select(audit.c.detail)
        .where(audit.c.noun == "setting", audit.c.recorded_at > at)
        .order_by(audit.c.id.desc())
    )
    then: dict[str, Any] = dict(texts)
    for detail in uow.execute(query).scalars():
        then[detail["name"]] = detail["old"]
    return then
