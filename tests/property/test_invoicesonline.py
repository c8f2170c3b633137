"""The positional-array protocol on any bytes, and its client side on any command."""

import json
from datetime import date
from decimal import Decimal
from urllib.parse import urlsplit

from hypothesis import given
from hypothesis import strategies as st

from adapter import errors
from adapter.billing.model import Increase, RecurringLine
from adapter.billing.schedule import Frequency
from adapter.commands.access import Credentials
from adapter.commands.model import (
    UNSET,
    ClientFields,
    ClientIdentity,
    Command,
    CreateClient,
    CreateRecurringInvoice,
    FindClient,
    GetClient,
    ListInvoices,
    ListRecurringInvoices,
)
from adapter.protocols.base import Limits, WireRequest
from adapter.protocols.invoicesonline import BothDiscounts, InvoicesOnlineProtocol, Quirks
from adapter.protocols.invoicesonline.client import InvoicesOnlineClient
from adapter.protocols.phpjson import dumps

QUIRKS = Quirks(
    empty_required_booleans=True,
    truncate_long_values=True,
    both_discounts=BothDiscounts.PERCENTAGE,
    round_unit_price=True,
    int_document_id=True,
)
PROTOCOL = InvoicesOnlineProtocol({"lenient": QUIRKS}, Limits(rows=20, fields=200, depth=8))
ENDPOINTS = [*sorted(PROTOCOL.actions()), "nothing", "\udcff", "a%b"]
ANY_TEXT = st.text(st.characters(codec=None), max_size=40)


def made(kind: type[errors.AdapterError]) -> st.SearchStrategy[errors.AdapterError]:
    """Make an error of a class past its constructor: any text, and whatever facts it asks for."""

    def build(text: str, number: int) -> errors.AdapterError:
        error = kind.__new__(kind, text)
        error.args = (text,)
        facts = {
            "record_id": number,
            "line": number,
            "listed": (text,),
            "occurrences": number,
            "kind": text,
        }
        for name, value in facts.items():
            setattr(error, name, value)
        return error

    return st.builds(build, ANY_TEXT, st.integers())


def every_error() -> list[type[errors.AdapterError]]:
    found = [errors.AdapterError]
    for kind in found:
        found.extend(kind.__subclasses__())
    return [kind for kind in found if kind.__module__.startswith("adapter.errors")]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ANY_TEXT, inner, max_size=4),
    max_leaves=8,
)
NAMES = st.sampled_from(
    ["username", "password", "BID", "ClientID", "Recurrs", "paused", "data", "type", "OrderNr"]
)
BODIES = st.one_of(
    st.binary(max_size=200),
    st.dictionaries(NAMES, VALUES, max_size=6).map(lambda params: json.dumps(params).encode()),
    st.lists(st.tuples(NAMES, st.binary(max_size=20)), max_size=6).map(
        lambda pairs: b"&".join(name.encode() + b"[0]=" + value for name, value in pairs)
    ),
)
REQUESTS = st.builds(
    WireRequest,
    method=st.sampled_from(["POST", "POST", "GET", "HEAD"]),
    path=st.sampled_from(ENDPOINTS).map(lambda name: f"/x/api/{name}.php"),
    query=st.sampled_from([b"", b"apiformat=json"]) | st.binary(max_size=40),
    headers=st.sampled_from(
        [{}, {"content-type": "multipart/form-data; boundary=x"}, {"content-type": "text/x"}]
    ),
    body=BODIES,
    address=st.just("127.0.0.1"),
    announced_length=st.none() | st.integers(0, 300),
)


@given(
    REQUESTS, st.sampled_from(every_error()).flatmap(made), st.sampled_from(["main", "lenient"])
)
def test_every_request_can_be_refused(request, error, account):
    call = PROTOCOL.bind(PROTOCOL.decode(request), account)
    try:
        PROTOCOL.to_command(call)
    except errors.RequestError as refusal:
        check_error(PROTOCOL.encode_error(refusal, call), call.action)
    check_error(PROTOCOL.encode_error(error, call), call.action)


def check_error(reply, action):
    assert reply.status in {200, 405}
    if reply.content_type == "application/json":
        body = json.loads(reply.body)
        assert body["error"]
        assert body.get("message", body["error"]) == body["error"]
        assert ("document_id" in body) == (action == "generatenewrecurringinvoice")
    else:
        assert action in {"newclient", "getclientid"}
        assert reply.body[:1].isalpha()
        reply.body.decode("utf-8")


@given(VALUES)
def test_php_json_is_json_and_ascii(value):
    written = dumps(value)
    assert written.isascii()
    json.loads(written)


