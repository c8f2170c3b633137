"""Well-formed requests that the stored state does not allow."""

from adapter.errors.base import AdapterError


class StateError(AdapterError):
    """The request is well-formed but the stored state does not allow it."""

    code = "state"


class NotOwned(StateError):
    """A named service, addon or domain belongs to another client."""

    code = "not_owned"

    def __init__(self, kind: str, record_id: int) -> None:
        super().__init__(f"{kind} {record_id} is not owned by the client")
        self.kind = kind
        self.record_id = record_id


class DomainNotRenewable(StateError):
    """A domain in this state cannot be renewed; `status` as displayed."""

    code = "domain_not_renewable"

    def __init__(self, status: str) -> None:
        super().__init__(f"A domain that is {status} cannot be renewed")
        self.status = status


class CredentialExists(StateError):
    """The name or identifier of a credential is, or was, in use; neither is given twice."""

    code = "credential_exists"

    def __init__(self, name: str) -> None:
        super().__init__(f"A credential called {name} exists or was revoked; choose another name")
        self.name = name


class OrderNotDeletable(StateError):
    """Only a cancelled or fraudulent order can be deleted."""

    code = "order_not_deletable"

    def __init__(self) -> None:
        super().__init__("The order is neither cancelled nor fraud")


class SubscriptionNotCancelled(StateError):
    """An item is paid by a payment provider's subscription, which cannot be ended from here."""

    code = "subscription_not_cancelled"

    def __init__(self) -> None:
        super().__init__("A subscription at the payment provider could not be cancelled")


class ServiceWithoutModule(StateError):
    """The service's product is set up by no module."""

    code = "service_without_module"

    def __init__(self) -> None:
        super().__init__("The service's product has no module")


class UpgradeUnpaid(StateError):
    """The service has an upgrade already whose invoice waits for payment."""

    code = "upgrade_unpaid"

    def __init__(self) -> None:
        super().__init__("An upgrade of the service waits for payment")


class LoginInvalid(StateError):
    """No client has this e-mail address and password."""

    code = "login_invalid"

    def __init__(self) -> None:
        super().__init__("The email address or the password is wrong")


class EmailTaken(StateError):
    """Another client already has this e-mail address."""

    code = "email_taken"

    def __init__(self) -> None:
        super().__init__("The email address is in use")


class ClientClosed(StateError):
    """The client's status is Closed."""

    code = "client_closed"

    def __init__(self) -> None:
        super().__init__("The client is closed")


class InvoiceCancelled(StateError):
    """A cancelled invoice takes no payment."""

    code = "invoice_cancelled"

    def __init__(self) -> None:
        super().__init__("The invoice is cancelled")


class ProformaConverted(StateError):
    """A pro-forma becomes an invoice once; this one was converted, or cancelled."""

    code = "proforma_converted"

    def __init__(self, number: int) -> None:
        super().__init__(f"Pro-forma invoice {number} was converted before")
        self.number = number


class ClientPairTaken(StateError):
    """Another client already has this pair of name on documents and e-mail address."""

    code = "client_pair_taken"

    def __init__(self) -> None:
        super().__init__("Another client has this name and e-mail address")


class LineRequired(StateError):
    """A recurring invoice must keep a line."""

    code = "line_required"

    def __init__(self) -> None:
        super().__init__("The last line cannot be removed")


class InvoiceNotDraft(StateError):
    """Only a draft can be published."""

    code = "invoice_not_draft"

    def __init__(self) -> None:
        super().__init__("The invoice is not a draft")


class InvoiceNotUnpaid(StateError):
    """Only what is unpaid can be paid from credit or collected."""

    code = "invoice_not_unpaid"

    def __init__(self) -> None:
        super().__init__("Invoice Not in Unpaid Status")


class CreditExceedsBalance(StateError):
    """More credit was to be used on an invoice than it is still owed."""

    code = "credit_exceeds_balance"

    def __init__(self) -> None:
        super().__init__("Amount Exceeds Invoice Balance")


class PaymentFailed(StateError):
    """The balance of an invoice could not be collected."""

    code = "payment_failed"

    def __init__(self) -> None:
        super().__init__("Payment Attempt Failed")


class TransactionIdTaken(StateError):
    """Another transaction already has this transaction id."""

    code = "transaction_id_taken"

    def __init__(self) -> None:
        super().__init__("Transaction ID must be Unique")


class CurrencyMismatch(StateError):
    """The currency named is not the client's own."""

    code = "currency_mismatch"

    def __init__(self) -> None:
        super().__init__("Currency ID does not match Client currency")


class InvoiceNotOwned(StateError):
    """The invoice named is another client's."""

    code = "invoice_not_owned"

    def __init__(self) -> None:
        super().__init__("User ID does not own the given Invoice ID")


class RefundTooLarge(StateError):
    """More money would go back than was ever paid on the invoice."""

    code = "refund_too_large"

    def __init__(self) -> None:
        super().__init__("More would go back than was paid on the invoice")


class CancellationExists(StateError):
    """The service already has an open cancellation request."""

    code = "cancellation_exists"

    def __init__(self) -> None:
        super().__init__("A cancellation request exists")


class PaymentMethodInvalid(StateError):
    """No such active payment method; `valid` lists the module names that are."""

    code = "payment_method_invalid"

    def __init__(self, valid: tuple[str, ...]) -> None:
        super().__init__("Invalid payment method. Valid options include " + ",".join(valid))
        self.valid = valid


