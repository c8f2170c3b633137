"""The store's catalogue as data and as a file, in the form that `apply_catalogue` takes."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import sqlalchemy as sa

from adapter.billing.money import Money
from adapter.billing.schedule import Cycle
from adapter.store import tables
from adapter.store.setup.reading import COUNTERS, NEXT, SETTINGS
from adapter.store.setup.sections import PRODUCTS, SECTIONS, Section
from adapter.store.setup.settings import stored_settings
from adapter.store.unit_of_work import UnitOfWork

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_TERM_ORDER = {cycle.price_key: position for position, cycle in enumerate(Cycle)}

# Item kind and item -> currency code -> term -> cell of the file.
_Prices = dict[tuple[str, int], dict[str, dict[str, Any]]]


def export_catalogue(uow: UnitOfWork) -> dict[str, Any]:
    """Return everything a catalogue can say about this store; sections without rows are left out.

    Applied to an empty store it gives that store the same ids, and exports the same again.
    """
    prices = _prices(uow)
    groups = _group_references(uow)
    data: dict[str, Any] = {}
    for section in SECTIONS:
        table = section.table
        rows = uow.execute(sa.select(table).order_by(table.c[section.id_column])).mappings()
        entries = [_entry(section, row, prices, groups) for row in rows]
        if entries:
            data[section.name] = entries
    settings = stored_settings(uow)
    if settings:
        data[SETTINGS] = settings
    counters = _counters(uow)
    if counters:
        data[NEXT] = counters
    return data


def _entry(
    section: Section,
    row: sa.RowMapping,
    prices: _Prices,
    groups: Mapping[int, str | int],
) -> dict[str, Any]:
    entry: dict[str, Any] = {"id": row["id"]} if section.has_id else {}
    for key in section.keys:
        entry[key.name] = key.show(row[key.column])
    if section is PRODUCTS:
        entry["group"] = groups.get(row["group_id"], row["group_id"])
    if "tld" in entry:
        entry["tld"] = "." + entry["tld"].removeprefix(".")
    for name, kind in section.price_lists.items():
        lists = prices.get((kind, row["id"]), {})
        if "pay_type" in row:
            lists = {code: _fitting(terms, row["pay_type"]) for code, terms in lists.items()}
        lists = {code: terms for code, terms in lists.items() if terms}
        if lists:
            entry[name] = lists
    return entry


def _fitting(terms: Mapping[str, Any], pay_type: str) -> dict[str, Any]:
    """Return the prices that an order can ask for.

    A one-time price may stand in the monthly place; what is left from another way of payment
    counts for nothing.
    """
    once, monthly = Cycle.ONE_TIME.price_key, Cycle.MONTHLY.price_key
    match pay_type:
        case "free":
            return {}
        case "onetime":
            cell = terms.get(once, terms.get(monthly))
            return {} if cell is None else {once: cell}
        case _:
            return {term: cell for term, cell in terms.items() if term != once}


def _prices(uow: UnitOfWork) -> _Prices:
    listed, currencies = tables.prices, tables.currencies
    rows = uow.execute(
        sa.select(listed, currencies.c.code)
        .join_from(listed, currencies, currencies.c.id == listed.c.currency_id)
        .where(listed.c.price >= 0)
        .order_by(currencies.c.id)
    ).all()
    found: _Prices = {}
    for row in sorted(rows, key=lambda row: _term_position(row.term)):
        lists = found.setdefault((row.item_kind, row.item_id), {})
        price = str(Money(row.price, row.code))
        fee = str(Money(row.setup_fee, row.code))
        cell = {"price": price, "setup_fee": fee} if row.setup_fee > 0 else price
        lists.setdefault(row.code, {})[row.term] = cell
    return found


def _term_position(term: str) -> int:
    return int(term) if term.isdecimal() else _TERM_ORDER.get(term, len(_TERM_ORDER))


def _group_references(uow: UnitOfWork) -> dict[int, str | int]:
    """Return how products name their groups: by name, by id where two have the same."""
    groups = uow.execute(sa.select(tables.product_groups)).all()
    names = Counter(group.name for group in groups)
    return {group.id: group.name if names[group.name] == 1 else group.id for group in groups}


def _counters(uow: UnitOfWork) -> dict[str, int]:
    counters = tables.counters.c
    rows = uow.execute(
        sa.select(counters.name, counters.next_value)
        .where(counters.name.in_(COUNTERS), counters.next_value > 1)
        .order_by(counters.name)
    )
    return {row.name: row.next_value for row in rows}


def catalogue_text(data: Mapping[str, Any]) -> str:
    """Return the catalogue as a TOML file."""
    blocks = []
    for name, value in data.items():
        if isinstance(value, list):
            blocks += [_block(f"[[{name}]]", name, entry) for entry in value]
        else:
            blocks.append(_block(f"[{name}]", name, value))
    return "\n".join(blocks)


def _block(header: str, path: str, entry: Mapping[str, Any]) -> str:
    plain = {name: value for name, value in entry.items() if not isinstance(value, Mapping)}
    lines = [header, *(f"{_key(name)} = {_value(value)}" for name, value in plain.items())]
    for name, lists in entry.items():
        if name in plain:
            continue
        for code, cells in lists.items():
            lines.append(f"[{path}.{_key(name)}.{_key(code)}]")
            lines += [f"{_key(term)} = {_value(cell)}" for term, cell in cells.items()]
    return "\n".join(lines) + "\n"


def _key(name: str) -> str:
    return name if _BARE_KEY.fullmatch(name) else _text(name)


def _text(value: str) -> str:
    # TOML's escapes are JSON's, but for one character that JSON lets pass.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _value(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case date():
            return value.isoformat()
        case Mapping():
            return "{ " + ", ".join(_pairs(value)) + " }"
        case list():
            return "[" + ", ".join(_value(item) for item in value) + "]"
        case _:
            return _text(str(value))


def _pairs(table: Mapping[str, Any]) -> Iterable[str]:
    return (f"{_key(name)} = {_value(value)}" for name, value in table.items())
