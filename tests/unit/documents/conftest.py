"""Pages to render, and a renderer that keeps what it warned of."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from io import BytesIO
from typing import Any

import pytest
from pypdf import PdfReader

from adapter.documents.check import sample_pages
from adapter.documents.config import BusinessConfig, DocumentConfig
from adapter.documents.model import Page
from adapter.documents.render import Renderer

BUSINESS = BusinessConfig(
    name="Kaap Hosting",
    address=("12 Long Street", "Cape Town"),
    email="billing@kaap.example",
    vat_number="4123456789",
    bank_details=("Example Bank", "62 0000 0000"),
    terms="Payable within 14 days.",
)


@dataclass
class Studio:
    """A renderer with the warnings it gave."""

    config: DocumentConfig = DocumentConfig()
    warnings: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.renderer = Renderer(BUSINESS, self.config, self.warnings.append)

    def pages(self, page: Page) -> list[str]:
        """Return the text of each page of a document's PDF."""
        reader = PdfReader(BytesIO(self.renderer.pdf(page)))
        return [each.extract_text() for each in reader.pages]

    def text(self, page: Page) -> str:
        """Return the text of a document's PDF, its blanks made single."""
        return " ".join(" ".join(self.pages(page)).split())


@pytest.fixture
def studio() -> Studio:
    return Studio()


@pytest.fixture
def invoice() -> Page:
    return sample_pages()[0]


@pytest.fixture
def statement() -> Page:
    return sample_pages()[2]


@pytest.fixture
def with_lines(invoice: Page) -> Callable[..., Page]:
    """Return a maker of the invoice with other lines, each like its own but for the text."""

    def make(*descriptions: str, **values: Any) -> Page:
        (line,) = invoice.lines
        lines = tuple(replace(line, description=each) for each in descriptions)
        return replace(invoice, lines=lines, **values)

    return make
