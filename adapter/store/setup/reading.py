"""A catalogue as data -> checked entries; nothing here looks at the store."""

import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from adapter.billing.model import DocumentKind
from adapter.billing.schedule import Cycle
from adapter.billing.settings import check_value, setting_name
from adapter.errors import InvalidCatalogue, InvalidField
from adapter.store.numbers import CUSTOM_NUMBER, SEQUENTIAL_NUMBER
from adapter.store.setup import fields
from adapter.store.setup.sections import REQUIRED, SECTIONS, Section
from adapter.store.unit_of_work import DOCUMENT_ID, INVOICE_NUMBER, ORDER_NUMBER

SETTINGS: Final = "settings"
NEXT: Final = "next"

# The counters whose start an operator chooses, so that a migrated business keeps its numbers.
COUNTERS: Final = (
    DOCUMENT_ID,
    INVOICE_NUMBER,
    *(kind.number_counter for kind in DocumentKind if kind is not DocumentKind.INVOICE),
    CUSTOM_NUMBER,
    SEQUENTIAL_NUMBER,
    ORDER_NUMBER,
)

_next_value = fields.whole(1, fields.MAX_COUNTER)
_row_id = fields.whole(1, fields.MAX_COUNTER)

# Item kind -> currency code -> term -> (price, setup fee) in hundredths.
PriceLists = Mapping[str, Mapping[str, Mapping[str, tuple[int, int]]]]


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a section; `values` are the columns that it states, and no others."""

    section: Section
    path: str
    row_id: int | None
    values: Mapping[str, Any]
    prices: PriceLists


@dataclass(frozen=True, slots=True)
class Catalogue:
    """A catalogue whose every value is well-formed."""

    entries: Mapping[str, tuple[Entry, ...]]
    settings: Mapping[str, str]
    next_values: Mapping[str, int]


@dataclass(slots=True)
class Mistakes:
    """What is wrong with one catalogue, as it is found: an operator is told all of it at once."""

    found: list[tuple[str, str]] = field(default_factory=list)

    def add(self, path: str, detail: str) -> None:
        """Note what is wrong with a key."""
        self.found.append((path, detail))

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Note what is raised as `InvalidCatalogue`, and go on after it."""
        try:
            yield
        except InvalidCatalogue as error:
            self.found.extend(error.mistakes)

    def are_in(self, section: str) -> bool:
        """Tell whether one was found in a section: who names its entries may be right."""
        return any(path.partition(".")[0].partition("[")[0] == section for path, _ in self.found)

    def check(self) -> None:
        """Raise `InvalidCatalogue` if there are any."""
        if self.found:
            (path, detail), *others = self.found
            raise InvalidCatalogue(path, detail, tuple(others))


def parse_catalogue(text: str) -> dict[str, Any]:
    """Return the data of a catalogue file, decimals exact; raises `InvalidCatalogue`."""
    try:
        return tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise InvalidCatalogue("file", str(error)) from error


def check_catalogue(data: Mapping[str, Any]) -> None:
    """Raise `InvalidCatalogue` with every key at fault in `data`, whatever a store has."""
    mistakes = Mistakes()
    read_catalogue(data, mistakes)
    mistakes.check()


def read_catalogue(data: Mapping[str, Any], mistakes: Mistakes) -> Catalogue:
    """Return what is right of the catalogue in `data`; what is wrong is noted and left out."""
    known = [section.name for section in SECTIONS] + [SETTINGS, NEXT]
    _known_keys(data, "", known, mistakes)
    entries = {}
    for section in SECTIONS:
        entries[section.name] = _entries(section, data.get(section.name, []), mistakes)
    return Catalogue(
        entries,
        _settings(data.get(SETTINGS, {}), mistakes),
        _next_values(data.get(NEXT, {}), mistakes),
    )


def _known_keys(data: Mapping[str, Any], path: str, known: list[str], mistakes: Mistakes) -> None:
    for name in data:
        if name not in known:
            where = f"{path}.{name}" if path else name
            mistakes.add(where, "unknown key; known are " + ", ".join(known))


