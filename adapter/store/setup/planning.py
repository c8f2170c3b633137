"""Checked entries against the store -> the rows to write; everything that can be wrong is here."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from adapter.errors import InvalidCatalogue
from adapter.store import tables
from adapter.store.setup.reading import Catalogue, Entry, Mistakes
from adapter.store.setup.sections import (
    CURRENCIES,
    CUSTOM_FIELDS,
    PRODUCT_GROUPS,
    PRODUCTS,
    REQUIRED,
    SECTIONS,
    Section,
)
from adapter.store.unit_of_work import UnitOfWork

_ONE_TIME = "onetime"


@dataclass(slots=True, eq=False)
class Planned:
    """A row as it shall become. `stored` is None for a new one, whose id is set when written.

    `values` are the columns that differ (of a new row: all). A group or currency may itself be
    planned: `id_of` gives its id once it is written.
    """

    entry: Entry
    stored: Mapping[Any, Any] | None
    values: dict[str, Any]
    row_id: int | str | None
    prices: "Mapping[str, Mapping[Reference, Mapping[str, tuple[int, int]]]]"

    @property
    def section(self) -> Section:
        """The section it belongs to."""
        return self.entry.section

    def final(self, column: str) -> Any:
        """Return what a column will hold."""
        if column in self.values or self.stored is None:
            return self.values[column]
        return self.stored[column]


Reference = int | Planned


def id_of(reference: Any) -> Any:
    """Return the id behind a reference; anything else as it is."""
    return reference.row_id if isinstance(reference, Planned) else reference


def plan_rows(uow: UnitOfWork, catalogue: Catalogue, mistakes: Mistakes) -> list[Planned]:
    """Return the rows to write in their order, what is wrong noted. Writes nothing.

    What names an entry of a section with mistakes is not noted: it may be right.
    """
    planned: dict[str, list[Planned]] = {}
    rows = {section.name: _rows(uow, section) for section in SECTIONS}
    for section in SECTIONS:
        entries = catalogue.entries[section.name]
        if section is PRODUCTS:
            groups = _groups(rows[PRODUCT_GROUPS.name], planned[PRODUCT_GROUPS.name])
            entries = tuple(_with_groups(entries, groups, mistakes))
        planned[section.name] = _match(section, entries, rows[section.name], mistakes)
        if section is CURRENCIES and not mistakes.are_in(CURRENCIES.name):
            with mistakes.noted():
                _settle_currencies(uow, rows[section.name], planned[section.name])
    currencies = None
    if not mistakes.are_in(CURRENCIES.name):
        currencies = _currencies(rows[CURRENCIES.name], planned[CURRENCIES.name])
    for row in _all(planned):
        _settle_prices(row, currencies, mistakes)
    if not mistakes.are_in(PRODUCTS.name):
        _check_products(rows[PRODUCTS.name], planned, mistakes)
    return list(_all(planned))


def _check_products(
    rows: Sequence[sa.RowMapping], planned: Mapping[str, Sequence[Planned]], mistakes: Mistakes
) -> None:
    """See to it that custom fields belong to products that there are, or to none."""
    known = {row["id"] for row in rows} | {row.row_id for row in planned[PRODUCTS.name]}
    for row in planned[CUSTOM_FIELDS.name]:
        product_id = row.final("product_id")
        if product_id and product_id not in known:
            mistakes.add(f"{row.entry.path}.product", f"there is no product {product_id}")


def _all(planned: Mapping[str, Sequence[Planned]]) -> Iterable[Planned]:
    for section in SECTIONS:
        yield from planned[section.name]


def _rows(uow: UnitOfWork, section: Section) -> list[sa.RowMapping]:
    table = section.table
    query = sa.select(table).order_by(table.c[section.id_column])
    return list(uow.execute(query).mappings())


def _match(
    section: Section,
    entries: Sequence[Entry],
    rows: Sequence[sa.RowMapping],
    mistakes: Mistakes,
) -> list[Planned]:
    """Find the row of each entry: by its id, else by its natural key."""
    by_id = {row[section.id_column]: row for row in rows}
    with_id: set[int] = set()
    for entry in entries:
        if entry.row_id in with_id:
            mistakes.add(f"{entry.path}.id", "stands twice")
        with_id |= {entry.row_id} if entry.row_id is not None else set()
    by_key: dict[tuple[Any, ...], list[sa.RowMapping]] = {}
    for stored in rows:
        if stored[section.id_column] not in with_id:
            by_key.setdefault(section.natural_key(stored), []).append(stored)
    planned = []
    seen: dict[tuple[Any, ...], Entry] = {}
    for entry in entries:
        with mistakes.noted():
            row = _planned(entry, _stored(entry, by_id, by_key))
            key = section.natural_key({column: row.final(column) for column in section.natural})
            # Rows of one name are told apart by their ids, where the store allows them at all.
            earlier = seen.setdefault(key, entry)
            told_apart = entry.row_id is not None and earlier.row_id is not None
            if earlier is not entry and (section.unique or not told_apart):
                raise InvalidCatalogue(entry.path, f"is there already: {earlier.path}")
            planned.append(row)
    return planned


def _stored(
    entry: Entry,
    by_id: Mapping[Any, sa.RowMapping],
    by_key: Mapping[tuple[Any, ...], Sequence[sa.RowMapping]],
) -> sa.RowMapping | None:
    """Return the row that an entry means; None when it is a new one."""
    section = entry.section
    if entry.row_id in by_id:
        return by_id[entry.row_id]
    if not all(column in entry.values for column in section.natural):
        return None
    found = by_key.get(section.natural_key(entry.values), ())
    ids = ", ".join(str(row[section.id_column]) for row in found)
    if entry.row_id is not None and found:
        raise InvalidCatalogue(f"{entry.path}.id", f"is there already with id {ids}")
    if len(found) > 1:
        raise InvalidCatalogue(entry.path, f"fits several (id {ids}): state the id")
    return found[0] if found else None


def _planned(entry: Entry, stored: sa.RowMapping | None) -> Planned:
    section = entry.section
    if stored is None:
        values = {key.column: entry.values.get(key.column, key.default) for key in section.keys}
        missing = [key.name for key in section.keys if values[key.column] is REQUIRED]
        if missing:
            first, *others = [(f"{entry.path}.{name}", "is missing") for name in missing]
            raise InvalidCatalogue(*first, tuple(others))
        return Planned(entry, None, values, entry.row_id, {})
    if section.fixed:
        # What other records name it by.
        kept = {column: stored[column] for column in section.natural}
        if section.natural_key(kept | dict(entry.values)) != section.natural_key(kept):
            name = next(key.name for key in section.keys if key.column in section.natural)
            raise InvalidCatalogue(f"{entry.path}.{name}", "cannot be changed")
        entry = replace(entry, values=dict(entry.values) | kept)
    changed = {column: value for column, value in entry.values.items() if stored[column] != value}
    return Planned(entry, stored, changed, stored[section.id_column], {})


def _groups(
    rows: Sequence[sa.RowMapping], planned: Sequence[Planned]
) -> Mapping[str | int, list[Reference]]:
    """Return what a product's `group` can mean: groups by id and by the name they will have."""
    groups: dict[str | int, list[Reference]] = {}
    written = {row.row_id for row in planned}
    for stored in rows:
        if stored["id"] not in written:
            groups.setdefault(stored["name"], []).append(stored["id"])
            groups[stored["id"]] = [stored["id"]]
    for row in planned:
        reference = row if row.stored is None else row.stored["id"]
        groups.setdefault(row.final("name"), []).append(reference)
        if row.row_id is not None:
            groups[int(row.row_id)] = [reference]
    return groups


