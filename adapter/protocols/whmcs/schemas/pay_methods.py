"""Parameters about stored ways to pay. A number goes no further than this: its tail is kept."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar, Final, NamedTuple

from adapter.commands.model import (
    AddPayMethod,
    Command,
    DeletePayMethod,
    ListPayMethods,
    PayMethodKind,
    UpdatePayMethod,
)
from adapter.errors import InvalidField
from adapter.protocols.fields import Empty, WireBool
from adapter.protocols.whmcs.fields import Choice, Line, RecordId
from adapter.protocols.whmcs.schemas.base import ActionSchema, required

_SEPARATORS: Final = re.compile(r"[ -]")
_NUMBER: Final = re.compile(r"[0-9]{4,34}").fullmatch
_MONTH: Final = re.compile(r"(0[1-9]|1[0-2])/?(?:20)?([0-9]{2})").fullmatch
_ISSUE: Final = re.compile(r"[0-9]{1,2}").fullmatch
_CARD_TYPES: Final = (
    (re.compile("4"), "Visa"),
    (re.compile("5[1-5]|2[2-7]"), "MasterCard"),
    (re.compile("3[47]"), "American Express"),
    (re.compile("6011|65"), "Discover"),
)
_REMOTE: Final = "there is no gateway that keeps anything elsewhere"


class Tail(NamedTuple):
    """What is kept of a number."""

    last_four: str
    card_type: str


class Number(Line):
    """The number of a card or an account; loads as its `Tail`."""

    default_error_messages = {"number": "must be a number of 4 to 34 digits"}  # noqa: RUF012

    def __init__(self, **settings: Any) -> None:
        super().__init__(empty=Empty.ABSENT, **settings)

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        digits = _SEPARATORS.sub("", super()._deserialize(value, *args, **kwargs))
        if _NUMBER(digits) is None:
            raise self.make_error("number")
        kinds = (name for begins, name in _CARD_TYPES if begins.match(digits))
        return Tail(digits[-4:], next(kinds, ""))


class Month(Line):
    """A month as MMYY or MM/YY; loads as MMYY."""

    default_error_messages = {"month": "must be a month such as 0129"}  # noqa: RUF012

    def __init__(self, **settings: Any) -> None:
        super().__init__(empty=Empty.ABSENT, **settings)

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> str:
        found = _MONTH(super()._deserialize(value, *args, **kwargs).strip())
        if found is None:
            raise self.make_error("month")
        return found[1] + found[2]


class IssueNumber(Line):
    """The issue number of a card: one or two digits."""

    default_error_messages = {"issue": "must have one or two digits"}  # noqa: RUF012

    def __init__(self, **settings: Any) -> None:
        super().__init__(empty=Empty.ABSENT, **settings)

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, *args, **kwargs).strip()
        if _ISSUE(text) is None:
            raise self.make_error("issue")
        return text


class _DetailsSchema(ActionSchema):
    """What cards and accounts are described by."""

    card_number = Number()
    expires = Month(data_key="card_expiry")
    starts = Month(data_key="card_start")
    issue_number = IssueNumber(data_key="card_issue_number")
    bank_name = Line(empty=Empty.ABSENT)
    account_type = Line(data_key="bank_account_type", max_length=32, empty=Empty.ABSENT)
    routing = Number(data_key="bank_code")
    account = Number(data_key="bank_account")
    make_default = WireBool(data_key="set_as_default")


class AddPayMethodSchema(_DetailsSchema):
    """`AddPayMethod`. Source: contracts/whmcs/addpaymethod.md."""

    action = "AddPayMethod"
    command = AddPayMethod

    client_id = RecordId(data_key="clientid", required=True)
    kind = Choice(PayMethodKind, data_key="type", load_default=PayMethodKind.CREDIT_CARD)
    description = Line(load_default="")
    gateway = Line(data_key="gateway_module_name", max_length=64, load_default="")

    def build(self, data: dict[str, Any]) -> Command:
        """Require what each kind needs, in the order of the documents."""
        card, routing, account = (
            data.pop(name, None) for name in ("card_number", "routing", "account")
        )
        kind = data["kind"]
        if kind is PayMethodKind.BANK_ACCOUNT:
            if routing is None:
                raise required("bank_code")
            if account is None:
                raise required("bank_account")
            return AddPayMethod(last_four=account.last_four, **data)
        if kind is PayMethodKind.REMOTE_CREDIT_CARD and not data["gateway"]:
            raise required("gateway_module_name")
        if card is None:
            raise required("card_number")
        if data.get("expires") is None:
            raise required("card_expiry")
        return AddPayMethod(last_four=card.last_four, card_type=card.card_type, **data)


class UpdatePayMethodSchema(_DetailsSchema):
    """`UpdatePayMethod`. Source: contracts/whmcs/updatepaymethod.md."""

    action = "UpdatePayMethod"
    command = UpdatePayMethod

    pay_method_id = RecordId(data_key="paymethodid", required=True)
    client_id = RecordId(data_key="clientid", required=True)

    def build(self, data: dict[str, Any]) -> Command:
        """Keep the tail of whichever number was sent."""
        card, _, account = (data.pop(name, None) for name in ("card_number", "routing", "account"))
        if card is not None and account is not None:
            raise InvalidField(
                "bank_account", "exclusive", "card_number and bank_account exclude each other"
            )
        if card is not None:
            data |= {"last_four": card.last_four, "card_type": card.card_type}
        elif account is not None:
            data["last_four"] = account.last_four
        return UpdatePayMethod(**data)


class GetPayMethodsSchema(ActionSchema):
    """`GetPayMethods`. Source: contracts/whmcs/getpaymethods.md."""

    action = "GetPayMethods"
    command = ListPayMethods

    client_id = RecordId(data_key="clientid", required=True)
    pay_method_id = RecordId(data_key="paymethodid")
    kind = Choice((PayMethodKind.CREDIT_CARD, PayMethodKind.BANK_ACCOUNT), data_key="type")


class DeletePayMethodSchema(ActionSchema):
    """`DeletePayMethod`. Source: contracts/whmcs/deletepaymethod.md."""

    action = "DeletePayMethod"
    command = DeletePayMethod
    ignored: ClassVar[Mapping[str, str]] = MappingProxyType({"failonremotefailure": _REMOTE})

    client_id = RecordId(data_key="clientid", required=True)
    pay_method_id = RecordId(data_key="paymethodid", required=True)
