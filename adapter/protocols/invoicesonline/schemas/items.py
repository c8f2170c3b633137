"""Fields of items of recurring documents, of batches, and of converting pro-formas."""

from collections.abc import Mapping
from typing import Any, Final

from marshmallow import ValidationError, post_load

from adapter.billing.model import DocumentKind, RecurringLine
from adapter.commands.model import (
    AddRecurringLine,
    ConvertProforma,
    IssueDocument,
    IssueDocuments,
    RemoveRecurringLines,
)
from adapter.errors import InvalidField, LimitExceeded, Malformed
from adapter.protocols.base import Limits
from adapter.protocols.fields import Empty, RuleText, WireField, WireInt, invalid_field
from adapter.protocols.invoicesonline.lines import TEXT_MAX, line_fields, line_of
from adapter.protocols.invoicesonline.quirks import Quirks
from adapter.protocols.invoicesonline.schemas.base import EndpointSchema, OneOf, ShortText
from adapter.protocols.jsonbody import decode_json

RECURRING_TYPES: Final[Mapping[str, DocumentKind]] = {
    "recurring_invoices": DocumentKind.INVOICE,
    "recurring_pro-forma_invoices": DocumentKind.PROFORMA,
}
# The page's names of an item's values -> ours, in its order.
ITEM_WORDS: Final[Mapping[str, str]] = {
    "item_code": "product_code",
    "qty": "quantity",
    "description": "description",
    "amount": "unit_price",
    "currency": "currency",
    "vat_applies": "vat_applies",
    "vat_percentage": "vat_rate",
    "amount_includes_vat": "includes_vat",
}
# The same of a batch's products, in the order in which a list has them.
PRODUCT_WORDS: Final[Mapping[str, str]] = {
    "code": "product_code",
    "desc": "description",
    "qty": "quantity",
    "currency": "currency",
    "vat_percentage": "vat_rate",
    "item_amount": "unit_price",
    "includes_vat": "includes_vat",
    "vat_applies": "vat_applies",
}


def read_item(
    values: Mapping[str, Any], words: Mapping[str, str], path: str, quirks: Quirks
) -> RecurringLine:
    """Return the line that named values make; raises `InvalidField` naming `path[word]`."""
    fields = line_fields(quirks)
    line: dict[str, Any] = {}
    for word, name in words.items():
        place = f"{path}[{word}]"
        try:
            line[name] = fields[name].deserialize(values.get(word))
        except ValidationError as error:
            message = error.messages[0]
            rule = message.rule if isinstance(message, RuleText) else "invalid"
            raise InvalidField(place, rule, f"{place} {message}") from error
    return line_of(line, path)


def read_object(value: Any, limits: Limits, path: str) -> Mapping[str, Any]:
    """Return an object that came as one, or as JSON text; raises `InvalidField`."""
    if isinstance(value, str):
        try:
            value = decode_json(value.encode("utf-8", "surrogateescape"), limits)
        except LimitExceeded:
            raise
        except Malformed as error:
            raise InvalidField(path, "object", f"{path} must be an object") from error
    if not isinstance(value, dict):
        raise InvalidField(path, "object", f"{path} must be an object")
    return value


class ConvertSchema(EndpointSchema):
    """`ConvertProFormaInvoiceToInvoice`.

    Source: contracts/invoicesonline/convertproformainvoicetoinvoice.md.
    """

    endpoint = "ConvertProFormaInvoiceToInvoice"

    number = WireInt(data_key="ProFormaInvoiceNR", minimum=1, required=True, empty=Empty.REFUSED)

    @post_load
    def _build(self, data: dict[str, Any], **_: Any) -> ConvertProforma:
        return ConvertProforma(**data)


class RecurringItemSchema(EndpointSchema):
    """What both endpoints about items of recurring documents are sent."""

    recurring_id = WireInt(data_key="IID", minimum=1, required=True, empty=Empty.REFUSED)
    # The older class names the type only where it is the second.
    issues = OneOf(
        RECURRING_TYPES,
        data_key="type",
        empty=DocumentKind.INVOICE,
        load_default=DocumentKind.INVOICE,
    )


