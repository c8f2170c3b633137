"""The pure heart of a run: what is due of one client -> documents, claims and queue moves."""

from collections.abc import Iterable, Iterator, Sequence

from adapter.billing.drafts import Decision, DocumentDraft, Held, Parked, QueueMove
from adapter.billing.due import ClientDue, ClientTerms, RunTerms
from adapter.billing.items import Charge, charge, groups, invoice, ride
from adapter.billing.model import BillableKind
from adapter.billing.recurring import recur
from adapter.billing.settings import BusinessSettings
from adapter.errors import CannotBill, OutOfBounds


def decide(due: ClientDue, run: RunTerms) -> Decision:
    """Decide about one client's due work; `due` must hold all of it, or grouping is wrong.

    Never raises for bad stored data: such a billable is parked with the reason.
    """
    parked: list[Parked] = []
    charges: list[Charge] = []
    held: list[Held] = []
    moves: list[QueueMove] = []
    for item in due.items:
        try:
            charged, kept, move = charge(item, due.terms, run)
        except (CannotBill, OutOfBounds, OverflowError) as error:
            parked.append(Parked(item.kind, item.billable_id, str(error)))
        else:
            charges += charged
            held += kept
            moves.append(move)
    documents, refused = _invoices(charges, due.terms, run)
    parked += refused
    gone = {(each.kind, each.billable_id) for each in refused}
    moves = [each for each in moves if (each.kind, each.billable_id) not in gone]
    held = [each for each in held if (each.kind, each.billable_id) not in gone]
    for recurring in due.recurring:
        try:
            issued, kept, move = recur(recurring, due.terms, run)
        except (CannotBill, OutOfBounds, OverflowError) as error:
            kind = BillableKind.RECURRING_INVOICE
            parked.append(Parked(kind, recurring.recurring_invoice_id, str(error)))
        else:
            documents += issued
            held += kept
            moves.append(move)
    if documents and due.riders:
        documents, rider_moves, rider_parked = ride(documents, due, run)
        moves += rider_moves
        parked += rider_parked
    return Decision(
        tuple(with_credit(documents, due.terms, run.settings)),
        tuple(moves),
        tuple(parked),
        tuple(held),
    )


def _invoices(
    charges: Sequence[Charge], terms: ClientTerms, run: RunTerms
) -> tuple[list[DocumentDraft], list[Parked]]:
    """Return the invoices of the charges, and the items of those that cannot be invoices.

    Such an item is billed for none of its periods, since a later one would leave one out; the
    other invoices are made again without it.
    """
    parked: list[Parked] = []
    while True:
        documents: list[DocumentDraft] = []
        gone: dict[tuple[BillableKind, int], str] = {}
        for group in groups(charges, separate=terms.separate_invoices):
            try:
                documents.append(invoice(group, terms, run))
            except (CannotBill, OutOfBounds) as error:
                for each in group:
                    gone.setdefault((each.item.kind, each.item.billable_id), str(error))
        if not gone:
            return documents, parked
        parked += [Parked(*key, reason) for key, reason in sorted(gone.items())]
        charges = [c for c in charges if (c.item.kind, c.item.billable_id) not in gone]


def with_credit(
    documents: Iterable[DocumentDraft], terms: ClientTerms, settings: BusinessSettings
) -> Iterator[DocumentDraft]:
    """Use the client's credit on the new invoices in order, unless that is switched off."""
    left = terms.credit
    if settings.no_auto_credit or left.hundredths <= 0:
        yield from documents
        return
    for document in documents:
        usable = document.currency == left.currency
        used = min(left, document.totals.gross) if usable else None
        if used is None or used.hundredths <= 0:
            yield document
        else:
            left -= used
            yield document._replace(credit=used)
