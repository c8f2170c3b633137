"""A page as HTML and as PDF, by the account's templates, fonts and logo."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from xml.etree.ElementTree import Element

from PIL import Image, UnidentifiedImageError

from adapter.documents.config import BusinessConfig, DocumentConfig
from adapter.documents.fonts import choose_fonts, missing_characters
from adapter.documents.layout import Drawing, characters_of, draw, read_layout
from adapter.documents.model import Page
from adapter.documents.templates import BadTemplate, Templates, Warn

PDF_TEMPLATE: Final = "document.xml"
HTML_TEMPLATE: Final = "document.html"
_LOGO_FORMATS: Final = ("PNG", "JPEG")
_LOGO_BYTES: Final = 4 << 20


class BadLogo(Exception):
    """The logo cannot be used; the text says why."""


class Renderer:
    """One account's documents as they are sent. Safe to share between threads.

    `warn` is told what is wrong with the operator's own templates, logo or fonts; the document is
    made without them.
    """

    def __init__(self, business: BusinessConfig, config: DocumentConfig, warn: Warn) -> None:
        self.business = business
        self._config = config
        self._warn = warn
        self.templates = Templates(config.templates, warn)
        self._logo_read = False
        self._logo: bytes | None = None

    def values(self, page: Page) -> Mapping[str, Any]:
        """Return what a template of a page may name."""
        return {**self.common(), "page": page}

    def common(self) -> Mapping[str, Any]:
        """Return what every template may name."""
        return {
            "business": self.business,
            "accent": self._config.accent,
            "has_logo": self.logo() is not None,
        }

    def html(self, page: Page) -> str:
        """Return a page as HTML that needs no other file."""
        return self.templates.use(HTML_TEMPLATE, self.values(page), str)

    def pdf(self, page: Page) -> bytes:
        """Return a page as PDF; equal pages give equal bytes."""
        return self.templates.use(
            PDF_TEMPLATE, self.values(page), lambda text: self.drawn(read_layout(text), page)
        )

    def logo(self) -> bytes | None:
        """Return the logo, None without one; one that cannot be used is told of once."""
        if not self._logo_read:
            try:
                self._logo = read_logo(self._config.logo)
            except BadLogo as error:
                self._warn(f"{error}; documents are made without it")
            self._logo_read = True
        return self._logo

    def drawn(self, root: Element, page: Page) -> bytes:
        """Return the PDF of a layout that is read; raises `BadTemplate`."""
        characters = characters_of(root)
        fonts = choose_fonts(characters, self._config.fallback_fonts)
        if fonts.shaped:
            missing = missing_characters(characters, self._config.fallback_fonts)
            if missing:
                self._warn(
                    f"{page.kind} {page.document_id}: no font has {missing[:20]!r}; install one "
                    "(on Debian: fonts-droid-fallback) or name it in fallback_fonts"
                )
        return draw(
            root,
            Drawing(
                fonts, self.logo(), self._config.accent, self._config.page_size, page.issued_on
            ),
        )


def read_logo(file: str) -> bytes | None:
    """Return a logo's bytes, None when none is chosen; raises `BadLogo`."""
    if not file:
        return None
    try:
        content = Path(file).read_bytes()
    except OSError as error:
        raise BadLogo(f"logo {file}: {error.strerror or error}") from error
    if len(content) > _LOGO_BYTES:
        raise BadLogo(f"logo {file}: larger than {_LOGO_BYTES >> 20} MiB")
    try:
        with Image.open(io.BytesIO(content), formats=_LOGO_FORMATS) as image:
            image.load()
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError) as error:
        raise BadLogo(f"logo {file}: not a PNG or JPEG picture") from error
    return content


__all__ = ["BadLogo", "BadTemplate", "Renderer", "read_logo"]
