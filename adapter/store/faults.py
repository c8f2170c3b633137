"""Named points of a write at which tests end a process, break a connection or fill a disk.

Nothing is set in normal work, and a point costs one comparison a page then.
"""

from collections.abc import Callable
from enum import StrEnum


class Point(StrEnum):
    """Where a write stands, in the order in which a page of a run gets there."""

    LOCK = "after lock"
    NUMBER = "after number"
    CLAIM = "after claim"
    INSERT = "after insert"
    BEFORE_COMMIT = "before commit"
    AFTER_COMMIT = "after commit"


_hook: Callable[[Point], None] | None = None


def install(hook: Callable[[Point], None] | None) -> None:
    """Call `hook` at every point of this process from now on; None takes it away."""
    global _hook  # noqa: PLW0603 - one hook a process, so that unset points cost nothing
    _hook = hook


def reached(point: Point) -> None:
    """Tell the hook, if there is one, that a write got here."""
    if _hook is not None:
        _hook(point)
