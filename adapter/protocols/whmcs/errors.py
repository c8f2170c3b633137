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
    BackendError,
    CancellationExists,
    CatalogueAddonNotFound,
    ClientClosed,
    ClientNotFound,
    CurrencyNotFound,
    DomainNotFound,
    DomainNotRenewable,
    EmailTaken,
    InvalidField,
    InvoiceCancelled,
    InvoiceNotDraft,
    InvoiceNotFound,
    Malformed,
    MethodNotAllowed,
    NotAuthenticated,
    NothingOrdered,
    NotOwned,
    OrderNotFound,
    PaymentMethodInvalid,
    ProductGroupNotFound,
    ProductNotFound,
    RequestError,
    ServiceNotFound,
    SettingNotFound,
    StateError,
    StoreUnavailable,
    UnknownAction,
    UnknownIdentifier,
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
    InvoiceNotFound: WireError(OK, "Invoice ID Not Found"),
    ServiceNotFound: WireError(OK, "Service ID Not Found"),
    AddonNotFound: WireError(OK, "Addon ID Not Found"),
    DomainNotFound: WireError(OK, "Domain ID Not Found"),
    OrderNotFound: WireError(OK, "Order ID not found or Status not Pending"),
    ProductNotFound: WireError(OK, "Product ID Not Found"),
    ProductGroupNotFound: WireError(OK, "You must supply a valid Product Group ID"),
    CatalogueAddonNotFound: WireError(OK, "Addon ID invalid"),
    CurrencyNotFound: WireError(OK, "Currency ID Not Found"),
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
    CancellationExists: WireError(OK, "Existing Cancellation Request Exists"),
    PaymentMethodInvalid: WireError(
        OK, lambda error: "Invalid Payment Method. Valid options include " + ",".join(error.valid)
    ),
    NothingOrdered: WireError(OK, "No items added to cart so order cannot proceed"),
    # Everything else: the error's own text, which is safe to show; never a backend's details
    RequestError: WireError(OK),
    StateError: WireError(OK),
    StoreUnavailable: WireError(OK),
    BackendError: WireError(OK, "Internal Error"),
    AdapterError: WireError(OK, "Internal Error"),
}

# Texts that differ in one action.
ACTION_TEXTS: Final[dict[tuple[str, type[AdapterError]], str]] = {
    ("addbillableitem", ClientNotFound): "Client ID not Found",
    ("addclient", EmailTaken): "A user already exists with that email address",
    ("getclientsdetails", ClientNotFound): "Client Not Found",
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
    ("addcredit", "type", ""): "Type can only be add or remove",
    ("addcredit", "amount", ""): "Amount must be in decimal format: ### or ###.##",
    ("addcredit", "amount", "required"): "No Amount Provided",
    ("addcredit", "date", ""): "Date Format is not Valid",
    ("getconfigurationvalue", "setting", "required"): "Parameter setting is required",
    ("getconfigurationvalue", "setting", "empty"): "Parameter setting is required",
    ("setconfigurationvalue", "setting", "required"): "Parameter setting is required",
    ("setconfigurationvalue", "setting", "empty"): "Parameter setting is required",
    ("setconfigurationvalue", "value", "required"): "Parameter value is required",
}

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
