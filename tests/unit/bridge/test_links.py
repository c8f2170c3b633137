"""Links: what was made here leads somewhere, and nothing else does."""

import random
import string
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from adapter.bridge.links import DocumentLinks, LinkedAccount
from adapter.commands.links import Links, link_secret
from adapter.errors import StoreUnavailable
from adapter.protocols.base import WireRequest
from adapter.store.outbox import Requested

LINKS = Links("https://b.example/x", "1", link_secret(bytes(32), "main"))
NOW = datetime(2026, 3, 2, 16, tzinfo=UTC)
OTHER = Links("https://b.example/x", "1", link_secret(bytes(32), "shop"))


@dataclass(frozen=True)
class File:
    name: str = "invoice-42.pdf"
    content_type: str = "application/pdf"
    content: bytes = b"%PDF-1.4"


@dataclass
class Pages:
    """Has one invoice, 118 with number 42, and says what it was asked."""

    asked: list[Any] = field(default_factory=list)
    answer: Requested = Requested.QUEUED

    def download(self, kind, record_id, number):
        self.asked.append((kind, record_id, number))
        if kind == "statement":
            return File("statement.pdf")
        return File() if (kind, record_id, number) == ("invoice", 118, 42) else None

    def mail(self, kind, record_id, number, request_id):
        self.asked.append(("mail", kind, record_id, number))
        return self.answer if (kind, record_id, number) == ("invoice", 118, 42) else None


@pytest.fixture
def pages() -> Pages:
    return Pages()


@pytest.fixture
def links(pages) -> DocumentLinks:
    return DocumentLinks((LinkedAccount("main", LINKS, pages),))


def ask(links, url, method="GET", **headers):
    parts = urlsplit(url)
    request = WireRequest(method, parts.path, parts.query.encode(), headers, b"", "192.0.2.1")
    assert links.matches(parts.path)
    return links.answer(request, "request").response


def altered(url, **values):
    parts = urlsplit(url)
    changed = dict(parse_qsl(parts.query)) | values
    pairs = {name: value for name, value in changed.items() if value is not None}
    return f"{parts.path}?{urlencode(pairs)}"


def test_a_link_has_the_originals_shape_and_a_key():
    assert LINKS.download("invoice", 118, 42).startswith(
        "https://b.example/x/scripts/Download.php?type=invoice&id=118&bid=1&did=42&k="
    )
    key = dict(parse_qsl(urlsplit(LINKS.download("invoice", 118, 42)).query))["k"]
    assert len(bytes.fromhex(key)) == 16


def test_without_a_base_there_are_no_links():
    assert Links().download("invoice", 1, 1) == ""


def test_a_link_leads_to_the_file(links):
    reply = ask(links, LINKS.download("invoice", 118, 42))
    assert (reply.status, reply.body, reply.content_type) == (200, b"%PDF-1.4", "application/pdf")
    assert reply.headers["Content-Disposition"] == 'inline; filename="invoice-42.pdf"'


@pytest.mark.parametrize(
    "change",
    [
        {"id": "119"},
        {"did": "43"},
        {"bid": "2"},
        {"type": "payment"},
        {"k": None},
        {"k": ""},
        {"k": "0" * 32},
        {"k": "é" * 32},
        {"extra": "1"},
        {"id": "118 "},
        {"id": "+118"},
        {"id": "١١٨"},
        {"id": "9" * 40},
        {"did": None},
    ],
)
def test_an_altered_link_leads_nowhere(links, pages, change):
    reply = ask(links, altered(LINKS.download("invoice", 118, 42), **change))
    assert (reply.status, reply.body) == (404, b"Not Found\n")
    assert pages.asked == []


def test_a_key_is_good_for_one_script_and_one_account_only(links, pages):
    mail = LINKS.email("invoice", 118, 42)
    assert ask(links, mail.replace("Email", "Download")).status == 404
    assert (
        ask(links, LINKS.download("invoice", 118, 42).replace("Download", "Email")).status == 404
    )
    assert ask(links, OTHER.download("invoice", 118, 42)).status == 404
    assert pages.asked == []


def test_a_name_that_is_given_twice_leads_nowhere(links):
    assert ask(links, LINKS.download("invoice", 118, 42) + "&id=119").status == 404


