"""Fields of recurring invoices.

What the page says is read only under a switch, or only without a ClientID, has a schema of its
own that is loaded only then.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from marshmallow import missing, post_load

from adapter.billing.model import Increase
from adapter.billing.schedule import Frequency
from adapter.commands.model import CreateRecurringInvoice
from adapter.protocols.base import Limits
from adapter.protocols.fields import (
    Empty,
    WireDate,
    WireDecimal,
    WireField,
    WireInt,
    WireStrictBool,
)
from adapter.protocols.invoicesonline.lines import read_lines
from adapter.protocols.invoicesonline.quirks import Quirks
from adapter.protocols.invoicesonline.schemas.base import (
    EndpointSchema,
    OneOf,
    RequiredFlag,
    ShortText,
)
from adapter.protocols.invoicesonline.schemas.quoted import QuotedSchema, custom_value

# The most that every engine's integer column takes.
COUNT_MAX: Final = 2**31 - 1
_CENT: Final = Decimal("0.01")
_ZERO: Final = Decimal(0)
_WHOLE_PERCENT: Final = Decimal(100)


class Switched(WireField[Any]):
    """A value that must be sent and is read only when its switch is on: until then, anything.

    Source: contracts/decisions.md, "Values behind a switch".
    """

    def deserialize(
        self,
        value: Any,
        attr: str | None = None,  # noqa: ARG002  # marshmallow's signature
        data: Mapping[str, Any] | None = None,  # noqa: ARG002
        **_: Any,
    ) -> Any:
        """Tell only whether something was sent."""
        if value is missing:
            raise self.make_error("required")
        return value


class LimitSchema(EndpointSchema):
    """What `limit_recurrances` switches on."""

    recurrence_limit = WireInt(
        data_key="recurrances_limit",
        minimum=1,
        maximum=COUNT_MAX,
        required=True,
        empty=Empty.REFUSED,
    )


class IncreaseSchema(EndpointSchema):
    """What `add_increase` switches on."""

    percentage = WireDecimal(
        data_key="IncreasePercentage", minimum=_CENT, required=True, empty=Empty.REFUSED
    )
    interval = WireInt(
        data_key="IncreaseInterval",
        minimum=1,
        maximum=COUNT_MAX,
        required=True,
        empty=Empty.REFUSED,
    )

    @post_load
    def _build(self, data: dict[str, Any], **_: Any) -> Increase:
        return Increase(**data)


class RecurringInvoiceSchema(QuotedSchema):
    """`GenerateNewRecurringInvoice`.

    Source: contracts/invoicesonline/generatenewrecurringinvoice.md.
    """

    endpoint = "GenerateNewRecurringInvoice"

    frequency = OneOf(
        {frequency.value: frequency for frequency in Frequency},
        data_key="Recurrs",
        required=True,
        empty=Empty.REFUSED,
    )
    paused = RequiredFlag(data_key="paused")
    limited = RequiredFlag(data_key="limit_recurrances")
    limit_sent = Switched(data_key="recurrances_limit")
    increased = RequiredFlag(data_key="add_increase")
    percentage_sent = Switched(data_key="IncreasePercentage")
    interval_sent = Switched(data_key="IncreaseInterval")
    start_on = WireDate(data_key="recurring_start_date", required=True, empty=Empty.REFUSED)
    rows = WireField[Any](data_key="data", required=True, empty=Empty.REFUSED)
    client_id = WireInt(data_key="ClientID", minimum=0, load_default=None)
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

    def __init__(self, quirks: Quirks, limits: Limits) -> None:
        super().__init__(quirks, limits)
        self._limit = LimitSchema(quirks, limits)
        self._increase = IncreaseSchema(quirks, limits)

    @post_load(pass_original=True)
    def _build(
        self, data: dict[str, Any], original_data: Mapping[str, Any], **_: Any
    ) -> CreateRecurringInvoice:
        limit = self._limit.read(original_data) if data["limited"] else {}
        increase = self._increase.read(original_data) if data["increased"] else None
        order_number = self.order_named(data, original_data)
        client_id = data["client_id"] or None  # '' and 0 are "not supplied"
        new_client = self.client_named(client_id, original_data)
        discount_amount, discount_percentage = self.one_discount(data)
        return CreateRecurringInvoice(
            frequency=data["frequency"],
            start_on=data["start_on"],
            lines=read_lines(data["rows"], self.quirks, self.limits),
            client_id=client_id,
            new_client=new_client,
            paused=data["paused"],
            recurrence_limit=limit.get("recurrence_limit"),
            increase=increase,
            order_number=order_number,
            custom_values=tuple(data[f"custom_{number}"] for number in range(1, 11)),
            discount_amount=discount_amount,
            discount_percentage=discount_percentage,
            number_prefix=data["number_prefix"],
            number_suffix=data["number_suffix"],
            send_email=data["send_email"],
        )
