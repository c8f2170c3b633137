"""Replies about transactions, credit and collecting money."""

from datetime import tzinfo
from typing import Final

from adapter.commands.model import (
    ApplyCredit,
    CapturePayment,
    Command,
    ListCredits,
    ListTransactions,
    RecordTransaction,
    UpdateTransaction,
)
from adapter.commands.results import (
    CreditApplied,
    CreditEntry,
    CreditsListed,
    PaymentCaptured,
    TransactionRecord,
    TransactionRecorded,
    TransactionsListed,
    TransactionUpdated,
)
from adapter.protocols.upstream import NO_TIME, Fields, Reader, UpstreamAnswer


def transaction(row: Fields, zone: tzinfo) -> TransactionRecord:
    """Read a transaction of any list."""
    return TransactionRecord(
        record_id=row.integer("id"),
        client_id=row.integer("userid", 0),
        currency_id=row.integer("currency", 0),
        gateway=row.text("gateway"),
        booked_at=row.time("date", zone) or NO_TIME,
        description=row.text("description"),
        amount_in=row.money("amountin"),
        fees=row.money("fees"),
        amount_out=row.money("amountout"),
        transaction_id=row.text("transid"),
        invoice_id=row.integer("invoiceid", 0),
        rate=row.decimal("rate"),
        refund_of=row.integer("refundid", 0),
    )


def _recorded(_: Fields, __: RecordTransaction, ___: UpstreamAnswer) -> TransactionRecorded:
    return TransactionRecorded(0)  # its id is not told


def _updated(_: Fields, command: UpdateTransaction, __: UpstreamAnswer) -> TransactionUpdated:
    return TransactionUpdated(command.record_id)


def _listed(reply: Fields, _: ListTransactions, answer: UpstreamAnswer) -> TransactionsListed:
    rows = reply.rows("transactions", "transaction")
    return TransactionsListed(tuple(transaction(row, answer.zone) for row in rows))


def _applied(reply: Fields, command: ApplyCredit, __: UpstreamAnswer) -> CreditApplied:
    paid = reply.text("invoicepaid").strip().lower() == "true"
    return CreditApplied(command.invoice_id, reply.money("amount"), paid)


def _credits(reply: Fields, command: ListCredits, _: UpstreamAnswer) -> CreditsListed:
    return CreditsListed(
        command.client_id,
        tuple(
            CreditEntry(
                row.integer("id"),
                row.date("date"),
                row.text("description"),
                row.money("amount"),
                row.integer("relid", 0),
            )
            for row in reply.rows("credits", "credit")
        ),
    )


def _captured(_: Fields, command: CapturePayment, __: UpstreamAnswer) -> PaymentCaptured:
    return PaymentCaptured(command.invoice_id)


READERS: Final[dict[type[Command], Reader]] = {
    RecordTransaction: _recorded,
    UpdateTransaction: _updated,
    ListTransactions: _listed,
    ApplyCredit: _applied,
    ListCredits: _credits,
    CapturePayment: _captured,
}
