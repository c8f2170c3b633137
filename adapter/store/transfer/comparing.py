"""What the store has of an import's records: the same, something else, or nothing yet."""

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date
from typing import Any, Final

import sqlalchemy as sa

from adapter.commands.context import Context
from adapter.errors import InvalidCatalogue
from adapter.store import tables
from adapter.store.setup import SetupReport, apply_catalogue, ensure_defaults
from adapter.store.transfer.exporting import stored_expected, stored_periods, stored_said
from adapter.store.transfer.kinds import ENTRIES, KINDS, Kind
from adapter.store.transfer.problems import Place, Problems
from adapter.store.transfer.records import differing, with_expected
from adapter.store.transfer.scratch import Scratch, Waiting
from adapter.store.unit_of_work import UnitOfWork

_PERIOD: Final = ("kind", "billable_id", "due_on")
_MOST_NAMES: Final = 6


def mark_stored(
    uow: UnitOfWork,
    waiting: Scratch,
    problems: Problems,
    told: Callable[[int], None],
    *,
    is_resumed: bool,
) -> dict[str, int]:
    """Mark what the store has already; return how many those are, by kind.

    A record that the store has with other content is a problem. Of an import that was under way
    whatever is there came from it.
    """
    there: dict[str, int] = {}
    for kind in KINDS.values():
        if kind.name in {"catalogue", "number", *ENTRIES}:
            continue
        for page in waiting.pages(kind.name):
            stored = _stored(uow, kind, page)
            found = [each for each in page if each.key in stored]
            if not is_resumed:
                _compare_page(uow, kind, found, stored, problems)
                _taken_ids(uow, kind, [each for each in page if each.key not in stored], problems)
            waiting.mark_stored([each.seq for each in found])
            if found:
                there[kind.name] = there.get(kind.name, 0) + len(found)
            told(len(page))
    return there


def _stored(uow: UnitOfWork, kind: Kind, page: Sequence[Waiting]) -> Mapping[str, Any]:
    if kind.key == _PERIOD:
        periods = [each.key.split(" ") for each in page]
        return stored_periods(
            uow, kind, [(name, int(row), date.fromisoformat(on)) for name, row, on in periods]
        )
    return stored_said(uow, kind, _ids(page))


def _compare_page(
    uow: UnitOfWork,
    kind: Kind,
    page: Sequence[Waiting],
    stored: Mapping[str, Any],
    problems: Problems,
) -> None:
    expected = {} if kind.billable is None else stored_expected(uow, kind, _ids(page))
    for each in page:
        ours = stored[each.key]
        if kind.billable is not None:
            ours = with_expected(ours, expected.get(each.key, {}), each.said)
        _compare(kind, each, ours, problems)


def _ids(page: Sequence[Waiting]) -> list[int]:
    return [int(each.key) for each in page]


def _compare(kind: Kind, each: Waiting, ours: Mapping[str, Any], problems: Problems) -> None:
    names = list(differing(ours, each.said, kind))
    if not names:
        return
    shown = [_difference(name, ours, each.said, kind) for name in names[:_MOST_NAMES]]
    if len(names) > _MOST_NAMES:
        shown.append(f"and {len(names) - _MOST_NAMES} more")
    text = f"{kind.name} {each.key} exists with other content: {', '.join(shown)}"
    problems.add(each.place, kind.columns[kind.key[0]], text)


def _difference(name: str, ours: Mapping[str, Any], theirs: Mapping[str, Any], kind: Kind) -> str:
    if name in {"lines", "password", "password_hash"}:
        return name
    default = kind.defaults.get(name)
    return f"{name} (here {ours.get(name, default)!r}, there {theirs.get(name, default)!r})"


