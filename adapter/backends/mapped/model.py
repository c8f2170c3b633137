"""A mapping file as read: everything compiled, nothing left to find out while a command runs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from adapter.backends.base import Proof
from adapter.backends.mapped.reading import Reading
from adapter.backends.mapped.results import Record
from adapter.backends.mapped.template import Template


class End(StrEnum):
    """What a reply means."""

    DONE = "done"
    ABSENT = "absent"  # answered: there is no such thing
    REFUSED = "refused"
    NOT_SENT = "not_sent"  # refused before it was looked at: may be sent again
    UNKNOWN = "unknown"


class BodyForm(StrEnum):
    """How a body is written."""

    JSON = "json"
    FORM = "form"


class AuthKind(StrEnum):
    """How the gateway says who it is."""

    NONE = "none"
    BASIC = "basic"
    BEARER = "bearer"
    HEADER = "header"
    OAUTH2 = "oauth2"


@dataclass(frozen=True, slots=True)
class Auth:
    """How requests are authenticated; names and secrets come from the settings.

    `header` is the name for `header`; `token_url` (absolute, or a path below the backend's URL)
    and `scope` are for `oauth2`.
    """

    kind: AuthKind = AuthKind.NONE
    header: str = ""
    token_url: str = ""
    scope: str = ""


@dataclass(frozen=True, slots=True)
class ReplyRule:
    """What replies of some statuses mean, where `when` holds; `error` is a code of ours."""

    statuses: tuple[range, ...]
    end: End
    when: Reading | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Find:
    """The first of a list whose every named part equals what is wanted.

    `more` tells that the list goes on elsewhere, so that nothing is proved by not finding it.
    """

    items: Reading
    where: tuple[tuple[Reading, Reading], ...]
    more: Reading | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """What a good reply may turn out to mean: an error of ours, or what cannot be expressed."""

    when: Reading
    error: str = ""
    what: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One request, or one for each of `each`."""

    name: str
    method: str
    url: tuple[str | Reading, ...]
    when: Reading | None = None
    each: Reading | None = None
    query: Template | None = None
    headers: Template | None = None
    body: Template | None = None
    form: BodyForm = BodyForm.JSON
    acts: bool = False
    reusable: bool = False
    replies: tuple[ReplyRule, ...] = ()
    find: Find | None = None
    fails: tuple[Failure, ...] = ()
    then: tuple[tuple[str, Reading], ...] = ()


@dataclass(frozen=True, slots=True)
class Refusal:
    """What cannot be expressed: `what` names it, where `when` holds."""

    when: Template
    what: str
    each: Reading | None = None


@dataclass(frozen=True, slots=True)
class RemoteId:
    """A number of ours that stands for a text of theirs."""

    noun: str
    of: Reading


@dataclass(frozen=True, slots=True)
class LookUp:
    """How to find what an earlier attempt made; nothing was made where `absent` holds."""

    steps: tuple[Step, ...]
    absent: Reading
    result: Record


@dataclass(frozen=True, slots=True)
class CommandMapping:
    """How one command is carried out."""

    proof: Proof
    refusals: tuple[Refusal, ...]
    ids: Mapping[str, RemoteId]
    variables: tuple[tuple[str, Reading], ...]
    steps: tuple[Step, ...]
    result: Record
    look_up: LookUp | None = None


@dataclass(frozen=True, slots=True)
class Mapped:
    """A mapping file. `values` are settings with their defaults, `tables` constants."""

    name: str
    file: str
    url: str
    auth: Auth
    headers: Template | None
    values: Mapping[str, str]
    tables: Mapping[str, Any]
    message: Reading | None
    commands: Mapping[str, CommandMapping] = field(repr=False)
