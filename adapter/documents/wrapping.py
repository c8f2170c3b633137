"""Text broken into lines, in any script."""

import re
from collections.abc import Iterator
from typing import Final

from fpdf import FPDF

# A blank ends a piece; so does every ideograph, kana and Hangul syllable.
_CJK: Final = "\u2e80-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff00-\uff60\U00020000-\U0003ffff"
_PIECE: Final = re.compile(rf"[{_CJK}] *|[^ {_CJK}]+ *| +")


class Wrapper:
    """Breaks text into lines by the font that is set, in the order it is written.

    The library's own breaking gives right-to-left lines in the order they are seen, and drawing
    would turn them once more.
    """

    def __init__(self, pdf: FPDF) -> None:
        self._pdf = pdf
        self._widths: dict[tuple[float, str, str], float] = {}

    def lines(self, text: str, width: float) -> list[str]:
        """Return the lines of a text, at most `width` millimetres wide."""
        lines: list[str] = []
        for part in text.split("\n"):
            # Most texts fit: measuring once is cheaper than breaking.
            if len(part) * self._pdf.font_size < 3 * width and self.width(part) <= width:
                lines.append(part)
            else:
                lines += self._broken(part, width)
        return lines

    def _broken(self, text: str, width: float) -> Iterator[str]:
        line, used = "", 0.0
        for piece in _pieces(text):
            wide = self.width(piece)
            if used + self.width(piece.rstrip()) > width and line:
                yield line.rstrip()
                line, used = "", 0.0
            if wide > width:
                # A word wider than the column is broken between any two letters.
                for letter in piece:
                    wide = self.width(letter)
                    if used + wide > width and line:
                        yield line
                        line, used = "", 0.0
                    line, used = line + letter, used + wide
            else:
                line, used = line + piece, used + wide
        yield line.rstrip()

    def width(self, text: str) -> float:
        """Return how wide a text is in the font that is set, in millimetres."""
        pdf = self._pdf
        key = (pdf.font_size, pdf.font_style, text)
        found = self._widths.get(key)
        if found is None:
            found = self._widths[key] = pdf.get_string_width(text)
        return found


def _pieces(text: str) -> list[str]:
    """Return a text in pieces between which a line may end: words, and each letter of CJK."""
    return _PIECE.findall(text)
