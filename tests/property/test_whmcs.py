"""The form-post wire: errors are total, requests and serialised values survive the round trip."""

import json
import string
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter import errors
from adapter.billing.model import ClientStatus, InvoiceStatus, ItemAction, ItemStatus, OrderStatus
from adapter.billing.schedule import Cycle, ItemUnit
from adapter.commands import model
from adapter.commands.access import Credentials
from adapter.protocols.base import Limits, WireRequest
from adapter.protocols.phpserialize import (
    NotSerialized,
    Value,
    decode_blob,
    dumps,
    encode_blob,
    loads,
)
from adapter.protocols.whmcs import Quirks, WhmcsProtocol
from adapter.protocols.whmcs.client import WhmcsClient
from adapter.protocols.whmcs.formats import Reply, write
from adapter.protocols.whmcs.names import EMAIL_KINDS

PROTOCOL = WhmcsProtocol({"main": Quirks()}, Limits(), allow_get=True)
FORM = "application/x-www-form-urlencoded"


def all_errors(base: type[errors.AdapterError]) -> list[type[errors.AdapterError]]:
    return [base, *(kind for child in base.__subclasses__() for kind in all_errors(child))]


WORDS = st.text(max_size=12)
_ARGUMENTS: dict[type[errors.AdapterError], Callable[[str], errors.AdapterError]] = {
    errors.LimitExceeded: lambda text: errors.LimitExceeded(text, 7),
    errors.MethodNotAllowed: errors.MethodNotAllowed,
    errors.UnknownAction: errors.UnknownAction,
    errors.InvalidField: lambda text: errors.InvalidField(text, text, text),
    errors.AddressNotAllowed: errors.AddressNotAllowed,
    errors.ActionNotAllowed: errors.ActionNotAllowed,
    errors.NotOwned: lambda text: errors.NotOwned(text, 7),
    errors.DomainNotRenewable: errors.DomainNotRenewable,
    errors.PaymentMethodInvalid: lambda text: errors.PaymentMethodInvalid((text,)),
    errors.GatewayInvalid: lambda text: errors.GatewayInvalid((text,)),
    errors.RunIncomplete: lambda _: errors.RunIncomplete(7),
    errors.CannotExpress: errors.CannotExpress,
}


def build(kind: type[errors.AdapterError], text: str) -> errors.AdapterError:
    if kind in _ARGUMENTS:
        return _ARGUMENTS[kind](text)
    try:
        return kind()
    except TypeError:
        error = errors.AdapterError.__new__(kind)
        Exception.__init__(error, text)
        return error


requests = st.builds(
    WireRequest,
    method=st.sampled_from(["GET", "POST", "PUT", "HEAD"]),
    path=st.just("/includes/api.php"),
    query=st.one_of(
        st.binary(max_size=60),
        st.sampled_from([b"responsetype=xml", b"responsetype=json", b"action=GenInvoices"]),
    ),
    headers=st.fixed_dictionaries(
        {
            "content-type": st.sampled_from(
                [
                    FORM,
                    "multipart/form-data; boundary=x",
                    "multipart/form-data",
                    "application/json",
                    "",
                ]
            )
        }
    ),
    body=st.one_of(
        st.binary(max_size=200),
        st.binary(max_size=60).map(lambda tail: b"responsetype=json&action=" + tail),
        st.binary(max_size=60).map(lambda tail: b"responsetype=xml&status=" + tail),
        st.binary(max_size=60).map(lambda tail: b"action=UpdateInvoice&status=" + tail),
    ),
    address=st.text(max_size=8),
    announced_length=st.one_of(st.none(), st.integers(0, 300)),
)


def check_readable(body: bytes, responsetype: str) -> None:
    if responsetype == "json":
        assert json.loads(body)["result"] == "error"
    elif responsetype == "xml":
        root = ET.fromstring(body)  # noqa: S314  # our own output
        assert root.tag == "whmcsapi"
        assert root.findtext("result") == "error"
    else:
        text = body.decode("utf-8")
        assert text.startswith("result=error;message=")
        assert text.count(";") == 1


