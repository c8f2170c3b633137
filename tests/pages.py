"""README.md and docs/*.md as their readers use them: shell blocks, commands named, links."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = tuple(
    str(path.relative_to(ROOT)) for path in (ROOT / "README.md", *sorted(ROOT.glob("docs/*.md")))
)
_FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\]\(([^)\s]+)\)")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: its language, and its lines with the line break of each."""

    page: str
    language: str
    text: str

    @property
    def name(self) -> str:
        """The first line, by which lists know it."""
        return self.text.partition("\n")[0]


def read(page: str) -> str:
    return (ROOT / page).read_text("utf-8")


def blocks(page: str) -> tuple[Block, ...]:
    """Return the fenced blocks of a page, in order."""
    return tuple(Block(page, *found) for found in _FENCED.findall(read(page)))


def shell(page: str) -> tuple[Block, ...]:
    """Return what a reader types."""
    return tuple(block for block in blocks(page) if block.language == "sh")


def prose(page: str) -> str:
    """Return a page without its fenced blocks."""
    return _FENCED.sub("", read(page))


def commands_named(page: str) -> Iterator[str]:
    """Yield every `adapter ...` that stands in a page's text."""
    for span in _SPAN.findall(prose(page)):
        if span.startswith("adapter "):
            yield span


def links(page: str) -> Iterator[str]:
    """Yield where a page's links lead, addresses elsewhere left out."""
    for target in _LINK.findall(prose(page)):
        if "://" not in target:
            yield target


def anchors(page: str) -> set[str]:
    """Return what a `#` may name in a page."""
    titles = re.findall(r"(?m)^#+ (.*)$", read(page))
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}
