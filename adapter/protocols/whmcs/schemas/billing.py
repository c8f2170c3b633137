"""Parameters about invoices, items and money."""

import re
from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any, ClassVar, Final

from adapter.billing.model import InvoiceStatus, ItemAction
from adapter.billing.schedule import ItemUnit
from adapter.commands.model import (
    AddCredit,
    Command,
    CreateBillableItem,
    GenerateDueInvoices,
    GetInvoice,
    InvoiceLineChange,
    IssueInvoice,
    ListInvoices,
    RecordPayment,
    UpdateInvoice,
)
from adapter.errors import AdminNotFound, ClientNotFound, InvalidField, InvoiceNotFound, NotFound
from adapter.protocols.base import Params
from adapter.protocols.fields import Empty, WireBool, WireDecimal, WireInt, WireIntList
from adapter.protocols.whmcs.fields import (
    Amount,
    ArrayOf,
    Choice,
    Day,
    Line,
    Prose,
    RecordId,
    TaxRate,
    record_id,
)
from adapter.protocols.whmcs.schemas.base import (
    ActionSchema,
    PagedSchema,
    changed,
    column,
    descending,
    member,
    required,
)

_CLIENT: Final = MappingProxyType({"clientid": ClientNotFound})
_INVOICE: Final = MappingProxyType({"invoiceid": InvoiceNotFound})

# The parts of a line of CreateInvoice, each with the line's own number behind it.
_NUMBERED: Final = re.compile(r"(itemdescription|itemamount|itemtaxed)([0-9]{1,9})").fullmatch

# What `orderby` may name -> the record's attribute.
INVOICE_ORDER: Final = MappingProxyType(
    {
        "id": "invoice_id",
        "invoicenumber": "number",
        "invoicenum": "number",
        "date": "issued_on",
        "duedate": "due_on",
        "total": "total",
        "status": "status",
    }
)
_ORDER_WORDS: Final = MappingProxyType({name: word for word, name in INVOICE_ORDER.items()})


class GenInvoicesSchema(ActionSchema):
    """`GenInvoices`. Source: contracts/whmcs/geninvoices.md."""

    action = "GenInvoices"
    command = GenerateDueInvoices
    subjects: ClassVar[Mapping[str, type[NotFound]]] = _CLIENT

    client_id = RecordId(data_key="clientid", load_default=None)
    service_ids = WireIntList(data_key="serviceids")
    addon_ids = WireIntList(data_key="addonids")
    domain_ids = WireIntList(data_key="domainids")
    send_email = WireBool(data_key="noemails", invert=True)


class AddBillableItemSchema(ActionSchema):
    """`AddBillableItem`. Source: contracts/whmcs/addbillableitem.md."""

    action = "AddBillableItem"
    command = CreateBillableItem
    subjects: ClassVar[Mapping[str, type[NotFound]]] = _CLIENT

    client_id = RecordId(data_key="clientid", required=True)
    description = Prose(required=True, empty=Empty.REFUSED)
    amount = WireDecimal(required=True)
    # The name before 8.2 of `quantity`, which then came without a `unit`.
    hours = Amount(places=4)
    quantity = Amount(places=4)
    unit = Line()
    item_action = Choice(ItemAction, data_key="invoiceaction", load_default=ItemAction.NO_INVOICE)
    recur = WireInt(minimum=0, load_default=0)
    recur_unit = Choice(ItemUnit, data_key="recurcycle", load_default=None)
    recur_times = WireInt(data_key="recurfor", minimum=0, load_default=0)
    due_on = Day(data_key="duedate", load_default=None)

    def build(self, data: dict[str, Any]) -> Command:
        """Check what each action needs. What only a recurring one reads is dropped elsewhere."""
        hours = data.pop("hours", None)
        unit = data.pop("unit", "").strip().lower() or ("hours" if hours is not None else "")
        if unit not in {"hours", "quantity"}:
            raise InvalidField("unit", "choice", "unit must be hours or quantity")
        action = data.pop("item_action")
        every, cycle, times = (data.pop(key) for key in ("recur", "recur_unit", "recur_times"))
        recurs = action is ItemAction.RECUR
        if recurs and not (every and cycle and times):
            raise InvalidField("recur", "incomplete", "recur, recurcycle and recurfor are needed")
        if action in {ItemAction.RECUR, ItemAction.DUE_DATE} and data["due_on"] is None:
            raise required("duedate")
        data.setdefault("quantity", hours if hours is not None else Decimal(0))
        return CreateBillableItem(
            **data,
            unit=unit,
            action=action,
            recur_every=every if recurs else 0,
            recur_unit=cycle if recurs else None,
            recur_times=times if recurs else 0,
        )

    def unbuild(self, command: Command) -> dict[str, Any]:
        """Name the unit always: it is required."""
        values = changed(command)
        for ours, wire in (("action", "item_action"), ("recur_every", "recur")):
            if ours in values:
                values[wire] = values.pop(ours)
        return {"unit": "quantity"} | values


