"""Says what of an operator's templates, logo and fonts cannot be used, before a document needs it.

Each template is rendered with made-up documents of every shape.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Final

from adapter.billing.money import Money
from adapter.documents.config import BusinessConfig, DocumentConfig
from adapter.documents.fonts import fallback_files, missing_characters, read_font
from adapter.documents.layout import read_layout
from adapter.documents.mail import letter_values, read_mail_text
from adapter.documents.model import (
    Fact,
    Page,
    PageLine,
    Party,
    StatementRow,
    TotalRow,
    VatRow,
)
from adapter.documents.render import (
    HTML_TEMPLATE,
    PDF_TEMPLATE,
    BadLogo,
    BadTemplate,
    Renderer,
    read_logo,
)
from adapter.documents.templates import packaged_names

_CURRENCY: Final = "ZAR"
# One letter each of what clients write in.
_SAMPLES: Final = (
    ("Greek", "Ω"),
    ("Cyrillic", "Ж"),
    ("Hebrew", "ש"),
    ("Arabic", "ع"),
    ("Thai", "ก"),
    ("Devanagari", "क"),
    ("Chinese", "网"),
    ("Japanese", "か"),
    ("Korean", "한"),
)


def check_documents(business: BusinessConfig, config: DocumentConfig) -> Iterator[str]:
    """Yield what cannot be used, a line each; nothing when all is well."""
    try:
        read_logo(config.logo)
    except BadLogo as error:
        yield str(error)
    yield from _check_fonts(config)
    if config.templates:
        yield from _check_templates(business, config)


def _check_fonts(config: DocumentConfig) -> Iterator[str]:
    for file in config.fallback_fonts:
        if not Path(file).is_file():
            yield f"font {file}: no such file"
    for path in fallback_files(config.fallback_fonts):
        try:
            read_font(path)
        except ValueError as error:
            yield str(error)


def _check_templates(business: BusinessConfig, config: DocumentConfig) -> Iterator[str]:
    folder = Path(config.templates)
    if not folder.is_dir():
        yield f"templates {folder}: no such folder"
        return
    known = set(packaged_names())
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and name not in known:
            yield f"template {name}: replaces none of {', '.join(sorted(known))}"
    renderer = Renderer(business, replace(config, logo=""), lambda _: None)
    for name in renderer.templates.overridden():
        yield from _check_template(renderer, name)


def unwritable_scripts(config: DocumentConfig) -> tuple[str, ...]:
    """Return the scripts that no font at hand can write."""
    return tuple(
        name for name, letter in _SAMPLES if missing_characters(letter, config.fallback_fonts)
    )


def _check_template(renderer: Renderer, name: str) -> Iterator[str]:
    for page in sample_pages():
        try:
            if name == PDF_TEMPLATE:
                renderer.templates.try_own(
                    name,
                    renderer.values(page),
                    lambda text, page=page: renderer.drawn(read_layout(text), page),  # type: ignore[misc] # bound at once
                )
            elif name == HTML_TEMPLATE:
                renderer.templates.try_own(name, renderer.values(page), str)
            else:
                values = letter_values(renderer, page.client, page, {}, "https://example.com/")
                finish = read_mail_text if name.endswith(".txt") else str
                renderer.templates.try_own(name, values, finish)
        except BadTemplate as error:
            yield str(error)
            return


def sample_pages() -> tuple[Page, ...]:
    """Return made-up documents: an invoice with VAT, a plain one, a statement."""
    day = date(2026, 3, 2)

    def amount(hundredths: int) -> Money:
        return Money(hundredths, _CURRENCY)

    invoice = Page(
        kind="invoice",
        title="Tax Invoice",
        document_id=1,
        client_id=1,
        number="INV-1",
        issued_on=day,
        currency=_CURRENCY,
        currency_prefix="R",
        currency_suffix="",
        date_format="%Y-%m-%d",
        client=Party("Sample Client", ("1 Main Road", "Cape Town"), "4000000000", "a@example.com"),
        facts=(Fact("Date", "2026-03-02"), Fact("Due date", "2026-03-16")),
        lines=(PageLine("Support", amount(100000), "SUP", Decimal(2), Decimal(500), Decimal(15)),),
        vat=(VatRow("15 %", amount(100000), amount(15000)),),
        totals=(
            TotalRow("Subtotal", amount(100000)),
            TotalRow("VAT", amount(15000)),
            TotalRow("Total", amount(115000), strong=True),
        ),
        notes="Thank you.",
        stamp="PAID",
    )
    plain = replace(
        invoice,
        title="Invoice",
        facts=(),
        lines=(PageLine("Support", amount(100000)),),
        vat=(),
        totals=(TotalRow("Total", amount(100000), strong=True),),
        notes="",
        stamp="",
    )
    row = StatementRow(day, "Invoice INV-1", amount(115000), None, amount(-115000))
    statement = replace(
        plain,
        kind="statement",
        title="Statement",
        number="",
        lines=(),
        rows=(row,),
        totals=(TotalRow("You owe", amount(115000), strong=True),),
    )
    return invoice, plain, statement
