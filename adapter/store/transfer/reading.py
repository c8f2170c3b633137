"""Files -> records with their places: JSON lines of every kind, or CSV of one flat kind a file."""

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Final

from marshmallow import ValidationError

from adapter.store.transfer.fields import Moment
from adapter.store.transfer.kinds import EXPORT, KINDS, Kind
from adapter.store.transfer.problems import Place, Problems

VERSION: Final = 1
# A record of a thousand lines of text fits many times over.
LONGEST_LINE: Final = 16 * 1024 * 1024
_HEADER: Final = frozenset({"kind", "version", "exported_at", "source", "account"})
_BY_PLURAL: Final = {kind.plural: kind for kind in KINDS.values() if kind.is_flat}


@dataclass(frozen=True, slots=True)
class Raw:
    """One record as it was read; what it says is not checked yet."""

    place: Place
    kind: Kind
    said: dict[str, Any]


@dataclass(slots=True)
class Files:
    """The files of one import. `exported_at` is known once the first line was read.

    `read_bytes` says how far reading is, for whoever shows it.
    """

    paths: Sequence[Path]
    problems: Problems
    exported_at: datetime | None = None
    read_bytes: int = 0

    @property
    def size(self) -> int:
        """How many bytes there are to read."""
        return sum(path.stat().st_size for path in self.paths)

    def records(self) -> Iterator[Raw]:
        """Yield every record that can be read at all; the others are noted as problems."""
        for path in self.paths:
            if path.suffix.lower() == ".csv":
                yield from self._csv(path)
            else:
                yield from self._json_lines(path)

    def _json_lines(self, path: Path) -> Iterator[Raw]:
        has_header = False
        with path.open("rb") as file:
            for number, line in enumerate(_lines(file), start=1):
                self.read_bytes += len(line)
                place = Place(path.name, number)
                if not line.strip():
                    continue
                said = self._parsed(place, line, is_first=not has_header)
                if not has_header:
                    has_header = True
                    if said is None or said.get("kind") != EXPORT:
                        text = f'must be {{"kind": "{EXPORT}", "version": 1, "exported_at": ...}}'
                        self.problems.add(place, "kind", text)
                    else:
                        self._header(place, said)
                        continue
                if said is not None:
                    yield from self._record(place, said)
        if not has_header:
            self.problems.add(Place(path.name, 1), "", "the file is empty")

    def _parsed(self, place: Place, line: bytes, *, is_first: bool) -> dict[str, Any] | None:
        if len(line) >= LONGEST_LINE:
            self.problems.add(place, "", "is longer than any record may be")
            return None
        try:
            text = line.strip().decode("utf-8-sig" if is_first else "utf-8")
            said = json.loads(text, object_pairs_hook=_object, parse_constant=_refused)
        except UnicodeDecodeError as error:
            self.problems.add(place, "", f"is not UTF-8 at byte {error.start}")
        except (ValueError, RecursionError) as error:
            self.problems.add(place, "", f"is not JSON: {error}")
        else:
            if isinstance(said, dict):
                return said
            self.problems.add(place, "", "must be an object")
        return None

    def _header(self, place: Place, said: Mapping[str, Any]) -> None:
        for name in said.keys() - _HEADER:
            self.problems.add(place, name, "is no field of this kind")
        if said.get("version") != VERSION or isinstance(said.get("version"), bool):
            self.problems.add(place, "version", f"must be {VERSION}")
        try:
            at = Moment().deserialize(said.get("exported_at"))
        except ValidationError as error:
            self.problems.add(place, "exported_at", error.messages[0])
            return
        if self.exported_at not in {None, at}:
            self.problems.add(place, "exported_at", "differs from the other files'")
        self.exported_at = at

    def _record(self, place: Place, said: dict[str, Any]) -> Iterator[Raw]:
        name = said.pop("kind", None)
        kind = KINDS.get(name) if isinstance(name, str) else None
        if kind is None:
            self.problems.add(place, "kind", "must be one of " + ", ".join(KINDS))
            return
        yield Raw(place, kind, said)

    def _csv(self, path: Path) -> Iterator[Raw]:
        kind = _BY_PLURAL.get(path.stem.lower())
        if kind is None:
            known = ", ".join(f"{name}.csv" for name in _BY_PLURAL)
            self.problems.add(Place(path.name, 1), "", f"must be called one of {known}")
            return
        with path.open("rb") as file:
            rows = csv.reader(self._texts(path, file), strict=True)
            names: list[str] | None = None
            try:
                for cells in rows:
                    place = Place(path.name, rows.line_num)
                    if names is None:
                        names = self._names(place, kind, cells)
                    elif len(cells) > len(names):
                        self.problems.add(place, "", f"has more cells than the {len(names)} names")
                    elif any(cells):
                        yield Raw(place, kind, _cells(kind, names, cells))
            except csv.Error as error:
                self.problems.add(Place(path.name, rows.line_num), "", f"is not CSV: {error}")
            if names is None:
                self.problems.add(Place(path.name, 1), "", "the file is empty")

    def _texts(self, path: Path, file: IO[bytes]) -> Iterator[str]:
        for number, line in enumerate(_lines(file), start=1):
            self.read_bytes += len(line)
            try:
                yield line.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError as error:
                text = f"is not UTF-8 at byte {error.start}"
                self.problems.add(Place(path.name, number), "", text)

    def _names(self, place: Place, kind: Kind, cells: Sequence[str]) -> list[str]:
        names = [cell.strip() for cell in cells]
        for name in names:
            if name.partition(".")[0] not in kind.schema.fields:
                self.problems.add(place, name, "is no field of this kind")
            elif names.count(name) > 1 or any(other.startswith(f"{name}.") for other in names):
                self.problems.add(place, name, "stands twice")
        return names


def _lines(file: IO[bytes]) -> Iterator[bytes]:
    """Yield lines; one that is too long comes in pieces, of which the first is refused."""
    while line := file.readline(LONGEST_LINE):
        yield line


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{twice} stands twice")
    return found


def _refused(word: str) -> Any:
    raise ValueError(f"{word} is no number")


def _cells(kind: Kind, names: Sequence[str], cells: Sequence[str]) -> dict[str, Any]:
    """Return a row as JSON would say it; blank cells say nothing, `a.b` is b of the object a."""
    said: dict[str, Any] = {}
    for name, cell in zip(names, cells, strict=False):
        if not cell.strip():
            continue
        first, *rest = name.split(".")
        each: Any = kind.schema.fields.get(first)
        if not rest:
            said[first] = cell if each is None else each.from_text(cell.strip())
            continue
        inner = said.setdefault(first, {})
        for part in rest[:-1]:
            inner = inner.setdefault(part, {})
        inner[rest[-1]] = cell
    return said
