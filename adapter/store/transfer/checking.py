"""The whole of an import checked before its first row is written: each record, then all together.

What is wrong is noted with its line and field; nothing here writes to the store.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby, islice
from typing import Any, Final

import sqlalchemy as sa
from marshmallow import ValidationError

from adapter.billing.model import (
    DEBITS,
    BillableKind,
    DocumentStatus,
    InvoiceStatus,
    ItemAction,
    Rounding,
)
from adapter.errors import InvalidCatalogue
from adapter.store import tables
from adapter.store.setup.reading import COUNTERS, NEXT, check_catalogue
from adapter.store.transfer import kinds
from adapter.store.transfer.kinds import KINDS, OF_BILLABLE, Kind
from adapter.store.transfer.problems import Place, Problems
from adapter.store.transfer.reading import Files, Raw
from adapter.store.transfer.records import columns_of, load, next_date, say
from adapter.store.transfer.scratch import CHUNK, Scratch
from adapter.store.unit_of_work import UnitOfWork

_INVOICE_STATES: Final = frozenset(InvoiceStatus)
_OTHER_STATES: Final = frozenset(DocumentStatus)
_SERIES: Final = frozenset(COUNTERS)
_APPLIED: Final = frozenset({"catalogue", *kinds.ENTRIES})
# A reference's kind -> the column in which the store has what it names.
_STORED: Final[Mapping[str, sa.Column[Any]]] = {
    kinds.CURRENCY: tables.currencies.c.code,
    kinds.PAYMENT_METHOD: tables.payment_methods.c.module,
    kinds.CLIENT_GROUP: tables.client_groups.c.id,
    kinds.PROMOTION: tables.promotions.c.id,
    kinds.CATALOGUE_ADDON: tables.addons.c.id,
    **{name: kind.table.c.id for name, kind in KINDS.items() if kind.key == ("id",)},
}


class Check:
    """One pass over the records of an import, on their way into the scratch file."""

    def __init__(self, into: Scratch, problems: Problems) -> None:
        self._into = into
        self._problems = problems
        self._digest = hashlib.sha256()
        # Records of the catalogue that cannot be applied as they are.
        self.wrong_entries: set[Place] = set()

    def read(self, files: Files, told: Callable[[int], None]) -> str:
        """Check every record by itself and keep it; return the digest of what the files say."""
        before = 0
        for raw in files.records():
            self._record(raw)
            told(files.read_bytes - before)
            before = files.read_bytes
        self._digest.update(str(files.exported_at).encode())
        return self._digest.hexdigest()

    def _record(self, raw: Raw) -> None:
        kind, place = raw.kind, raw.place
        try:
            values = load(kind, raw.said)
        except ValidationError as error:
            for name, text in _flat(error.messages):
                self._problems.add(place, name, text)
            if "id" in raw.said:
                # Whoever names this record is not wrong as well.
                self._into.take_name(kind.name, str(raw.said["id"]))
            self._named(raw, error)
            return
        said = say(kind, values)
        self._digest.update(json.dumps([kind.name, said], sort_keys=True).encode())
        key = kind.key_of(values)
        client = values.get("client_id") or None
        if not self._into.add(kind, place, key, client, said):
            named = " ".join(kind.columns[column] for column in kind.key)
            self._problems.add(place, named or "kind", f"{kind.name} {key} stands twice".strip())
            return
        self._references(kind, place, values, client)
        special = _SPECIAL.get(kind.name)
        if special is not None:
            for name, text in special(self._into, place, values):
                self._problems.add(place, name, text)
                if kind.name in _APPLIED:
                    self.wrong_entries.add(place)

    def _named(self, raw: Raw, error: ValidationError) -> None:
        """Note what a record with mistakes names in fields that are right: one round shows all."""
        for column, target in raw.kind.refers.items():
            name = raw.kind.columns[column]
            value = raw.said.get(name)
            if value and isinstance(value, int | str) and name not in error.messages:
                self._into.refer(target, str(value), None, raw.place, name)

    def _references(
        self, kind: Kind, place: Place, values: Mapping[str, Any], client: int | None
    ) -> None:
        for column, target in kind.refers.items():
            value = values.get(column)
            if value:
                owner = client if column in kind.owned else None
                name = kind.columns[column]
                self._into.refer(target, str(value), owner, place, name)
        if kind.name in {"claim", "held"}:
            target = OF_BILLABLE[BillableKind(values["kind"])]
            self._into.refer(target, str(values["billable_id"]), None, place, "billable_id")

    def together(self, uow: UnitOfWork) -> None:
        """Check what only all records together show, against the store where they name it."""
        self._into.find_strangers(self._problems)
        self._into.find_rings(self._problems)
        self._find_missing(uow, of_catalogue=False)
        self._sums()

    def against_catalogue(self, uow: UnitOfWork) -> None:
        """Check what records name of a catalogue, in a store to which theirs was applied."""
        self._find_missing(uow, of_catalogue=True)

    def _find_missing(self, uow: UnitOfWork, *, of_catalogue: bool) -> None:
        for target, unmet in groupby(self._into.unmet(), key=lambda each: each.kind):
            if (target in kinds.OF_CATALOGUE) is not of_catalogue:
                continue
            while page := list(islice(unmet, CHUNK)):
                there = _stored(uow, _STORED[target], {each.key for each in page})
                for each in page:
                    if each.key not in there:
                        text = f"there is no {target.replace('_', ' ')} {each.key}"
                        self._problems.add(each.place, each.field, text)

    def _sums(self) -> None:
        for invoice_id, paid, place in self._into.sums("paid"):
            booked = self._into.sum_of("booked", invoice_id)
            if paid > booked:
                text = f"is {_money(paid)}, but its payments come to {_money(booked)}"
                self._problems.add(place, "paid", text)
        for client_id, credit, place in self._into.sums("credit"):
            if credit < 0:
                text = f"client {client_id}'s credit comes to {_money(credit)}"
                self._problems.add(place, "amount", text)


def _stored(uow: UnitOfWork, column: sa.Column[Any], keys: Iterable[str]) -> set[str]:
    is_number = isinstance(column.type, sa.Integer)
    wanted = sorted({int(key) if is_number else key for key in keys})
    found = uow.execute(sa.select(column).where(column.in_(wanted))).scalars()
    return {str(value) for value in found}


def _flat(errors: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield field and text of each of marshmallow's messages; entries of lists count from 1."""
    if isinstance(errors, dict):
        for name, inner in errors.items():
            shown = "" if name == "_schema" else str(name + 1 if isinstance(name, int) else name)
            yield from _flat(inner, ".".join(filter(None, (path, shown))))
    else:
        for text in errors:
            yield path, str(text)


