"""The one error table: exception class -> status and text, with per-action texts of fields.

Statuses and top-level texts: the form-post facts, 1.5 and 1.6. Texts of one action: its section
in 4. The spelling differs between actions on purpose ("Client ID not Found").
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from adapter.errors import (
    ActionNotAllowed,
    AdapterError,
    AddonNotFound,
    AddressNotAllowed,
    AdminNotFound,
    BackendBusy,
    BackendError,
    BackendOverloaded,
    BadAnswer,
    BreakerOpen,
    CancellationExists,
    CannotExpress,
    CatalogueAddonNotFound,
    ClientClosed,
    ClientNotFound,
    ContactNotFound,
    CreditExceedsBalance,
    CurrencyMismatch,
    CurrencyNotFound,
    DomainNotFound,
    DomainNotRenewable,
    EmailTaken,
    GatewayInvalid,
    GatewayStoresNothing,
    InvalidField,
    InvoiceCancelled,
    InvoiceNotDraft,
    InvoiceNotFound,
    InvoiceNotOwned,
    InvoiceNotUnpaid,
    LoginInvalid,
    MailFailed,
    MailTemplateNotFound,
    Malformed,
    MethodNotAllowed,
    NotAuthenticated,
    NothingOrdered,
    NotOwned,
    NotSent,
    OrderNotDeletable,
    OrderNotFound,
    OutcomeLost,
    PaymentFailed,
    PaymentMethodInvalid,
    PayMethodNotFound,
    PayMethodNotOwned,
    ProductGroupNotFound,
    ProductNotFound,
    QuoteNotFound,
    RefundTooLarge,
    Rejected,
    RequestError,
    ServiceNotFound,
    ServiceWithoutModule,
    SettingNotFound,
    StateError,
    StoreUnavailable,
    SubscriptionNotCancelled,
    TooManyRequests,
    TransactionIdTaken,
    TransactionNotFound,
    TransportLost,
    UnknownAction,
    UnknownIdentifier,
    UpgradeUnpaid,
)
from adapter.protocols.whmcs.call import Call
from adapter.protocols.whmcs.fields import WORD_LENGTH
from adapter.protocols.whmcs.quirks import UnknownActionText

Text = str | Callable[[Any], str] | None


@dataclass(frozen=True, slots=True)
class WireError:
    """A status and a text; None is the error's own text, a callable makes it from the facts."""

    status: int
    text: Text = None


OK: Final = 200
BAD_REQUEST: Final = 400
FORBIDDEN: Final = 403
METHOD_NOT_ALLOWED: Final = 405

COMMAND_NOT_FOUND: Final = "Command Not Found"


def _not_owned(error: NotOwned) -> str:
    # Documented as "Service ID not owned ..." and "Domain not owned ...".
    noun = "Domain" if error.kind == "domain" else f"{error.kind.capitalize()} ID"
    return f"{noun} not owned by Client ID provided"


