"""Taking a run back: its documents voided or credited, its periods free to be billed again."""

from adapter.store.undoing.deciding import Kept
from adapter.store.undoing.driver import RunNotFound, UndoIncomplete, Undone, undo_run
from adapter.store.undoing.stepping import UNDONE

__all__ = ["UNDONE", "Kept", "RunNotFound", "UndoIncomplete", "Undone", "undo_run"]
