"""A client's credit: using it on invoices, and what its log says."""

import sqlalchemy as sa

from adapter.backends.local.lookups import currency_of
from adapter.billing.model import InvoiceStatus
from adapter.billing.money import Money
from adapter.commands.context import Context
from adapter.commands.model import ApplyCredit, CapturePayment, ListCredits
from adapter.commands.results import CreditApplied, CreditEntry, CreditsListed, PaymentCaptured
from adapter.errors import (
    CreditExceedsBalance,
    InsufficientCredit,
    InvalidField,
    InvoiceNotFound,
    InvoiceNotUnpaid,
    PaymentFailed,
)
from adapter.store import tables
from adapter.store.transitions import apply_credit, hold_invoice, load_invoice, settle
from adapter.store.unit_of_work import UnitOfWork


def use_client_credit(uow: UnitOfWork, command: ApplyCredit, context: Context) -> CreditApplied:
    """Use credit on an unpaid invoice, up to its balance."""
    row = hold_invoice(uow, command.invoice_id)
    if row["status"] != InvoiceStatus.UNPAID:
        raise InvoiceNotUnpaid
    code = row["currency"]
    credit, balance = _sums(uow, row)
    amount = min(credit, balance)
    if command.amount is not None:
        amount = Money.rounded(command.amount, code).hundredths
    if amount <= 0:
        raise InvalidField("amount", "minimum", "amount must be above zero")
    if amount > credit:
        raise InsufficientCredit
    if amount > balance:
        raise CreditExceedsBalance
    apply_credit(uow, context, row["id"], Money(amount, code))
    detail = {"amount": str(Money(amount, code))}
    uow.audit(context, "apply_credit", "invoice", row["id"], detail)
    settle(uow, context, row["id"], send_email=command.send_email)
    paid = load_invoice(uow, row["id"])["status"] == InvoiceStatus.PAID
    return CreditApplied(row["id"], Money(amount, code), paid)


def list_credits(uow: UnitOfWork, command: ListCredits, _context: Context) -> CreditsListed:
    """Show a client's credit log. Raises `ClientNotFound`."""
    code = currency_of(uow, command.client_id).code
    log = tables.credits_log
    query = sa.select(log).where(log.c.client_id == command.client_id).order_by(log.c.id)
    return CreditsListed(
        command.client_id,
        tuple(
            CreditEntry(
                row["id"],
                row["entered_on"],
                row["description"],
                Money(row["amount"], code),
                row["document_id"],
            )
            for row in uow.execute(query).mappings()
        ),
    )


def capture_payment(uow: UnitOfWork, command: CapturePayment, context: Context) -> PaymentCaptured:
    """Collect an invoice's balance from the client's credit; nothing else can be charged here.

    Credit that does not cover the balance is left alone, and the attempt has failed.
    Source: contracts/decisions.md, "CapturePayment".
    """
    try:
        row = hold_invoice(uow, command.invoice_id)
    except InvoiceNotFound as error:
        raise InvoiceNotUnpaid from error
    if row["status"] != InvoiceStatus.UNPAID:
        raise InvoiceNotUnpaid
    credit, balance = _sums(uow, row)
    if credit < balance:
        raise PaymentFailed
    if balance:
        apply_credit(uow, context, row["id"], Money(balance, row["currency"]))
    detail = {"amount": str(Money(balance, row["currency"]))}
    uow.audit(context, "capture", "invoice", row["id"], detail)
    settle(uow, context, row["id"], send_email=True)
    return PaymentCaptured(row["id"])


def _sums(uow: UnitOfWork, row: sa.RowMapping) -> tuple[int, int]:
    """Return the client's credit and the invoice's balance, in hundredths."""
    client = uow.row(tables.clients, row["client_id"])
    return 0 if client is None else client["credit"], row["total"] - row["paid"]
