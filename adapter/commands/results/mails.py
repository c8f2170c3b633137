"""Results about mail to clients."""

from dataclasses import dataclass
from datetime import datetime

from adapter.commands.results.base import Listing, Result


@dataclass(frozen=True, slots=True)
class MailQueued(Result):
    """A mail to a client was queued."""

    client_id: int


@dataclass(frozen=True, slots=True)
class MailRecord:
    """A mail as queued; `message` is blank where its template words it when it leaves."""

    mail_id: int
    client_id: int
    subject: str
    message: str
    queued_at: datetime
    to: str
    pending: bool
    failed: bool
    attempts: int


@dataclass(frozen=True, slots=True)
class MailsListed(Result):
    """A window of a client's mails."""

    listing: Listing
    mails: tuple[MailRecord, ...]


@dataclass(frozen=True, slots=True)
class MailTemplate:
    """A template of mails; `custom` tells whether the operator added it."""

    template_id: int
    name: str
    subject: str
    custom: bool = False


@dataclass(frozen=True, slots=True)
class MailTemplatesListed(Result):
    """Templates of mails."""

    templates: tuple[MailTemplate, ...]
