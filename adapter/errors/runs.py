"""What ends a run before its work is done."""

from typing import Final

from adapter.errors.state import RunIncomplete
from adapter.errors.store import OutcomeUnknown, StoreFull

# They say in `issued` how many documents the run had committed by then.
BROKEN_OFF: Final = (RunIncomplete, StoreFull, OutcomeUnknown)