WIRE: Final[dict[type[AdapterError], WireError]] = {
    # Before any action
    NotAuthenticated: WireError(FORBIDDEN, "Authentication Failed"),
    UnknownIdentifier: WireError(FORBIDDEN, "Invalid or missing credentials"),
    AddressNotAllowed: WireError(FORBIDDEN, lambda error: f"Invalid IP {error.address}"),
    ActionNotAllowed: WireError(
        FORBIDDEN,
        lambda error: f'Invalid Permissions: API action "{error.action.lower()}" is not allowed',
    ),
    UnknownAction: WireError(
        FORBIDDEN,
        lambda error: f'Invalid API Action: "{error.action}" is not a valid API action',
    ),
    MethodNotAllowed: WireError(METHOD_NOT_ALLOWED),
    Malformed: WireError(BAD_REQUEST),
    # What a request names
    ClientNotFound: WireError(OK, "Client ID Not Found"),
    ContactNotFound: WireError(OK, "Contact ID Not Found"),
    InvoiceNotFound: WireError(OK, "Invoice ID Not Found"),
    ServiceNotFound: WireError(OK, "Service ID Not Found"),
    AddonNotFound: WireError(OK, "Addon ID Not Found"),
    DomainNotFound: WireError(OK, "Domain ID Not Found"),
    OrderNotFound: WireError(OK, "Order ID not found or Status not Pending"),
    ProductNotFound: WireError(OK, "Product ID Not Found"),
    ProductGroupNotFound: WireError(OK, "You must supply a valid Product Group ID"),
    CatalogueAddonNotFound: WireError(OK, "Addon ID invalid"),
    CurrencyNotFound: WireError(OK, "Currency ID Not Found"),
    TransactionNotFound: WireError(OK, "Transaction ID Not Found"),
    AdminNotFound: WireError(OK, "Admin ID Not Found"),
    SettingNotFound: WireError(OK, "Invalid name for parameter setting"),
    # What the stored state does not allow
    NotOwned: WireError(OK, _not_owned),
    DomainNotRenewable: WireError(
        OK, lambda error: f"Domain status is set to '{error.status}' and cannot be renewed"
    ),
    EmailTaken: WireError(OK, "Duplicate Email Address"),
    ClientClosed: WireError(OK, "Unable to add order when client status is Closed"),
    InvoiceCancelled: WireError(
        OK, "It is not possible to add a payment to an invoice that is Cancelled"
    ),
    InvoiceNotDraft: WireError(OK, "Invoice must be in Draft status to be published"),
    InvoiceNotUnpaid: WireError(OK, "Invoice Not in Unpaid Status"),
    CreditExceedsBalance: WireError(OK, "Amount Exceeds Invoice Balance"),
    PaymentFailed: WireError(OK, "Payment Attempt Failed"),
    TransactionIdTaken: WireError(OK, "Transaction ID must be Unique"),
    CurrencyMismatch: WireError(OK, "Currency ID does not match Client currency"),
    InvoiceNotOwned: WireError(OK, "User ID does not own the given Invoice ID"),
    RefundTooLarge: WireError(OK, "More would go back than was paid on the invoice"),
    MailTemplateNotFound: WireError(OK, "Email Template not found"),
    MailFailed: WireError(OK, "Sending Failed. Please see documentation."),
    QuoteNotFound: WireError(OK, "Quote ID Not Found"),
    PayMethodNotFound: WireError(OK, "Invalid Pay Method ID"),
    PayMethodNotOwned: WireError(OK, "Pay Method does not belong to passed Client ID"),
    GatewayStoresNothing: WireError(OK, "Unsupported Gateway Type for Storage"),
    GatewayInvalid: WireError(
        OK,
        lambda error: "Invalid Gateway Module Name. Must be one of: " + ", ".join(error.valid),
    ),
    OrderNotDeletable: WireError(
        OK, "The order status must be in Cancelled or Fraud to be deleted"
    ),
    SubscriptionNotCancelled: WireError(
        OK,
        "Subscription Cancellation Failed - Please check the gateway log for further information",
    ),
    ServiceWithoutModule: WireError(OK, "Service not assigned to a module"),
    UpgradeUnpaid: WireError(
        OK,
        "Unable to accept upgrade order. Previous upgrade invoice for service is still unpaid.",
    ),
    LoginInvalid: WireError(OK, "Email or Password Invalid"),
    CancellationExists: WireError(OK, "Existing Cancellation Request Exists"),
    PaymentMethodInvalid: WireError(
        OK, lambda error: "Invalid Payment Method. Valid options include " + ",".join(error.valid)
    ),
    NothingOrdered: WireError(OK, "No items added to cart so order cannot proceed"),
    # What was held back: a client takes any other status for no reply at all
    TooManyRequests: WireError(OK),
    BackendBusy: WireError(OK),
    BackendOverloaded: WireError(OK),
    BreakerOpen: WireError(OK),
    # Everything else: the error's own text, which is safe to show; never a backend's details
    RequestError: WireError(OK),
    StateError: WireError(OK),
    StoreUnavailable: WireError(OK),
    CannotExpress: WireError(OK),
    NotSent: WireError(OK),
    OutcomeLost: WireError(OK),
    Rejected: WireError(OK),
    TransportLost: WireError(OK),
    BadAnswer: WireError(OK),
    BackendError: WireError(OK, "Internal Error"),
    AdapterError: WireError(OK, "Internal Error"),
}

_MODULE_ACTIONS: Final = (
    "modulecreate",
    "modulesuspend",
    "moduleunsuspend",
    "moduleterminate",
    "modulechangepackage",
)

# Texts that differ in one action.
ACTION_TEXTS: Final[dict[tuple[str, type[AdapterError]], str]] = {
    ("addbillableitem", ClientNotFound): "Client ID not Found",
    ("addclient", EmailTaken): "A user already exists with that email address",
    ("capturepayment", InvoiceNotFound): "Invoice Not Found or Not Unpaid",
    ("capturepayment", InvoiceNotUnpaid): "Invoice Not Found or Not Unpaid",
    ("addpaymethod", ClientNotFound): "Invalid Client ID",
    ("getpaymethods", ClientNotFound): "Client Not Found",
    ("getclientsdetails", ClientNotFound): "Client Not Found",
    ("pendingorder", OrderNotFound): "Order ID Not Found",
    ("fraudorder", OrderNotFound): "Order ID Not Found",
    ("deleteorder", OrderNotFound): "Order ID not found",
    **{(action, ServiceNotFound): "Service ID not found" for action in _MODULE_ACTIONS},
}