def _table(value: object, path: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise InvalidCatalogue(path, "must be a table")
    return value


def _read(reader: fields.Reader, value: object, path: str) -> Any:
    try:
        return reader(value)
    except fields.WrongValue as error:
        raise InvalidCatalogue(path, str(error)) from error


def _entries(section: Section, value: object, mistakes: Mistakes) -> tuple[Entry, ...]:
    if not isinstance(value, list):
        mistakes.add(section.name, f"must be a list: [[{section.name}]]")
        return ()
    entries = []
    for number, each in enumerate(value, start=1):
        path = f"{section.name}[{number}]"
        found = len(mistakes.found)
        with mistakes.noted():
            entry = _entry(section, _table(each, path), path, mistakes)
            if len(mistakes.found) == found:
                entries.append(entry)
    return tuple(entries)


def _entry(section: Section, data: Mapping[str, Any], path: str, mistakes: Mistakes) -> Entry:
    known = [key.name for key in section.keys] + list(section.price_lists)
    _known_keys(data, path, ["id", *known] if section.has_id else known, mistakes)
    row_id = None
    if "id" in data:
        with mistakes.noted():
            row_id = _read(_row_id, data["id"], f"{path}.id")
    values: dict[str, Any] = {}
    for key in section.keys:
        if key.name in data:
            with mistakes.noted():
                values[key.column] = _read(key.read, data[key.name], f"{path}.{key.name}")
        elif "id" not in data and key.column in section.natural:
            # Without an id an entry is recognised by these.
            if key.default is REQUIRED:
                mistakes.add(f"{path}.{key.name}", "is missing")
            values[key.column] = key.default
    prices = {}
    for name, kind in section.price_lists.items():
        if name in data:
            with mistakes.noted():
                lists = _table(data[name], f"{path}.{name}")
                prices[kind] = _price_lists(section, lists, f"{path}.{name}", mistakes)
    return Entry(section, path, row_id, values, prices)


def _price_lists(
    section: Section, data: Mapping[str, Any], path: str, mistakes: Mistakes
) -> dict[str, dict[str, tuple[int, int]]]:
    lists: dict[str, dict[str, tuple[int, int]]] = {}
    for code, cells in data.items():
        with mistakes.noted():
            _read(fields.currency_code, code, f"{path}.{code}")
            terms = lists.setdefault(code, {})
            for name, cell in _table(cells, f"{path}.{code}").items():
                where = f"{path}.{code}.{name}"
                term = _term(section, name)
                if term is None or term in terms:
                    fault = "stands twice" if term else f"is no {_term_noun(section)}"
                    mistakes.add(where, fault)
                    continue
                with mistakes.noted():
                    terms[term] = _cell(section, cell, where, mistakes)
    return lists


def _is_by_years(section: Section) -> bool:
    return "renew" in section.price_lists


def _term_noun(section: Section) -> str:
    if _is_by_years(section):
        return f"number of years from 1 to {fields.MAX_YEARS}"
    return "billing cycle that has a price"


def _term(section: Section, name: str) -> str | None:
    if _is_by_years(section):
        is_number = name.isascii() and name.isdigit() and 0 < int(name) <= fields.MAX_YEARS
        return str(int(name)) if is_number else None
    cycle = Cycle.parse(name)
    return None if cycle is None or cycle is Cycle.FREE else cycle.price_key


def _cell(section: Section, cell: object, path: str, mistakes: Mistakes) -> tuple[int, int]:
    if not isinstance(cell, Mapping) or _is_by_years(section):
        return _read(fields.hundredths, cell, path), 0
    _known_keys(cell, path, ["price", "setup_fee"], mistakes)
    if "price" not in cell:
        raise InvalidCatalogue(f"{path}.price", "is missing")
    price = _read(fields.hundredths, cell["price"], f"{path}.price")
    fee = _read(fields.hundredths, cell.get("setup_fee", 0), f"{path}.setup_fee")
    return price, fee


def _settings(data: object, mistakes: Mistakes) -> dict[str, str]:
    values: dict[str, str] = {}
    with mistakes.noted():
        for name, value in _table(data, SETTINGS).items():
            with mistakes.noted():
                public, text = _setting(name, value)
                if public in values:
                    raise InvalidCatalogue(f"{SETTINGS}.{name}", "stands twice")
                values[public] = text
    return values


def _setting(name: str, value: object) -> tuple[str, str]:
    path = f"{SETTINGS}.{name}"
    public = setting_name(name)
    if public is None:
        raise InvalidCatalogue(path, "there is no such setting")
    text = _setting_text(value, path)
    try:
        check_value(public, text)
    except InvalidField as error:
        raise InvalidCatalogue(path, str(error)) from error
    return public, text


def _setting_text(value: object, path: str) -> str:
    """Return a setting as it is kept; switches are kept as "on" and blank."""
    if isinstance(value, bool):
        return "on" if value else ""
    if isinstance(value, int):
        # Whether the number will do is the setting's own rule.
        return str(value)
    return str(_read(fields.text(), value, path))


def _next_values(data: object, mistakes: Mistakes) -> dict[str, int]:
    values: dict[str, int] = {}
    with mistakes.noted():
        table = _table(data, NEXT)
        _known_keys(table, NEXT, list(COUNTERS), mistakes)
        for name, value in table.items():
            with mistakes.noted():
                values[name] = _read(_next_value, value, f"{NEXT}.{name}")
    return values
