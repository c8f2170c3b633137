"""What a record was at an earlier time: what it is now, with later changes taken back."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any


@dataclass(frozen=True, slots=True)
class Change:
    """One noted change of one field."""

    recorded_at: datetime
    field: str
    old: Any
    new: Any


@dataclass(frozen=True, slots=True)
class State:
    """What a record was from `since` on; None is from its beginning."""

    since: datetime | None
    values: Mapping[Any, Any]


class Timeline:
    """Every state of one record, the earliest first. `changes` are in the order they were made.

    Fields that the record does not have are passed over: they note facts, not values.
    """

    def __init__(self, now: Mapping[Any, Any], changes: Iterable[Change] = ()) -> None:
        known = [change for change in changes if change.field in now]
        moments = [
            (moment, list(made)) for moment, made in groupby(known, lambda each: each.recorded_at)
        ]
        values = now
        later: list[State] = []
        for moment, made in reversed(moments):
            later.append(State(moment, values))
            values = {**values}
            for change in reversed(made):
                values[change.field] = change.old
        self._states = [State(None, values), *reversed(later)]

    @property
    def now(self) -> State:
        """The latest state."""
        return self._states[-1]

    def at(self, moment: datetime) -> State:
        """Return the state at `moment`; what was changed at that very moment counts as changed."""
        return next(each for each in self if each.since is None or each.since <= moment)

    def during(self, begin: datetime, end: datetime) -> Iterator[State]:
        """Yield every state between the two, the one at `begin` first.

        What was changed at `begin` itself may have been seen or not, so the state before counts.
        """
        first = self.at(begin)
        yield first
        for state, following in zip(self._states, [*self._states[1:], None], strict=True):
            began = state.since is None or state.since <= end
            lasted = following is None or (following.since or begin) >= begin
            if began and lasted and state is not first:
                yield state

    def __iter__(self) -> Iterator[State]:
        """Yield every state, the latest first."""
        return reversed(self._states)
