"""Fields of documents of quoted lines: the client block, and the options that all kinds share."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar, Final

from marshmallow import post_load

from adapter.billing.model import DocumentKind
from adapter.commands.model import AutoConvert, IssueDocument, PaidAs, PaymentMade
from adapter.errors import InvalidField
from adapter.protocols.base import Limits
from adapter.protocols.fields import (
    Empty,
    WireDate,
    WireDecimal,
    WireField,
    WireInt,
    WireStrictBool,
)
from adapter.protocols.invoicesonline.columns import DELIVERY_NOTE, DOCUMENT, Layout
from adapter.protocols.invoicesonline.lines import read_lines
from adapter.protocols.invoicesonline.quirks import BothDiscounts, MarkAsPaid, Quirks
from adapter.protocols.invoicesonline.schemas.base import (
    EndpointSchema,
    OneOf,
    ShortText,
    wire_names,
)
from adapter.protocols.invoicesonline.schemas.clients import ClientBlock

_ZERO: Final = Decimal(0)
_WHOLE_PERCENT: Final = Decimal(100)
# The words of the page for invoices; a payment of its own may name any other.
INVOICE_METHODS: Final = ("Cash", "Credit Card", "Debit Card", "Debit Order", "EFT")
DEFAULT_METHOD: Final = "Cash"


def custom_value(number: int) -> ShortText:
    """Return the field of one custom value of a document."""
    return ShortText(data_key=f"AdditionalValue{number}", max_length=32, load_default="")


class OlderOrderNumber(EndpointSchema):
    """The older plug-ins' name of OrderNr."""

    order_number = ShortText(
        data_key="ClientOrderNr", max_length=10, single_line=True, load_default=""
    )


class QuotedSchema(EndpointSchema):
    """What is read of every document of quoted lines, whatever its fields are."""

    def __init__(self, quirks: Quirks, limits: Limits) -> None:
        super().__init__(quirks, limits)
        self._client = ClientBlock(quirks, limits)
        self._older_order_number = OlderOrderNumber(quirks, limits)

    def order_named(self, data: Mapping[str, Any], original_data: Mapping[str, Any]) -> str:
        """Return the order number under its name, else under the older one."""
        order_number: str = data["order_number"]
        if not order_number.strip() and "ClientOrderNr" in original_data:
            order_number = self._older_order_number.read(original_data)["order_number"]
        return order_number

    def client_named(self, client_id: int | None, original_data: Mapping[str, Any]) -> Any:
        """Return the client block where no ClientID was sent, else None."""
        if client_id:
            return None
        names = wire_names(ClientBlock).values()
        if not any(original_data.get(name) for name in names):
            raise InvalidField(
                "ClientID",
                "required",
                "ClientID, or client_invoice_name and client_email, must be sent",
            )
        return self._client.read(original_data)

    def one_discount(self, data: Mapping[str, Any]) -> tuple[Decimal | None, Decimal | None]:
        """Return at most one discount; 0 and empty are "not given"."""
        amount, percentage = data["discount_amount"] or None, data["discount_percentage"] or None
        if amount and percentage:
            if self.quirks.both_discounts is BothDiscounts.REFUSE:
                raise InvalidField(
                    "DiscountAmount",
                    "one_discount",
                    "DiscountAmount and DiscountPercentage must not be sent together",
                )
            amount = None
        return amount, percentage


