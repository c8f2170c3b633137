"""Records that a request names and that do not exist."""

from typing import ClassVar

from adapter.errors.state import StateError


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


class ContactNotFound(NotFound):
    """No such contact."""

    code = "contact_not_found"
    noun = "Contact"


class InvoiceNotFound(NotFound):
    """No such invoice."""

    code = "invoice_not_found"
    noun = "Invoice"


class DocumentNotFound(NotFound):
    """No such document, or not of the kind asked for."""

    code = "document_not_found"
    noun = "Document"


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


class LineNotFound(NotFound):
    """The invoice has no such line."""

    code = "line_not_found"
    noun = "Line"


class TransactionNotFound(NotFound):
    """No such transaction."""

    code = "transaction_not_found"
    noun = "Transaction"


class MailTemplateNotFound(NotFound):
    """No mail is called so."""

    code = "mail_template_not_found"
    noun = "Mail template"


class QuoteNotFound(NotFound):
    """No such quote."""

    code = "quote_not_found"
    noun = "Quote"


class PayMethodNotFound(NotFound):
    """No such stored way to pay."""

    code = "pay_method_not_found"
    noun = "Pay method"