@given(request=requests, text=WORDS, kind=st.sampled_from(all_errors(errors.AdapterError)))
def test_an_error_can_always_be_told_and_read(
    request: WireRequest, text: str, kind: type[errors.AdapterError]
) -> None:
    call = PROTOCOL.bind(PROTOCOL.decode(request), "main")
    response = PROTOCOL.encode_error(build(kind, text), call)
    assert response.status in {200, 400, 403, 405}
    check_readable(response.body, call.responsetype)


@given(request=requests)
def test_any_bytes_make_a_command_or_an_error_of_ours(request: WireRequest) -> None:
    call = PROTOCOL.decode(request)
    for responsetype in ("json", "xml", "nvp"):
        asked = replace(call, responsetype=responsetype)
        try:
            PROTOCOL.to_command(asked)
        except errors.AdapterError as error:
            check_readable(PROTOCOL.encode_error(error, asked).body, responsetype)


# --- commands -------------------------------------------------------------------------------

ids = st.integers(1, 2**63 - 1)
lines = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=20
).filter(lambda text: bool(text.strip(" \t\r\n")))
prose = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
nonblank = prose.filter(lambda text: bool(text.strip(" \t\r\n")))
days = st.dates(date(1900, 1, 1), date(2999, 12, 31))
amounts = st.decimals(0, 10**9, places=2)
signed = st.decimals(-(10**9), 10**9, places=2)
codes = st.from_regex(r"[a-z]{2,8}", fullmatch=True)
emails = st.from_regex(r"[a-z]{1,6}@[a-z]{1,6}\.example", fullmatch=True)