class DocumentSchema(QuotedSchema):
    """The fields of `GenerateNewCreditNote`; other kinds have more.

    Source: contracts/invoicesonline/generatenewcreditnote.md.
    """

    kind: ClassVar[DocumentKind]
    layout: ClassVar[Layout] = DOCUMENT

    rows = WireField[Any](data_key="data", required=True, empty=Empty.REFUSED)
    client_id = WireInt(data_key="ClientID", minimum=0, load_default=None)
    issued_on = WireDate(data_key="InvoiceDate", load_default=None)
    order_number = ShortText(data_key="OrderNr", max_length=10, single_line=True, load_default="")
    custom_1 = custom_value(1)
    custom_2 = custom_value(2)
    custom_3 = custom_value(3)
    custom_4 = custom_value(4)
    custom_5 = custom_value(5)
    custom_6 = custom_value(6)
    custom_7 = custom_value(7)
    custom_8 = custom_value(8)
    custom_9 = custom_value(9)
    custom_10 = custom_value(10)
    label_1 = ShortText(data_key="AdditionalLabel1", max_length=12, load_default="")
    label_2 = ShortText(data_key="AdditionalLabel2", max_length=12, load_default="")
    label_3 = ShortText(data_key="AdditionalLabel3", max_length=12, load_default="")
    discount_amount = WireDecimal(data_key="DiscountAmount", minimum=_ZERO, load_default=None)
    discount_percentage = WireDecimal(
        data_key="DiscountPercentage", minimum=_ZERO, maximum=_WHOLE_PERCENT, load_default=None
    )
    number_prefix = ShortText(
        data_key="prepend_nr", max_length=9, single_line=True, empty=None, load_default=None
    )
    number_suffix = ShortText(
        data_key="append_nr", max_length=9, single_line=True, empty=None, load_default=None
    )
    # PHP writes `false` as an empty text; null is "not sent", the client's own default.
    send_email = WireStrictBool(data_key="EmailToClient", empty=False, load_default=None)
    # Of the older class, for the whole document; the columns win.
    vat_applies = WireStrictBool(data_key="VatApplies", load_default=None)
    includes_vat = WireStrictBool(data_key="IncludesVat", load_default=None)

    @post_load(pass_original=True)
    def _build(
        self, data: dict[str, Any], original_data: Mapping[str, Any], **_: Any
    ) -> IssueDocument:
        client_id = data["client_id"] or None  # '' and 0 are "not supplied"
        discount_amount, discount_percentage = self.one_discount(data)
        labels = (data["label_1"], data["label_2"], data["label_3"])
        whole = {"vat_applies": data["vat_applies"], "includes_vat": data["includes_vat"]}
        instead = {name: value for name, value in whole.items() if value is not None}
        return IssueDocument(
            kind=self.kind,
            lines=read_lines(data["rows"], self.quirks, self.limits, self.layout, instead),
            client_id=client_id,
            new_client=self.client_named(client_id, original_data),
            issued_on=data["issued_on"],
            order_number=self.order_named(data, original_data),
            custom_values=tuple(data[f"custom_{number}"] for number in range(1, 11)),
            custom_labels=labels if any(labels) else (),
            discount_amount=discount_amount,
            discount_percentage=discount_percentage,
            number_prefix=data["number_prefix"],
            number_suffix=data["number_suffix"],
            send_email=data["send_email"],
            **self.more(data, original_data),
        )

    def more(
        self,
        data: Mapping[str, Any],  # noqa: ARG002 - for kinds that have more
        original_data: Mapping[str, Any],  # noqa: ARG002
    ) -> dict[str, Any]:
        """Return what only this kind of document has."""
        return {}


class CreditNoteSchema(DocumentSchema):
    """`GenerateNewCreditNote`. Source: contracts/invoicesonline/generatenewcreditnote.md."""

    endpoint = "GenerateNewCreditNote"
    kind = DocumentKind.CREDIT_NOTE


class PayoutSchema(DocumentSchema):
    """`GenerateNewPayout`. Source: contracts/invoicesonline/generatenewpayout.md."""

    endpoint = "GenerateNewPayout"
    kind = DocumentKind.PAYOUT


class DeliveryNoteSchema(DocumentSchema):
    """`GenerateNewDeliveryNote`. Source: contracts/invoicesonline/generatenewdeliverynote.md.

    `overridden_recipients` is not read: mail goes to the client's own addresses only.
    """

    endpoint = "GenerateNewDeliveryNote"
    kind = DocumentKind.DELIVERY_NOTE
    layout = DELIVERY_NOTE


