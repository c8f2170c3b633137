"""The three formats, value by value."""

import pytest

from adapter.protocols.whmcs.formats import Digits, Reply, write
from adapter.protocols.whmcs.quirks import Numbers, Quirks

REPLY: Reply = {
    "result": "success",
    "totalresults": 2,
    "echo": Digits("7"),
    "yes": True,
    "no": False,
    "none": None,
    "products": {"product": [{"id": 1, "name": "A/B & é"}, {"id": 2, "name": "x;y\r\nz"}]},
    "empty": {"thing": []},
    "plain": ["a", "b"],
    "2nd key!": "<",
}


def test_json_is_phps() -> None:
    body, content_type = write(REPLY, "x", "json", Quirks())
    assert content_type == "application/json"
    assert body == (
        rb'{"result":"success","totalresults":2,"echo":"7","yes":true,"no":false,"none":null,'
        rb'"products":{"product":[{"id":1,"name":"A\/B & \u00e9"},{"id":2,"name":"x;y\r\nz"}]},'
        rb'"empty":{"thing":[]},"plain":["a","b"],"2nd key!":"<"}'
    )


def test_json_numbers_can_be_ints_or_texts() -> None:
    ints = write(REPLY, "x", "json", Quirks(numbers=Numbers.INT))[0]
    assert ints.startswith(b'{"result":"success","totalresults":2,"echo":7,"yes":true,')
    texts = write(REPLY, "x", "json", Quirks(numbers=Numbers.TEXT))[0]
    assert texts.startswith(b'{"result":"success","totalresults":"2","echo":"7","yes":true,')
    assert b'[{"id":"1",' in texts


def test_xml_has_one_element_a_line() -> None:
    body, content_type = write(REPLY, "get<x>", "xml", Quirks())
    assert content_type == "application/xml; charset=utf-8"
    assert body.decode().split("\n") == [
        '<?xml version="1.0" encoding="utf-8"?>',
        '<whmcsapi version="8.13.1">',
        "<action>get&lt;x&gt;</action>",
        "<result>success</result>",
        "<totalresults>2</totalresults>",
        "<echo>7</echo>",
        "<yes>1</yes>",
        "<no></no>",
        "<none></none>",
        "<products>",
        "<product>",
        "<id>1</id>",
        "<name>A/B &amp; é</name>",
        "</product>",
        "<product>",
        "<id>2</id>",
        "<name>x;y&#13;",
        "z</name>",
        "</product>",
        "</products>",
        "<empty>",
        "</empty>",
        "<plain>a</plain>",
        "<plain>b</plain>",
        "<_2nd_key_>&lt;</_2nd_key_>",
        "</whmcsapi>",
    ]


@pytest.mark.parametrize("text", ["\0", "\x1f", "\ud800", "\ufffe"])
def test_what_xml_cannot_hold_is_replaced(text: str) -> None:
    body = write({"a": text}, text, "xml", Quirks())[0].decode()
    assert "<a>\ufffd</a>" in body


def test_nvp_is_flat_and_safe() -> None:
    body, content_type = write(REPLY, "x", "nvp", Quirks())
    assert content_type == "text/plain; charset=utf-8"
    assert body.decode() == (
        "result=success;totalresults=2;echo=7;yes=1;no=;none=;"
        "products[product][0][id]=1;products[product][0][name]=A/B & é;"
        "products[product][1][id]=2;products[product][1][name]=x,y  z;"
        "plain[0]=a;plain[1]=b;2nd key!=<;"
    )


def test_nvp_can_be_raw() -> None:
    body = write({"result": "success", "a": "x;y\n"}, "x", "nvp", Quirks(raw_nvp=True))[0]
    assert body == b"result=success;a=x;y\n;"


def test_an_nvp_error_has_no_closing_semicolon() -> None:
    body = write({"result": "error", "message": "No"}, "x", "anything", Quirks())[0]
    assert body == b"result=error;message=No"


def test_lone_surrogates_never_break_a_format() -> None:
    for name in ("json", "xml", "nvp"):
        write({"result": "error", "message": "\udcff"}, "\udcff", name, Quirks())[0].decode(
            "utf-8"
        )
