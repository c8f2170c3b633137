import os
import re
import subprocess
import sys
from dataclasses import replace
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from pypdf import PdfReader

from adapter.billing.money import Money
from adapter.documents.config import DocumentConfig, PageSize
from adapter.documents.fonts import fallback_files, missing_characters
from adapter.documents.model import PageLine, StatementRow
from tests.unit.documents.conftest import Studio

HAS_CJK = bool(fallback_files(()))


def test_a_pdf_shows_number_dates_lines_vat_and_total(studio, invoice):
    text = studio.text(invoice)
    for shown in (
        "Tax Invoice INV-1 PAID",
        "Kaap Hosting",
        "VAT number 4123456789",
        "Sample Client",
        "Date 2026-03-02 Due date 2026-03-16",
        "SUP Support 2 500.00 15 1,000.00",
        "15 % 1,000.00 150.00",
        "Total R1,150.00",
        "Example Bank",
        "Payable within 14 days.",
        "Page 1 of 1",
    ):
        assert shown in text
    assert studio.warnings == []


def test_equal_pages_are_equal_bytes_in_every_process(studio, invoice, tmp_path):
    program = (
        "import sys\n"
        "from adapter.documents.check import sample_pages\n"
        "from adapter.documents.config import DocumentConfig\n"
        "from adapter.documents.render import Renderer\n"
        "from tests.unit.documents.conftest import BUSINESS\n"
        "pdf = Renderer(BUSINESS, DocumentConfig(), print).pdf(sample_pages()[0])\n"
        "sys.stdout.buffer.write(pdf)\n"
    )
    root = Path(__file__).parents[3]
    other = subprocess.run(  # noqa: S603 - this very program
        [sys.executable, "-c", program],
        cwd=root,
        capture_output=True,
        check=True,
        env={**os.environ, "PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo", "PYTHONPATH": str(root)},
    )
    assert other.stdout == studio.renderer.pdf(invoice) == studio.renderer.pdf(invoice)


def test_a_pdf_was_made_on_the_day_of_its_document(studio, invoice):
    made = PdfReader(BytesIO(studio.renderer.pdf(invoice))).metadata
    assert made is not None
    assert made.creation_date is not None
    assert made.creation_date.date() == invoice.issued_on
    assert made.title == "Tax Invoice INV-1"


def test_a_tables_head_is_repeated_on_every_page(studio, with_lines):
    pages = studio.pages(with_lines(*(f"Item {number}" for number in range(100))))
    assert len(pages) > 2
    assert all("Description" in page and "Amount" in page for page in pages[:-1])
    shown = " ".join(pages)
    assert re.findall(r"Item (\d+)", shown) == [str(number) for number in range(100)]
    assert all(f"Page {n} of {len(pages)}" in page for n, page in enumerate(pages, 1))


def test_two_thousand_lines_are_all_there(studio, with_lines):
    pages = studio.pages(with_lines(*(f"Unit-{number}." for number in range(2000))))
    shown = " ".join(pages)
    assert [number for number in range(2000) if f"Unit-{number}." not in shown] == []
    assert "Total" in pages[-1]


def test_a_description_longer_than_a_page_goes_on_on_the_next(studio, with_lines):
    words = [f"word{number}" for number in range(3000)]
    pages = studio.pages(with_lines("Before", " ".join(words), "After"))
    assert len(pages) > 2
    shown = " ".join(" ".join(pages).split())
    assert [word for word in words if word not in shown] == []
    assert shown.index("Before") < shown.index("word2999") < shown.index("After")


def test_a_word_wider_than_its_column_is_broken(studio, with_lines):
    text = studio.text(with_lines("X" * 300))
    assert text.count("X") == 300
    assert "X" * 60 not in text


def test_line_breaks_of_a_description_are_kept(studio, with_lines):
    assert "first\nsecond\n" in studio.pages(with_lines("first\r\nsecond"))[0] + "\n"


