"""A page's layout, written in XML by a template, drawn as a PDF.

The words: `page` (title, author, accent, size) holds blocks; `columns widths="55 45"` holds
`column`s of blocks; `text` (size, style="bold", color, align, gap); `logo` (height); `gap`
(height); `rule` (color); `table` (widths, align, each a list) holds one `head` and `row`s of
`cell`s, and its head is repeated on every page; `keep` holds blocks that stay on one page;
`footer` stands at the bottom of every page, beside its number. Lengths are millimetres, sizes
points, colours `#rrggbb`, `accent`, `ink` or `muted`.
"""

import io
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Final
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring
from fpdf import FPDF
from fpdf.enums import XPos, YPos
from fpdf.errors import FPDFException
from fpdf.fonts import TTFFont
from PIL import Image

from adapter.documents.fonts import FontSet
from adapter.documents.templates import BadTemplate
from adapter.documents.wrapping import Wrapper

_FAMILY: Final = "Text"
_MARGIN: Final = 18.0
_FOOT: Final = 20.0
_LINE: Final = 0.44  # millimetres of line height per point of size
_SIZE: Final = 9.0
_SMALLEST: Final = 4.0
_LARGEST: Final = 72.0
_LONGEST: Final = 250.0
_PAD: Final = 1.4
_GUTTER: Final = 4.0
_SHORT: Final = 8  # lines of a row that is kept whole
_FEW: Final = 3  # lines that are not worth beginning a row on a page
_COLORS: Final[Mapping[str, str]] = {"ink": "#22262a", "muted": "#6b7378", "line": "#d5dadd"}
_COLOR: Final = re.compile(r"#[0-9a-fA-F]{6}")
_ALIGN: Final[Mapping[str, str]] = {"left": "L", "right": "R", "center": "C"}


@dataclass(frozen=True, slots=True)
class Drawing:
    """What a layout is drawn with: fonts, the logo's bytes (None: none), accent and date."""

    fonts: FontSet
    logo: bytes | None
    accent: str
    page_size: str
    issued_on: date


def read_layout(text: str) -> Element:
    """Return the tree of a layout; raises `BadTemplate` for what is no layout."""
    try:
        root: Element = fromstring(text, forbid_dtd=True)
    except (ParseError, DefusedXmlException) as error:
        raise BadTemplate(f"the layout is not XML: {error}") from error
    for element in root.iter():
        if element.tag not in _WORDS:
            raise BadTemplate(f"the layout has an unknown element: {element.tag}")
    if root.tag != "page":
        raise BadTemplate("the layout must be one page")
    if any(each.tag != "column" for columns in root.iter("columns") for each in columns):
        raise BadTemplate("the layout has columns that hold something else than a column")
    return root


def characters_of(root: Element) -> frozenset[str]:
    """Return every character that a layout shows."""
    found: set[str] = set("0123456789Page of")
    for text in root.itertext():
        found.update(text)
    return frozenset(found)


def draw(root: Element, drawing: Drawing) -> bytes:
    """Return the PDF of a layout; equal layouts give equal bytes.

    Raises `BadTemplate` for an attribute that cannot be meant.
    """
    artist = _Artist(root, drawing)
    try:
        return artist.drawn()
    except (ArithmeticError, FPDFException, LookupError, TypeError, ValueError) as error:
        raise BadTemplate(f"the layout cannot be drawn: {error}") from error
    finally:
        artist.close()


