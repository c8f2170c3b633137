"""The worker's passes over what went elsewhere."""

from typing import Any

from adapter.bridge.forwards import AccountTender, tend, tend_once
from adapter.errors import StoreUnavailable


class Tender:
    """Yields what it is given; an error is raised."""

    def __init__(self, *steps: Any) -> None:
        self.steps = steps

    def tend(self) -> Any:
        for each in self.steps:
            if isinstance(each, Exception):
                raise each
            yield each


def test_a_failure_at_one_backend_does_not_stop_the_others():
    busy = StoreUnavailable()
    tenders = (
        AccountTender("main", "one", Tender("a", busy)),
        AccountTender("main", "two", Tender("b")),
    )
    seen = [(each.backend, each.attempt, each.error) for each in tend_once(tenders)]
    assert seen == [("one", "a", None), ("one", None, busy), ("two", "b", None)]


def test_passes_follow_each_other_until_it_is_time_to_end():
    pauses = []

    def wait(seconds):
        pauses.append(seconds)
        return len(pauses) == 3

    seen: list[Any] = []
    tend((AccountTender("main", "one", Tender("a")),), wait=wait, report=seen.append)
    assert [each.attempt for each in seen] == ["a"] * 3
    assert pauses == [2.0] * 3
