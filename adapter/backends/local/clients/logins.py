"""Passwords of clients: told right from wrong, and not guessed.

Source: contracts/decisions.md, "Logins".
"""

import hashlib
import threading
from functools import cache
from typing import Final

import sqlalchemy as sa

from adapter.backends.local.clients.rules import email_key, id_by_email
from adapter.billing.model import ClientStatus
from adapter.commands.context import Context
from adapter.commands.model import ValidateLogin
from adapter.commands.results import LoginValidated
from adapter.errors import LoginInvalid, TooManyRequests
from adapter.store import tables
from adapter.store.guards import count_calls, forget_count, forget_expired
from adapter.store.passwords import HASHING, matches, slow_hash
from adapter.store.unit_of_work import Store

WINDOW_SECONDS: Final = 900
# Attempts in a window. One address may stand for all users of a web site in front of us.
PER_EMAIL: Final = 10
PER_ADDRESS: Final = 300

_PREFIX: Final = "login "

# As many as are hashed at once. An attempt is counted when its turn comes, so that those that wait
# count for nothing yet: a web site's users who log in at the same moment are no guesses.
_TURNS: Final = threading.BoundedSemaphore(2)


def hash_password(password: str) -> str:
    """Return what is stored of a password."""
    with HASHING:
        return slow_hash(_bytes(password))


def validate_login(store: Store, command: ValidateLogin, context: Context) -> LoginValidated:
    """Tell whose e-mail address and password these are, in constant effort.

    Raises `LoginInvalid`, and `TooManyRequests` after too many attempts that failed.
    """
    with _TURNS:
        return _validate(store, command, context)


def _validate(store: Store, command: ValidateLogin, context: Context) -> LoginValidated:
    by_email = _name("email", email_key(command.email))
    by_address = _name("address", context.caller.address)
    # Counted before anything is looked at: attempts at the same moment count each other.
    for name, most in ((by_email, PER_EMAIL), (by_address, PER_ADDRESS)):
        counted = count_calls(store, name, context.now, WINDOW_SECONDS, 1)
        if counted.count > most:
            seconds = (counted.expires_at - context.now).total_seconds()
            raise TooManyRequests(max(1, int(seconds)))
        if counted.count == 1:
            forget_expired(store, _PREFIX, context.now)
    client_id, stored = _find(store, command.email)
    with HASHING:
        right = matches(_bytes(command.password), stored or _nobodys_hash())
    if not right or not stored:
        raise LoginInvalid
    forget_count(store, by_email)
    count_calls(store, by_address, context.now, WINDOW_SECONDS, -1)
    return LoginValidated(client_id, hashlib.sha256(stored.encode("ascii")).hexdigest())


def _find(store: Store, email: str) -> tuple[int, str]:
    """Return id and stored hash of the client; a blank hash where nobody can log in."""
    clients = tables.clients.c
    with store.read() as uow:
        client_id = id_by_email(uow, email) or 0
        row = uow.execute(
            sa.select(clients.password_hash, clients.status).where(clients.id == client_id)
        ).first()
    if row is None or row.status == ClientStatus.CLOSED:
        return 0, ""
    return client_id, row.password_hash


def _name(kind: str, text: str) -> str:
    """Return the name of a limit; a text of any length has one of its own."""
    return f"{_PREFIX}{kind} {hashlib.sha256(_bytes(text)).hexdigest()}"


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


@cache
def _nobodys_hash() -> str:
    return slow_hash(b"nobody")
