import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.commands.access import Credentials
from adapter.errors import Malformed
from adapter.protocols.base import Limits
from adapter.protocols.body import BodyKind, plain_path
from adapter.protocols.invoicesonline import InvoicesOnlineProtocol
from adapter.protocols.splice import form_values, part_values, splice, splice_form
from adapter.protocols.whmcs import WhmcsProtocol

NEW = {"secret": ("secret", "n&w"), "username": ("identifier", "ID")}
WHMCS = WhmcsProtocol({}, Limits(), allow_get=True)
POSITIONAL = InvoicesOnlineProtocol({}, Limits())
ROUTE = Credentials("ID", "n&w", None, "44")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"a=%2f&secret=old&b=+&&=&c", b"a=%2f&secret=n%26w&b=+&&=&c"),
        (b"%73ecret=x&secret=y", b"secret=n%26w&secret=n%26w"),
        (b"+secret=x", b"secret=n%26w"),
        (b"secret%00z=x&secret[]=y&secret", b"&".join([b"secret=n%26w"] * 3)),
        (b"secrets=x&xsecret=y&Secret=z", b"secrets=x&xsecret=y&Secret=z"),
        (b"username=u\xff&x=\xe9", b"identifier=ID&x=\xe9"),
        (b"", b""),
    ],
)
def test_pairs_get_new_values_and_no_other_byte_changes(before, after):
    assert splice_form(before, NEW) == after


def test_parts_get_new_values_and_no_other_byte_changes():
    body = (
        b'--b\r\nX: 1\r\nContent-Disposition: form-data; name="secret"\r\n\r\nold\r\n'
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="s"\r\n\r\n\x00\xff\r\n'
        b"--b\r\nContent-Disposition: form-data; name=username\r\n\r\nu\r\n--b--\r\n"
    )
    spliced = splice(body, BodyKind.MULTIPART, "multipart/form-data; boundary=b", NEW)
    assert spliced == (
        b'--b\r\nX: 1\r\nContent-Disposition: form-data; name="secret"\r\n\r\nn&w\r\n'
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="s"\r\n\r\n\x00\xff\r\n'
        b'--b\r\nContent-Disposition: form-data; name="identifier"\r\n\r\nID\r\n--b--\r\n'
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b'{ "a" :1.50, "secret":"x" }', b'{ "a" :1.50, "secret":"n&w" }'),
        (b'{"x":{"secret":"in"},"\\u0073ecret":[1]}', b'{"x":{"secret":"in"},"secret":"n&w"}'),
        (b'{"username":null,"b":"\xff"}', b'{"identifier":"ID","b":"\xff"}'),
        (b"{}", b"{}"),
    ],
)
def test_members_get_new_values_and_no_other_byte_changes(before, after):
    assert splice(before, BodyKind.JSON, "", NEW) == after


@pytest.mark.parametrize("body", [b"{", b'{"a"}', b"[1]", b'{"a":1', b"{'a':1}", b"[" * 100_000])
def test_json_that_cannot_be_read_is_refused(body):
    with pytest.raises(Malformed):
        splice(body, BodyKind.JSON, "", NEW)


def test_a_multipart_body_without_boundary_is_refused():
    with pytest.raises(Malformed):
        splice(b"--b", BodyKind.MULTIPART, "multipart/form-data", NEW)


@given(st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=4))
def test_json_of_anything_keeps_all_but_what_is_replaced(fields):
    body = json.dumps({**fields, "secret": "s"}).encode()
    found = json.loads(splice(body, BodyKind.JSON, "", NEW))
    assert found["secret"] == "n&w"
    assert {k: v for k, v in found.items() if k not in {"secret", "identifier"}} == {
        k: v for k, v in fields.items() if k not in {"secret", "username", "identifier"}
    }


def test_every_name_of_a_credential_becomes_the_routes():
    body = b"username=u&password=p&identifier=i&secret=s&accesskey=ours&action=X"
    assert WHMCS.with_credentials(body, "", ROUTE) == (
        b"identifier=ID&secret=n%26w&identifier=ID&secret=n%26w&accesskey=&action=X"
    )
    assert WHMCS.with_credentials(b"secret=s&q=%2f", None, ROUTE) == b"secret=n%26w&q=%2f"
    positional = b'{"username":"u","BID":"1","password":"p","data":[[1.0]]}'
    assert POSITIONAL.with_credentials(positional, "application/json", ROUTE) == (
        b'{"username":"ID","BID":"44","password":"n&w","data":[[1.0]]}'
    )


def test_whatever_could_be_an_action_is_named():
    raw = b"action=GenInvoices&x=1&%61ction=Other+&action%5B%5D=AddOrder"
    assert WHMCS.named_actions(raw, "") == {"geninvoices", "other", "addorder"}
    part = b'--b\r\nContent-Disposition: form-data; name="action"\r\n\r\nGenInvoices\r\n--b--'
    assert WHMCS.named_actions(part, "") == {"geninvoices"}
    assert POSITIONAL.named_actions(b"action=x", "/api/NewClient.php") == {"newclient"}
    assert list(form_values(b"a=1&b=2&a", "a")) == ["1", ""]
    assert list(part_values(b"name=a", "a")) == []


@pytest.mark.parametrize(
    ("path", "whmcs", "positional"),
    [
        ("/includes/API.php", True, False),
        ("/includes/./api.php/x", True, False),
        ("//x\\includes//api.php/", True, False),
        ("/API/NewClient.php/x", False, True),
        ("/index.php/knowledgebase", False, False),
    ],
)
def test_other_spellings_of_an_endpoint_are_known(path, whmcs, positional):
    assert (WHMCS.resembles(path), POSITIONAL.resembles(path)) == (whmcs, positional)
    assert plain_path(path) == plain_path(path).lower()
