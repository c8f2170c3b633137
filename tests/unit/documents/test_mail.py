from dataclasses import replace

import pytest

from adapter.documents.mail import Undeliverable, mail_names, split_addresses, write_letter
from adapter.documents.model import Party
from adapter.documents.templates import packaged_names
from tests.unit.documents.conftest import Studio

CLIENT = Party("Ann <b>", email="a@example.com; b@example.com")


def test_a_letter_has_subject_text_html_and_the_pdf(studio, invoice):
    letter = write_letter(
        studio.renderer, "invoice-created", CLIENT, invoice, {}, "https://b.example/x?a=1&b=2"
    )
    assert letter.recipients == ("a@example.com", "b@example.com")
    assert letter.subject == "Tax Invoice INV-1 from Kaap Hosting"
    assert "Dear Ann <b>," in letter.text
    assert "Total: R1,150.00\nDue: 2026-03-16\n" in letter.text
    assert "https://b.example/x?a=1&b=2" in letter.text
    assert "Dear Ann &lt;b&gt;," in letter.html
    assert "https://b.example/x?a=1&amp;b=2" in letter.html
    ((name, content),) = letter.attachments
    assert name == "invoice-INV-1.pdf"
    assert content == studio.renderer.pdf(invoice)


def test_every_mail_can_be_written_with_and_without_what_may_be_missing(invoice):
    names = mail_names(packaged_names())
    assert set(names) == {
        "invoice-created",
        "payment-thank-you",
        "statement",
        "pro-forma-created",
        "document",
        "order-confirmation",
        "client-welcome",
        "message",
        "notice",
    }
    studio = Studio()
    for name in names:
        page = None if name in {"order-confirmation", "client-welcome"} else invoice
        values = {"subject": "Words", "message": "Kaap Hosting"}
        letter = write_letter(studio.renderer, name, CLIENT, page, values)
        assert letter.subject
        assert letter.text.endswith("Kaap Hosting\n")


def test_a_callers_description_is_a_value_and_no_template(studio, invoice):
    text = "{{ 7*7 }} {% raise %} <i>"
    letter = write_letter(
        studio.renderer, "payment-thank-you", CLIENT, invoice, {"description": text}
    )
    assert text in letter.text
    assert "{{ 7*7 }} {% raise %} &lt;i&gt;" in letter.html


@pytest.mark.parametrize("number", ["1\r\nBcc: x@example.com", "1\u2028x", "1" * 300])
def test_a_subject_is_one_line(studio, invoice, number):
    page = replace(invoice, number=number)
    with pytest.raises(Undeliverable):
        write_letter(studio.renderer, "invoice-created", CLIENT, page, {})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a@example.com", ("a@example.com",)),
        (" a@example.com ;; B@example.com;a@example.com", ("a@example.com", "B@example.com")),
        ("o'neill+x@sub.example.co.za", ("o'neill+x@sub.example.co.za",)),
    ],
)
def test_addresses_are_split_by_semicolons(text, expected):
    assert split_addresses(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ; ",
        "nobody",
        "a@b@c.example",
        "a@example.com, b@example.com",
        "a@example.com\r\nBcc: b@example.com",
        "Ann <a@example.com>",
        "a b@example.com",
        "ä@example.com",
        "a@example.com; nobody",
        "a@-example.com",
    ],
)
def test_what_no_header_may_hold_is_refused(text):
    with pytest.raises(Undeliverable):
        split_addresses(text)