def test_ten_thousand_guessed_and_altered_links_yield_nothing(links, pages):
    rng = random.Random(5)  # noqa: S311 - the same guesses each time
    good = LINKS.download("invoice", 118, 42)
    parts = urlsplit(good)
    alphabet = string.ascii_letters + string.digits + "&=%.-_"
    tried = 0
    while tried < 10_000:
        if tried % 2:
            values = {
                "type": rng.choice(["invoice", "payment", "statement", "credit_note"]),
                "id": str(rng.choice([118, rng.randrange(200)])),
                "bid": "1",
                "did": str(rng.choice([42, rng.randrange(60)])),
                "k": rng.randbytes(16).hex(),
            }
            query = urlencode(values)
        else:
            place = rng.randrange(len(parts.query))
            query = parts.query[:place] + rng.choice(alphabet) + parts.query[place + 1 :]
            if query == parts.query:
                continue
        script = rng.choice(["Download", "Email", "download"])
        reply = ask(links, f"/x/scripts/{script}.php?{query}")
        assert (reply.status, reply.body) == (404, b"Not Found\n"), query
        tried += 1
    assert pages.asked == []


def test_a_document_that_is_not_there_is_the_same_404(links):
    assert ask(links, LINKS.download("invoice", 5, 5)).status == 404
    assert ask(links, LINKS.email("invoice", 5, 5)).status == 404


def test_the_originals_shape_is_answered_where_that_is_chosen(pages):
    open_links = DocumentLinks((LinkedAccount("main", replace(LINKS, keyless=True), pages),))
    bare = altered(LINKS.download("invoice", 118, 42), k=None)
    assert ask(open_links, bare).status == 200
    assert ask(open_links, altered(bare, did="43")).status == 404
    assert ask(open_links, altered(bare, k="0" * 32)).status == 404
    assert ask(open_links, altered(LINKS.email("invoice", 118, 42), k=None)).status == 404
    assert ask(open_links, altered(LINKS.statement(7), k=None)).status == 404


def test_opening_a_mail_link_mails_once(links, pages):
    reply = ask(links, LINKS.email("invoice", 118, 42))
    assert (reply.status, reply.body) == (200, b"The document will be sent by e-mail.\n")
    pages.answer = Requested.ALREADY
    assert ask(links, LINKS.email("invoice", 118, 42)).body.endswith(b"already.\n")
    pages.answer = Requested.TOO_MANY
    assert ask(links, LINKS.email("invoice", 118, 42)).status == 429


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("HEAD", {}),
        ("GET", {"purpose": "prefetch"}),
        ("GET", {"sec-purpose": "prefetch;prerender"}),
        ("GET", {"x-purpose": "preview"}),
        ("GET", {"x-moz": "prefetch"}),
    ],
)
def test_looking_ahead_mails_nothing(links, pages, method, headers):
    request = urlsplit(LINKS.email("invoice", 118, 42))
    wire = WireRequest(method, request.path, request.query.encode(), headers, b"", "192.0.2.1")
    assert links.answer(wire, "request").response.status == 200
    assert pages.asked == []


def test_only_get_and_head_are_answered(links, pages):
    reply = ask(links, LINKS.email("invoice", 118, 42), "POST")
    assert (reply.status, reply.headers["Allow"]) == (405, "GET, HEAD")
    assert pages.asked == []


def test_a_busy_store_is_said_to_be_busy(links, pages):
    def busy(*_):
        raise StoreUnavailable

    pages.download = busy
    reply = ask(links, LINKS.download("invoice", 118, 42))
    assert (reply.status, reply.headers["Retry-After"]) == (503, "5")


def test_a_link_names_its_document_and_holds():
    links = Links("https://b.example/x", "44", b"secret")
    address, _, query = links.download("invoice", 118, 42).partition("?")
    values = dict(parse_qsl(query))
    assert address == "https://b.example/x/scripts/Download.php"
    key = values.pop("k")
    assert values == {"type": "invoice", "id": "118", "bid": "44", "did": "42"}
    assert len(key) == 32
    assert links.holds("Download", {**values, "k": key})
    assert "&id=119&bid=44&did=119&k=" in links.download("invoice", 119, 0)
    assert Links().download("invoice", 118, 42) == ""


def test_a_statements_link_names_one_statement(links):
    url = LINKS.statement(7)
    assert "type=statement&id=7&bid=" in url
    assert ask(links, url).status == 200
    assert ask(links, altered(url, id="8", did="8")).status == 404


def test_accounts_with_one_business_id_are_told_apart_by_the_key(pages):
    shop: Any = Pages()
    both = DocumentLinks((LinkedAccount("main", LINKS, pages), LinkedAccount("shop", OTHER, shop)))
    assert ask(both, OTHER.download("invoice", 118, 42)).status == 200
    assert (pages.asked, shop.asked) == ([], [("invoice", 118, 42)])