def texts(most: int, least: int = 0) -> st.SearchStrategy[str]:
    """Texts that a field of a single line keeps as they are."""
    allowed = st.characters(codec="utf-8", exclude_characters="\0\r\n")
    return st.text(allowed, min_size=least, max_size=most).filter(
        lambda text: bool(text.strip()) or not text
    )


def filled(most: int) -> st.SearchStrategy[str]:
    return texts(most, 1).filter(lambda text: bool(text.strip()))


def decimals(least: str, most: str, places: int = 2) -> st.SearchStrategy[Decimal]:
    return st.decimals(Decimal(least), Decimal(most), places=places)


PERCENTAGES = st.none() | decimals("0.01", "100")
LINES = st.builds(
    RecurringLine,
    product_code=texts(12),
    quantity=decimals("-1000", "1000", 6).filter(bool),
    description=filled(40),
    unit_price=decimals("-1000000", "1000000", 6),
    currency=st.just("ZAR"),
    vat_applies=st.booleans(),
    vat_rate=decimals("0", "100"),
    includes_vat=st.booleans(),
    custom=st.tuples(*[texts(12)] * 5),
    cost_price=st.none() | decimals("0", "1000", 6),
    discount_percentage=PERCENTAGES,
)
NEW_CLIENTS = st.builds(
    ClientFields,
    invoice_name=filled(255),
    email=filled(255),
    tax_number=st.none() | filled(255),
    phone=st.none() | filled(20),
    fax=st.none() | filled(20),
    city=st.none() | filled(40),
)
DISCOUNTS: st.SearchStrategy[dict[str, Decimal]] = st.one_of(
    st.just({}),
    st.fixed_dictionaries({"discount_amount": decimals("0.01", "1000000")}),
    st.fixed_dictionaries({"discount_percentage": decimals("0.01", "100")}),
)
OWNERS = st.one_of(
    st.fixed_dictionaries({"client_id": st.integers(1, 2**63 - 1)}),
    st.fixed_dictionaries({"new_client": NEW_CLIENTS}),
)
RECURRING = st.builds(
    lambda owner, discount, **fields: CreateRecurringInvoice(**owner, **discount, **fields),
    OWNERS,
    DISCOUNTS,
    frequency=st.sampled_from(Frequency),
    start_on=st.dates(date(1900, 1, 1), date(2999, 12, 31)),
    lines=st.lists(LINES, min_size=1, max_size=4).map(tuple),
    paused=st.booleans(),
    recurrence_limit=st.none() | st.integers(1, 2**31 - 1),
    increase=st.none() | st.builds(Increase, decimals("0.01", "500"), st.integers(1, 2**31 - 1)),
    order_number=texts(10),
    custom_values=st.tuples(*[texts(32)] * 10),
    number_prefix=st.none() | filled(9),
    number_suffix=st.none() | filled(9),
    send_email=st.none() | st.booleans(),
)
CREATE_CLIENTS = st.builds(
    CreateClient,
    st.builds(
        ClientFields,
        invoice_name=filled(255),
        email=filled(255),
        branch_name=st.none() | filled(255),
        first_name=st.none() | filled(255),
        mobile=st.none() | filled(20),
        physical_address_4=st.none() | filled(255),
        payment_terms_days=st.sampled_from([UNSET, None, 0, 7, 14, 30, 60, 90]),
        custom=st.dictionaries(st.integers(1, 10), filled(100)).map(
            lambda custom: tuple(sorted(custom.items()))
        ),
    ),
    st.just(ClientIdentity.NAME_AND_EMAIL),
    st.just(False),
)
IDS = st.integers(1, 2**63 - 1)
COMMANDS: st.SearchStrategy[Command] = st.one_of(
    RECURRING,
    CREATE_CLIENTS,
    st.builds(FindClient, filled(255), filled(255), st.none() | filled(255)),
    st.builds(GetClient, IDS),
    st.builds(ListInvoices, st.none(), st.none() | IDS),
    st.builds(ListRecurringInvoices, st.none() | IDS),
)


@given(COMMANDS, st.none() | filled(20))
def test_a_written_command_is_read_as_itself(command, business_id):
    credentials = Credentials(
        "user / é", "sécret", business_id=business_id and business_id.strip()
    )
    client = InvoicesOnlineClient()
    upstream = client.request(client.ask(command), credentials, "https://example.com/some/api")
    url = urlsplit(upstream.url)
    headers = {name.lower(): value for name, value in upstream.headers.items()}
    protocol = InvoicesOnlineProtocol({}, Limits())
    assert protocol.matches(url.path)
    call = protocol.decode(
        WireRequest("POST", url.path, url.query.encode(), headers, upstream.body, "127.0.0.1")
    )
    assert call.credentials == credentials
    assert protocol.to_command(call) == command
