"""Recurring invoices: the documents of the occurrences that are due."""

from datetime import timedelta
from decimal import Decimal

from adapter.billing.catch_up import Period, held_dates, is_superseded, recurring_periods
from adapter.billing.drafts import (
    RULE_RECURRING,
    ClaimDraft,
    DocumentDraft,
    Held,
    PositionalExtras,
    QueueMove,
)
from adapter.billing.due import ClientTerms, DueRecurring, RunTerms
from adapter.billing.exchange import price_template
from adapter.billing.inputs import inputs_digest
from adapter.billing.model import BillableKind, Rounding
from adapter.billing.pricing import document_rate

_ZERO = Decimal(0)


def recur(
    recurring: DueRecurring, terms: ClientTerms, run: RunTerms
) -> tuple[list[DocumentDraft], list[Held], QueueMove]:
    """Issue the occurrences of one recurring invoice up to today, as its catch-up policy says."""
    kind = BillableKind.RECURRING_INVOICE
    record_id = recurring.recurring_invoice_id
    periods = recurring_periods(recurring, run.today)
    digest = inputs_digest(recurring)
    documents = [
        _recurring_invoice(recurring, recurring.generation_count + n, period, digest, terms, run)
        for n, period in enumerate(periods.bill)
    ]
    limit = recurring.recurrence_limit
    ended = limit is not None and recurring.generation_count + len(documents) >= limit
    return (
        documents,
        held_dates(kind, record_id, periods, recurring.catch_up),
        QueueMove(
            kind,
            record_id,
            next_invoice_on=None if ended else periods.next_on,
            issued=len(documents),
            fence=recurring.fence,
            occurrence=recurring.occurrence + periods.seen,
            ended=ended,
        ),
    )


def _recurring_invoice(  # noqa: PLR0913 - the facts of one document
    recurring: DueRecurring,
    generation_count: int,
    period: Period,
    digest: str,
    terms: ClientTerms,
    run: RunTerms,
) -> DocumentDraft:
    on = period.due_on
    lines, totals, discount = price_template(recurring, generation_count)
    rate = None if recurring.exchange is None else recurring.exchange[1]
    currency = totals.subtotal.currency
    wanted = terms.send_documents if recurring.send_email is None else recurring.send_email
    if is_superseded(period, recurring.catch_up, run.today):
        wanted = wanted and run.settings.catch_up_mails
    return DocumentDraft(
        client_id=terms.client_id,
        currency=currency,
        issued_on=on,
        due_on=on + timedelta(days=terms.payment_terms_days),
        payment_method=terms.payment_method,
        rounding=Rounding.LINE,
        tax_rate=document_rate(lines),
        tax_rate_2=_ZERO,
        tax_inclusive=False,
        lines=lines,
        claims=(
            ClaimDraft(
                BillableKind.RECURRING_INVOICE,
                recurring.recurring_invoice_id,
                on,
                period.next_on,
                RULE_RECURRING,
                digest,
                recurring.fence,
            ),
        ),
        totals=totals,
        credit=totals.tax_2,  # nothing, in the document's currency
        send_email=run.send_email and wanted,
        positional=PositionalExtras(
            recurring.recurring_invoice_id,
            recurring.order_number,
            recurring.custom_values,
            recurring.number_prefix,
            recurring.number_suffix,
            discount,
            recurring.discount_percentage or None,
            None if rate is None else recurring.currency,
            rate,
        ),
    )
