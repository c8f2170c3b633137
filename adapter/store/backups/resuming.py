"""A store that was brought back from a backup: on hold, then on behind what the world has seen.

Source: contracts/decisions.md, "Backups".
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from adapter.commands.context import Context
from adapter.errors import InvalidField, StateError
from adapter.store import tables
from adapter.store.attempts import NO_PROOF, State
from adapter.store.backups.series import (
    Group,
    Series,
    all_series,
    last_write,
    step_numbers,
    step_server_ids,
)
from adapter.store.current import Hold
from adapter.store.fingerprints import OWN
from adapter.store.holds import RESTORED, lift_hold, set_hold
from adapter.store.outbox import OutboxRow, settle_open
from adapter.store.unit_of_work import SETTINGS_VERSION, Store, UnitOfWork

_A: Final = tables.attempts.c
_C: Final = tables.counters.c


class NotRestored(StateError):
    """There is nothing to resume: no backup was brought back."""

    code = "not_restored"

    def __init__(self) -> None:
        super().__init__("The account is not on hold after a restore; there is nothing to resume")


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restored store has. `last_write` is by the account's clock, None in an empty one."""

    hold: Hold
    series: tuple[Series, ...]
    last_write: datetime | None


@dataclass(frozen=True, slots=True)
class Resumption:
    """What the operator saw in the world: the highest number and id, and series of their own."""

    numbers_from: int
    ids_from: int
    named: Mapping[str, int] = field(default_factory=dict)
    send_mail: bool = False


@dataclass(frozen=True, slots=True)
class Resumed:
    """What was done, or would be: each series' new highest, mails, commands to backends.

    `forwards` are those that may have been sent since; `unprovable` of them cannot be looked up.
    """

    hold: Hold
    steps: Mapping[str, int]
    mails: tuple[OutboxRow, ...]
    forwards: int
    unprovable: int


def put_on_hold(
    store: Store, context: Context, version: int, facts: Mapping[str, Any]
) -> Restored:
    """Put a store on hold whose content has just been brought back.

    `version` is one that no settings of this account ever had: processes that knew the store
    before take nothing of what they remember for current.
    """
    with store.write(settings=True) as uow:
        uow.take(SETTINGS_VERSION)  # there is a row
        behind = sa.and_(_C.name == SETTINGS_VERSION, _C.next_value < version)
        uow.execute(sa.update(tables.counters).where(behind).values(next_value=version))
        moment = last_write(uow)
        told = {**facts, "last_write": None if moment is None else moment.isoformat()}
        hold = set_hold(uow, context, RESTORED, told)
        return Restored(hold, all_series(uow, context.today), moment)


def resume(store: Store, context: Context, wanted: Resumption, real_now: datetime) -> Resumed:
    """Step every series beyond what the world has seen, settle what waits, and lift the hold.

    Mail that waited in the backup may have left since: it is withdrawn, or sent after all with the
    Message-ID it always had. Commands that waited for a backend count as unknown, so that they are
    looked up there, and as if they had left at `real_now`: one may be on its way still. With
    `context.dry_run` nothing is kept. Raises `NotRestored`, and `InvalidField` naming the series
    whose value lies below what the store has.
    """
    with store.read() as uow:
        _standing(uow)
        steps = _steps(all_series(uow, context.today), wanted)
    if not context.dry_run:
        # Apart from the transaction: MariaDB commits by itself here. Done again, it does no harm.
        step_server_ids(store, steps)
    with store.write(settings=True, under_hold=True, keep=not context.dry_run) as uow:
        hold = _standing(uow)
        steps = _steps(all_series(uow, context.today), wanted)
        step_numbers(uow, steps)
        mails = settle_open(uow, context, send=wanted.send_mail)
        forwards, unprovable = _doubt_forwards(uow, real_now)
        facts = {
            "numbers_from": wanted.numbers_from,
            "ids_from": wanted.ids_from,
            "named": dict(wanted.named),
            "mails": len(mails),
            "mails_sent": wanted.send_mail,
            "forwards": forwards,
        }
        uow.audit(context, "resume", "hold", 0, facts)
        lift_hold(uow, context, RESTORED)
    return Resumed(hold, steps, mails, forwards, unprovable)


def _standing(uow: UnitOfWork) -> Hold:
    for hold in uow.holds:
        if hold.reason == RESTORED:
            return hold
    raise NotRestored


def _steps(series: Iterable[Series], wanted: Resumption) -> dict[str, int]:
    """Return the value that each series goes on after. Raises `InvalidField`."""
    known = {each.name: each for each in series}
    for name, value in wanted.named.items():
        if name not in known:
            raise InvalidField(
                "--series", "choice", f"there is no series {name}; there are {', '.join(known)}"
            )
        if value < known[name].highest:
            raise InvalidField(
                "--series",
                "minimum",
                f"{name}: {value} lies below {known[name].highest}, which the store has",
            )
    for group, option, value in (
        (Group.NUMBER, "--numbers-from", wanted.numbers_from),
        (Group.ID, "--ids-from", wanted.ids_from),
    ):
        higher = [
            f"{name} {each.highest}"
            for name, each in known.items()
            if each.group is group and name not in wanted.named and each.highest > value
        ]
        if higher:
            raise InvalidField(
                option,
                "minimum",
                f"{value} lies below what the store has ({', '.join(higher)}): give the highest "
                "that is in use anywhere, or --series NAME=N for a series of its own",
            )
    usual = {Group.NUMBER: wanted.numbers_from, Group.ID: wanted.ids_from}
    return {name: wanted.named.get(name, usual[each.group]) for name, each in known.items()}


def _doubt_forwards(uow: UnitOfWork, left_at: datetime) -> tuple[int, int]:
    """Have commands that waited, or were on their way, looked up before they are sent again.

    Returns how many there are, and how many of them cannot be looked up.
    """
    unended = _A.state.in_([State.QUEUED.value, State.OPEN.value])
    elsewhere = _A.backend.not_in(sorted(OWN))
    blind = sa.select(sa.func.count()).where(unended, elsewhere, _A.proof == NO_PROOF)
    unprovable = int(uow.execute(blind).scalar_one())
    doubted = sa.update(tables.attempts).where(unended, elsewhere)
    unknown = {"state": State.UNKNOWN.value, "error_code": RESTORED, "deadline_at": left_at}
    done = uow.execute(doubted.values(unknown))
    return int(done.rowcount), unprovable