def maybe(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(st.none(), values)


id_lists = maybe(st.lists(ids, max_size=4, unique=True).map(tuple))
pages = st.builds(model.Page, st.integers(0, 10**6), st.integers(1, 10**6))
unset_or_day = st.one_of(st.just(model.UNSET), st.none(), days)
client_fields = st.builds(
    model.ClientFields,
    first_name=maybe(lines),
    last_name=maybe(st.one_of(lines, st.just(""))),
    company_name=maybe(lines),
    email=emails,
    address_1=maybe(lines),
    city=maybe(lines),
    country=maybe(st.sampled_from(["ZA", "DE"])),
    phone=maybe(st.from_regex(r"\+?[0-9]{3,9}", fullmatch=True)),
    tax_number=maybe(lines),
    custom=st.dictionaries(ids, prose, max_size=3).map(lambda custom: tuple(custom.items())),
    currency_id=maybe(ids),
    notes=maybe(prose),
    marketing_emails=maybe(st.booleans()),
)
client_changes = st.builds(
    lambda fields, more: replace(fields, **more),
    client_fields,
    st.fixed_dictionaries(
        {
            "status": maybe(st.sampled_from(ClientStatus)),
            "payment_method": maybe(codes),
            "tax_exempt": maybe(st.booleans()),
            "separate_invoices": maybe(st.booleans()),
            "no_auto_close": maybe(st.booleans()),
            "email_preferences": st.dictionaries(
                st.sampled_from([kind for kind in EMAIL_KINDS if kind != "domain"]),
                st.booleans(),
            ).map(lambda preferences: tuple(preferences.items())),
        }
    ),
)
products = st.builds(
    model.OrderedProduct,
    product_id=ids,
    quantity=st.integers(1, 99),
    domain=st.one_of(st.just(""), codes),
    cycle=maybe(st.sampled_from(Cycle)),
    addon_ids=st.lists(ids, min_size=2, max_size=3).map(tuple),
    addon_quantities=st.lists(st.integers(1, 9), max_size=2).map(tuple),
    price_override=maybe(amounts),
    custom_fields=st.dictionaries(codes, prose, max_size=2).map(lambda f: tuple(f.items())),
)
domains = st.builds(
    model.OrderedDomain,
    name=codes,
    kind=st.sampled_from(["register", "transfer"]),
    years=st.integers(1, 10),
    price_override=maybe(amounts),
    renewal_override=maybe(amounts),
    dns_management=st.booleans(),
    email_forwarding=st.booleans(),
    id_protection=st.booleans(),
)
commands = st.one_of(
    st.builds(model.GenerateDueInvoices, maybe(ids), id_lists, id_lists, id_lists, st.booleans()),
    st.builds(
        model.CreateBillableItem,
        client_id=ids,
        description=nonblank,
        amount=signed,
        quantity=amounts,
        unit=st.sampled_from(["hours", "quantity"]),
        action=st.just(ItemAction.RECUR),
        recur_every=st.integers(1, 99),
        recur_unit=st.sampled_from(ItemUnit),
        recur_times=st.integers(1, 99),
        due_on=days,
    ),
    st.builds(model.GetInvoice, ids),
    st.builds(
        model.ListInvoices,
        page=pages,
        client_id=maybe(ids),
        status=maybe(st.sampled_from(InvoiceStatus)),
        order_by=maybe(st.sampled_from(["invoice_id", "number", "due_on"])),
        descending=st.booleans(),
    ),
    st.builds(model.ListInvoices, page=pages, overdue=st.just(True)),
    st.builds(
        model.UpdateInvoice,
        invoice_id=ids,
        status=maybe(st.sampled_from(InvoiceStatus)),
        payment_method=maybe(codes),
        issued_on=maybe(days),
        notes=maybe(nonblank),
        tax_rate=maybe(st.decimals(0, 100, places=3)),
        credit=maybe(amounts),
        lines=st.tuples(
            st.builds(model.InvoiceLineChange, prose, signed, st.booleans(), ids),
            st.builds(model.InvoiceLineChange, prose, signed, st.booleans()),
        ),
        delete_line_ids=st.lists(ids, max_size=3, unique=True).map(tuple),
        publish=st.just(True),
        send_email=st.booleans(),
    ),
    st.builds(
        model.RecordPayment,
        invoice_id=ids,
        transaction_id=lines,
        gateway=codes,
        amount=maybe(st.decimals("0.01", 10**6, places=2)),
        fees=amounts,
        paid_on=maybe(days),
        send_email=st.booleans(),
    ),
    st.builds(
        model.AddCredit,
        client_id=ids,
        description=prose,
        amount=st.decimals("0.01", 10**6, places=2),
        entered_on=maybe(days),
        remove=st.booleans(),
        admin_id=maybe(ids),
    ),
    st.builds(
        model.CreateClient,
        client=client_fields,
        identity=st.just(model.ClientIdentity.EMAIL),
        send_email=st.booleans(),
        password=codes,
    ),
    st.builds(model.UpdateClient, changes=client_changes, client_id=ids),
    st.builds(model.UpdateClient, changes=client_changes, email=emails),
    st.builds(
        model.ListClients,
        page=pages,
        search=maybe(lines),
        status=maybe(st.sampled_from(ClientStatus)),
        order_by=maybe(st.sampled_from(["client_id", "created_on"])),
        descending=st.booleans(),
    ),
    st.builds(model.GetClient, client_id=ids, with_stats=st.booleans()),
    st.builds(model.GetClient, email=emails),
    st.builds(
        model.CreateProduct,
        name=lines,
        group_id=ids,
        product_type=st.sampled_from(["hostingaccount", "other"]),
        pay_type=st.just(model.PayType.RECURRING),
        description=prose,
        auto_setup=st.sampled_from(["", "on", "order", "payment"]),
        hidden=st.booleans(),
        taxed=st.booleans(),
        stock=maybe(st.integers(0, 99)),
        prorata_day=st.integers(1, 31),
        prorata_next_month_day=maybe(st.integers(1, 31)),
        prices=st.lists(
            st.builds(
                model.CyclePrice,
                st.just(1),
                st.sampled_from([Cycle.MONTHLY, Cycle.ANNUALLY, Cycle.ONE_TIME]),
                st.one_of(amounts, st.just(Decimal(-1))),
            ),
            max_size=2,
            unique_by=lambda price: price.cycle,
        ).map(tuple),
    ),
    st.builds(
        model.CreateProduct,
        name=lines,
        group_id=ids,
        pay_type=st.just(model.PayType.ONE_TIME),
        prices=st.builds(model.CyclePrice, ids, st.just(Cycle.ONE_TIME), amounts, amounts).map(
            lambda price: (price,)
        ),
    ),
    st.builds(model.ListProducts, id_lists, maybe(ids), maybe(codes)),
    st.builds(
        model.PlaceOrder,
        client_id=ids,
        payment_method=codes,
        products=st.lists(products, min_size=1, max_size=2).map(tuple),
        addons=st.lists(
            st.builds(model.OrderedAddon, ids, ids, st.integers(1, 9)), max_size=2
        ).map(tuple),
        domains=st.lists(domains, max_size=2).map(tuple),
        domain_renewals=st.dictionaries(codes, st.integers(1, 10), max_size=2).map(
            lambda renewals: tuple(renewals.items())
        ),
        promotion_code=maybe(codes),
        promotion_override=st.booleans(),
        nameservers=st.lists(codes, max_size=5).map(tuple),
        make_invoice=st.booleans(),
        send_invoice_email=st.booleans(),
        send_email=st.booleans(),
    ),
    st.builds(
        model.AcceptOrder,
        order_id=ids,
        send_email=st.booleans(),
        service_username=maybe(codes),
        registrar=maybe(codes),
    ),
    st.builds(
        model.ListOrders,
        page=pages,
        order_id=maybe(ids),
        client_id=maybe(ids),
        status=maybe(st.sampled_from(OrderStatus)),
    ),
    st.builds(model.RequestCancellation, service_id=ids, immediate=st.booleans(), reason=prose),
    st.builds(model.ListServices, pages, maybe(ids), maybe(ids), maybe(ids), maybe(codes)),
    st.builds(model.ListServiceAddons, id_lists, maybe(ids), maybe(ids)),
    st.builds(model.ListDomains, pages, maybe(ids), maybe(ids), maybe(codes)),
    st.builds(
        model.UpdateService,
        service_id=ids,
        registered_on=maybe(days),
        next_due_on=unset_or_day,
        domain=maybe(st.one_of(codes, st.just(""))),
        recurring_amount=maybe(amounts),
        recalculate=st.booleans(),
        cycle=maybe(st.sampled_from(Cycle)),
        status=maybe(st.sampled_from([ItemStatus.ACTIVE, ItemStatus.CANCELLED])),
        promotion_id=maybe(st.one_of(ids, st.just(0))),
        notes=maybe(st.one_of(nonblank, st.just(""))),
        password=maybe(st.one_of(codes, st.just(""))),
        override_auto_suspend=maybe(st.booleans()),
        override_suspend_until=unset_or_day,
        custom_fields=st.dictionaries(codes, prose, max_size=2).map(lambda f: tuple(f.items())),
    ),
    st.builds(
        model.UpdateServiceAddon,
        service_addon_id=ids,
        name=codes,
        status=maybe(st.just(ItemStatus.SUSPENDED)),
        cycle=maybe(st.sampled_from(Cycle)),
        next_due_on=unset_or_day,
        setup_fee=maybe(amounts),
        recalculate=st.booleans(),
    ),
    st.builds(
        model.UpdateDomain,
        domain_id=ids,
        kind=maybe(st.sampled_from(["Register", "Transfer"])),
        next_due_on=unset_or_day,
        expires_on=unset_or_day,
        years=maybe(st.integers(1, 10)),
        status=maybe(st.sampled_from([ItemStatus.TRANSFERRED_AWAY, ItemStatus.PENDING_TRANSFER])),
        do_not_renew=maybe(st.booleans()),
    ),
    *(
        st.builds(kind, ids)
        for kind in (
            model.ReopenOrder,
            model.DeleteOrder,
            model.ActivateService,
            model.UnsuspendService,
            model.TerminateService,
            model.ApplyServicePackage,
            model.CloseClient,
            model.DeleteContact,
        )
    ),
    st.builds(model.CancelOrder, ids, st.booleans(), st.booleans()),
    st.builds(model.MarkOrderFraudulent, ids, st.booleans()),
    st.builds(model.SuspendService, ids, prose),
    st.builds(model.DeleteClient, ids, st.booleans()),
    st.builds(model.ListCancellationRequests, pages),
    st.builds(model.ListPromotions, maybe(codes)),
    st.builds(model.ListDomainPrices, maybe(ids), maybe(ids)),
    st.builds(model.ListActivity, pages, maybe(ids), maybe(days), maybe(codes), maybe(codes)),
    st.builds(model.LogActivity, nonblank, maybe(ids)),
    st.builds(model.GetStatistics, st.integers(0, 366)),
    st.builds(model.ListContacts, pages, maybe(ids), maybe(codes), email=maybe(emails)),
    st.builds(model.ValidateLogin, lines, lines),
    st.builds(model.ListPaymentMethods),
    st.builds(model.ListCurrencies),
    st.builds(model.GetVersion),
    st.builds(model.GetSetting, lines),
    st.builds(model.ChangeSetting, lines, st.one_of(nonblank, st.just(""))),
)


@given(command=commands)
def test_a_command_survives_the_wire(command: model.Command) -> None:
    client = WhmcsClient()
    credentials = Credentials(identifier="A" * 32, secret="S" * 32)
    body = client.request(client.ask(command), credentials, "").body
    headers = {"content-type": FORM}
    call = PROTOCOL.decode(WireRequest("POST", "", b"", headers, body, "", len(body)))
    assert call.credentials == Credentials(identifier="A" * 32, secret="S" * 32)
    assert PROTOCOL.to_command(call) == command


# --- formats --------------------------------------------------------------------------------

leaves = st.one_of(st.text(max_size=8), st.integers(), st.booleans(), st.none())
replies = st.dictionaries(
    st.text(string.ascii_letters + string.digits + "-é ", min_size=1, max_size=6),
    st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.lists(inner, max_size=3),
            st.dictionaries(
                st.text(string.ascii_lowercase, min_size=1, max_size=4), inner, max_size=3
            ),
        ),
        max_leaves=8,
    ),
    max_size=4,
)


