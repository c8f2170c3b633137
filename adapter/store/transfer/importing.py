"""One import from its files to the store: checked whole, written in pages, gone on with.

A page and the import's own row are written in one transaction, and records that the store has are
never written again: after a kill at any point the same files lead to the same store. The account
is put on hold before the first row, and stays so until go-live.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final, Protocol

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from adapter.commands.context import Context
from adapter.store import tables
from adapter.store.holds import IMPORTED, holds, set_hold
from adapter.store.setup import ensure_defaults
from adapter.store.transfer.checking import Check, check_claimed
from adapter.store.transfer.comparing import mark_stored, try_catalogue
from adapter.store.transfer.kinds import KINDS
from adapter.store.transfer.problems import ImportRefused, Place, Problems
from adapter.store.transfer.reading import Files
from adapter.store.transfer.records import Origin
from adapter.store.transfer.scratch import Scratch, scratch
from adapter.store.transfer.writing import Writer, queue
from adapter.store.unit_of_work import Store, UnitOfWork

_I: Final = tables.imports.c


class Told(Protocol):
    """Who is told how far an import is: a stage with its length, then steps of it."""

    def stage(self, name: str, length: int) -> Callable[[int], None]:
        """Begin a stage; what is returned is told of every step."""


@dataclass(frozen=True, slots=True)
class Job:
    """What to import, and how. `exported_at` is for files that do not say it (CSV)."""

    paths: Sequence[Path]
    exported_at: datetime | None = None
    dry_run: bool = False
    hold: bool = False
    most_problems: int = 50


@dataclass(frozen=True, slots=True)
class ImportReport:
    """How an import ended. `new` and `there` count records by kind.

    `finished_at` is when these files were imported before, and nothing was done now; None
    otherwise. `was_resumed`: an import that had been killed was gone on with.
    """

    new: Mapping[str, int] = field(default_factory=dict)
    there: Mapping[str, int] = field(default_factory=dict)
    finished_at: datetime | None = None
    was_resumed: bool = False


@dataclass(slots=True)
class _Import:
    store: Store
    job: Job
    context: Context
    told: Told
    problems: Problems
    waiting: Scratch

    def execute(self) -> ImportReport:
        files = Files(self.job.paths, self.problems, self.job.exported_at)
        check = Check(self.waiting, self.problems)
        digest = check.read(files, self.told.stage("Reading", files.size))
        if files.exported_at is None:
            place = Place(self.job.paths[0].name, 1)
            self.problems.add(place, "exported_at", "is not known: give --exported-at with CSV")
        with self.store.read() as uow:
            earlier = _earlier(uow, digest)
            if earlier is not None and earlier["finished_at"] and not self.problems.count:
                counts = self.waiting.counts()
                return ImportReport(there=counts, finished_at=earlier["finished_at"])
        with self.store.write(keep=False) as uow:
            there = try_catalogue(
                uow, self.context, self.waiting, self.problems, check.wrong_entries
            )
            if there is not None:
                check.against_catalogue(uow)
        with self.store.read() as uow:
            check.together(uow)
            check_claimed(self.waiting, self.problems)
            self.problems.check()
            exported_at = files.exported_at or self.context.now
            _refuse_older(uow, digest, exported_at)
            there = (there or {}) | self._compare(uow, is_resumed=earlier is not None)
            _require_hold(uow, allowed=self.job.hold)
        self.problems.check()
        counts = self.waiting.counts()
        new = {
            name: n - there.get(name, 0) for name, n in counts.items() if n > there.get(name, 0)
        }
        if not self.job.dry_run:
            origin = Origin(exported_at, self.context.caller.account.zone)
            self._write(digest, origin, counts, is_resumed=earlier is not None)
        return ImportReport(new, there, was_resumed=earlier is not None)

    def _compare(self, uow: UnitOfWork, *, is_resumed: bool) -> dict[str, int]:
        step = self.told.stage("Comparing", self.waiting.count)
        return mark_stored(uow, self.waiting, self.problems, step, is_resumed=is_resumed)

    def _write(
        self, digest: str, origin: Origin, counts: Mapping[str, int], *, is_resumed: bool
    ) -> None:
        import_id = self._begin(digest, origin, counts)
        step = self.told.stage("Writing", self.waiting.left())
        try:
            for kind in KINDS.values():
                for page in self.waiting.pages(kind.name):
                    with self.store.write(under_hold=True) as uow:
                        Writer(uow, self.context, origin).write(kind, [each.said for each in page])
                    step(len(page))
        except IntegrityError as error:
            raise ImportRefused(
                "Somebody else is writing into this account, another import perhaps; what was "
                "committed stays, and the same command goes on from there"
            ) from error
        self._queue()
        with self.store.write(under_hold=True) as uow:
            uow.execute(
                sa.update(tables.imports)
                .where(_I.id == import_id)
                .values(finished_at=self.context.now)
            )
            detail = {"digest": digest, "records": dict(counts), "resumed": is_resumed}
            uow.audit(self.context, "import", "import", import_id, detail)

    def _begin(self, digest: str, origin: Origin, counts: Mapping[str, int]) -> int:
        """Put the account on hold and write the import's row, or find the one under way."""
        with self.store.write(settings=True, under_hold=True) as uow:
            ensure_defaults(uow, self.context.now)
            earlier = _earlier(uow, digest)
            names = ", ".join(path.name for path in self.job.paths)[:255]
            if not any(each.reason == IMPORTED for each in holds(uow)):
                exported_at = origin.exported_at.isoformat()
                set_hold(uow, self.context, IMPORTED, {"files": names, "exported_at": exported_at})
            if earlier is not None:
                return int(earlier["id"])
            return uow.insert(
                tables.imports,
                digest=digest,
                source=names,
                exported_at=origin.exported_at,
                started_at=self.context.now,
                counts=dict(counts),
                caller=self.context.caller.credential,
            )

    def _queue(self) -> None:
        """Put every schedule where its claims say; all of them again after a kill."""
        counts = self.waiting.counts()
        billables = [kind for kind in KINDS.values() if kind.billable is not None]
        length = sum(counts.get(kind.name, 0) for kind in billables)
        step = self.told.stage("Queueing", length)
        for kind in billables:
            for page in self.waiting.pages(kind.name, every=True):
                with self.store.write(under_hold=True) as uow:
                    assert kind.billable is not None  # noqa: S101 - chosen above
                    queue(uow, kind.billable, [int(each.key) for each in page])
                step(len(page))


