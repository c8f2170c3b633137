"""Fire mutated requests at a gateway over HTTP and hold every answer to what must always be true.

    python -m tests.fuzz.fuzz_http [--count 200000] [--seed 1] [--threads 4] [--seconds 1800]

Starts a gateway of its own (see `server`). Requests come from all contract cases. Three phases:

1. *scope*: one at a time, mutated scoped `GenInvoices` calls. Outsiders with due work exist all
   along; no accepted call that kept its scope parameters whole may bill them.
2. *rows*: one at a time; a refused request leaves every table's row count as it was.
3. *load*: from several threads over kept-alive connections; afterwards, rows created must equal
   what the answers said was created.

Every answer: no status of 500 or more, no traceback, readable in the format that was asked for.
Failures are printed with the exact bytes in base64; the exit code is 1 if there was any. With
`--target` (and `--identifier`, `--secret`) an existing server is fired at, without its database:
then only the answers are judged.
"""

import argparse
import base64
import contextlib
import sqlite3
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import md5
from pathlib import Path
from random import Random
from typing import Any

from adapter.bridge.contracts import load_contracts, samples
from adapter.protocols.base import LegacyProtocol, Limits, WireRequest, WireResponse
from adapter.protocols.invoicesonline import InvoicesOnlineProtocol
from adapter.protocols.whmcs import WhmcsProtocol
from tests.fuzz.mutations import mutate
from tests.fuzz.oracle import LIST, Judgement, judge, scope_is_whole
from tests.fuzz.population import Population, scoped_calls
from tests.fuzz.server import Server, running
from tests.fuzz.wire import Broken, RawClient

CONTRACTS = Path(__file__).parents[2] / "contracts"
SHORT_BODIES = 0.01  # the share of requests whose body ends before its announced length
MOST_OF_A_KIND = 5
KIND_LENGTH = 24
MOST_QUERY = 60_000

# What an accepted call of an action creates one of.
CREATES: Mapping[tuple[str, str], str] = {
    ("whmcs", "addproduct"): "products",
    ("whmcs", "addorder"): "orders",
    ("whmcs", "addbillableitem"): "billable_items",
    ("whmcs", "createinvoice"): "documents",
    ("whmcs", "createquote"): "documents",
    ("invoicesonline", "generatenewrecurringinvoice"): "recurring_invoices",
}
# Endpoints that issue documents; every entry of the reply that has an id stands for one.
ISSUES = frozenset(
    {
        "addnewinvoice",
        "addnewpayment",
        "convertproformainvoicetoinvoice",
        "generateinvoicebatch",
        "generatenewcreditnote",
        "generatenewdeliverynote",
        "generatenewinvoice",
        "generatenewpayment",
        "generatenewpayout",
        "generatenewproformainvoice",
        "recordpayment",
    }
)
COUNTED = ("products", "orders", "billable_items", "recurring_invoices", "clients", "documents")
# Not judged: calls are counted and noted whatever becomes of them, failed logins too.
SKIPPED_TABLES = frozenset({"alembic_version", "call_counts", "requests"})


@dataclass(slots=True)
class Failures:
    """What went wrong, with the bytes of the first few of each kind."""

    lines: list[str] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)
    count: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, what: str, ways: str, request: WireRequest, reply: WireResponse | None) -> None:
        with self.lock:
            self.count += 1
            kind = what[:KIND_LENGTH]
            self.kinds[kind] += 1
            if self.kinds[kind] > MOST_OF_A_KIND:
                return
            answer = "no answer" if reply is None else f"{reply.status} {reply.body[:300]!r}"
            self.lines.append(
                f"{what} after {ways}: {request.method} {request.path}"
                f" type={request.headers.get('content-type')!r}"
                f" query={base64.b64encode(request.query[:3000]).decode()}"
                f" body={base64.b64encode(request.body[:6000]).decode()}"
                f" announced={request.announced_length} -> {answer}"
            )