# (action, field, rule) -> text of an `InvalidField`; rule "" is every rule not named beside it.
# The field is the parameter without its brackets. What is not listed shows the error's own text.
FIELD_TEXTS: Final[dict[tuple[str, str, str], str]] = {
    ("addclient", "owner_user_id", ""): "Invalid Owner User ID",
    ("addclient", "firstname", "required"): "You did not enter your first name",
    ("addclient", "lastname", "required"): "You did not enter your last name",
    ("addclient", "email", ""): "You did not enter your email address",
    ("addclient", "email", "email"): "The email address you entered was not valid",
    # The two spaces are the original's.
    ("addclient", "address1", "required"): "You did not enter your  address line 1",
    ("addclient", "city", "required"): "You did not enter your city",
    ("addclient", "state", "required"): "You did not enter your state",
    ("addclient", "postcode", "required"): "You did not enter your postcode",
    ("addclient", "country", ""): "Valid country required",
    ("addclient", "phonenumber", "required"): "You did not enter your phone number",
    ("addclient", "phonenumber", "phone"): "Invalid telephone phone number",
    ("updateclient", "email", ""): "The email address entered is not valid",
    ("updateclient", "email_preferences", "icann"): (
        "You must have at least one email address enabled to receive domain related notifications"
        " as required by ICANN. To disable domain notifications, please create an alternative"
        " contact that is set to receive them"
    ),
    ("updatecontact", "email_preferences", "icann"): (
        "You must have at least one email address enabled to receive domain related notifications"
        " as required by ICANN. To disable domain notifications, please enable domain"
        " notifications for the primary account holder or another contact"
    ),
    **{(action, "serviceid", "required"): "Service ID is required" for action in _MODULE_ACTIONS},
    **{(action, "serviceid", ""): "Service ID not found" for action in _MODULE_ACTIONS},
    **{(action, "accountid", ""): "Service ID not found" for action in _MODULE_ACTIONS},
    ("getclientsdetails", "clientid", ""): "Either clientid Or email Is Required",
    ("updateclientaddon", "id", "nothing"): "Nothing to Update",
    ("updateclientdomain", "ns1", "required"): "ns1 and ns2 required",
    ("updateclientdomain", "updatens", "unsupported"): "The Registrar is not active",
    ("addorder", "addons", "ids"): "Addon ID invalid",
    ("addproduct", "name", ""): "You must supply a name for the product",
    ("addproduct", "welcomeemail", ""): "You must supply a valid welcome email ID",
    ("addproduct", "type", ""): (
        'Invalid product type. Must be one of "hostingaccount", "reselleraccount", "server"'
        ' or "other"'
    ),
    ("addproduct", "paytype", ""): (
        'Invalid pay type. Must be one of "free", "onetime" or "recurring"'
    ),
    ("addproduct", "autosetup", ""): (
        'Invalid autosetup value. Must be one of "", "on", "order" or "payment"'
    ),
    ("addproduct", "color", ""): "The color must be a valid hexadecimal value.",
    ("addproduct", "recommendations", ""): (
        "The recommendation product ID is invalid. This must be an existing product ID."
    ),
    ("addbillableitem", "description", "required"): "You must provide a description",
    ("addbillableitem", "description", "empty"): "You must provide a description",
    ("addbillableitem", "invoiceaction", ""): "Invalid Invoice Action",
    ("addbillableitem", "recur", ""): "Recurring must have a unit, cycle and limit",
    ("addbillableitem", "recurcycle", ""): "Recurring must have a unit, cycle and limit",
    ("addbillableitem", "recurfor", ""): "Recurring must have a unit, cycle and limit",
    ("addbillableitem", "duedate", ""): "Invalid Date Format - Expected: 'YYYY-mm-dd'",
    ("addbillableitem", "duedate", "required"): "Due date is required",
    ("addbillableitem", "unit", ""): ("Invalid Unit, please specify either 'hours' or 'quantity'"),
    ("updateinvoice", "itemdescription", "incomplete"): (
        "Missing Variables: itemdescription, itemamount and itemtaxed are required for each item"
        " being changed"
    ),
    ("createinvoice", "sendinvoice", "draft"): (
        "Cannot create and send a draft invoice in a single API request."
        " Please create and send separately."
    ),
    ("addtransaction", "paymentmethod", "required"): "Payment Method is required",
    ("addtransaction", "paymentmethod", "empty"): "Payment Method is required",
    ("addtransaction", "currencyid", "required"): (
        "A Currency ID is required for non-customer related transactions"
    ),
    ("applycredit", "amount", "minimum"): "Credit Amount to apply must be greater than zero",
    ("sendemail", "messagename", "required"): (
        "You must provide either an existing email template name or a custom message type"
    ),
    ("sendemail", "customtype", ""): "Invalid message type provided",
    ("sendemail", "customsubject", "required"): "A subject is required for a custom message",
    ("sendemail", "custommessage", "required"): "A message body is required for a custom message",
    ("sendemail", "customvars", ""): "The custom variables you provided are invalid.",
    ("sendemail", "id", ""): "A related ID is required",
    ("createquote", "subject", "required"): "Subject is required",
    ("createquote", "stage", ""): "Invalid Stage",
    ("createquote", "validuntil", ""): "Valid Until is required",
    ("updatequote", "stage", ""): "Invalid Stage",
    ("addpaymethod", "clientid", ""): "Invalid Client ID",
    ("addpaymethod", "clientid", "required"): "Client ID Is Required",
    ("addpaymethod", "type", ""): (
        "Invalid Pay Method Type. Type should be one of 'BankAccount', 'CreditCard', or"
        " 'RemoteCreditCard'"
    ),
    ("addpaymethod", "gateway_module_name", "required"): (
        "Gateway is Required for RemoteCreditCard type"
    ),
    ("addpaymethod", "card_number", "required"): (
        "Card Number is required for 'CreditCard' or 'RemoteCreditCard' type"
    ),
    ("addpaymethod", "card_expiry", "required"): (
        "Expiry Date is required for 'CreditCard' or 'RemoteCreditCard' type"
    ),
    ("addpaymethod", "card_expiry", ""): "Expiry Date is invalid",
    ("addpaymethod", "card_start", ""): "Start Date is invalid",
    ("addpaymethod", "card_issue_number", ""): "Issue Number is invalid",
    ("addpaymethod", "bank_code", "required"): "Routing number is required",
    ("addpaymethod", "bank_account", "required"): "Account number is required",
    ("updatepaymethod", "paymethodid", "required"): "Pay Method ID is Required",
    ("updatepaymethod", "clientid", "required"): "Client ID is Required",
    ("updatepaymethod", "paymethodid", "nothing"): "No Details Provided for Update",
    ("updatepaymethod", "card_expiry", ""): "Expiry Date is invalid",
    ("updatepaymethod", "card_start", ""): "Start Date is invalid",
    ("updatepaymethod", "card_issue_number", ""): "Issue Number is invalid",
    ("getpaymethods", "clientid", "required"): "Client ID Is Required",
    ("getpaymethods", "type", ""): (
        "Invalid Pay Method Type. Should be 'BankAccount' or 'CreditCard'"
    ),
    ("deletepaymethod", "clientid", "required"): "Client ID is Required",
    ("deletepaymethod", "paymethodid", "required"): "Pay Method ID is Required",
    ("addcredit", "type", ""): "Type can only be add or remove",
    ("addcredit", "amount", ""): "Amount must be in decimal format: ### or ###.##",
    ("addcredit", "amount", "required"): "No Amount Provided",
    ("addcredit", "date", ""): "Date Format is not Valid",
    ("upgradeproduct", "type", ""): "Invalid Upgrade Type",
    ("getconfigurationvalue", "setting", "required"): "Parameter setting is required",
    ("getconfigurationvalue", "setting", "empty"): "Parameter setting is required",
    ("setconfigurationvalue", "setting", "required"): "Parameter setting is required",
    ("setconfigurationvalue", "setting", "empty"): "Parameter setting is required",
    ("setconfigurationvalue", "value", "required"): "Parameter value is required",
}