class NothingOrdered(StateError):
    """An order without a single item."""

    code = "nothing_ordered"

    def __init__(self) -> None:
        super().__init__("No items in the order")


class CannotBill(StateError):
    """The stored data of a billable cannot be billed; it is parked with this reason."""

    code = "cannot_bill"


class OnHold(StateError):
    """The whole account is on hold: nothing is billed, issued or changed. `since` is as shown."""

    code = "on_hold"

    def __init__(self, hold: str, since: str) -> None:
        super().__init__(
            f"The account is on hold since {since} ({hold}): nothing was done, and nothing is "
            "issued until its operator ends the hold"
        )
        self.hold = hold
        self.since = since


class RunIncomplete(StateError):
    """The run stopped at its time or row bound; committed pages stay, the rest is queued.

    `issued` is the number of documents this call issued before it stopped.
    """

    code = "run_incomplete"

    def __init__(self, issued: int) -> None:
        super().__init__(
            f"Invoice run incomplete: {issued} invoices generated so far; call again to continue"
        )
        self.issued = issued


class CurrencyNotListed(StateError):
    """A line's currency is not one of the account's; `line` is its position from 0."""

    code = "currency_not_listed"

    def __init__(self, line: int, currency: str, listed: tuple[str, ...]) -> None:
        super().__init__(f"Currency {currency} is not in use; valid are {', '.join(listed)}")
        self.line = line
        self.currency = currency
        self.listed = listed


class DiscountTooLarge(StateError):
    """A document's discount in money is more than the sum of its lines."""

    code = "discount_too_large"

    def __init__(self) -> None:
        super().__init__("The discount amount is more than the sum of the lines")


class StartInPast(StateError):
    """A schedule may not start before today (`past_start = refuse`)."""

    code = "start_in_past"

    def __init__(self) -> None:
        super().__init__("The start date lies before today")


class OutOfBounds(StateError):
    """An amount lies outside what the store keeps exactly."""

    code = "out_of_bounds"


class NotOffered(StateError):
    """The catalogue has no price for this; `offered` lists the terms that it has."""

    code = "not_offered"

    def __init__(self, what: str, term: str, currency: str, offered: tuple[str, ...]) -> None:
        terms = ", ".join(offered) or "none"
        super().__init__(f"{what} is not offered for {term} in {currency}; offered: {terms}")
        self.what = what
        self.term = term
        self.currency = currency
        self.offered = offered


class PromotionInvalid(StateError):
    """A promotion code that does not exist or does not hold for this order."""

    code = "promotion_invalid"

    def __init__(self, promotion_code: str, reason: str) -> None:
        super().__init__(f"Promotion code {promotion_code} {reason}")
        self.promotion_code = promotion_code


class InsufficientCredit(StateError):
    """The client has less credit than was to be used or removed."""

    code = "insufficient_credit"

    def __init__(self) -> None:
        super().__init__("Amount exceeds customer credit balance")


class StartTooEarly(StateError):
    """A schedule's start lies so many occurrences back that they cannot be recorded one by one."""

    code = "start_too_early"

    def __init__(self, occurrences: int) -> None:
        super().__init__(f"The start date lies more than {occurrences} occurrences before today")
        self.occurrences = occurrences


class AlreadyClaimed(StateError):
    """Another call of the same credential does, or has done, what this one asks.

    Nothing was done by this one. Whoever hears of it looks for the other one's reply.
    """

    code = "already_claimed"

    def __init__(self) -> None:
        super().__init__("The same request is being carried out already")


class ReplyNotKept(StateError):
    """What is asked was done under `reference` before, but its reply is not kept."""

    code = "reply_not_kept"

    def __init__(self, reference: str) -> None:
        super().__init__(f"This request was carried out already, under reference {reference}")
        self.reference = reference


class ReferenceTaken(StateError):
    """A caller's reference already stands for another command, or for another credential's."""

    code = "reference_taken"

    def __init__(self, reference: str) -> None:
        super().__init__(f"Reference {reference} stands for another command; nothing was done")
        self.reference = reference


class ReferenceUnknown(StateError):
    """Nothing was done under this reference."""

    code = "reference_unknown"

    def __init__(self, reference: str) -> None:
        super().__init__(f"Nothing was done under reference {reference}")
        self.reference = reference


class WrongDay(StateError):
    """A command for another day than the account's, whose clock cannot be moved."""

    code = "wrong_day"

    def __init__(self, asked: str, today: str) -> None:
        super().__init__(f"The command is for {asked}, the account's date is {today}")
        self.asked = asked
        self.today = today


class MailFailed(StateError):
    """There is nobody to write to: no such record, or a client without an address."""

    code = "mail_failed"

    def __init__(self) -> None:
        super().__init__("Sending Failed. Please see documentation.")


class PayMethodNotOwned(StateError):
    """The stored way to pay is another client's."""

    code = "pay_method_not_owned"

    def __init__(self) -> None:
        super().__init__("Pay Method does not belong to passed Client ID")


class GatewayStoresNothing(StateError):
    """The gateway keeps no cards or accounts."""

    code = "gateway_stores_nothing"

    def __init__(self) -> None:
        super().__init__("Unsupported Gateway Type for Storage")


class GatewayInvalid(StateError):
    """No such active gateway; `valid` lists the module names that are."""

    code = "gateway_invalid"

    def __init__(self, valid: tuple[str, ...]) -> None:
        super().__init__("Invalid gateway. Must be one of: " + ", ".join(valid))
        self.valid = valid
