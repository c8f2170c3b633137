"""Results about stored ways to pay."""

from dataclasses import dataclass
from datetime import datetime

from adapter.commands.model import PayMethodKind
from adapter.commands.results.base import Result


@dataclass(frozen=True, slots=True)
class PayMethodAdded(Result):
    """A way to pay was noted."""

    client_id: int
    pay_method_id: int


@dataclass(frozen=True, slots=True)
class PayMethodUpdated(Result):
    """A stored way to pay was changed."""

    client_id: int
    pay_method_id: int


@dataclass(frozen=True, slots=True)
class PayMethodRecord:
    """A stored way to pay. `expires` and `starts` are MMYY or blank."""

    pay_method_id: int
    kind: PayMethodKind
    description: str
    gateway: str
    last_four: str
    expires: str
    starts: str
    issue_number: str
    card_type: str
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class PayMethodsListed(Result):
    """A client's stored ways to pay."""

    client_id: int
    pay_methods: tuple[PayMethodRecord, ...]


@dataclass(frozen=True, slots=True)
class PayMethodDeleted(Result):
    """A stored way to pay was forgotten."""

    pay_method_id: int