def _with_groups(
    entries: Iterable[Entry], groups: Mapping[str | int, list[Reference]], mistakes: Mistakes
) -> Iterator[Entry]:
    """Yield products whose group is a reference; one that is not found is noted."""
    for entry in entries:
        try:
            yield _with_group(entry, groups)
        except InvalidCatalogue as error:
            if not mistakes.are_in(PRODUCT_GROUPS.name):
                mistakes.add(error.path, error.detail)


def _with_group(entry: Entry, groups: Mapping[str | int, list[Reference]]) -> Entry:
    if "group_id" not in entry.values:
        return entry
    found = groups.get(entry.values["group_id"], [])
    if len(found) != 1:
        fault = "fits several groups: state its id" if found else "there is no such product group"
        raise InvalidCatalogue(f"{entry.path}.group", fault)
    return replace(entry, values=dict(entry.values) | {"group_id": found[0]})


def _settle_currencies(
    uow: UnitOfWork, rows: Sequence[sa.RowMapping], planned: list[Planned]
) -> None:
    """See to it that codes in use stay, and that the one default currency has rate 1."""
    for row in planned:
        if row.stored is not None and "code" in row.values:
            _check_code_change(uow, rows, row)
    _settle_default(rows, planned)
    for row in planned:
        rate, is_default = row.final("rate"), row.final("is_default")
        if row.stored is None and not is_default and "rate" not in row.entry.values:
            raise InvalidCatalogue(f"{row.entry.path}.rate", "is missing")
        if rate <= 0:
            raise InvalidCatalogue(f"{row.entry.path}.rate", "must be above 0")
        if is_default and rate != 1:
            raise InvalidCatalogue(f"{row.entry.path}.rate", "must be 1: it is the default")


