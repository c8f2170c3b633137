"""Fields of payments."""

from decimal import Decimal
from typing import Any, Final

from marshmallow import post_load

from adapter.commands.model import RecordClientPayment
from adapter.protocols.fields import Empty, WireDate, WireDecimal, WireInt, WireStrictBool
from adapter.protocols.invoicesonline.schemas.base import EndpointSchema, ShortText
from adapter.protocols.invoicesonline.schemas.quoted import DEFAULT_METHOD

_CENT: Final = Decimal("0.01")
# The page says "or any other text"; what the store keeps of it.
METHOD_MAX: Final = 64
REFERENCE_MAX: Final = 30
DESCRIPTION_MAX: Final = 65_535
OLDER_METHOD: Final = "EFT"


class PaymentSchema(EndpointSchema):
    """`GenerateNewPayment`. Source: contracts/invoicesonline/generatenewpayment.md."""

    endpoint = "GenerateNewPayment"

    client_id = WireInt(data_key="ClientID", minimum=1, required=True, empty=Empty.REFUSED)
    paid_on = WireDate(data_key="PaymentDate", required=True, empty=Empty.REFUSED)
    amount = WireDecimal(
        data_key="PaymentAmount", minimum=_CENT, required=True, empty=Empty.REFUSED
    )
    method = ShortText(
        data_key="PaymentMethod",
        max_length=METHOD_MAX,
        single_line=True,
        empty=DEFAULT_METHOD,
        load_default=DEFAULT_METHOD,
    )
    reference = ShortText(
        data_key="ReferenceNumber", max_length=REFERENCE_MAX, single_line=True, load_default=""
    )
    description = ShortText(data_key="Description", max_length=DESCRIPTION_MAX, load_default="")
    thank = WireStrictBool(data_key="SendThankYou", empty=False, load_default=False)
    # PHP writes `false` as an empty text; null is "not sent", the client's own default.
    send_email = WireStrictBool(data_key="EmailToClient", empty=False, load_default=None)

    @post_load
    def _build(self, data: dict[str, Any], **_: Any) -> RecordClientPayment:
        return RecordClientPayment(**data)


class AddNewPaymentSchema(PaymentSchema):
    """`AddNewPayment`, as some clients call it.

    Source: contracts/invoicesonline/addnewpayment.md.
    """

    endpoint = "AddNewPayment"


class RecordPaymentSchema(EndpointSchema):
    """`RecordPayment`, the older payment call. Source: contracts/invoicesonline/recordpayment.md.

    It has no field about mail and sends none.
    """

    endpoint = "RecordPayment"

    client_id = WireInt(data_key="ClientID", minimum=1, required=True, empty=Empty.REFUSED)
    reference = ShortText(
        data_key="reference_number", max_length=REFERENCE_MAX, single_line=True, load_default=""
    )
    method = ShortText(
        data_key="payment_method",
        max_length=METHOD_MAX,
        single_line=True,
        empty=OLDER_METHOD,
        load_default=OLDER_METHOD,
    )
    paid_on = WireDate(data_key="payment_date", load_default=None)
    amount = WireDecimal(
        data_key="PaymentAmount", minimum=_CENT, required=True, empty=Empty.REFUSED
    )
    description = ShortText(data_key="Description", max_length=DESCRIPTION_MAX, load_default="")

    @post_load
    def _build(self, data: dict[str, Any], **_: Any) -> RecordClientPayment:
        return RecordClientPayment(**data, send_email=False)