class GetInvoiceSchema(ActionSchema):
    """`GetInvoice`. Source: contracts/whmcs/getinvoice.md."""

    action = "GetInvoice"
    command = GetInvoice
    subjects: ClassVar[Mapping[str, type[NotFound]]] = _INVOICE

    invoice_id = RecordId(data_key="invoiceid", required=True)


class GetInvoicesSchema(PagedSchema):
    """`GetInvoices`. Source: contracts/whmcs/getinvoices.md."""

    action = "GetInvoices"
    command = ListInvoices

    client_id = RecordId(data_key="userid")
    status = Line()
    order_by = Line(data_key="orderby", empty=Empty.ABSENT)
    order = Line(load_default="desc")

    def build(self, data: dict[str, Any]) -> Command:
        """Split `Overdue`, which is a filter and no status, from the states."""
        status = data.pop("status", "").strip()
        overdue = status.lower() == "overdue"
        if overdue or not status:
            data["overdue"] = overdue
        else:
            data["status"] = member(InvoiceStatus, status, "status")
        if "order_by" in data:
            data["order_by"] = column(data["order_by"], INVOICE_ORDER)
        data["descending"] = descending(data.pop("order"), "order", default="desc")
        return super().build(data)

    def unbuild(self, command: Command) -> dict[str, Any]:
        """Write the filter for overdue ones as a status, the order as a word."""
        values = super().unbuild(command)
        if values.pop("overdue", False):
            values["status"] = "Overdue"
        if "order_by" in values:
            values["order_by"] = _ORDER_WORDS.get(values["order_by"], values["order_by"])
        values["order"] = "desc" if values.pop("descending", True) else "asc"
        return values