def _settle_default(rows: Sequence[sa.RowMapping], planned: list[Planned]) -> None:
    """Let the default that the file names replace the stored one; without any, take the first."""
    written = {row.row_id for row in planned}
    others = [row for row in rows if row["id"] not in written and row["is_default"]]
    named = [row for row in planned if row.entry.values.get("is_default")]
    if len(named) > 1:
        raise InvalidCatalogue(f"{named[1].entry.path}.default", "another one is the default")
    if named:
        for row in planned:
            if row is not named[0] and row.final("is_default"):
                row.values["is_default"] = False
        planned.extend(_not_default(row) for row in others)
    elif not others and not any(row.final("is_default") for row in planned):
        if rows:
            raise InvalidCatalogue("currencies", "one of them must be the default")
        for row in planned[:1]:
            row.values["is_default"] = True


def _not_default(stored: sa.RowMapping) -> Planned:
    entry = Entry(CURRENCIES, f"currencies.{stored['code']}", stored["id"], {}, {})
    return Planned(entry, stored, {"is_default": False}, stored["id"], {})


def _check_code_change(uow: UnitOfWork, rows: Sequence[sa.RowMapping], row: Planned) -> None:
    """Refuse another code for a currency in which amounts are kept, or one that is taken."""
    path = f"{row.entry.path}.code"
    stored = row.stored or {}
    if any(other["code"] == row.values["code"] for other in rows):
        raise InvalidCatalogue(path, "another currency has it")
    by_id = (tables.clients.c.currency_id, tables.prices.c.currency_id)
    by_code = (
        tables.documents.c.currency,
        tables.recurring_invoices.c.currency,
        tables.transactions.c.currency,
    )
    uses = [column == stored["id"] for column in by_id]
    uses += [column == stored["code"] for column in by_code]
    for use in uses:
        if uow.execute(sa.select(sa.literal(1)).where(use).limit(1)).first() is not None:
            raise InvalidCatalogue(path, f"cannot be changed: {stored['code']} is in use")


def _currencies(
    rows: Sequence[sa.RowMapping], planned: Sequence[Planned]
) -> Mapping[str, Reference]:
    """Return the currencies by the codes they will have."""
    written = {row.row_id for row in planned}
    codes: dict[str, Reference] = {
        row["code"]: row["id"] for row in rows if row["id"] not in written
    }
    return codes | {row.final("code"): row for row in planned}


def _settle_prices(
    row: Planned, currencies: Mapping[str, Reference] | None, mistakes: Mistakes
) -> None:
    """Check price lists against currencies and way of payment, and refer to the currencies.

    `currencies` are None where they are not known for mistakes of their own.
    """
    names = {kind: name for name, kind in row.section.price_lists.items()}
    settled: dict[str, dict[Reference, Mapping[str, tuple[int, int]]]] = {}
    for kind, lists in row.entry.prices.items():
        for code, terms in lists.items():
            path = f"{row.entry.path}.{names[kind]}.{code}"
            for term in terms:
                with mistakes.noted():
                    _check_term(row, term, f"{path}.{term}")
            if currencies is None:
                continue
            if code in currencies:
                settled.setdefault(kind, {})[currencies[code]] = terms
            else:
                mistakes.add(path, "there is no such currency")
    row.prices = settled


def _check_term(row: Planned, term: str, path: str) -> None:
    if not any(key.column == "pay_type" for key in row.section.keys):
        return
    pay_type = row.final("pay_type")
    if pay_type == "free":
        raise InvalidCatalogue(path, "what is free has no price")
    if (pay_type == _ONE_TIME) != (term == _ONE_TIME):
        raise InvalidCatalogue(path, f'does not go with pay = "{pay_type}"')
