"""Parameters about transactions, credit and collecting money."""

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any, ClassVar, Final

from adapter.commands.model import (
    ApplyCredit,
    CapturePayment,
    ListCredits,
    ListTransactions,
    RecordTransaction,
    UpdateTransaction,
)
from adapter.errors import (
    ClientNotFound,
    CurrencyNotFound,
    InvoiceNotFound,
    NotFound,
    TransactionNotFound,
)
from adapter.protocols.fields import Empty, WireBool, WireDecimal
from adapter.protocols.whmcs.fields import Amount, Day, Line, Prose, RecordId
from adapter.protocols.whmcs.schemas.base import NO_CARDS, ActionSchema

_PARTIES: Final[Mapping[str, type[NotFound]]] = MappingProxyType(
    {
        "userid": ClientNotFound,
        "invoiceid": InvoiceNotFound,
        "currencyid": CurrencyNotFound,
        "currency": CurrencyNotFound,
        "transactionid": TransactionNotFound,
    }
)
# What means "as much as there is", where an amount is asked for.
_ALL: Final = "full"


class ExchangeRate(WireDecimal):
    """What one unit of a currency is worth, with at most five decimals, above 0."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(places=5, minimum=Decimal("0.00001"), **settings)


class AmountOrAll(Amount):
    """An amount above 0, or the word `full`, which loads as None."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(minimum=Decimal("0.01"), **settings)

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(value, str) and value.strip().lower() == _ALL:
            return None
        return super()._deserialize(value, *args, **kwargs)


class AddTransactionSchema(ActionSchema):
    """`AddTransaction`. Source: contracts/whmcs/addtransaction.md."""

    action = "AddTransaction"
    command = RecordTransaction
    subjects: ClassVar[Mapping[str, type[NotFound]]] = _PARTIES

    client_id = RecordId(data_key="userid")
    invoice_id = RecordId(data_key="invoiceid")
    currency_id = RecordId(data_key="currencyid")
    gateway = Line(data_key="paymentmethod", required=True, empty=Empty.REFUSED)
    transaction_id = Line(data_key="transid", load_default="")
    booked_on = Day(data_key="date")
    description = Prose(load_default="")
    amount_in = Amount(data_key="amountin", load_default=Decimal(0))
    fees = Amount(load_default=Decimal(0))
    amount_out = Amount(data_key="amountout", load_default=Decimal(0))
    rate = ExchangeRate()
    as_credit = WireBool(data_key="credit")
    allow_duplicate = WireBool(data_key="allowduplicatetransid")


class UpdateTransactionSchema(ActionSchema):
    """`UpdateTransaction`; blank texts leave what is stored.

    Source: contracts/whmcs/updatetransaction.md.
    """

    action = "UpdateTransaction"
    command = UpdateTransaction
    subjects: ClassVar[Mapping[str, type[NotFound]]] = _PARTIES

    record_id = RecordId(data_key="transactionid", required=True)
    refund_of = RecordId(data_key="refundid")
    client_id = RecordId(data_key="userid")
    invoice_id = RecordId(data_key="invoiceid")
    currency_id = RecordId(data_key="currency")
    transaction_id = Line(data_key="transid", empty=Empty.ABSENT)
    booked_on = Day(data_key="date")
    gateway = Line(empty=Empty.ABSENT)
    description = Prose(empty=Empty.ABSENT)
    amount_in = Amount(data_key="amountin")
    fees = Amount()
    amount_out = Amount(data_key="amountout")
    rate = ExchangeRate()
    as_credit = WireBool(data_key="credit")


class GetTransactionsSchema(ActionSchema):
    """`GetTransactions`. Source: contracts/whmcs/gettransactions.md."""

    action = "GetTransactions"
    command = ListTransactions

    invoice_id = RecordId(data_key="invoiceid")
    client_id = RecordId(data_key="clientid")
    transaction_id = Line(data_key="transid", empty=Empty.ABSENT)


class ApplyCreditSchema(ActionSchema):
    """`ApplyCredit`. Source: contracts/whmcs/applycredit.md."""

    action = "ApplyCredit"
    command = ApplyCredit
    subjects: ClassVar[Mapping[str, type[NotFound]]] = MappingProxyType(
        {"invoiceid": InvoiceNotFound}
    )

    invoice_id = RecordId(data_key="invoiceid", required=True)
    amount = AmountOrAll()
    send_email = WireBool(data_key="noemail", invert=True)


class GetCreditsSchema(ActionSchema):
    """`GetCredits`. Source: contracts/whmcs/getcredits.md."""

    action = "GetCredits"
    command = ListCredits
    subjects: ClassVar[Mapping[str, type[NotFound]]] = MappingProxyType(
        {"clientid": ClientNotFound}
    )

    client_id = RecordId(data_key="clientid", required=True)


class CapturePaymentSchema(ActionSchema):
    """`CapturePayment`. Source: contracts/whmcs/capturepayment.md."""

    action = "CapturePayment"
    command = CapturePayment
    subjects: ClassVar[Mapping[str, type[NotFound]]] = MappingProxyType(
        {"invoiceid": InvoiceNotFound}
    )
    ignored: ClassVar[Mapping[str, str]] = MappingProxyType({"cvv": NO_CARDS})

    invoice_id = RecordId(data_key="invoiceid", required=True)