@dataclass(slots=True)
class Tally:
    """What answers said, for the books at the end."""

    sent: int = 0
    accepted: Counter[str] = field(default_factory=Counter)
    created: Counter[str] = field(default_factory=Counter)
    client_ids: set[int] = field(default_factory=set)
    unsure_clients: int = 0
    unsure_documents: int = 0

    def note(self, protocol: str, judgement: Judgement, body: bytes) -> None:
        self.sent += 1
        if not judgement.accepted:
            return
        action, fields = judgement.action, judgement.fields
        self.accepted[action] += 1
        if (table := CREATES.get((protocol, action))) is not None:
            self.created[table] += 1
        if action == "geninvoices":
            self.created["documents"] += int(fields.get("numcreated", 0))
        if protocol == "invoicesonline" and action in ISSUES:
            entries = fields.get(LIST, [fields])
            named = [each for each in entries if "document_id" in each or "PaymentID" in each]
            self.created["documents"] += len(named)
            # An invoice may bring its payment, a document that its reply does not name.
            paid = b"PaymentAmount" in body or b"mark_as_paid" in body
            self.unsure_documents += len(named) if paid else 0
        invoice_id = str(fields.get("invoiceid") or "0")
        if action in {"addorder", "acceptquote", "upgradeproduct"} and invoice_id != "0":
            self.created["documents"] += 1
        if action == "addclient":
            self.client_ids.add(int(fields["clientid"]))
        if action == "newclient":
            self.client_ids.add(int(fields["number"]))
        if action == "generatenewrecurringinvoice":
            self.unsure_clients += 1

    def add(self, other: "Tally") -> None:
        self.sent += other.sent
        self.accepted += other.accepted
        self.created += other.created
        self.client_ids |= other.client_ids
        self.unsure_clients += other.unsure_clients
        self.unsure_documents += other.unsure_documents


@dataclass(slots=True)
class Run:
    """One fuzz run. `database` is None at a foreign target."""

    url: str
    credentials: Mapping[str, str]
    database: Path | None
    seed: int
    until: float
    protocols: Mapping[str, LegacyProtocol[Any]] = field(
        default_factory=lambda: {
            "whmcs": WhmcsProtocol({}, Limits(), allow_get=True),
            "invoicesonline": InvoicesOnlineProtocol({}, Limits()),
        }
    )
    failures: Failures = field(default_factory=Failures)

    def time_left(self) -> bool:
        return time.monotonic() < self.until

    def fire(self, client: RawClient, base: WireRequest, random: Random) -> "Shot":
        """Send one mutated request and judge its answer."""
        request, ways = mutate(base, random)
        if len(request.query) > MOST_QUERY:
            return Shot(base, "", None, Judgement("", accepted=False, action="", fields={}))
        reply: WireResponse | None
        try:
            if random.random() < SHORT_BODIES and request.announced_length is not None:
                ways += "+short"
                missing = random.randrange(1, 400)
                reply = client.send_short(request, missing)
                if reply is None:
                    return Shot(request, ways, None, REFUSED)
                # Nothing of the body counts, not even the format it asks for.
                announced = len(request.body) + missing
                cut = replace(request, body=b"", announced_length=announced)
                judgement = judge(self.protocols, cut, reply)
                if judgement.accepted:
                    self.failures.add("a cut body was accepted", ways, request, reply)
            else:
                reply = client.send(request)
                judgement = judge(self.protocols, request, reply)
        except (Broken, OSError) as error:
            client.close()
            self.failures.add(f"no answer ({error!r})", ways, request, None)
            return Shot(request, ways, None, REFUSED)
        if judgement.complaint:
            self.failures.add(judgement.complaint, ways, request, reply)
        return Shot(request, ways, reply, judgement)

    def protocol_of(self, request: WireRequest) -> str:
        return next(
            (name for name, one in self.protocols.items() if one.matches(request.path)), ""
        )


REFUSED = Judgement("", accepted=False, action="", fields={})


@dataclass(frozen=True, slots=True)
class Shot:
    """A mutated request with its answer."""

    request: WireRequest
    ways: str
    reply: WireResponse | None
    judgement: Judgement


