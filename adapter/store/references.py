"""Commands that came with a reference of their caller's: the reference commits with the effect."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from adapter.commands.canonical import read_result
from adapter.commands.context import Context
from adapter.commands.fingerprint import fingerprint
from adapter.commands.model import Command
from adapter.commands.results import Result
from adapter.errors import ReferenceTaken
from adapter.store.fingerprints import DONE
from adapter.store.tables import attempts
from adapter.store.unit_of_work import Store, UnitOfWork

_BY_REFERENCE: Final = sa.select(attempts).where(attempts.c.reference == sa.bindparam("reference"))


@dataclass(frozen=True, slots=True)
class Attempt:
    """What became of a reference: its state, the command, and the result of one that is `done`."""

    reference: str
    state: str
    request: Mapping[str, Any]
    result: Result | None = None


def answer_again(store: Store, command: Command, context: Context) -> Result:
    """Return what the command under `context.reference` was answered with, when it was done.

    Raises `ReferenceTaken` when the reference stands for something else.
    """
    with store.read() as uow:
        kept = uow.execute(_BY_REFERENCE, {"reference": context.reference}).mappings().first()
    wanted = (context.caller.credential, fingerprint(command), DONE)
    if kept is None or (kept["credential"], kept["fingerprint"], kept["state"]) != wanted:
        raise ReferenceTaken(context.reference)
    return read_result(kept["result"])


def find_attempt(uow: UnitOfWork, reference: str, credential: str) -> Attempt | None:
    """Return what became of a credential's reference; None when nothing is known of it."""
    row = uow.execute(_BY_REFERENCE, {"reference": reference}).mappings().first()
    if row is None or row["credential"] != credential:
        return None
    done = row["state"] == DONE and row["result"] is not None
    result = read_result(row["result"]) if done else None
    return Attempt(reference, row["state"], row["request"], result)
