"""Parameters about quotes."""

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any, ClassVar, Final

from marshmallow import EXCLUDE, Schema, ValidationError

from adapter.billing.model import QuoteStage
from adapter.commands.model import (
    AcceptQuote,
    Command,
    CreateQuote,
    DeleteQuote,
    ListQuotes,
    QuoteFields,
    QuoteLine,
    SendQuote,
    UpdateQuote,
)
from adapter.errors import CurrencyNotFound, NotFound, QuoteNotFound
from adapter.protocols.fields import Empty, WireBool, WireDecimal
from adapter.protocols.phpserialize import encode_blob
from adapter.protocols.whmcs.fields import Blob, Choice, Day, Email, Line, Prose, RecordId
from adapter.protocols.whmcs.schemas.base import ActionSchema, PagedSchema, changed, required

_QUOTE: Final[Mapping[str, type[NotFound]]] = MappingProxyType(
    {"quoteid": QuoteNotFound, "currency": CurrencyNotFound}
)


class _LineSchema(Schema):
    class Meta:
        unknown = EXCLUDE

    description = Prose(data_key="desc", load_default="")
    quantity = WireDecimal(data_key="qty", places=4, load_default=Decimal(1))
    unit_price = WireDecimal(data_key="up", load_default=Decimal(0))
    discount = WireDecimal(minimum=Decimal(0), maximum=Decimal(100), load_default=Decimal(0))
    taxed = WireBool(data_key="taxable")
    line_id = RecordId(data_key="id", load_default=None)


_LINE: Final = _LineSchema()


class QuoteLines(Blob):
    """The lines of a quote: a serialised list of arrays."""

    default_error_messages = {  # noqa: RUF012
        "line": "must be a list of arrays with desc, qty, up, discount and taxable",
    }

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        lines = []
        for item in self._array(value).values():
            if not isinstance(item, dict):
                raise self.make_error("line")
            try:
                data = _LINE.load({str(key): self._text(each) for key, each in item.items()})
            except ValidationError as error:
                raise self.make_error("line") from error
            lines.append(QuoteLine(**data))
        return tuple(lines)

    def encoded(self, value: Any) -> str:
        """Write lines as a client sends them."""
        return encode_blob({n: self._written(line) for n, line in enumerate(value)})

    def _written(self, line: QuoteLine) -> dict[int | str, Any]:
        item: dict[int | str, Any] = {
            "desc": line.description,
            "qty": f"{line.quantity:f}",
            "up": f"{line.unit_price:f}",
            "discount": f"{line.discount:f}",
            "taxable": "1" if line.taxed else "0",
        }
        return item if line.line_id is None else {"id": str(line.line_id), **item}


class _QuoteSchema(ActionSchema):
    """What quotes are made of; blank texts leave what is stored."""

    subject = Line(empty=Empty.ABSENT)
    stage = Choice(QuoteStage)
    valid_until = Day(data_key="validuntil")
    created_on = Day(data_key="datecreated")
    lines = QuoteLines(data_key="lineitems", load_default=())
    client_id = RecordId(data_key="userid")
    first_name = Line(data_key="firstname", empty=Empty.ABSENT)
    last_name = Line(data_key="lastname", empty=Empty.ABSENT)
    company_name = Line(data_key="companyname", empty=Empty.ABSENT)
    email = Email(empty=Empty.ABSENT)
    address_1 = Line(data_key="address1", empty=Empty.ABSENT)
    address_2 = Line(data_key="address2", empty=Empty.ABSENT)
    city = Line(empty=Empty.ABSENT)
    state = Line(empty=Empty.ABSENT)
    postcode = Line(empty=Empty.ABSENT)
    country = Line(max_length=2, empty=Empty.ABSENT)
    phone = Line(data_key="phonenumber", max_length=64, empty=Empty.ABSENT)
    tax_number = Line(data_key="tax_id", empty=Empty.ABSENT)
    currency_id = RecordId(data_key="currency")
    proposal = Prose(empty=Empty.ABSENT)
    customer_notes = Prose(data_key="customernotes", empty=Empty.ABSENT)
    admin_notes = Prose(data_key="adminnotes", empty=Empty.ABSENT)


class CreateQuoteSchema(_QuoteSchema):
    """`CreateQuote`. Source: contracts/whmcs/createquote.md."""

    action = "CreateQuote"
    command = CreateQuote
    subjects: ClassVar[Mapping[str, type[NotFound]]] = _QUOTE

    def build(self, data: dict[str, Any]) -> Command:
        """Require what the documents require, in their order."""
        for ours, wire in (
            ("subject", "subject"),
            ("stage", "stage"),
            ("valid_until", "validuntil"),
        ):
            if data.get(ours) is None:
                raise required(wire)
        return CreateQuote(QuoteFields(**data))

    def unbuild(self, command: Command) -> dict[str, Any]:
        """Write the quote's own fields."""
        return changed(command.quote)  # type: ignore[attr-defined]


class UpdateQuoteSchema(_QuoteSchema):
    """`UpdateQuote`; lines with an id change that line, others are added.

    Source: contracts/whmcs/updatequote.md.
    """

    action = "UpdateQuote"
    command = UpdateQuote
    subjects: ClassVar[Mapping[str, type[NotFound]]] = _QUOTE

    quote_id = RecordId(data_key="quoteid", required=True)

    def build(self, data: dict[str, Any]) -> Command:
        """Set the quote's name apart from what changes."""
        return UpdateQuote(data.pop("quote_id"), QuoteFields(**data))

    def unbuild(self, command: Command) -> dict[str, Any]:
        """Write the quote's own fields."""
        return {
            "quote_id": command.quote_id,  # type: ignore[attr-defined]
            **changed(command.changes),  # type: ignore[attr-defined]
        }


class GetQuotesSchema(PagedSchema):
    """`GetQuotes`. Source: contracts/whmcs/getquotes.md."""

    action = "GetQuotes"
    command = ListQuotes

    quote_id = RecordId(data_key="quoteid")
    client_id = RecordId(data_key="userid")
    subject = Line(empty=Empty.ABSENT)
    stage = Choice(QuoteStage)
    created_on = Day(data_key="datecreated")
    modified_on = Day(data_key="lastmodified")
    valid_until = Day(data_key="validuntil")


class _NamedQuoteSchema(ActionSchema):
    """An action on one quote."""

    subjects: ClassVar[Mapping[str, type[NotFound]]] = _QUOTE

    quote_id = RecordId(data_key="quoteid", required=True)


class SendQuoteSchema(_NamedQuoteSchema):
    """`SendQuote`. Source: contracts/whmcs/sendquote.md."""

    action = "SendQuote"
    command = SendQuote


class AcceptQuoteSchema(_NamedQuoteSchema):
    """`AcceptQuote`. Source: contracts/whmcs/acceptquote.md."""

    action = "AcceptQuote"
    command = AcceptQuote


class DeleteQuoteSchema(_NamedQuoteSchema):
    """`DeleteQuote`. Source: contracts/whmcs/deletequote.md."""

    action = "DeleteQuote"
    command = DeleteQuote
