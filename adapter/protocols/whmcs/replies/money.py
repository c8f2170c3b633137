"""Replies about transactions, credit and collecting money."""

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
from adapter.protocols.whmcs.call import Call
from adapter.protocols.whmcs.formats import Reply
from adapter.protocols.whmcs.replies.common import (
    EXCHANGE_PLACES,
    date_text,
    decimal_text,
    echoed,
    flag_word,
    money,
    rows,
    success,
    time_text,
    whole_list,
)


def add_transaction(_result: TransactionRecorded, _call: Call) -> Reply:
    """Write `AddTransaction`."""
    return success()


def update_transaction(result: TransactionUpdated, _call: Call) -> Reply:
    """Write `UpdateTransaction`: the id in the type that it is listed with."""
    return success(transactionid=result.record_id)


def get_transactions(result: TransactionsListed, call: Call) -> Reply:
    """Write `GetTransactions`."""
    return success(
        **whole_list(len(result.transactions)),
        **rows(
            "transactions",
            "transaction",
            (transaction(row, call) for row in result.transactions),
        ),
    )


def apply_credit(result: CreditApplied, _call: Call) -> Reply:
    """Write `ApplyCredit`."""
    return success(
        invoiceid=echoed(result.invoice_id),
        amount=money(result.amount),
        invoicepaid=flag_word(result.paid),
    )


def get_credits(result: CreditsListed, _call: Call) -> Reply:
    """Write `GetCredits`."""
    return success(
        totalresults=len(result.entries),
        clientid=echoed(result.client_id),
        **rows("credits", "credit", map(_entry, result.entries)),
    )


def capture_payment(_result: PaymentCaptured, _call: Call) -> Reply:
    """Write `CapturePayment`."""
    return success()


def transaction(row: TransactionRecord, call: Call) -> Reply:
    """Return a transaction as every list shows it."""
    return {
        "id": row.record_id,
        "userid": row.client_id,
        "currency": row.currency_id,
        "gateway": row.gateway,
        "date": time_text(row.booked_at, call.quirks.zone),
        "description": row.description,
        "amountin": money(row.amount_in),
        "fees": money(row.fees),
        "amountout": money(row.amount_out),
        "rate": decimal_text(row.rate, EXCHANGE_PLACES),
        "transid": row.transaction_id,
        "invoiceid": row.invoice_id,
        "refundid": row.refund_of,
    }


def _entry(entry: CreditEntry) -> Reply:
    return {
        "id": entry.record_id,
        "date": date_text(entry.entered_on),
        "description": entry.description,
        "amount": money(entry.amount),
        "relid": entry.invoice_id,
    }