class Books:
    """Row counts, read from the server's database beside it."""

    def __init__(self, database: Path) -> None:
        self._connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=30)
        names = self._connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        self._tables = sorted(
            name
            for (name,) in names
            if name not in SKIPPED_TABLES and not name.startswith("sqlite_")
        )
        counts = [f"(SELECT count(*) FROM {name})" for name in self._tables]  # noqa: S608 - its own
        self._all = "SELECT " + ", ".join(counts)

    def counts(self) -> dict[str, int]:
        row = self._connection.execute(self._all).fetchone()
        return dict(zip(self._tables, row, strict=True))

    def last_document(self) -> int:
        return int(self._connection.execute("SELECT max(id) FROM documents").fetchone()[0] or 0)

    def lines_since(self, document_id: int) -> list[tuple[int, str, int]]:
        """Return (client, line type, related id) of the lines of later documents."""
        return self._connection.execute(
            "SELECT d.client_id, l.line_type, l.related_id FROM documents d"
            " JOIN document_lines l ON l.document_id = d.id WHERE d.id > ?",
            (document_id,),
        ).fetchall()

    def close(self) -> None:
        self._connection.close()


def scope_phase(run: Run, books: Books, count: int, population: Population) -> int:
    """Fire mutated scoped calls at outsiders that stay due; return how many kept their scope."""
    random = Random(run.seed)  # noqa: S311 - reproducible, nothing secret
    # Ids so far apart, and so far from the numbers that mutations write, that no small change of
    # the one gives the other.
    move_ids(run.database, population, 5_555_444_333)
    outsiders = [population.client() for _ in range(3)]
    for client_id in outsiders:
        population.service(client_id)
    move_ids(run.database, population, 7_310_258_946)
    insider = population.client()
    service_id = population.service(insider)
    if str(insider)[:4] != "7310":
        raise RuntimeError(f"the ids did not move away: {insider}")
    bases = list(scoped_calls(dict(population.credential), insider, service_id))
    client = RawClient(run.url)
    mattered = 0
    for _ in range(count):
        if not run.time_left():
            break
        base = random.choice(bases)
        before = books.last_document()
        shot = run.fire(client, base, random)
        if not shot.judgement.accepted or shot.judgement.action != "geninvoices":
            continue
        whole = scope_is_whole(base, shot.request)
        mattered += whole
        strays = [
            line
            for line in books.lines_since(before)
            if line[0] != insider
            or (b"serviceids" in base.body + base.query and line[2] != service_id)
        ]
        if whole and strays:
            run.failures.add(
                f"billed outside its scope {strays}", shot.ways, shot.request, shot.reply
            )
        if strays:
            population.service(outsiders[0])  # what was billed is due no more: something must be
    client.close()
    return mattered


def move_ids(database: Path | None, population: Population, value: int) -> None:
    """Let the ids of clients and services go on from a far number."""
    if database is None:
        return
    client_id = population.client()
    service_id = population.service(client_id)
    with contextlib.closing(sqlite3.connect(database, timeout=30)) as connection:
        connection.execute("UPDATE clients SET id = ? WHERE id = ?", (value, client_id))
        connection.execute(
            "UPDATE services SET id = ?, client_id = ? WHERE id = ?", (value, value, service_id)
        )
        connection.commit()


def rows_phase(run: Run, books: Books, bases: Sequence[WireRequest], count: int) -> int:
    """Fire one request at a time; a refused one leaves every table as long as it was."""
    random = Random(run.seed + 1)  # noqa: S311 - reproducible, nothing secret
    client = RawClient(run.url)
    refused = 0
    before = books.counts()
    for _ in range(count):
        if not run.time_left():
            break
        shot = run.fire(client, random.choice(bases), random)
        after = books.counts()
        if not shot.judgement.accepted:
            refused += 1
            if after != before:
                grown = {
                    name: after[name] - before[name]
                    for name in after
                    if after[name] != before[name]
                }
                run.failures.add(f"refused, yet {grown}", shot.ways, shot.request, shot.reply)
        before = after
    client.close()
    return refused