def _taken_ids(uow: UnitOfWork, kind: Kind, page: Sequence[Waiting], problems: Problems) -> None:
    """Note new documents whose id or number another kind of record of the store has."""
    if not page or kind.name not in {"invoice", "recurring"}:
        return
    ids = {int(each.key): each.place for each in page}
    other = tables.recurring_invoices if kind.name == "invoice" else tables.documents
    query = sa.select(other.c.id).where(other.c.id.in_(sorted(ids)))
    for taken in uow.execute(query).scalars():
        problems.add(ids[taken], "id", f"{taken} is another kind of document here")
    if kind.name != "invoice":
        return
    documents = tables.documents.c
    numbers = {
        (each.said.get("type", "invoice"), each.said["number"]): each.place
        for each in page
        if each.said.get("number") is not None
    }
    query = sa.select(documents.kind, documents.number, documents.id).where(
        documents.number.in_(sorted({number for _, number in numbers}))
    )
    for row in uow.execute(query):
        place = numbers.get((row.kind, row.number))
        if place is not None:
            problems.add(place, "number", f"{row.number} is that of document {row.id} here")


# --- the catalogue -------------------------------------------------------------------------------


def try_catalogue(
    uow: UnitOfWork,
    context: Context,
    waiting: Scratch,
    problems: Problems,
    wrong: AbstractSet[Place],
) -> dict[str, int] | None:
    """Apply catalogue and products, to be undone by the caller; note what does not go.

    What a store without clients has of a catalogue may be changed, else it is a collision. Returns
    how many records are there already, by kind; None where it cannot be applied. Records at the
    places in `wrong` have mistakes that are noted already.
    """
    is_in_use = uow.execute(sa.select(tables.clients.c.id).limit(1)).first() is not None
    ensure_defaults(uow, context.now)
    there: dict[str, int] = {}
    for page in waiting.pages("catalogue"):
        for each in page:
            if each.place in wrong:
                return None
            try:
                report = apply_catalogue(uow, context, each.said["catalogue"])
            except InvalidCatalogue as error:
                for path, detail in error.mistakes:
                    problems.add(each.place, f"catalogue.{path}", detail)
                return None
            if is_in_use:
                _collisions(report, each.place, "catalogue", problems)
            if not report.changes:
                there["catalogue"] = 1
    for name in ENTRIES:
        unchanged = _try_entries(uow, context, name, waiting, problems, wrong, is_in_use=is_in_use)
        if unchanged is None:
            # What comes next may name what is missing now.
            return None
        there[name] = unchanged
    return {name: count for name, count in there.items() if count}


def _try_entries(  # noqa: PLR0913 - as above, and one kind of records
    uow: UnitOfWork,
    context: Context,
    name: str,
    waiting: Scratch,
    problems: Problems,
    wrong: AbstractSet[Place],
    *,
    is_in_use: bool,
) -> int | None:
    """Apply the records of a kind that are entries of the catalogue; None where one is wrong."""
    is_right, unchanged = True, 0
    for whole in waiting.pages(name):
        page = [each for each in whole if each.place not in wrong]
        is_right = is_right and len(page) == len(whole)
        try:
            report = apply_catalogue(uow, context, {ENTRIES[name]: [each.said for each in page]})
        except InvalidCatalogue as error:
            _entry_problems(page, error, problems)
            is_right = False
            continue
        if is_in_use:
            _entry_collisions(name, report, page, problems)
        unchanged += report.unchanged
    return unchanged if is_right else None


def _collisions(report: SetupReport, place: Place, name: str, problems: Problems) -> None:
    for change in report.changes:
        if change.deed == "changed":
            keys = f" ({', '.join(change.keys)})" if change.keys else ""
            text = f"{change.section} {change.label} exists with other content{keys}"
            problems.add(place, name, text)


def _entry_collisions(
    name: str, report: SetupReport, page: Sequence[Waiting], problems: Problems
) -> None:
    places = {each.said["name"]: each for each in page}
    for change in report.changes:
        # The label of a custom field begins with its product.
        label = change.label.partition(" ")[2] if name == "custom_field" else change.label
        each = places.get(label)
        if change.deed == "changed" and each is not None:
            keys = ", ".join(change.keys)
            text = f"{name} {each.key} exists with other content: {keys}"
            problems.add(each.place, "id", text)


def _entry_problems(page: Sequence[Waiting], error: InvalidCatalogue, problems: Problems) -> None:
    """Find the records that an error of a catalogue means: entries count from 1."""
    for path, detail in error.mistakes:
        entry, _, name = path.partition(".")
        number = entry.partition("[")[2].removesuffix("]")
        at = int(number) - 1 if number.isdigit() else 0
        problems.add(page[at].place, name or "id", detail)