# The action whose errors say `status` too. Source: the form-post facts, 1.4.
STATUS_ACTION: Final = "getemails"

# The one text that repeats what the caller sent.
STATUS_TEXT: Final = "Invalid status {status}"


def describe(error: AdapterError, call: Call) -> tuple[int, str]:
    """Return the status and the text for an error, whatever class it is."""
    row = next(WIRE[kind] for kind in type(error).__mro__ if kind in WIRE)
    if isinstance(error, InvalidField):
        return row.status, _field_text(error, call)
    if isinstance(error, UnknownAction) and (
        call.quirks.unknown_action_text is UnknownActionText.LEGACY
    ):
        return row.status, COMMAND_NOT_FOUND
    for kind in type(error).__mro__:
        text = ACTION_TEXTS.get((call.action, kind))
        if text is not None:
            return row.status, text
    if row.text is None:
        return row.status, str(error)
    return row.status, row.text if isinstance(row.text, str) else row.text(error)


def _field_text(error: InvalidField, call: Call) -> str:
    name = error.path.partition("[")[0]
    if call.action == "addorder" and error.rule == "array":
        return f"Expecting parameter '{name}' to be an array"
    if call.action == "updateinvoice" and name == "status":
        return STATUS_TEXT.format(status=call.text("status")[:WORD_LENGTH])
    for rule in (error.rule, ""):
        text = FIELD_TEXTS.get((call.action, name, rule))
        if text is not None:
            return text
    return str(error)
