"""The named switches of this protocol: each a documented difference between callers."""

from dataclasses import dataclass
from enum import StrEnum


class BothDiscounts(StrEnum):
    """What a document with both discounts means."""

    REFUSE = "refuse"
    PERCENTAGE = "percentage"


class MarkAsPaid(StrEnum):
    """What `mark_as_paid` without a PaymentAmount does."""

    PAYMENT = "payment"
    STATUS = "status"


class HistoryKeys(StrEnum):
    """What the documents of a history are known by."""

    NUMBER = "number"
    DOCUMENT_ID = "document_id"


class HistoryWords(StrEnum):
    """How a history names the types of documents."""

    SLUGS = "slugs"  # credit_notes, pro-forma_invoices
    WORDS = "words"  # credit notes, pro forma invoices


@dataclass(frozen=True, slots=True)
class Quirks:
    """How one account's dialect differs from the default one.

    `empty_required_booleans`: an empty required 1/0 field (`paused`, `limit_recurrances`,
        `add_increase`, columns 5 and 7) means 0; off, it is an error, because `paused=''` would
        start billing and an empty `vat_applies` would drop VAT.
    `truncate_long_values`: a text longer than its documented maximum is cut; off, it is refused.
    `both_discounts`: DiscountAmount and DiscountPercentage in one document are refused, or the
        percentage wins.
    `round_unit_price`: a unit price is rounded half up to two decimals when it is read; off, it
        keeps up to six and more are refused.
    `int_document_id`: `document_id` is a JSON number; off, a string as the live service sent it.
    `mark_as_paid`: an invoice marked as paid without an amount gets a payment of its total, or
        only the status Paid.
    `repeat_document`: a reply without an e-mailed status holds its document twice, so that clients
        which look at place 1 and those which look at place 2 both find it.
    `flat_aliases`: AddNewInvoice and AddNewPayment answer a flat object, which is all that their
        one known caller reads; off, they answer as the endpoints that they stand for.
    `history_keys`: the documents of getClientHistory_JSON are known by number or by document id.
    `history_words`: its types are named as getDocumentsByType_JSON does, or by the page's words.
    `balance_with_opening`: `balance` includes the opening balance, which the page says to
        subtract; off, it does not.
    """

    empty_required_booleans: bool = False
    truncate_long_values: bool = False
    both_discounts: BothDiscounts = BothDiscounts.REFUSE
    round_unit_price: bool = False
    int_document_id: bool = False
    mark_as_paid: MarkAsPaid = MarkAsPaid.PAYMENT
    repeat_document: bool = False
    flat_aliases: bool = True
    history_keys: HistoryKeys = HistoryKeys.NUMBER
    history_words: HistoryWords = HistoryWords.SLUGS
    balance_with_opening: bool = True
