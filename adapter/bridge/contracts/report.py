"""What a run of contract cases found."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from adapter.bridge.exchanges import Exchange


class Outcome(StrEnum):
    """How a case ended."""

    PASSED = "passed"
    DIFFERED = "differed"
    SKIPPED = "skipped"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class CaseResult:
    """One case's outcome. `detail` is the reason or the side-by-side difference."""

    key: str
    source: str
    outcome: Outcome
    detail: str = ""
    exchanges: tuple[Exchange, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """All outcomes of one run."""

    results: tuple[CaseResult, ...]

    def ended(self, outcome: Outcome) -> tuple[CaseResult, ...]:
        """Return the results with this outcome."""
        return tuple(result for result in self.results if result.outcome is outcome)

    @property
    def exit_code(self) -> int:
        """0: all that ran passed; 1: something differs or failed; 2: nothing ran."""
        if self.ended(Outcome.DIFFERED) or self.ended(Outcome.ERROR):
            return 1
        return 0 if self.ended(Outcome.PASSED) else 2

    @property
    def summary(self) -> str:
        """One line of counts."""
        return ", ".join(f"{len(self.ended(each))} {each.value}" for each in Outcome)

    def lines(self) -> Iterator[str]:
        """Yield the whole report as text: differences, errors, skipped cases, counts."""
        for outcome in (Outcome.DIFFERED, Outcome.ERROR):
            for result in self.ended(outcome):
                yield f"{outcome.value}: {result.key}"
                yield f"  source: {result.source}"
                yield from (f"  {line}" for line in result.detail.splitlines())
                yield ""
        for result in self.ended(Outcome.SKIPPED):
            yield f"skipped: {result.key}: {result.detail}"
        yield self.summary
