"""What the store needs to be told."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StoreConfig:
    """One account's database.

    `write_wait_seconds` bounds how long a writer waits for the ones before it, and
    `statement_seconds` one statement on a server: beyond them `StoreUnavailable`.
    """

    url: str
    write_wait_seconds: float = 10.0
    pool_size: int = 8
    statement_seconds: float = 60.0


@dataclass(frozen=True, slots=True)
class RunConfig:
    """Bounds of an invoice run.

    `time_limit_seconds` holds for an API call; past it committed pages stay and the caller gets an
    error. `wait_seconds` bounds how long it waits for clients that another caller is billing or
    changing. `page_seconds` is the time budget of one transaction, `page_clients` its upper bound.
    `document_limit` bounds one run. With `set_based` plain items are billed by SQL, the due dates
    of the last `calendar_months` among them; without it everything takes the Python path. Mail of
    a run leaves `mail_hold_seconds` after it at the earliest.
    """

    time_limit_seconds: float = 50.0
    wait_seconds: float = 10.0
    page_seconds: float = 0.25
    page_clients: int = 20_000
    document_limit: int = 5_000_000
    set_based: bool = True
    calendar_months: int = 3
    mail_hold_seconds: float = 0.0
