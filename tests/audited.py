"""Years of billing made by the run itself, and faults planted into their rows, for the audit.

`fill` makes a store whose every document was issued by the run on moved clocks, with payments,
edits and changes of price, cycle and date in between. `plant` damages rows directly in SQL.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from adapter.backends.local.backend import LocalBackend
from adapter.billing.completeness import Fault, Finding
from adapter.billing.model import BillableKind, InvoiceStatus
from adapter.billing.schedule import Cycle, add_months
from adapter.commands.context import Context
from adapter.commands.model import (
    GenerateDueInvoices,
    InvoiceLineChange,
    UpdateDomain,
    UpdateInvoice,
    UpdateService,
    UpdateServiceAddon,
)
from adapter.store import tables
from adapter.store.config import RunConfig
from adapter.store.queue import TABLES
from adapter.store.run import generate_due
from adapter.store.setup.settings import change_settings
from adapter.store.transitions import change_status
from adapter.store.unit_of_work import DOCUMENT_ID, Store

_MONEY_MOVES = ("service", "addon", "domain")
_CYCLES = (Cycle.MONTHLY, Cycle.MONTHLY, Cycle.QUARTERLY, Cycle.ANNUALLY)
_FREQUENCIES = ("monthly", "quarterly", "bi-monthly", "annually")


@dataclass(frozen=True, slots=True)
class Planted:
    """A fault that was planted: the period of a document that is gone, a document, a client."""

    fault: Fault
    place: tuple[Any, ...]


def place_of(finding: Finding) -> Planted:
    """Return a finding in the form in which planted faults are known."""
    if finding.fault is Fault.MISSING:
        return Planted(finding.fault, (finding.kind, finding.billable_id, finding.due_on))
    if finding.document_id is None:
        return Planted(finding.fault, ("client", finding.client_id))
    return Planted(finding.fault, (finding.document_id,))


class Years:
    """A store being filled: `schedules` billables from `start_on`, a run a month."""

    def __init__(
        self, store: Store, context: Callable[..., Context], schedules: int, seed: int
    ) -> None:
        self.store = store
        self.context = context
        self.schedules = schedules
        self.random = random.Random(seed)  # noqa: S311 - reproducible, not secret
        self.backend = LocalBackend(store, RunConfig())
        self.ids: dict[BillableKind, list[int]] = {kind: [] for kind in BillableKind}

    def fill(self, start_on: date, months: int) -> date:
        """Bill month by month; return the last due date that can have been billed."""
        self._shop(start_on)
        on = start_on
        for month in range(months):
            on = add_months(start_on, month)
            context = self.context(on)
            generate_due(self.store, RunConfig(), GenerateDueInvoices(), context)
            self._pay(on + timedelta(days=1))
            self._change(on + timedelta(days=2))
        return on + timedelta(days=14)

    # --- the shop --------------------------------------------------------------------------------

    def _shop(self, start_on: date) -> None:
        now = datetime.combine(start_on, time(6), UTC)
        with self.store.write() as uow:
            names = {"TaxEnabled": "on", "TaxDomains": "on"}
            change_settings(uow, self.context(start_on, now=now), names)
            group = uow.insert(
                tables.client_groups, name="Friends", discount_percent=Decimal("7.5")
            )
            uow.insert(tables.tax_rules, level=1, name="VAT", rate=Decimal(15))
            plan = uow.insert(tables.products, group_id=1, name="Plan", taxed=True)
            codes = [
                uow.insert(
                    tables.promotions, code=code, recurring=True, recur_for=uses, value=Decimal(1)
                )
                for code, uses in (("EVER", 0), ("THRICE", 3))
            ]
            clients = [
                uow.insert(
                    tables.clients,
                    uuid=f"u{n}",
                    currency_id=1,
                    group_id=group if n % 5 == 0 else 0,
                    payment_terms_days=7 if n % 2 else None,
                    country="ZA",
                    status="Active",
                    created_on=start_on,
                    created_at=now,
                )
                for n in range(max(2, self.schedules // 4))
            ]
            self.clients = clients
            notes: list[dict[str, Any]] = []
            for _ in range(self.schedules):
                self._billable(uow, start_on, now, plan, codes, notes)
            uow.execute(sa.insert(tables.schedule_changes), notes)

    def _billable(self, uow, start_on, now, plan, codes, notes):
        chance = self.random
        due_on = start_on + timedelta(days=chance.randrange(31))
        kind = chance.choices(list(BillableKind), (50, 10, 10, 10, 20))[0]
        price = chance.randrange(500, 50_000)
        row: dict[str, Any] = {
            "client_id": chance.choice(self.clients),
            "next_due_on": due_on,
            "next_invoice_on": due_on,
            "anchor_day": due_on.day,
            "created_at": now,
        }
        priced = {
            "registered_on": due_on,
            "first_amount": price + 1000,
            "recurring_amount": price,
            "payment_method": "banktransfer",
            "status": "Active",
        }
        cycle = {"cycle": chance.choice(_CYCLES).value}
        match kind:
            case BillableKind.SERVICE:
                row |= priced | cycle | {"product_id": plan, "domain": f"d{price}.com"}
                if chance.random() < 0.1:
                    row |= {"promotion_id": chance.choice(codes), "recurring_discount": 100}
            case BillableKind.ADDON:
                row |= priced | cycle | {"service_id": 1, "name": "Backup", "taxed": True}
            case BillableKind.DOMAIN:
                row |= priced | {"kind": "Register", "name": f"d{price}.com", "years": 1}
            case BillableKind.BILLABLE_ITEM:
                times = chance.choice((0, 3))
                repeated = {
                    "action": "recur",
                    "recur_every": chance.choice((1, 2)),
                    "recur_unit": "Months",
                    "recur_times": times,
                }
                row |= repeated if chance.random() < 0.7 else {"action": "duedate"}
                row |= {
                    "description": "Work",
                    "quantity": Decimal(1),
                    "amount": price,
                    "entered_on": start_on,
                }
            case _:
                row |= {
                    "id": uow.take(DOCUMENT_ID),
                    "currency": "ZAR",
                    "frequency": chance.choice(_FREQUENCIES),
                    "start_on": due_on,
                    "custom_values": [""] * 10,
                    "increase_percentage": Decimal("7.5"),
                    "increase_interval": 5,
                    "recurrence_limit": chance.choice((None, None, 4)),
                }
        record_id = uow.insert(TABLES[kind], **row)
        self.ids[kind].append(record_id)
        notes.append(
            {
                "kind": kind.value,
                "billable_id": record_id,
                "effective_on": due_on,
                "recorded_at": now,
                "field": "created",
                "old": None,
                "new": str(due_on),
                "caller": "tests",
            }
        )
        if kind is BillableKind.RECURRING_INVOICE:
            for position in range(chance.choice((1, 2))):
                uow.insert(
                    tables.recurring_lines,
                    recurring_invoice_id=record_id,
                    position=position,
                    quantity=Decimal("1.5"),
                    description="Rent",
                    unit_price=Decimal(price).scaleb(-2),
                    vat_applies=position == 0,
                    vat_rate=Decimal(15),
                )

    # --- what happens in between -----------------------------------------------------------------

    def _pay(self, on: date) -> None:
        """Pay nearly everything: in bulk, or one by one where the due date was set by hand."""
        claims, documents = tables.claims, tables.documents
        query = (
            sa.select(claims)
            .join(documents, documents.c.id == claims.c.document_id)
            .where(documents.c.status == InvoiceStatus.UNPAID.value)
            .order_by(claims.c.document_id)
        )
        with self.store.write() as uow:
            unpaid = uow.execute(query).mappings().all()
            ids = sorted({row["document_id"] for row in unpaid})
            paid = {each for each in ids if self.random.random() < 0.97}
            due_on = {
                (kind, row.id): row.next_due_on
                for kind in _MONEY_MOVES
                for row in uow.execute(sa.select(*self._dates(kind)))
            }
            by_hand = {
                row["document_id"]
                for row in unpaid
                if due_on.get((row["kind"], row["billable_id"]), row["due_on"]) != row["due_on"]
            }
            for document_id in sorted(paid & by_hand):
                change_status(uow, self.context(on), document_id, InvoiceStatus.PAID)
            paid -= by_hand
            moved = [
                {
                    "key": row["billable_id"],
                    "k": row["kind"],
                    "d": row["due_on"],
                    "n": row["next_on"],
                }
                for row in unpaid
                if row["document_id"] in paid
                and row["kind"] in _MONEY_MOVES
                and row["next_on"] is not None
            ]
            at = datetime.combine(on, time(8), UTC)
            if not paid:
                return
            uow.execute(
                sa.update(documents)
                .where(documents.c.id == sa.bindparam("key"))
                .values(status=InvoiceStatus.PAID.value, paid_at=at, paid=documents.c.total),
                [{"key": each} for each in sorted(paid)],
            )
            if not moved:
                return
            uow.execute(
                sa.update(claims)
                .where(
                    claims.c.kind == sa.bindparam("k"),
                    claims.c.billable_id == sa.bindparam("key"),
                    claims.c.due_on == sa.bindparam("d"),
                )
                .values(moved=True, moved_from_on=claims.c.due_on, moved_to_on=sa.bindparam("n")),
                moved,
            )
            for kind in map(BillableKind, _MONEY_MOVES):
                rows = [row for row in moved if row["k"] == kind.value]
                table = TABLES[kind]
                if rows:
                    uow.execute(
                        sa.update(table)
                        .where(table.c.id == sa.bindparam("key"))
                        .values(next_due_on=sa.bindparam("n"), next_invoice_on=sa.bindparam("n")),
                        rows,
                    )

    def _dates(self, kind: str) -> tuple[Any, Any]:
        columns = TABLES[BillableKind(kind)].c
        return columns.id, columns.next_due_on

    def _change(self, on: date) -> None:
        """Do what callers do: prices, cycles, dates and states change, and invoices are edited."""
        chance, context = self.random, self.context(on)
        do = self.backend.execute
        services, addons, domains = (
            self.ids[kind]
            for kind in (BillableKind.SERVICE, BillableKind.ADDON, BillableKind.DOMAIN)
        )
        for n in range(max(1, self.schedules // 1000)):
            price = Decimal(chance.randrange(500, 9000)).scaleb(-2)
            do(UpdateService(chance.choice(services), recurring_amount=price), context)
            do(UpdateService(chance.choice(services), cycle=chance.choice(_CYCLES)), context)
            due_on = on + timedelta(days=chance.randrange(-40, 40))
            do(UpdateService(chance.choice(services), next_due_on=due_on), context)
            do(UpdateServiceAddon(chance.choice(addons), recurring_amount=price), context)
            do(UpdateDomain(chance.choice(domains), years=1 + n % 2), context)
        with self.store.read() as uow:
            lines = tables.document_lines
            newest = sa.select(lines.c.id, lines.c.document_id).order_by(lines.c.id.desc())
            found = uow.execute(newest.limit(60)).all()
        edited, deleted, dated, cancelled = (chance.choice(found) for _ in range(4))
        change = InvoiceLineChange(
            "By agreement", Decimal("912.34"), taxed=False, line_id=edited.id
        )
        do(UpdateInvoice(edited.document_id, lines=(change,)), context)
        if deleted.id != edited.id:
            do(UpdateInvoice(deleted.document_id, delete_line_ids=(deleted.id,)), context)
        do(UpdateInvoice(dated.document_id, due_on=on + timedelta(days=90)), context)
        do(UpdateInvoice(cancelled.document_id, status=InvoiceStatus.CANCELLED), context)


class Planter:
    """Plants faults, each on a document of its own."""

    def __init__(self, store: Store, seed: int) -> None:
        self.store = store
        self.random = random.Random(seed)  # noqa: S311 - reproducible, not secret
        claims, documents = tables.claims, tables.documents
        audit, lines = tables.audit, tables.document_lines
        edited = sa.select(audit.c.record_id).where(audit.c.noun == "invoice")
        alone = (
            sa.select(claims.c.document_id)
            .join(documents, documents.c.id == claims.c.document_id)
            .where(
                documents.c.status == InvoiceStatus.PAID.value, claims.c.document_id.not_in(edited)
            )
            .group_by(claims.c.document_id)
            .having(sa.func.count() == 1)
            .order_by(claims.c.document_id)
        )
        touched = sa.select(audit.c.detail).where(audit.c.noun == "invoice_line")
        with store.read() as uow:
            found = set(uow.execute(alone).scalars())
            found -= {row["invoice_id"] for row in uow.execute(touched).scalars()}
            lined = sa.select(lines.c.document_id).where(lines.c.amount != 0)
            self._free = sorted(found & set(uow.execute(lined).scalars()))
        self.random.shuffle(self._free)

    @property
    def ways(self) -> dict[Fault, tuple[Callable[..., tuple[Any, ...]], ...]]:
        """Return the ways in which each kind can be planted; each makes one finding."""
        return {
            Fault.MISSING: (self._lose,),
            Fault.DOUBLED: (self._copy_document, self._copy_line),
            Fault.AMOUNT: (
                self._change_line,
                self._change_line_and_total,
                self._change_currency,
                self._change_quoted,
            ),
            Fault.DATE: (self._change_date, self._change_end, self._change_day_of_issue),
            Fault.CLIENT: (self._change_client, self._forget_client),
            Fault.BROKEN: (
                self._change_total,
                self._lose_document,
                self._lose_lines,
                self._repoint,
                self._change_number,
                self._change_kind,
                self._change_credit,
            ),
        }

    def plant(self, faults: dict[Fault, int]) -> set[Planted]:
        """Plant so many of each kind; return what they are."""
        planted = {self._plant(fault, n) for fault, count in faults.items() for n in range(count)}
        assert len(planted) == sum(faults.values())
        return planted

    def _plant(self, fault: Fault, n: int) -> Planted:
        document_id = self._free.pop()
        ways = self.ways[fault]
        with self.store.write() as uow:
            return Planted(fault, ways[n % len(ways)](uow, document_id))

    def _lose(self, uow, document_id):
        claims = tables.claims
        claim = uow.execute(sa.select(claims).where(claims.c.document_id == document_id)).one()
        for table, column in (
            (claims, claims.c.document_id),
            (tables.document_lines, tables.document_lines.c.document_id),
            (tables.documents, tables.documents.c.id),
        ):
            uow.execute(sa.delete(table).where(column == document_id))
        return BillableKind(claim.kind), claim.billable_id, claim.due_on

    def _copy_document(self, uow, document_id):
        new_id = uow.take(DOCUMENT_ID)
        row = dict(uow.row(tables.documents, document_id))
        uow.insert(tables.documents, **(row | {"id": new_id, "number": None}))
        for line in self._lines(uow, document_id):
            values = {name: value for name, value in line.items() if name != "id"}
            uow.insert(tables.document_lines, **(values | {"document_id": new_id}))
        return (new_id,)

    def _copy_line(self, uow, document_id):
        lines = self._lines(uow, document_id)
        for n, line in enumerate(lines, start=lines[-1]["position"] + 1):
            values = {name: value for name, value in line.items() if name != "id"}
            uow.insert(tables.document_lines, **(values | {"position": n}))
        return (document_id,)

    def _change_line(self, uow, document_id, *, also_total=False):
        line = self._lines(uow, document_id)[0]
        more = self.random.choice((-7, 1, 5000))
        document = uow.row(tables.documents, document_id)
        values = {"amount": line["amount"] + more}
        if line["net"] is not None:
            values["net"] = line["net"] + more
        self._set(uow, tables.document_lines, line["id"], values)
        if also_total:
            sums = {name: document[name] + more for name in ("subtotal", "total")}
            self._set(uow, tables.documents, document_id, sums)
        return (document_id,)

    def _change_line_and_total(self, uow, document_id):
        return self._change_line(uow, document_id, also_total=True)

    def _change_date(self, uow, document_id):
        days = self.random.choice((-400, -1, 1, 30))
        due_on = uow.row(tables.documents, document_id)["due_on"] + timedelta(days=days)
        return self._set(uow, tables.documents, document_id, {"due_on": due_on})

    def _change_end(self, uow, document_id):
        claims = tables.claims
        claim = uow.execute(sa.select(claims).where(claims.c.document_id == document_id)).one()
        end_on = (claim.next_on or claim.due_on) + timedelta(days=1)
        uow.execute(
            sa.update(claims).where(claims.c.document_id == document_id).values(next_on=end_on)
        )
        return (document_id,)

    def _change_day_of_issue(self, uow, document_id):
        issued_on = uow.row(tables.documents, document_id)["issued_on"] + timedelta(days=1)
        return self._set(uow, tables.documents, document_id, {"issued_on": issued_on})

    def _change_client(self, uow, document_id):
        client_id = uow.row(tables.documents, document_id)["client_id"]
        other = 1 if client_id != 1 else 2
        return self._set(uow, tables.documents, document_id, {"client_id": other})

    def _forget_client(self, uow, document_id):
        return self._set(uow, tables.documents, document_id, {"client_id": 10**9})

    def _change_currency(self, uow, document_id):
        return self._set(uow, tables.documents, document_id, {"currency": "USD"})

    def _change_quoted(self, uow, document_id):
        """Change a quantity or a unit price of a recurring invoice, its amounts kept."""
        while not (quoted := self._lines(uow, document_id)[0])["quantity"]:
            self._free.insert(0, document_id)
            document_id = self._free.pop()
        name = self.random.choice(("quantity", "unit_price"))
        self._set(uow, tables.document_lines, quoted["id"], {name: quoted[name] + 1})
        return (document_id,)

    def _change_number(self, uow, document_id):
        return self._set(uow, tables.documents, document_id, {"number": 10**9 + document_id})

    def _change_kind(self, uow, document_id):
        values = {"kind": "credit_note", "number": None}
        return self._set(uow, tables.documents, document_id, values)

    def _change_credit(self, uow, document_id):
        client_id = uow.row(tables.documents, document_id)["client_id"]
        self._set(uow, tables.clients, client_id, {"credit": 10**6 + document_id})
        return ("client", client_id)

    def _change_total(self, uow, document_id):
        total = uow.row(tables.documents, document_id)["total"]
        return self._set(uow, tables.documents, document_id, {"total": total + 1})

    def _lose_document(self, uow, document_id):
        lines = tables.document_lines
        uow.execute(sa.delete(lines).where(lines.c.document_id == document_id))
        uow.execute(sa.delete(tables.documents).where(tables.documents.c.id == document_id))
        return (document_id,)

    def _lose_lines(self, uow, document_id):
        lines = tables.document_lines
        uow.execute(sa.delete(lines).where(lines.c.document_id == document_id))
        return (document_id,)

    def _repoint(self, uow, document_id):
        claims, nowhere = tables.claims, 10**9 + document_id
        own = claims.c.document_id == document_id
        uow.execute(sa.update(claims).where(own).values(document_id=nowhere))
        return (nowhere,)

    def _lines(self, uow, document_id):
        lines = tables.document_lines
        query = sa.select(lines).where(lines.c.document_id == document_id)
        return [dict(row) for row in uow.execute(query.order_by(lines.c.position)).mappings()]

    def _set(self, uow, table, record_id, values):
        uow.execute(sa.update(table).where(table.c.id == record_id).values(**values))
        return (record_id,)