def _money(hundredths: int) -> str:
    sign = "-" if hundredths < 0 else ""
    return f"{sign}{abs(hundredths) // 100}.{abs(hundredths) % 100:02d}"


# --- what single kinds must keep -----------------------------------------------------------------

_Wrong = Iterator[tuple[str, str]]
_Special = Callable[[Scratch, Place, Mapping[str, Any]], _Wrong]


def _catalogue(_into: Scratch, _place: Place, values: Mapping[str, Any]) -> _Wrong:
    data = values["catalogue"]
    if not isinstance(data, dict):
        yield "catalogue", "must be an object"
        return
    try:
        check_catalogue(data)
    except InvalidCatalogue as error:
        for path, detail in error.mistakes:
            yield f"catalogue.{path}", detail
    if NEXT in data:
        yield f"catalogue.{NEXT}", "belongs in records of the kind number"


def _entry(section: str) -> _Special:
    """Return the check of records that are entries of a section of the catalogue."""

    def check(_into: Scratch, _place: Place, values: Mapping[str, Any]) -> _Wrong:
        try:
            check_catalogue({section: [dict(values)]})
        except InvalidCatalogue as error:
            for path, detail in error.mistakes:
                yield path.partition(".")[2], detail

    return check


def _client(_into: Scratch, _place: Place, values: Mapping[str, Any]) -> _Wrong:
    # Tax rules match countries exactly.
    country = values["country"]
    if country and not (len(country) == len("ZA") and country.isascii() and country.isupper()):
        yield "country", "must be two capital letters (ZA)"


def _scheduled(_into: Scratch, _place: Place, values: Mapping[str, Any]) -> _Wrong:
    if "next_issue_on" in values and values.get("next_invoice_on") is None:
        yield "next_issue_on", "needs next_invoice_on"
    if "next_invoice_amount" in values and values.get("next_invoice_on") is None:
        yield "next_invoice_amount", "needs next_invoice_on"


def _item(into: Scratch, place: Place, values: Mapping[str, Any]) -> _Wrong:
    yield from _scheduled(into, place, values)
    if values["action"] == ItemAction.RECUR and not (
        values["recur_every"] and values["recur_unit"]
    ):
        yield "recur_every", "is needed, with recur_unit, for an item that recurs"


def _recurring(into: Scratch, place: Place, values: Mapping[str, Any]) -> _Wrong:
    yield from _scheduled(into, place, values)
    if not into.take_name("document id", str(values["id"])):
        yield "id", f"an invoice has the id {values['id']} too: they share one counter"
    if not values["lines"]:
        yield "lines", "must be at least one"
    if values["increase_interval"] and values["increase_percentage"] is None:
        yield "increase_percentage", "is needed with increase_interval"
    limit = values["recurrence_limit"]
    if limit and values["generation_count"] > limit:
        yield "generation_count", f"is above the limit of {limit}"
    if next_date(values) is None:
        yield "occurrence", "lies beyond the calendar"


