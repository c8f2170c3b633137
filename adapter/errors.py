"""The one exception tree: facts about what went wrong, never wire text or HTTP.

`str(error)` is safe to show a caller. Each protocol has one table that turns these classes into
its own statuses and texts, looked up along the class's MRO.
"""

from typing import ClassVar


class AdapterError(Exception):
    """Anything the gateway answers with an error."""

    code: ClassVar[str] = "internal"


class RequestError(AdapterError):
    """The caller's request cannot be carried out as it stands."""

    code = "request"


class Malformed(RequestError):
    """The bytes cannot be read as the protocol's request."""

    code = "malformed"


class LimitExceeded(Malformed):
    """The request is larger than a configured limit; nothing of it was used."""

    code = "limit_exceeded"

    def __init__(self, what: str, allowed: int) -> None:
        super().__init__(f"Request exceeds the limit of {allowed} {what}")
        self.what = what
        self.allowed = allowed


class MethodNotAllowed(RequestError):
    """The HTTP method never executes anything here."""

    code = "method_not_allowed"

    def __init__(self, method: str) -> None:
        super().__init__("Method Not Allowed")
        self.method = method


class InvalidCatalogue(RequestError):
    """An operator's catalogue file cannot be applied; nothing of it was.

    `path` is the key at fault (`products[2].prices.ZAR.monthly`).
    """

    code = "invalid_catalogue"

    def __init__(self, path: str, detail: str) -> None:
        super().__init__(f"{path}: {detail}")
        self.path = path
        self.detail = detail


class UnknownAction(RequestError):
    """No such action or endpoint."""

    code = "unknown_action"

    def __init__(self, action: str) -> None:
        super().__init__(f"Unknown action: {action}")
        self.action = action


class InvalidField(RequestError):
    """A field is missing, of the wrong form, or out of its bounds.

    `path` is the field's name as the caller wrote it (`data[2][3]`), `rule` a stable word for the
    broken rule (`required`, `integer`, `date`, `max_length`, ...), `detail` a sentence.
    """

    code = "invalid_field"

    def __init__(self, path: str, rule: str, detail: str) -> None:
        super().__init__(detail)
        self.path = path
        self.rule = rule


class NotAuthenticated(RequestError):
    """Credentials are missing or wrong."""

    code = "not_authenticated"

    def __init__(self) -> None:
        super().__init__("Authentication Failed")


class UnknownIdentifier(NotAuthenticated):
    """The identifier names no live credential."""

    code = "unknown_identifier"


class AddressNotAllowed(RequestError):
    """The caller's address is not on the allow list and no access key was valid."""

    code = "address_not_allowed"

    def __init__(self, address: str) -> None:
        super().__init__(f"Invalid IP {address}")
        self.address = address


class ActionNotAllowed(RequestError):
    """The credential's roles lack the action."""

    code = "action_not_allowed"

    def __init__(self, action: str) -> None:
        super().__init__(f"Action {action} is not allowed")
        self.action = action


class WrongBusiness(RequestError):
    """The business id sent is not the one the credentials open."""

    code = "wrong_business"

    def __init__(self) -> None:
        super().__init__("Invalid business ID for these credentials")


class StateError(AdapterError):
    """The request is well-formed but the stored state does not allow it."""

    code = "state"


class NotFound(StateError):
    """A record the request names does not exist (or is not visible to it)."""

    code = "not_found"
    noun: ClassVar[str] = "Record"

    def __init__(self, record_id: int | str | None = None) -> None:
        super().__init__(f"{self.noun} not found")
        self.record_id = record_id


class ClientNotFound(NotFound):
    """No such client."""

    code = "client_not_found"
    noun = "Client"


class InvoiceNotFound(NotFound):
    """No such invoice."""

    code = "invoice_not_found"
    noun = "Invoice"


class BillableNotFound(NotFound):
    """No billable of this kind has this id."""

    code = "billable_not_found"
    noun = "Billable"

    def __init__(self, kind: str, record_id: int) -> None:
        StateError.__init__(self, f"There is no {kind} {record_id}")
        self.kind = kind
        self.record_id = record_id


class ServiceNotFound(NotFound):
    """No such service."""

    code = "service_not_found"
    noun = "Service"


class AddonNotFound(NotFound):
    """No such service addon."""

    code = "addon_not_found"
    noun = "Addon"


class DomainNotFound(NotFound):
    """No such domain."""

    code = "domain_not_found"
    noun = "Domain"


class OrderNotFound(NotFound):
    """No such order, or it is not in the state the request needs."""

    code = "order_not_found"
    noun = "Order"


class ProductNotFound(NotFound):
    """No such product."""

    code = "product_not_found"
    noun = "Product"


class ProductGroupNotFound(NotFound):
    """No such product group."""

    code = "product_group_not_found"
    noun = "Product group"


class CurrencyNotFound(NotFound):
    """No such currency."""

    code = "currency_not_found"
    noun = "Currency"


class ClientGroupNotFound(NotFound):
    """No such client group."""

    code = "client_group_not_found"
    noun = "Client group"


class CredentialNotFound(NotFound):
    """No live credential of this name."""

    code = "credential_not_found"
    noun = "Credential"


class CatalogueAddonNotFound(NotFound):
    """No such addon in the catalogue."""

    code = "catalogue_addon_not_found"
    noun = "Addon"


class AdminNotFound(NotFound):
    """No such administrator."""

    code = "admin_not_found"
    noun = "Admin"


class SettingNotFound(NotFound):
    """No such business setting, or it is not readable over the API."""

    code = "setting_not_found"
    noun = "Setting"


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


class InvoiceNotDraft(StateError):
    """Only a draft can be published."""

    code = "invoice_not_draft"

    def __init__(self) -> None:
        super().__init__("The invoice is not a draft")


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


class LineNotFound(NotFound):
    """The invoice has no such line."""

    code = "line_not_found"
    noun = "Line"


class StartTooEarly(StateError):
    """A schedule's start lies so many occurrences back that they cannot be recorded one by one."""

    code = "start_too_early"

    def __init__(self, occurrences: int) -> None:
        super().__init__(f"The start date lies more than {occurrences} occurrences before today")
        self.occurrences = occurrences


class StoreUnavailable(AdapterError):
    """The store did not answer in time; nothing was written."""

    code = "store_unavailable"

    def __init__(self) -> None:
        super().__init__("The store is busy, nothing was changed; try again")


class OutcomeUnknown(StoreUnavailable):
    """The connection broke during a commit: the change is there whole, or not at all."""

    code = "outcome_unknown"

    def __init__(self) -> None:
        AdapterError.__init__(
            self,
            "The connection to the store broke while the change was saved; "
            "look whether it was made before trying again",
        )


class BackendError(AdapterError):
    """A configured backend failed; details go to the log only."""

    code = "backend"


class CannotExpress(BackendError):
    """A backend's protocol has no way to say this; nothing was sent. `what` names it."""

    code = "cannot_express"

    def __init__(self, what: str) -> None:
        super().__init__(f"The backend cannot express {what}")
        self.what = what


class Rejected(BackendError):
    """A backend answered with an error of its own; `reason` is its text, for the log only."""

    code = "rejected"

    def __init__(self, reason: str) -> None:
        super().__init__("The backend refused the request")
        self.reason = reason


class BadAnswer(BackendError):
    """A backend's reply cannot be read, so it is unknown what was done."""

    code = "bad_answer"

    def __init__(self) -> None:
        super().__init__("The backend's reply cannot be read")
