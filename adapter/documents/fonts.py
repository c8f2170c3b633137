"""The fonts of PDFs: FiraGO of the package `pymupdf-fonts` (OFL), and one for CJK.

FiraGO has Latin, Greek, Cyrillic, Hebrew, Arabic, Thai, Georgian and Devanagari. Most documents
need the first three only: for them it is cut down once per process, which makes a document four
times cheaper, since the PDF library reads a font's every table anew for each.
"""

import io
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import pymupdf_fonts
from fontTools import subset
from fontTools.ttLib import TTFont, TTLibError

# Freely licensed fonts of Linux systems that hold Chinese, Japanese and Korean.
_KNOWN_CJK: Final = (
    "/usr/share/fonts-droid-fallback/truetype/DroidSansFallback.ttf",
    "/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf",
    "/usr/share/fonts/google-droid/DroidSansFallbackFull.ttf",
    "/usr/share/fonts/google-droid-sans-fonts/DroidSansFallbackFull.ttf",
    "/usr/share/fonts/droid/DroidSansFallbackFull.ttf",
    "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
    "/usr/share/fonts/wqy-microhei/wqy-microhei.ttc",
)
_SIMPLE_END: Final = 0x530  # Latin, Greek and Cyrillic end here
_SIGNS: Final = range(0x1E00, 0x2300)  # accented Latin, punctuation, currencies, arrows
# What shaping and hinting need; without them the cut font is a twentieth of the whole.
_DROPPED: Final = ("GSUB", "GPOS", "GDEF", "DSIG", "kern", "fpgm", "prep", "cvt ", "gasp")
_REGULAR: Final = "figo"
_BOLD: Final = "figbo"


@dataclass(frozen=True, slots=True)
class FontSet:
    """The files a document is set with; `shaped` where its script joins or reorders letters."""

    regular: Path
    bold: Path
    fallbacks: tuple[Path, ...]
    shaped: bool


def choose_fonts(characters: frozenset[str], fallbacks: tuple[str, ...]) -> FontSet:
    """Return the least set of fonts that has these characters.

    `fallbacks` are font files to look in for what FiraGO has not; none named: the system's.
    """
    points = {ord(each) for each in characters if not each.isspace()}
    if points <= _simple_points():
        return FontSet(_file(_REGULAR, simple=True), _file(_BOLD, simple=True), (), shaped=False)
    missing = points - _all_points()
    files = tuple(_useful(missing, fallbacks)) if missing else ()
    return FontSet(_file(_REGULAR), _file(_BOLD), files, shaped=True)


def missing_characters(characters: Iterable[str], fallbacks: tuple[str, ...]) -> str:
    """Return the characters that no font at hand has, sorted."""
    missing = {ord(each) for each in characters if not each.isspace()} - _all_points()
    for file in fallback_files(fallbacks):
        missing -= _points_of(file)
    return "".join(map(chr, sorted(missing)))


def fallback_files(chosen: tuple[str, ...]) -> tuple[Path, ...]:
    """Return the fallback fonts that are there: those chosen, else the known ones."""
    return tuple(path for path in map(Path, chosen or _KNOWN_CJK) if path.is_file())


def read_font(file: Path) -> frozenset[int]:
    """Return a font's characters; raises `ValueError` for what is no font."""
    try:
        return _points_of(file)
    except (TTLibError, OSError, KeyError) as error:
        raise ValueError(f"{file}: not a font that can be used: {error}") from error


def _useful(missing: set[int], fallbacks: tuple[str, ...]) -> Iterable[Path]:
    for file in fallback_files(fallbacks):
        try:
            has = read_font(file)
        except ValueError:
            continue  # `adapter documents check` names it
        if missing & has:
            missing -= has
            yield file


@cache
def _points_of(file: Path) -> frozenset[int]:
    with file.open("rb") as stream, TTFont(stream, fontNumber=0, lazy=True) as font:
        return frozenset(font.getBestCmap() or ())


@cache
def _all_points() -> frozenset[int]:
    return _points_of(_file(_REGULAR))


@cache
def _simple_points() -> frozenset[int]:
    return _points_of(_file(_REGULAR, simple=True))


@cache
def _folder() -> "tempfile.TemporaryDirectory[str]":
    """Return where this process keeps its fonts: the PDF library reads files only."""
    return tempfile.TemporaryDirectory(prefix="adapter-fonts-")


@cache
def _file(name: str, *, simple: bool = False) -> Path:
    """Return a font of the package as a file, written once per process."""
    content: bytes = pymupdf_fonts.myfont(name)
    if simple:
        content = _cut(content)
    path = Path(_folder().name) / f"{name}{'-simple' if simple else ''}.ttf"
    path.write_bytes(content)
    return path


def _cut(content: bytes) -> bytes:
    """Return a font with Latin, Greek, Cyrillic and signs only, and without layout tables."""
    font = TTFont(io.BytesIO(content), recalcTimestamp=False, recalcBBoxes=False, lazy=True)
    for table in _DROPPED:
        if table in font:
            del font[table]
    options = subset.Options()
    options.hinting = False
    options.notdef_outline = True
    options.name_IDs = ["*"]
    cutter = subset.Subsetter(options)
    cutter.populate(
        unicodes=[each for each in font.getBestCmap() if each < _SIMPLE_END or each in _SIGNS]
    )
    cutter.subset(font)
    out = io.BytesIO()
    font.save(out)
    return out.getvalue()
