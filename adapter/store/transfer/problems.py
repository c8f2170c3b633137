"""What is wrong with an import: every problem counted, the first ones kept."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from adapter.errors import RequestError, StateError


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a file, from 1."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: where, in which field (blank: the whole line), and what."""

    place: Place
    field: str
    text: str

    def __str__(self) -> str:
        where = f"{self.place}: {self.field}" if self.field else f"{self.place}"
        return f"{where}: {self.text}"


@dataclass(slots=True)
class Problems:
    """Problems as they are found; past `most` they are only counted: memory has a bound."""

    most: int
    count: int = 0
    kept: list[Problem] = field(default_factory=list)

    def add(self, place: Place, name: str, text: str) -> None:
        """Note a problem."""
        self.count += 1
        if len(self.kept) < self.most:
            self.kept.append(Problem(place, name, text))

    def lines(self) -> Iterator[str]:
        """Yield a line a problem, in the files' order, and how many are left out."""
        for each in sorted(self.kept, key=lambda each: (each.place.file, each.place.line)):
            yield str(each)
        if self.count > len(self.kept):
            yield f"... and {self.count - len(self.kept)} more"

    def check(self) -> None:
        """Raise `ImportInvalid` if there are any."""
        if self.count:
            raise ImportInvalid(self)


class ImportInvalid(RequestError):
    """A file cannot be imported; nothing was changed. `problems` are what is wrong with it."""

    code = "import_invalid"

    def __init__(self, problems: Problems) -> None:
        noun = "problem" if problems.count == 1 else "problems"
        text = "\n".join(problems.lines())
        super().__init__(f"{text}\n{problems.count} {noun}: nothing was imported")
        self.problems = problems


class ImportRefused(StateError):
    """The store does not allow this import; nothing was changed."""

    code = "import_refused"