def load_phase(
    run: Run, books: Books | None, bases: Sequence[WireRequest], count: int, threads: int
) -> Tally:
    """Fire from several threads, then balance what was created against what answers said."""
    before = books.counts() if books is not None else {}
    tallies = [Tally() for _ in range(threads)]

    def work(number: int) -> None:
        random = Random(run.seed + 10 + number)  # noqa: S311 - reproducible, nothing secret
        client = RawClient(run.url)
        for _ in range(count // threads):
            if not run.time_left():
                break
            shot = run.fire(client, random.choice(bases), random)
            try:
                protocol = run.protocol_of(shot.request)
                tallies[number].note(protocol, shot.judgement, shot.request.body)
            except (KeyError, ValueError) as error:
                run.failures.add(
                    f"an odd success ({error!r})", shot.ways, shot.request, shot.reply
                )
        client.close()

    workers = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    total = Tally()
    for tally in tallies:
        total.add(tally)
    if books is not None:
        check_books(run, before, books.counts(), total)
    return total


def check_books(
    run: Run, before: Mapping[str, int], after: Mapping[str, int], total: Tally
) -> None:
    """Complain where tables grew otherwise than the answers said."""
    for table in COUNTED:
        grown = after[table] - before[table]
        said = total.created[table]
        if table == "clients":
            # Some ids may be those of clients that existed; some templates made their client.
            wrong = grown > len(total.client_ids) + total.unsure_clients
            said = len(total.client_ids)
        elif table == "documents":
            wrong = not said <= grown <= said + total.unsure_documents
        else:
            wrong = grown != said
        if wrong:
            with run.failures.lock:
                run.failures.count += 1
                run.failures.lines.append(f"{table} grew by {grown}, the answers said {said}")


def all_requests(values: Mapping[str, str], run: Run) -> list[WireRequest]:
    """Return the requests of every contract case, captured values filled in."""
    today = datetime.now(UTC).date()
    return [
        sample.request
        for case in load_contracts(CONTRACTS).cases
        for sample in samples(case, {**run.credentials, **values}, today)
    ]


def credentials_of(identifier: str, secret: str) -> dict[str, str]:
    digest = md5(secret.encode(), usedforsecurity=False).hexdigest()
    return {
        "identifier": identifier,
        "secret": secret,
        "secret_md5": digest,
        "username": identifier,
        "password": secret,
        "password_md5": digest,
        "business_id": "1",
    }


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def fuzz(run: Run, server: Server | None, count: int, threads: int) -> None:
    """Run the phases and print what happened."""
    started = time.monotonic()
    client = RawClient(run.url)
    credential = {key: run.credentials[key] for key in ("identifier", "secret")}
    population = Population(client.send, credential, datetime.now(UTC).date())
    values = population.populate()
    bases = all_requests(values, run)
    say(f"{len(bases)} requests to mutate")
    done = 0
    books = Books(server.database) if server is not None else None
    if books is not None:
        part = count // 8
        mattered = scope_phase(run, books, part, population)
        say(f"scope: {part} fired, {mattered} accepted with their scope whole")
        refused = rows_phase(run, books, bases, part)
        say(f"rows: {part} fired, {refused} refused")
        done = 2 * part
    total = load_phase(run, books, bases, count - done, threads)
    seconds = time.monotonic() - started
    say(f"load: {total.sent} fired, {total.accepted.total()} accepted {dict(total.accepted)}")
    say(f"{done + total.sent} requests in {seconds:.0f} s")
    if server is not None:
        for sign in ("Traceback", '"crash"'):
            lines = [
                line
                for line in server.log.read_text(errors="replace").splitlines()
                if sign in line
            ]
            run.failures.count += len(lines)
            run.failures.lines += [f"in the log: {line[:1000]}" for line in lines[:10]]
    if books is not None:
        books.close()
    client.close()


def main() -> int:
    """Parse the options, run, print failures; return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--count", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=4)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=1800.0)
    parser.add_argument("--target")
    parser.add_argument("--identifier", default="")
    parser.add_argument("--secret", default="")
    parser.add_argument("--keep", type=Path, help="folder for the store and the log")
    options = parser.parse_args()
    until = time.monotonic() + options.seconds
    with contextlib.ExitStack() as stack:
        if options.target:
            server = None
            run = Run(
                options.target,
                credentials_of(options.identifier, options.secret),
                None,
                options.seed,
                until,
            )
        else:
            folder = options.keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
            server = stack.enter_context(running(folder, options.workers))
            run = Run(
                server.url,
                credentials_of(server.identifier, server.secret),
                server.database,
                options.seed,
                until,
            )
        fuzz(run, server, options.count, options.threads)
    for line in run.failures.lines:
        say(line)
    say(f"{run.failures.count} failures {dict(run.failures.kinds)}")
    return 1 if run.failures.count else 0


if __name__ == "__main__":
    sys.exit(main())
