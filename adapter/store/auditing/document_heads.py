"""What a document's head says: whose it is, in which currency, of which kind, and its dates."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Final

import sqlalchemy as sa

from adapter.billing.completeness import Fault, Finding
from adapter.billing.drafts import RULE_IMPORTED
from adapter.billing.model import BillableKind, DocumentKind, InvoiceStatus, ItemAction
from adapter.store import tables
from adapter.store.auditing.document_page import Claim, DocumentPage, finding, name
from adapter.store.auditing.reading import tuples

_RECURRING = BillableKind.RECURRING_INVOICE
# No account's day begins earlier or later than this against UTC.
_EASTERNMOST: Final = timedelta(hours=14)
_WESTERNMOST: Final = timedelta(hours=-12)


def heads(page: DocumentPage, row: sa.RowMapping) -> Iterator[Finding]:
    """Yield what is wrong with a document's head; documented edits of dates are not looked at."""
    yield from _client(page, row)
    yield from _currency(page, row)
    yield from _kind(page, row)
    yield from _date(page, row)


def _client(page: DocumentPage, row: sa.RowMapping) -> Iterator[Finding]:
    client_id = row["client_id"]
    for claim in page.claims.get(row["id"], ()):
        owner = page.owners.get(claim.key)
        if owner is not None and owner["client_id"] != client_id:
            detail = f"bills {name(claim.key)} of client {owner['client_id']}"
            yield finding(row, Fault.CLIENT, detail, claim.key, claim.due_on)
            return
    client = page.clients.timeline(client_id)
    if client is None:
        yield finding(row, Fault.CLIENT, f"is of client {client_id}, which does not exist")
    elif client.now.values["hidden"] and not row["hidden"]:
        yield finding(row, Fault.CLIENT, f"is of client {client_id}, which was deleted")


def _currency(page: DocumentPage, row: sa.RowMapping) -> Iterator[Finding]:
    """Every document is in the currency that its client had when it was made."""
    client = page.clients.timeline(row["client_id"])
    if client is None:
        return
    states = client.during(row["created_at"], _last_moment(page, row))
    codes = [page.clients.currency(state.values["currency_id"]) for state in states]
    if row["currency"] not in codes and None not in codes:
        detail = f"is in {row['currency'] or 'no currency'} and should be in {codes[-1]}"
        yield finding(row, Fault.AMOUNT, detail)


def _last_moment(page: DocumentPage, row: sa.RowMapping) -> datetime:
    """Return the last moment at which what the document was made of can have been read."""
    made_at: datetime = row["created_at"]
    run = page.runs.get(row["run_id"] or 0)
    return made_at if run is None or run.finished_at is None else max(made_at, run.finished_at)


def _kind(page: DocumentPage, row: sa.RowMapping) -> Iterator[Finding]:
    claims = page.claims.get(row["id"])
    made_as = page.made_as.get(row["id"])
    if claims and row["kind"] != DocumentKind.INVOICE:
        detail = f"is a {row['kind']} and should be an invoice: it claims a period"
        yield finding(row, Fault.BROKEN, detail, claims[0].key, claims[0].due_on)
    elif made_as and row["kind"] not in made_as:
        detail = f"is a {row['kind']} and was made as a {min(made_as)}"
        yield finding(row, Fault.BROKEN, detail)


# --- dates ---------------------------------------------------------------------------------------


def _date(page: DocumentPage, row: sa.RowMapping) -> Iterator[Finding]:
    for claim in page.claims.get(row["id"], ()):
        detail = _wrong_date(page, row, claim)
        if detail is not None:
            yield finding(row, Fault.DATE, detail, claim.key, claim.due_on)
            return


def _wrong_date(page: DocumentPage, row: sa.RowMapping, claim: Claim) -> str | None:
    should = _due_dates(page, row, claim)
    if should and row["due_on"] not in should:
        return f"is due on {row['due_on']} and should be on {should[0]}"
    issued_on = row["issued_on"]
    if claim.key[0] is _RECURRING:
        return (
            None
            if issued_on == claim.due_on
            else f"is dated {issued_on} and should be {claim.due_on}"
        )
    if claim.rule == RULE_IMPORTED:
        return None  # made elsewhere, on a day that nobody here knows
    run = page.runs.get(claim.run_id or 0)
    made_on = _days(claim.claimed_at) if run is None else (run.run_on,)
    if issued_on in made_on or (row["number_text"] and issued_on in _paid_on(page, row)):
        return None
    return f"is dated {issued_on} and was made on {made_on[0]}"


def _due_dates(page: DocumentPage, row: sa.RowMapping, claim: Claim) -> list[date]:
    """Return the due dates that a document with this claim can have, none where any will do."""
    owner = page.owners.get(claim.key)
    if owner is None:
        return []
    match claim.key[0]:
        case BillableKind.RECURRING_INVOICE:
            client = page.clients.timeline(owner["client_id"])
            if client is None:
                return []
            states = client.during(claim.claimed_at, claim.claimed_at)
            days = [state.values["payment_terms_days"] or 0 for state in states]
            return [claim.due_on + timedelta(days=each) for each in days]
        case BillableKind.BILLABLE_ITEM:
            match ItemAction(owner["action"]):
                case ItemAction.NEXT_INVOICE:
                    return []  # rides on the invoice of something else
                case ItemAction.NEXT_RUN:
                    # Billed for the day of its run; payment may date the invoice anew.
                    moved = page.uow.settings.date_on_payment
                    return [] if moved else [row["issued_on"]]
                case _:
                    return [claim.due_on]
        case _:
            return [claim.due_on]


def _days(moment: datetime) -> tuple[date, ...]:
    """Return the days that an account can have had at a moment, in whichever zone: UTC's first."""
    at = (moment, moment + _WESTERNMOST, moment + _EASTERNMOST)
    return tuple(each.date() for each in at)


def _paid_on(page: DocumentPage, row: sa.RowMapping) -> set[date]:
    """Return the days on which an invoice was paid: it may have been dated anew.

    Source: contracts/decisions.md, "Numbers".
    """
    audit = tables.audit.c
    query = sa.select(audit.recorded_at, audit.detail).where(
        audit.noun == DocumentKind.INVOICE.value,
        audit.deed == "change_status",
        audit.record_id == row["id"],
    )
    return {
        day
        for recorded_at, detail in tuples(page.uow, query)
        if detail["new"] == InvoiceStatus.PAID
        for day in _days(recorded_at)
    }