def import_files(store: Store, job: Job, context: Context, told: Told) -> ImportReport:
    """Import files into an account; nothing is written unless everything in them is right.

    Raises `ImportInvalid` with what is wrong, by file, line and field, and `ImportRefused` where
    the store does not allow it. The same files again change nothing.
    """
    with scratch() as waiting:
        problems = Problems(job.most_problems)
        return _Import(store, job, context, told, problems, waiting).execute()


def _earlier(uow: UnitOfWork, digest: str) -> sa.RowMapping | None:
    """Return the import of what these files say, finished or under way; None without one."""
    query = sa.select(tables.imports).where(_I.digest == digest).order_by(_I.id.desc()).limit(1)
    return uow.execute(query).mappings().first()


def _refuse_older(uow: UnitOfWork, digest: str, exported_at: datetime) -> None:
    """Refuse what would lead back, and a second import while another one is under way."""
    for row in uow.execute(sa.select(tables.imports).order_by(_I.id)).mappings():
        if row["digest"] == digest:
            continue
        if row["finished_at"] is None:
            raise ImportRefused(
                f"The import of {row['source']} is under way: finish it first, by the same "
                "command with the same files, or begin with an empty database"
            )
        if exported_at < row["exported_at"]:
            raise ImportRefused(
                f"This export is of {exported_at:%Y-%m-%d %H:%M:%S} UTC, older than what is here: "
                f"{row['source']} of {row['exported_at']:%Y-%m-%d %H:%M:%S} UTC"
            )


def _require_hold(uow: UnitOfWork, *, allowed: bool) -> None:
    """Refuse to stop an account that is at work, unless that was agreed to."""
    if allowed or any(each.reason == IMPORTED for each in holds(uow)):
        return
    for table, noun in ((tables.clients, "clients"), (tables.documents, "documents")):
        if uow.execute(sa.select(sa.literal(1)).select_from(table).limit(1)).first() is not None:
            raise ImportRefused(
                f"The account has {noun} and is not on hold: an import stops its runs and its "
                "mail until `adapter go-live`; give --hold to agree"
            )