class AddItemSchema(RecurringItemSchema):
    """`AddItemTo`. Source: contracts/invoicesonline/additemto.md."""

    endpoint = "AddItemTo"

    item = WireField[Any](data_key="item", required=True, empty=Empty.REFUSED)

    @post_load
    def _build(self, data: dict[str, Any], **_: Any) -> AddRecurringLine:
        values = read_object(data["item"], self.limits, "item")
        if not str(values.get("qty") or "").strip():
            values = {**values, "qty": "1"}  # the page's own sample has none
        line = read_item(values, ITEM_WORDS, "item", self.quirks)
        return AddRecurringLine(data["recurring_id"], line, data["issues"])


class RemoveItemSchema(RecurringItemSchema):
    """`RemoveItemByCode`. Source: contracts/invoicesonline/removeitembycode.md."""

    endpoint = "RemoveItemByCode"

    product_code = ShortText(
        data_key="item_code", max_length=TEXT_MAX, required=True, empty=Empty.REFUSED
    )

    @post_load
    def _build(self, data: dict[str, Any], **_: Any) -> RemoveRecurringLines:
        return RemoveRecurringLines(**data)


class BatchEntrySchema(EndpointSchema):
    """One invoice of a batch."""

    client_id = WireInt(data_key="ClientID", minimum=1, required=True, empty=Empty.REFUSED)


class BatchSchema(EndpointSchema):
    """`GenerateInvoiceBatch`. Source: contracts/invoicesonline/generateinvoicebatch.md."""

    endpoint = "GenerateInvoiceBatch"

    entries = WireField[Any](data_key="data", required=True, empty=Empty.REFUSED)

    def __init__(self, quirks: Quirks, limits: Limits) -> None:
        super().__init__(quirks, limits)
        self._entry = BatchEntrySchema(quirks, limits)

    @post_load
    def _build(self, data: dict[str, Any], **_: Any) -> IssueDocuments:
        sent = data["entries"]
        if isinstance(sent, list):
            sent = {str(index): entry for index, entry in enumerate(sent)}
        entries = read_object(sent, self.limits, "data")
        documents = tuple(self._invoice(entry, f"data[{key}]") for key, entry in entries.items())
        if not documents:
            raise InvalidField("data", "required", "data must hold at least one invoice")
        rows = sum(len(document.lines) for document in documents)
        if rows > self.limits.rows:
            raise LimitExceeded("rows", self.limits.rows)
        return IssueDocuments(documents)

    def _invoice(self, entry: Any, path: str) -> IssueDocument:
        values = read_object(entry, self.limits, path)
        try:
            client_id = self._entry.read(values)["client_id"]
        except ValidationError as error:
            raise invalid_field(error, self._entry, path) from error
        products = values.get("Products")
        if isinstance(products, dict):
            products = list(products.values())
        if not isinstance(products, list) or not products:
            detail = f"{path}[Products] must hold at least one product"
            raise InvalidField(f"{path}[Products]", "required", detail)
        lines = tuple(
            self._product(product, f"{path}[Products][{index}]")
            for index, product in enumerate(products)
        )
        for index, line in enumerate(lines):
            if line.currency != lines[0].currency:
                place = f"{path}[Products][{index}][currency]"
                text = f"{place} must be that of the first product, {lines[0].currency}"
                raise InvalidField(place, "same_currency", text)
        return IssueDocument(DocumentKind.INVOICE, lines, client_id=client_id)

    def _product(self, product: Any, path: str) -> RecurringLine:
        if isinstance(product, list):
            product = dict(zip(PRODUCT_WORDS, product, strict=False))
        elif isinstance(product, dict) and "0" in product:
            product = {word: product.get(str(index)) for index, word in enumerate(PRODUCT_WORDS)}
        return read_item(read_object(product, self.limits, path), PRODUCT_WORDS, path, self.quirks)