class ProformaSchema(DocumentSchema):
    """`GenerateNewProFormaInvoice`.

    Source: contracts/invoicesonline/generatenewproformainvoice.md.
    """

    endpoint = "GenerateNewProFormaInvoice"
    kind = DocumentKind.PROFORMA

    auto_convert = WireStrictBool(data_key="AutoConvertToInvoice", empty=False, load_default=False)
    convert_option = WireField[Any](data_key="AutoConvertToInvoiceOption", load_default=None)
    convert_on = WireField[Any](data_key="AutoConvertToInvoiceFixed", load_default=None)

    def __init__(self, quirks: Quirks, limits: Limits) -> None:
        super().__init__(quirks, limits)
        self._convert = AutoConvertSchema(quirks, limits)
        self._fixed = FixedDateSchema(quirks, limits)

    def more(self, data: Mapping[str, Any], original_data: Mapping[str, Any]) -> dict[str, Any]:
        """Return when it becomes an invoice by itself; only read where it is to."""
        if not data["auto_convert"]:
            return {}
        if not self._convert.read(original_data)["fixed"]:
            return {"convert": AutoConvert()}
        on = self._fixed.read(original_data)["on"]
        if data["issued_on"] is not None and on < data["issued_on"]:
            raise InvalidField(
                "AutoConvertToInvoiceFixed",
                "minimum",
                "AutoConvertToInvoiceFixed must not lie before InvoiceDate",
            )
        return {"convert": AutoConvert(on)}


class AutoConvertSchema(EndpointSchema):
    """How AutoConvertToInvoice is meant, read only where it is on."""

    fixed = OneOf(
        {"days": False, "fixed": True},
        data_key="AutoConvertToInvoiceOption",
        empty=False,
        load_default=False,
    )


class FixedDateSchema(EndpointSchema):
    """The day of AutoConvertToInvoice, read only with the option fixed."""

    on = WireDate(data_key="AutoConvertToInvoiceFixed", required=True, empty=Empty.REFUSED)


class InvoiceSchema(DocumentSchema):
    """`GenerateNewInvoice`. Source: contracts/invoicesonline/generatenewinvoice.md."""

    endpoint = "GenerateNewInvoice"
    kind = DocumentKind.INVOICE

    paid_on = WireDate(data_key="PaymentDate", load_default=None)
    method = OneOf(
        {word: word for word in INVOICE_METHODS},
        data_key="PaymentMethod",
        empty=DEFAULT_METHOD,
        load_default=DEFAULT_METHOD,
    )
    amount = WireDecimal(data_key="PaymentAmount", minimum=_ZERO, load_default=None)
    reference = ShortText(
        data_key="ReferenceNumber", max_length=20, single_line=True, load_default=""
    )
    thank = WireStrictBool(data_key="SendThankYou", empty=False, load_default=False)
    # The documented name first, then those of the older class.
    mark_as_paid = WireStrictBool(data_key="mark_as_paid", load_default=None)
    mark_paid = WireStrictBool(data_key="MarkAsPaid", load_default=None)
    paid = WireStrictBool(data_key="Paid", load_default=None)

    def more(self, data: Mapping[str, Any], original_data: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG002
        """Return the payment that came with the invoice, and whether that is paid."""
        flags = (data["mark_as_paid"], data["mark_paid"], data["paid"])
        marked = next((flag for flag in flags if flag is not None), False)
        by_status = self.quirks.mark_as_paid is MarkAsPaid.STATUS
        amount = data["amount"] or None  # 0 is "not given"
        if amount is None and data["paid_on"] is not None and not marked:
            raise InvalidField(
                "PaymentAmount", "required", "PaymentAmount must be sent with PaymentDate"
            )
        payment = None
        if amount is not None or (marked and not by_status):
            payment = PaymentMade(
                amount, data["paid_on"], data["method"], data["reference"], data["thank"]
            )
        if not marked:
            return {"payment": payment}
        return {"payment": payment, "paid": PaidAs.STATUS if by_status else PaidAs.PAYMENT}


class AddNewInvoiceSchema(InvoiceSchema):
    """`AddNewInvoice`, as some clients call it.

    Source: contracts/invoicesonline/addnewinvoice.md.
    """

    endpoint = "AddNewInvoice"
