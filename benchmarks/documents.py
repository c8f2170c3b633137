"""PDFs per second and core, against the PDF library's own bare rendering of the same text.

    python benchmarks/documents.py [--quick]

Claim, a ratio of medians of CPU time from this one run, both taken in turns in one process: a
document is made at least half as fast as fpdf2 writes the very same words, one `cell` each, in the
same fonts, without templates, layout, wrapping, rules or page numbers. Both close their fonts.
Exits 1 where it fails. Nothing of this happens inside an API call: documents are rendered by the
worker and when they are downloaded.
"""

import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from fpdf import FPDF
from fpdf.enums import XPos, YPos
from fpdf.fonts import TTFFont

from adapter.documents.check import sample_pages
from adapter.documents.config import BusinessConfig, DocumentConfig
from adapter.documents.fonts import choose_fonts
from adapter.documents.layout import read_layout
from adapter.documents.model import Page
from adapter.documents.render import PDF_TEMPLATE, Renderer

ROUNDS = 9
LEAST = 0.5
BUSINESS = BusinessConfig(
    name="Kaap Hosting",
    address=("12 Long Street", "Cape Town 8001"),
    email="billing@kaap.example",
    vat_number="4123456789",
    bank_details=("Example Bank", "Account 62 0000 0000"),
    terms="Payment is due within 14 days of the date of this invoice.",
)


def invoice(count: int, description: str) -> Page:
    page = sample_pages()[0]
    (line,) = page.lines
    lines = tuple(replace(line, description=f"{description} {n}") for n in range(count))
    return replace(page, lines=lines)


def bare(page: Page, words: list[str]) -> bytes:
    """Write words with the library alone: fifty lines a page."""
    fonts = choose_fonts(frozenset("".join(words)), ())
    pdf = FPDF()
    pdf.set_creation_date(datetime(2026, 3, 2, tzinfo=UTC))
    pdf.add_font("Text", "", fonts.regular)
    pdf.add_font("Text", "B", fonts.bold)
    if fonts.shaped:
        pdf.set_text_shaping(True)
    pdf.add_page()
    pdf.set_font("Text", "B", 9)
    pdf.cell(0, 5, page.title, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    pdf.set_font("Text", "", 9)
    for word in words:
        pdf.cell(0, 5, word, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    content = bytes(pdf.output())
    for font in pdf.fonts.values():
        if isinstance(font, TTFFont):
            font.ttfont.close()
    return content


def cpu_seconds(make: Callable[[], object]) -> float:
    start = time.process_time()
    make()
    return time.process_time() - start


def main() -> int:
    rounds = 3 if "--quick" in sys.argv else ROUNDS
    renderer = Renderer(BUSINESS, DocumentConfig(), print)
    failed = 0
    print("| document | PDFs per second and core | bare fpdf2 | ratio | claim |")
    print("|---|---|---|---|---|")
    for name, page in (
        ("3 lines", invoice(3, "Monthly support")),
        ("30 lines", invoice(30, "Monthly support for the shop in Long Street")),
        ("500 lines", invoice(500, "Item")),
        ("3 lines, Hebrew and Arabic", invoice(3, "שירותי אירוח خدمات الاستضافة")),
    ):
        root = renderer.templates.use(PDF_TEMPLATE, renderer.values(page), read_layout)
        words = [text for text in (each.strip() for each in root.itertext()) if text]
        renderer.pdf(page)
        bare(page, words)
        ours, theirs = [], []
        for _ in range(rounds):
            ours.append(cpu_seconds(lambda page=page: renderer.pdf(page)))  # type: ignore[misc]
            theirs.append(cpu_seconds(lambda page=page, words=words: bare(page, words)))  # type: ignore[misc]
        mine, least = statistics.median(ours), statistics.median(theirs)
        ratio = least / mine
        failed |= ratio < LEAST
        print(
            f"| {name} | {1 / mine:.1f} | {1 / least:.1f} | {ratio:.2f} | >= {LEAST} |", flush=True
        )
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