class CreateInvoiceSchema(ActionSchema):
    """`CreateInvoice`; lines come as `itemdescription1` or as `itemdescription[1]`.

    Source: contracts/whmcs/createinvoice.md.
    """

    action = "CreateInvoice"
    command = IssueInvoice
    subjects: ClassVar[Mapping[str, type[NotFound]]] = MappingProxyType({"userid": ClientNotFound})

    client_id = RecordId(data_key="userid", required=True)
    status = Choice(InvoiceStatus)
    draft = WireBool()
    send_email = WireBool(data_key="sendinvoice")
    payment_method = Line(data_key="paymentmethod", empty=Empty.ABSENT)
    tax_rate = TaxRate(data_key="taxrate")
    tax_rate_2 = TaxRate(data_key="taxrate2")
    issued_on = Day(data_key="date")
    due_on = Day(data_key="duedate")
    notes = Prose(load_default="")
    descriptions = ArrayOf(Prose(), data_key="itemdescription")
    amounts = ArrayOf(WireDecimal(), data_key="itemamount")
    taxed = ArrayOf(WireBool(), data_key="itemtaxed")
    apply_credit = WireBool(data_key="autoapplycredit")

    def to_command(self, params: Params) -> Command:
        """Fold the numbered names into arrays first."""
        folded: Params = {}
        for name, value in params.items():
            found = _NUMBERED(name)
            if found is None:
                folded.setdefault(name, value)
                continue
            entries = folded.setdefault(found[1], {})
            if isinstance(entries, dict):
                entries[found[2]] = value
        return super().to_command(folded)

    def build(self, data: dict[str, Any]) -> Command:
        """Read the state; a draft is not sent."""
        if data.pop("draft"):
            data["status"] = InvoiceStatus.DRAFT
        if data.get("status") is InvoiceStatus.DRAFT and data["send_email"]:
            raise InvalidField("sendinvoice", "draft", "A draft cannot be sent")
        return IssueInvoice(lines=tuple(_new_lines(data, "", "")), **data)

    def to_params(self, command: Command) -> Params:
        """Write each line with its number, as the documents do."""
        params = super().to_params(command)
        for name in ("itemdescription", "itemamount", "itemtaxed"):
            for key, value in params.pop(name, {}).items():
                params[f"{name}{key}"] = value
        return params

    def unbuild(self, command: Command) -> dict[str, Any]:
        """Spread the lines over the three arrays."""
        values = changed(command)
        lines = dict(enumerate(values.pop("lines", ()), start=1))
        for name, attribute in (
            ("descriptions", "description"),
            ("amounts", "amount"),
            ("taxed", "taxed"),
        ):
            values[name] = {str(key): getattr(line, attribute) for key, line in lines.items()}
        return values


class UpdateInvoiceSchema(ActionSchema):
    """`UpdateInvoice`; blank texts and dates leave what is stored.

    Source: contracts/whmcs/updateinvoice.md.
    """

    action = "UpdateInvoice"
    command = UpdateInvoice
    subjects: ClassVar[Mapping[str, type[NotFound]]] = _INVOICE

    invoice_id = RecordId(data_key="invoiceid", required=True)
    status = Choice(InvoiceStatus)
    payment_method = Line(data_key="paymentmethod", empty=Empty.ABSENT)
    issued_on = Day(data_key="date")
    due_on = Day(data_key="duedate")
    paid_on = Day(data_key="datepaid")
    notes = Prose(empty=Empty.ABSENT)
    tax_rate = TaxRate(data_key="taxrate")
    tax_rate_2 = TaxRate(data_key="taxrate2")
    credit = Amount()
    descriptions = ArrayOf(Prose(), data_key="itemdescription")
    amounts = ArrayOf(WireDecimal(), data_key="itemamount")
    taxed = ArrayOf(WireBool(), data_key="itemtaxed")
    new_descriptions = ArrayOf(Prose(), data_key="newitemdescription", scalars_ignored=True)
    new_amounts = ArrayOf(WireDecimal(), data_key="newitemamount", scalars_ignored=True)
    new_taxed = ArrayOf(WireBool(), data_key="newitemtaxed", scalars_ignored=True)
    delete_line_ids = WireIntList(data_key="deletelineids", load_default=())
    publish = WireBool()
    send_email = WireBool(data_key="publishandsendemail")

    def build(self, data: dict[str, Any]) -> Command:
        """Fold the parallel arrays into lines."""
        lines = (*_line_changes(data), *_new_lines(data))
        data["publish"] = data["publish"] or data["send_email"]
        return UpdateInvoice(lines=lines, **data)

    def unbuild(self, command: Command) -> dict[str, Any]:
        """Spread the lines over the parallel arrays."""
        values = changed(command)
        for prefix, lines in (
            ("", {line.line_id: line for line in values.get("lines", ()) if line.line_id}),
            (
                "new_",
                dict(enumerate(line for line in values.get("lines", ()) if not line.line_id)),
            ),
        ):
            for name, attribute in (
                ("descriptions", "description"),
                ("amounts", "amount"),
                ("taxed", "taxed"),
            ):
                entries = {key: getattr(line, attribute) for key, line in lines.items()}
                values |= {prefix + name: entries} if entries else {}
        return values


