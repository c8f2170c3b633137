"""Payment documents: money from a client, and what it pays."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from adapter.backends.local.lengths import check_lengths
from adapter.backends.local.lookups import booked_at, currency_of, require_client
from adapter.billing.drafts import LineDraft, Totals
from adapter.billing.model import DocumentKind, LineType
from adapter.billing.money import Money
from adapter.billing.settings import Allocation
from adapter.commands.context import Context
from adapter.commands.model import RecordClientPayment
from adapter.commands.results import DocumentIssued
from adapter.errors import InvalidField
from adapter.store import tables
from adapter.store.allocation import Received, book_payment, open_documents
from adapter.store.issuing import Issued, NewDocument, insert_document
from adapter.store.outbox import PAYMENT_THANKS, enqueue_mail
from adapter.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Payment:
    """Money that came from a client, in his currency."""

    amount: Money
    paid_on: date
    method: str = ""
    reference: str = ""
    description: str = ""
    thank: bool = False
    send_email: bool = False


def checked_amount(amount: Decimal, currency: str) -> Money:
    """Return a payment's amount; raises `InvalidField` unless it is above zero."""
    money = Money.rounded(amount, currency)
    if money.hundredths <= 0:
        raise InvalidField("PaymentAmount", "minimum", "PaymentAmount must be above 0.00")
    return money


def record_client_payment(
    uow: UnitOfWork, command: RecordClientPayment, context: Context
) -> DocumentIssued:
    """Book a client's money as a payment document. Raises `ClientNotFound`."""
    currency = currency_of(uow, command.client_id).code
    uow.lock_client(command.client_id)
    client = require_client(uow, command.client_id)
    wanted = command.send_email
    payment = Payment(
        amount=checked_amount(command.amount, currency),
        paid_on=command.paid_on or context.today,
        method=command.method,
        reference=command.reference,
        description=command.description,
        thank=command.thank,
        send_email=client["send_documents"] if wanted is None else wanted,
    )
    issued = receive(uow, context, command.client_id, payment)
    named = (issued.kind, issued.document_id, issued.number)
    return DocumentIssued(
        kind=issued.kind,
        document_id=issued.document_id,
        number=issued.number,
        client_id=issued.client_id,
        total=payment.amount,
        emailed=issued.emailed,
        url=context.links.download(*named),
        email_url=context.links.email(*named),
    )


def receive(
    uow: UnitOfWork, context: Context, client_id: int, payment: Payment, *, first: int = 0
) -> Issued:
    """Issue the payment document and pay with it: `first`, then what has been open longest.

    The caller holds the client. What nothing is open for becomes credit.
    """
    amount, currency = payment.amount, payment.amount.currency
    more = {"reference": payment.reference, "notes": payment.description}
    named = more | {"payment_method": payment.method}
    check_lengths(tables.documents, named)
    zero = Money.zero(currency)
    line = LineDraft(
        line_type=LineType.MANUAL,
        related_id=0,
        description=payment.description or "Payment",
        amount=amount,
        taxed=False,
        quantity=Decimal(1),
        unit_price=amount.amount,
        net=amount,
        vat=zero,
    )
    new = NewDocument(
        kind=DocumentKind.PAYMENT,
        client_id=client_id,
        currency=currency,
        issued_on=payment.paid_on,
        due_on=payment.paid_on,
        totals=Totals(amount, zero, zero),
        lines=(line,),
        payment_method=payment.method,
        send_email=payment.send_email,
        more=more,
    )
    issued = insert_document(uow, context, new)
    received = Received(
        payment_id=issued.document_id,
        client_id=client_id,
        amount=amount,
        method=payment.method,
        reference=payment.reference,
        booked_at=booked_at(payment.paid_on, context),
        label=f"Payment #{issued.number}",
    )
    open_ids = [first] if first else []
    if uow.settings.allocation is Allocation.OLDEST:
        open_ids += [each for each in open_documents(uow, client_id, currency) if each != first]
    book_payment(uow, context, received, open_ids)
    if payment.thank:
        values = {"description": payment.description, "amount": str(amount)}
        enqueue_mail(
            uow, context, PAYMENT_THANKS, client_id, issued.document_id, values, claim="thanks"
        )
    return issued