@given(reply=replies, action=st.text(max_size=8), version=st.text(max_size=8))
def test_every_reply_is_well_formed(reply: Reply, action: str, version: str) -> None:
    quirks = Quirks(version=version)
    ET.fromstring(write(reply, action, "xml", quirks)[0])  # noqa: S314  # our own output
    write(reply, action, "json", quirks)[0].decode("ascii")
    assert b"\n" not in write(reply, action, "nvp", quirks)[0]


# --- serialised values ----------------------------------------------------------------------

INT_64 = st.integers(-(2**63), 2**63 - 1)
keys = st.one_of(INT_64, st.text(max_size=6).filter(lambda key: not key.lstrip("-").isdecimal()))
scalars = st.one_of(
    st.none(),
    st.booleans(),
    INT_64,
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=10),
    st.binary(max_size=6).map(lambda raw: raw.decode("utf-8", "surrogateescape")),
)
values = st.recursive(
    scalars, lambda inner: st.dictionaries(keys, inner, max_size=4), max_leaves=12
)


@given(value=values)
def test_a_serialised_value_reads_back(value: Value) -> None:
    assert loads(dumps(value), max_depth=20) == value


@given(value=st.dictionaries(keys, scalars, max_size=4))
def test_a_blob_reads_back(value: dict[int | str, Value]) -> None:
    assert decode_blob(encode_blob(value)) == value


@given(raw=st.binary(max_size=80))
def test_no_bytes_make_the_reader_fail_otherwise(raw: bytes) -> None:
    with suppress(NotSerialized):
        loads(raw)


@pytest.mark.parametrize("path", ["/includes/api.php", "/a/b/includes/api.php"])
def test_any_folder_may_lie_before_the_endpoint(path: str) -> None:
    assert PROTOCOL.matches(path)