def _line_changes(data: dict[str, Any]) -> list[InvoiceLineChange]:
    """Read the changed lines; each needs all three parameters. Source: UpdateInvoice, errors."""
    descriptions, amounts, taxed = (
        data.pop(name) for name in ("descriptions", "amounts", "taxed")
    )
    changes = []
    for key in dict.fromkeys((*descriptions, *amounts, *taxed)):
        if not (key in descriptions and key in amounts and key in taxed):
            raise InvalidField(
                f"itemdescription[{key}]", "incomplete", "A part of a line is missing"
            )
        line_id = record_id(key)
        if line_id is None:
            raise InvalidField(f"itemdescription[{key}]", "integer", "The key must be a line id")
        changes.append(InvoiceLineChange(descriptions[key], amounts[key], taxed[key], line_id))
    return changes


def _new_lines(
    data: dict[str, Any], ours: str = "new_", wire: str = "new"
) -> list[InvoiceLineChange]:
    """Read added lines; without `newitemtaxed` a line is not taxed.

    `ours` and `wire` stand before the names of the fields and of the parameters.
    """
    descriptions, amounts, taxed = (
        data.pop(ours + name) for name in ("descriptions", "amounts", "taxed")
    )
    for key in dict.fromkeys((*descriptions, *amounts)):
        for name, entries in (("itemdescription", descriptions), ("itemamount", amounts)):
            if key not in entries:
                raise required(f"{wire}{name}[{key}]")
    return [
        InvoiceLineChange(text, amounts[key], taxed.get(key, False))
        for key, text in descriptions.items()
    ]


class AddInvoicePaymentSchema(ActionSchema):
    """`AddInvoicePayment`. Source: contracts/whmcs/addinvoicepayment.md."""

    action = "AddInvoicePayment"
    command = RecordPayment
    subjects: ClassVar[Mapping[str, type[NotFound]]] = _INVOICE

    invoice_id = RecordId(data_key="invoiceid", required=True)
    transaction_id = Line(data_key="transid", load_default="")
    gateway = Line(load_default="")
    # DECISION: an amount of 0 is refused. A PHP truth test would take "0" for "the whole balance".
    amount = Amount(minimum=Decimal("0.01"), load_default=None)
    fees = Amount(load_default=Decimal(0))
    # Marked as required, but clients leave it out and succeed: the account's now.
    paid_on = Day(data_key="date", load_default=None)
    send_email = WireBool(data_key="noemail", invert=True)


class AddCreditSchema(ActionSchema):
    """`AddCredit`. Source: contracts/whmcs/addcredit.md."""

    action = "AddCredit"
    command = AddCredit
    subjects: ClassVar[Mapping[str, type[NotFound]]] = MappingProxyType(
        {"clientid": ClientNotFound, "adminid": AdminNotFound}
    )

    client_id = RecordId(data_key="clientid", required=True)
    kind = Line(data_key="type", load_default="add", empty="add")
    admin_id = RecordId(data_key="adminid")
    description = Prose(load_default="")
    amount = Amount(required=True)
    entered_on = Day(data_key="date")

    def build(self, data: dict[str, Any]) -> Command:
        """Read the direction."""
        kind = data.pop("kind").strip().lower()
        if kind not in {"add", "remove"}:
            raise InvalidField("type", "choice", "type must be add or remove")
        if not data["amount"]:
            raise required("amount")
        return AddCredit(remove=kind == "remove", **data)

    def unbuild(self, command: Command) -> dict[str, Any]:
        """Write the direction as a word."""
        values = changed(command)
        return values | ({"kind": "remove"} if values.pop("remove", False) else {})