class _Artist:
    """One PDF while it is drawn."""

    def __init__(self, root: Element, drawing: Drawing) -> None:
        self._root = root
        self._drawing = drawing
        self._colors = {**_COLORS, "accent": drawing.accent, "white": "#ffffff"}
        pdf = self._pdf = FPDF(format=drawing.page_size)
        pdf.set_creation_date(datetime.combine(drawing.issued_on, time(), UTC))
        pdf.set_title(root.get("title", ""))
        pdf.set_author(root.get("author", ""))
        pdf.set_margins(_MARGIN, _MARGIN)
        pdf.c_margin = 0
        # Broken by hand: a table's head is repeated, and a block may be kept together.
        pdf.set_auto_page_break(auto=False)
        # A caller may write any alias; page numbers are drawn when all pages are there.
        pdf.alias_nb_pages(None)  # type: ignore[arg-type] # documented so
        fonts = drawing.fonts
        pdf.add_font(_FAMILY, "", fonts.regular)
        pdf.add_font(_FAMILY, "B", fonts.bold)
        names = []
        for number, file in enumerate(fonts.fallbacks):
            names.append(f"Fallback{number}")
            pdf.add_font(names[-1], "", file)
        if names:
            pdf.set_fallback_fonts(names, exact_match=False)
        if fonts.shaped:
            pdf.set_text_shaping(True)
        self._bottom = pdf.h - _FOOT
        self._wrapped = Wrapper(pdf)

    def close(self) -> None:
        """Close the font files, which the library leaves to the garbage collector."""
        for font in self._pdf.fonts.values():
            if isinstance(font, TTFFont):
                font.ttfont.close()

    def drawn(self) -> bytes:
        pdf = self._pdf
        pdf.add_page()
        footers = self._root.findall("footer")
        self._blocks(
            (each for each in self._root if each.tag != "footer"), _MARGIN, pdf.w - 2 * _MARGIN
        )
        for number in range(1, len(pdf.pages) + 1):
            pdf.page = number
            self._foot(footers, number)
        return bytes(pdf.output())

    def _foot(self, footers: list[Element], number: int) -> None:
        pdf = self._pdf
        width = pdf.w - 2 * _MARGIN
        self._line(_MARGIN, self._bottom + 5, width, "line")
        pdf.set_y(self._bottom + 7)
        self._font(7.5, bold=False, color="muted")
        pdf.set_x(_MARGIN)
        pdf.cell(width, 4, f"Page {number} of {len(pdf.pages)}", align="R")
        for footer in footers:
            for line in self._wrapped.lines(_words(footer), width - 25)[:2]:
                pdf.set_x(_MARGIN)
                pdf.cell(width - 25, 3.6, line, new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def _blocks(self, blocks: Iterator[Element] | Element, x: float, width: float) -> None:
        for block in blocks:
            _DRAWN[block.tag](self, block, x, width)

    def _break(self) -> None:
        self._pdf.add_page()
        self._pdf.set_y(_MARGIN)

    def _room(self, height: float) -> None:
        if self._pdf.get_y() + height > self._bottom and self._pdf.get_y() > _MARGIN:
            self._break()

    def _font(self, size: float, *, bold: bool, color: str) -> None:
        pdf = self._pdf
        pdf.set_font(_FAMILY, "B" if bold else "", size)
        pdf.set_text_color(*_rgb(self._colors.get(color, color)))

    def _line(self, x: float, y: float, width: float, color: str) -> None:
        pdf = self._pdf
        pdf.set_draw_color(*_rgb(self._colors.get(color, color)))
        pdf.set_line_width(0.25)
        pdf.line(x, y, x + width, y)

    # --- blocks ---

    def _text(self, block: Element, x: float, width: float) -> None:
        pdf = self._pdf
        size = _size(block)
        self._font(size, bold=block.get("style") == "bold", color=block.get("color", "ink"))
        height = size * _LINE
        align = _ALIGN[block.get("align", "left")]
        for line in self._wrapped.lines(_words(block), width):
            self._room(height)
            pdf.set_x(x)
            pdf.cell(width, height, line, align=align, new_x=XPos.LEFT, new_y=YPos.NEXT)
        pdf.set_y(pdf.get_y() + _length(block, "gap", 0))

    def _gap(self, block: Element, _x: float, _width: float) -> None:
        self._pdf.set_y(self._pdf.get_y() + _length(block, "height", 4))

    def _rule(self, block: Element, x: float, width: float) -> None:
        self._line(x, self._pdf.get_y(), width, block.get("color", "line"))

    def _logo(self, block: Element, x: float, width: float) -> None:
        if self._drawing.logo is None:
            return
        pdf = self._pdf
        height = _length(block, "height", 16)
        with Image.open(io.BytesIO(self._drawing.logo)) as image:
            wide = height * image.width / image.height
        if wide > width:
            height, wide = height * width / wide, width
        top = pdf.get_y()
        pdf.image(io.BytesIO(self._drawing.logo), x, top, wide, height)
        pdf.set_y(top + height + 3)

    def _columns(self, block: Element, x: float, width: float) -> None:
        """Draw columns side by side; they are kept on one page, so they are for short texts."""
        pdf = self._pdf
        shares = _shares(block, len(block), width)
        self._room(self._height(block, width))
        top, first = pdf.get_y(), pdf.page
        low = top
        for number, (column, share) in enumerate(zip(block, shares, strict=True), 1):
            if pdf.page == first:
                pdf.set_y(top)
            self._blocks(column, x, share - (_GUTTER if number < len(shares) else 0))
            low = max(low, pdf.get_y())
            x += share
        pdf.set_y(low)

    def _keep(self, block: Element, x: float, width: float) -> None:
        self._room(sum(self._height(each, width) for each in block))
        self._blocks(block, x, width)

    def _height(self, block: Element, width: float) -> float:
        """Return about how high a block will be, enough to decide where a page ends."""
        if block.tag == "text":
            size = _size(block)
            self._font(size, bold=block.get("style") == "bold", color="ink")
            lines = len(self._wrapped.lines(_words(block), width))
            return lines * size * _LINE + _length(block, "gap", 0)
        if block.tag in {"gap", "logo"}:
            return _length(block, "height", 16) + 2
        if block.tag == "columns":
            shares = _shares(block, len(block), width)
            return max(
                (
                    sum(self._height(each, share - _GUTTER) for each in column)
                    for column, share in zip(block, shares, strict=True)
                ),
                default=0.0,
            )
        if block.tag == "table":
            return len(block) * (_SIZE * _LINE + 2 * _PAD)
        return sum(self._height(each, width) for each in block)

    def _table(self, block: Element, x: float, width: float) -> None:
        head = block.find("head")
        rows = block.findall("row")
        shares = _shares(block, len(head if head is not None else rows[0]) if block else 0, width)
        aligns = [_ALIGN[each] for each in block.get("align", "").split()] or ["L"] * len(shares)
        size = _size(block)
        table = _Table(x, width, shares, aligns, size)
        if head is not None:
            self._head(table, head)
        for row in rows:
            self._row(table, row, head)

    def _head(self, table: "_Table", head: Element) -> None:
        pdf = self._pdf
        height = table.size * _LINE + 2 * _PAD
        self._room(2 * height)
        pdf.set_fill_color(*_rgb(self._colors["accent"]))
        pdf.rect(table.x, pdf.get_y(), table.width, height, style="F")
        self._font(table.size, bold=True, color="white")
        self._cells(table, [[_words(cell)] for cell in head], 0, 1)
        pdf.set_y(pdf.get_y() + 0.6)

    def _row(self, table: "_Table", row: Element, head: Element | None) -> None:
        """Draw a row; one that is longer than the page goes on below the next page's head."""
        pdf = self._pdf
        bold, color = row.get("style") == "bold", row.get("color", "ink")
        size = _size(row, table.size)
        self._font(size, bold=bold, color=color)
        wrapped = [
            # A number is never broken, but set smaller where its column is too narrow.
            _words(cell).split("\n")
            if align == "R"
            else self._wrapped.lines(_words(cell), share - 2 * _PAD)
            for cell, share, align in zip(row, table.shares, table.aligns, strict=True)
        ]
        count = max(map(len, wrapped), default=1)
        step = size * _LINE
        begin, is_fresh = 0, False
        while begin < count:
            room = int((self._bottom - pdf.get_y() - 2 * _PAD) / step)
            # A row of a few lines is not torn apart; nor are single lines left alone.
            whole = count - begin <= max(room, 0)
            torn = room < _FEW or count - begin <= _SHORT
            if not whole and torn and not is_fresh:
                is_fresh = True
                self._break()
                if head is not None:
                    self._head(table, head)
                self._font(size, bold=bold, color=color)
                continue
            end = count if whole else min(count, begin + max(room, 1))
            self._cells(table, wrapped, begin, end, step)
            begin, is_fresh = end, False
        self._line(table.x, pdf.get_y(), table.width, "accent" if bold else "line")

    def _cells(
        self,
        table: "_Table",
        wrapped: list[list[str]],
        begin: int,
        end: int,
        step: float | None = None,
    ) -> None:
        pdf = self._pdf
        height = step or table.size * _LINE
        top = pdf.get_y() + _PAD
        x = table.x
        size = pdf.font_size_pt
        for lines, share, align in zip(wrapped, table.shares, table.aligns, strict=True):
            y, width = top, share - 2 * _PAD
            for line in lines[begin:end]:
                if line:
                    wide = self._wrapped.width(line)
                    if wide > width:
                        pdf.set_font_size(size * width / wide)
                    pdf.set_xy(x + _PAD, y)
                    pdf.cell(width, height, line, align=align)
                    if wide > width:
                        pdf.set_font_size(size)
                y += height
            x += share
        pdf.set_y(top + (end - begin) * height + _PAD)


@dataclass(frozen=True, slots=True)
class _Table:
    x: float
    width: float
    shares: list[float]
    aligns: list[str]
    size: float


def _size(block: Element, default: float = _SIZE) -> float:
    size = float(block.get("size", default))
    if not _SMALLEST <= size <= _LARGEST:
        raise ValueError(f"size {size}: from {_SMALLEST} to {_LARGEST} points")
    return size


def _length(block: Element, name: str, default: float) -> float:
    length = float(block.get(name, default))
    if not 0 <= length <= _LONGEST:
        raise ValueError(f"{name} {length}: from 0 to {_LONGEST} millimetres")
    return length


def _words(element: Element) -> str:
    """Return an element's text, blanks at the ends of its lines removed."""
    text = "".join(element.itertext()).replace("\r\n", "\n").replace("\r", "\n")
    return "\n".join(" ".join(line.split()) for line in text.strip().split("\n"))


def _shares(block: Element, count: int, width: float) -> list[float]:
    shares = [float(each) for each in block.get("widths", "").split()] or [1.0] * count
    if len(shares) != count or min(shares, default=1.0) <= 0:
        raise ValueError(f"{block.tag}: {count} widths are needed")
    whole = sum(shares)
    return [share * width / whole for share in shares]


def _rgb(color: str) -> tuple[int, int, int]:
    if not _COLOR.fullmatch(color):
        raise ValueError(f"{color} is no colour; use #rrggbb")
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


_DRAWN: Final[Mapping[str, Callable[[_Artist, Element, float, float], None]]] = {
    "text": _Artist._text,  # noqa: SLF001 - the table of its own words
    "gap": _Artist._gap,  # noqa: SLF001
    "rule": _Artist._rule,  # noqa: SLF001
    "logo": _Artist._logo,  # noqa: SLF001
    "columns": _Artist._columns,  # noqa: SLF001
    "keep": _Artist._keep,  # noqa: SLF001
    "table": _Artist._table,  # noqa: SLF001
}
_WORDS: Final = frozenset({*_DRAWN, "page", "column", "head", "row", "cell", "footer"})
