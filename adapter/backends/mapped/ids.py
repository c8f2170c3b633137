"""Numbers of ours for the texts by which a backend names its records."""

from typing import Protocol


class IdBook(Protocol):
    """Remembers which number stands for which text; a pair is never changed.

    Nouns keep the records of one kind apart from those of another.
    """

    def ours(self, noun: str, theirs: str) -> int:
        """Return the number of their record, a new one where it has none."""

    def theirs(self, noun: str, ours: int) -> str | None:
        """Return what they call the record of this number; None for one never given."""