def _invoice(into: Scratch, place: Place, values: Mapping[str, Any]) -> _Wrong:
    if not into.take_name("document id", str(values["id"])):
        yield "id", f"a recurring invoice has the id {values['id']} too: they share one counter"
    kind, number = values["kind"], values["number"]
    if number is not None and not into.take_name(f"{kind} number", str(number)):
        yield "number", f"{number} stands twice"
    source = values["source_id"]
    if source is not None and not into.take_name("source", str(source)):
        yield "source_id", f"{source} became another invoice"
    if source is not None:
        into.step("invoice", str(values["id"]), str(source), place, "source_id")
    states = _INVOICE_STATES if kind in DEBITS else _OTHER_STATES
    if values["status"] not in states:
        yield "status", f'a document of the type {kind} is never "{values["status"]}"'
    total = values["subtotal"] + values["tax"] + values["tax_2"] - values["credit"]
    if total != values["total"]:
        yield "total", f"is {_money(values['total'])}, but its parts come to {_money(total)}"
    if values["paid"] > values["total"]:
        yield "paid", "is above the total; what was too much is a credit"
    yield from _lines(values)
    if kind in DEBITS and values["paid"]:
        into.add_sum("paid", values["id"], values["paid"], place)


def _lines(values: Mapping[str, Any]) -> _Wrong:
    lines = values["lines"]
    if values["rounding"] == Rounding.LINE:
        for at, line in enumerate(lines, start=1):
            for name in ("net", "vat"):
                if line[name] is None:
                    yield f"lines.{at}.{name}", "is missing: the rounding is by line"
                    return
        sums = {
            "subtotal": sum(line["net"] for line in lines),
            "tax": sum(line["vat"] for line in lines),
        }
    elif values["tax_inclusive"]:
        taxes = values["tax"] + values["tax_2"]
        sums = {"subtotal": sum(line["amount"] for line in lines) - taxes}
    else:
        sums = {"subtotal": sum(line["amount"] for line in lines)}
    for name, come_to in sums.items():
        if come_to != values[name]:
            text = f"is {_money(values[name])}, but the lines come to {_money(come_to)}"
            yield name, text


def _payment(into: Scratch, place: Place, values: Mapping[str, Any]) -> _Wrong:
    net = values["amount_in"] - values["amount_out"]
    if values["refund_of"]:
        back_to = str(values["refund_of"])
        into.step("payment", str(values["id"]), back_to, place, "refund_of")
    if values["document_id"]:
        into.add_sum("booked", values["document_id"], net, place)
    elif not values["client_id"]:
        yield "client_id", "is needed where there is no invoice"


def _credit(into: Scratch, place: Place, values: Mapping[str, Any]) -> _Wrong:
    into.add_sum("credit", values["client_id"], values["amount"], place)
    return
    yield


def _claim(into: Scratch, _place: Place, values: Mapping[str, Any]) -> _Wrong:
    if values.get("next_on") is not None and values["next_on"] <= values["due_on"]:
        yield "next_on", "must lie after due_on"
    into.take_name("claim", _period(values["kind"], values["billable_id"], values["due_on"]))


def _number(_into: Scratch, _place: Place, values: Mapping[str, Any]) -> _Wrong:
    if values["name"].partition(":")[0] not in _SERIES:
        yield "series", "must be one of " + ", ".join(sorted(_SERIES))


def _period(kind: str, billable_id: int, due_on: Any) -> str:
    return f"{kind} {billable_id} {due_on}"


_SPECIAL: Final[Mapping[str, _Special]] = {
    "catalogue": _catalogue,
    **{name: _entry(section) for name, section in kinds.ENTRIES.items()},
    "client": _client,
    "contact": _client,
    "service": _scheduled,
    "addon": _scheduled,
    "domain": _scheduled,
    "item": _item,
    "recurring": _recurring,
    "invoice": _invoice,
    "payment": _payment,
    "credit": _credit,
    "claim": _claim,
    "number": _number,
}


def check_claimed(into: Scratch, problems: Problems) -> None:
    """Note recurring invoices whose next date is claimed already: they could never be billed."""
    kind = KINDS["recurring"]
    for page in into.pages(kind.name):
        for each in page:
            values = columns_of(kind, each.said)
            on = next_date(values)
            if on is None:
                continue  # noted where the record was read
            period = _period(BillableKind.RECURRING_INVOICE.value, values["id"], on)
            if into.has_name("claim", period):
                text = f"{values['occurrence']} is {on}, which is claimed"
                problems.add(each.place, "occurrence", text)