def test_text_of_right_to_left_scripts_is_shaped_and_kept(studio, with_lines):
    pdf = studio.renderer.pdf(with_lines("שירותי אירוח 2026", "خدمات الاستضافة", "ไทย हिन्दी"))
    text = " ".join(page.extract_text() for page in PdfReader(BytesIO(pdf)).pages)
    # Read out of a PDF it is in the order it is seen, or turned by the reader.
    assert "שירותי" in text or "שירותי"[::-1] in text
    assert "2026" in text
    assert studio.warnings == []


@pytest.mark.skipif(not HAS_CJK, reason="no CJK font is installed: fonts-droid-fallback")
def test_chinese_japanese_and_korean_are_written(studio, with_lines):
    text = studio.text(with_lines("网站托管服务", "ウェブ", "호스팅"))
    assert "网站托管服务" in text
    assert "ウェブ" in text
    assert "호스팅" in text
    assert studio.warnings == []


def test_characters_that_no_font_has_are_told_of_and_the_document_is_made(with_lines):
    studio = Studio(DocumentConfig(fallback_fonts=("/nowhere.ttf",)))
    assert "Total" in studio.text(with_lines("网站"))
    (warning,) = studio.warnings
    assert "'站网'" in warning
    assert "fonts-droid-fallback" in warning
    assert missing_characters("aж网", ("/nowhere.ttf",)) == "网"


@pytest.mark.parametrize(
    "text", ["{nb}", "<b>&amp;</b>", "]]>", "\x00\x0b\ud800\uffff", "{{ 7*7 }}"]
)
def test_a_callers_text_is_shown_and_never_read_as_anything(studio, with_lines, text):
    shown = studio.text(with_lines(f"before {text} after"))
    kept = "".join(each for each in text if each.isprintable() and each != "\uffff")
    assert " ".join(f"before {kept} after".split()) in shown
    assert studio.warnings == []


def test_amounts_of_every_size_stay_on_their_line(studio, invoice):
    most = Money(90_000_000_000_000, "ZAR")
    line = PageLine(
        "All of it", most, "C", Decimal("999999.999999"), Decimal("1.234567"), Decimal(15)
    )
    text = studio.text(replace(invoice, lines=(line,)))
    assert "999,999.999999 1.234567 15 900,000,000,000.00" in text


def test_a_statement_shows_its_rows_and_who_owes_whom(studio, statement):
    text = studio.text(statement)
    assert "Date Description Charged Received Balance" in text
    assert "2026-03-02 Invoice INV-1 1,150.00 -1,150.00" in text
    assert "You owe R1,150.00" in text


def test_html_escapes_and_needs_no_other_file(studio, with_lines):
    html = studio.renderer.html(with_lines("<script>alert(1)</script>"))
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "<script" not in html
    assert "src=" not in html
    assert "1,150.00" in html


def test_a_logo_is_drawn_and_the_paper_is_chosen(tmp_path, invoice):
    Image.new("RGB", (400, 100), "#aa0000").save(tmp_path / "logo.png")
    config = DocumentConfig(logo=str(tmp_path / "logo.png"), page_size=PageSize.LETTER)
    reader = PdfReader(BytesIO(Studio(config).renderer.pdf(invoice)))
    (image,) = reader.pages[0].images
    assert image.image is not None
    assert image.image.size == (400, 100)
    assert round(float(reader.pages[0].mediabox.width)) == 612


@pytest.mark.parametrize("content", [None, b"GIF89a", b"\x89PNG\r\n\x1a\nbroken"])
def test_a_logo_that_cannot_be_used_is_told_of_and_left_out(tmp_path, invoice, content):
    file = tmp_path / "logo.png"
    if content is not None:
        file.write_bytes(content)
    studio = Studio(DocumentConfig(logo=str(file)))
    assert "INV-1" in studio.text(invoice)
    assert "INV-1" in studio.text(invoice)
    (warning,) = studio.warnings
    assert str(file) in warning


def test_long_statements_are_broken_over_pages(studio, statement):
    (row,) = statement.rows
    rows = tuple(
        StatementRow(row.day, f"Invoice {n}", row.charge, None, row.balance) for n in range(200)
    )
    pages = studio.pages(replace(statement, rows=rows))
    assert len(pages) > 3
    assert all("Charged" in page for page in pages[:-1])
