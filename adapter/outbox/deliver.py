"""Delivers what is due: at least once, one row at a time, in order per document.

Nothing here reads a clock or rolls dice: both are handed in.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from adapter.documents.config import BusinessConfig
from adapter.documents.mail import Letter, Outdated, Undeliverable
from adapter.errors import AdapterError
from adapter.outbox.config import MailConfig, Transport
from adapter.outbox.message import build_message
from adapter.outbox.transport import MailTransport, NotNow, Refused, TransportDown
from adapter.store.outbox import (
    MAIL,
    OutboxRow,
    Status,
    begin_delivery,
    expire_rows,
    finish_row,
    lease_row,
)
from adapter.store.unit_of_work import Store

_MAX_PAUSE: Final = timedelta(hours=1)
# A server that is down is asked again at least so often.
_MAX_REST: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class MailAccount:
    """One account's mail: its rows, who writes them, the way out and the two clocks.

    `now` is the account's time, by which rows age; `wall` the real one, by which tries wait.
    `jitter` returns a number from 0 to 1.
    """

    name: str
    store: Store
    business: BusinessConfig
    config: MailConfig
    write: Callable[[OutboxRow], Letter]
    transport: MailTransport
    now: Callable[[], datetime]
    wall: Callable[[], datetime]
    jitter: Callable[[], float]


@dataclass(frozen=True, slots=True)
class Delivered:
    """What one round did. `troubles` are lines for the operator."""

    sent: int = 0
    expired: int = 0
    troubles: tuple[str, ...] = ()


class Deliverer:
    """Delivers one account's mail, round by round."""

    def __init__(self, account: MailAccount) -> None:
        self._account = account
        self._rest_until: datetime | None = None
        self._failures = 0

    def round(self, most: int = 50) -> Delivered:
        """Deliver what is due, `most` mails at most. Raises `AdapterError` of the store."""
        account = self._account
        active = account.config.transport is not Transport.NONE
        since = begin_delivery(account.store, account.now(), active=active).since
        if not active:
            return Delivered()
        expired = expire_rows(
            account.store,
            account.now(),
            oldest=account.now() - timedelta(hours=account.config.max_age_hours),
            since=since,
        )
        if self._rest_until is not None and account.wall() < self._rest_until:
            return Delivered(expired=expired)
        sent = 0
        troubles: list[str] = []
        try:
            for _ in range(most):
                row = lease_row(
                    account.store,
                    MAIL,
                    account.wall(),
                    account.config.lease_seconds,
                    account_now=account.now(),
                )
                if row is None:
                    break
                trouble = self._deliver(row)
                if trouble:
                    troubles.append(f"mail {row.row_id}: {trouble}")
                else:
                    sent += 1
        except TransportDown as error:
            troubles.append(self._rest(error))
        finally:
            account.transport.close()
        return Delivered(sent, expired, tuple(troubles))

    def empty(self) -> Delivered:
        """Deliver until nothing is due, or nothing can leave; return it all."""
        sent = expired = 0
        troubles: tuple[str, ...] = ()
        while True:
            done = self.round()
            sent, expired = sent + done.sent, expired + done.expired
            troubles += done.troubles
            if not (done.sent or done.troubles) or self._rest_until is not None:
                return Delivered(sent, expired, troubles)

    def _deliver(self, row: OutboxRow) -> str:
        """Deliver one row; return what went wrong, blank for nothing."""
        account = self._account
        try:
            message = build_message(
                account.write(row),
                sender_name=account.business.name,
                sender=account.business.email,
                message_id=row.message_id,
                sent_at=row.created_at,
            )
            note = account.transport.send(message)
        except Outdated as error:
            self._finish(row, Status.EXPIRED, str(error))
            return ""
        except (Undeliverable, Refused) as error:
            self._finish(row, Status.DEAD, str(error))
            return f"dead: {error}"
        except NotNow as error:
            return self._again(row, str(error))
        except TransportDown as error:
            self._again(row, str(error))
            raise
        except AdapterError as error:
            # The store; the row is tried again when it answers.
            return self._again(row, str(error))
        except Exception as error:  # noqa: BLE001 - one mail's defect must not keep the others
            return self._again(row, f"{type(error).__name__}: {error}")
        self._failures = 0
        self._rest_until = None
        self._finish(row, Status.SENT, note)
        return ""

    def _again(self, row: OutboxRow, error: str) -> str:
        config = self._account.config
        if row.attempts >= config.max_attempts:
            self._finish(row, Status.DEAD, error)
            return f"dead after {row.attempts} tries: {error}"
        pause = self._pause(row.attempts, _MAX_PAUSE)
        self._finish(row, Status.WAITING, error, self._account.wall() + pause)
        return error

    def _rest(self, error: TransportDown) -> str:
        """Leave the server alone for a while: what waits is not worn out by trying."""
        self._failures += 1
        pause = self._pause(self._failures, _MAX_REST)
        self._rest_until = self._account.wall() + pause
        return f"no mail can leave: {error}"

    def _pause(self, tries: int, most: timedelta) -> timedelta:
        """Return twice the wait of the try before, half of it by chance."""
        seconds = self._account.config.retry_seconds * 2 ** min(tries - 1, 20)
        return min(timedelta(seconds=seconds), most) * (0.5 + 0.5 * self._account.jitter())

    def _finish(
        self, row: OutboxRow, status: Status, error: str, due_at: datetime | None = None
    ) -> None:
        account = self._account
        finish_row(account.store, row, status, now=account.now(), error=error, due_at=due_at)
