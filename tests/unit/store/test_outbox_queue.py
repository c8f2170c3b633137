"""Rows on their way out: taken once, in order per document, and never lost."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from adapter.store import tables
from adapter.store.outbox import (
    MAIL,
    Requested,
    RowNotFound,
    Status,
    begin_delivery,
    drop_rows,
    enqueue_created,
    enqueue_many,
    enqueue_requested,
    expire_rows,
    finish_row,
    lease_row,
    list_rows,
    mail_row,
    requested_row,
    retry_rows,
    summarise,
)

WALL = datetime(2026, 3, 2, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def queue(store, context):
    """Queue a mail for each document named; 0 is none."""

    def put(*document_ids, at=None):
        when = at or context()
        with store.write() as uow:
            enqueue_many(uow, [mail_row(when, "t", 7, each) for each in document_ids])

    return put


def lease(store, at=WALL, seconds=60.0):
    return lease_row(store, MAIL, at, seconds, account_now=at)


def test_rows_are_taken_oldest_first_and_each_by_one(store, queue):
    queue(1, 2)
    first, second = lease(store), lease(store)
    assert (first.document_id, second.document_id) == (1, 2)
    assert (first.status, first.attempts) == (Status.SENDING, 1)
    assert first.lease != second.lease
    assert lease(store) is None


def test_a_lease_runs_out_and_the_row_is_taken_again(store, queue):
    queue(1)
    first = lease(store)
    assert lease(store, WALL + timedelta(seconds=59)) is None
    again = lease(store, WALL + timedelta(seconds=60))
    assert (again.row_id, again.message_id) == (first.row_id, first.message_id)
    assert again.attempts == 2


def test_who_lost_his_lease_ends_nothing(store, queue):
    queue(1)
    first = lease(store)
    again = lease(store, WALL + timedelta(seconds=60))
    assert not finish_row(store, first, Status.SENT, now=WALL)
    assert finish_row(store, again, Status.DEAD, now=WALL, error="no")
    with store.read() as uow:
        (row,) = list_rows(uow, (Status.DEAD,))
    assert (row.last_error, row.ended_at) == ("no", WALL)


def test_a_documents_mails_leave_in_their_order(store, queue):
    queue(1, 1, 2, 0, 0)
    first = lease(store)
    assert [lease(store, WALL, 9e9).document_id for _ in range(3)] == [2, 0, 0]
    assert lease(store) is None
    finish_row(store, first, Status.WAITING, now=WALL, due_at=WALL + HOUR)
    assert lease(store) is None
    again = lease(store, WALL + HOUR, 9e9)
    assert again.row_id == first.row_id
    finish_row(store, again, Status.SENT, now=WALL)
    assert lease(store).document_id == 1


@pytest.mark.parametrize("ended", [Status.DEAD, Status.EXPIRED, Status.SENT])
def test_what_has_ended_keeps_nothing_back(store, queue, ended):
    queue(1, 1)
    first = lease(store)
    finish_row(store, first, ended, now=WALL)
    assert lease(store).row_id == first.row_id + 1


def test_a_row_that_waits_is_due_at_its_time(store, queue):
    queue(1)
    finish_row(store, lease(store), Status.WAITING, now=WALL, error="busy", due_at=WALL + HOUR)
    assert lease(store, WALL + HOUR - timedelta(seconds=1)) is None
    assert lease(store, WALL + HOUR).attempts == 2


def test_switching_mail_on_is_noted_once(store):
    first = begin_delivery(store, WALL, active=True)
    assert (first.active, first.since) == (True, WALL)
    assert begin_delivery(store, WALL + HOUR, active=True).since == WALL
    assert begin_delivery(store, WALL + 2 * HOUR, active=False).since == WALL + 2 * HOUR
    assert begin_delivery(store, WALL + 3 * HOUR, active=True).since == WALL + 3 * HOUR


def test_old_rows_and_those_from_before_mail_was_switched_on_expire(store, queue, context):
    queue(1, at=context(now=WALL - 3 * HOUR))
    queue(2, at=context(now=WALL - 2 * HOUR))
    queue(3, at=context(now=WALL))
    oldest = WALL - 2 * HOUR - timedelta(minutes=1)
    assert expire_rows(store, WALL, oldest=oldest, since=WALL - 9 * HOUR) == 1
    assert expire_rows(store, WALL, oldest=oldest, since=WALL - HOUR) == 1
    assert expire_rows(store, WALL, oldest=oldest, since=WALL - HOUR) == 0
    with store.read() as uow:
        rows = list_rows(uow, (Status.EXPIRED,))
        assert summarise(uow).counts[Status.WAITING] == 1
    assert [(row.document_id, row.last_error) for row in rows] == [
        (1, "too old to be sent"),
        (2, "queued before mail was switched on"),
    ]
    assert lease(store).document_id == 3


def test_a_retried_row_leaves_although_it_is_old(store, queue, context):
    queue(1, 2, at=context(now=WALL - 48 * HOUR))
    bounds = {"oldest": WALL - 24 * HOUR, "since": WALL - 9 * HOUR}
    assert expire_rows(store, WALL, **bounds) == 2
    with store.write() as uow:
        assert retry_rows(uow, context(now=WALL), [1]) == 1
    assert expire_rows(store, WALL, **bounds) == 0
    row = lease(store)
    assert (row.row_id, row.attempts) == (1, 1)
    assert lease(store) is None


def test_all_that_ended_badly_is_retried_or_dropped_at_once(store, queue, context):
    queue(1, 2, 3, 4)
    for status in (Status.DEAD, Status.EXPIRED, Status.SENT):
        finish_row(store, lease(store), status, now=WALL)
    with store.write() as uow:
        assert drop_rows(uow, context(), None) == 2
        assert summarise(uow).counts == {
            Status.WAITING: 1,
            Status.SENDING: 0,
            Status.SENT: 1,
            Status.DEAD: 0,
            Status.EXPIRED: 0,
            Status.DROPPED: 2,
        }
        assert retry_rows(uow, context(), None) == 0
        assert retry_rows(uow, context(), [1, 2]) == 2


def test_what_was_sent_is_neither_retried_nor_dropped(store, queue, context):
    queue(1)
    finish_row(store, lease(store), Status.SENT, now=WALL)
    for change in (retry_rows, drop_rows):
        with pytest.raises(RowNotFound), store.write() as uow:
            change(uow, context(), [1])
        with pytest.raises(RowNotFound), store.write() as uow:
            change(uow, context(), [99])


def test_a_requested_mail_is_queued_once_and_not_too_often(store, context):
    def ask(document_id, now=WALL):
        with store.write() as uow:
            row = requested_row(context(now=now), 7, document_id, "invoice")
            return enqueue_requested(uow, row, most=2, since=now - HOUR)

    assert [ask(1), ask(1), ask(2), ask(3)] == [
        Requested.QUEUED,
        Requested.ALREADY,
        Requested.QUEUED,
        Requested.TOO_MANY,
    ]
    assert ask(3, WALL + 2 * HOUR) is Requested.QUEUED
    with store.read() as uow:
        assert uow.execute(sa.select(sa.func.count()).select_from(tables.outbox)).scalar() == 3


def test_mail_of_a_run_is_held_other_mail_is_not(store, context):
    now = context().now
    with store.write() as uow:
        enqueue_created(uow, context(), [(7, 1), (7, 2)], now + timedelta(hours=1))
        enqueue_many(uow, [mail_row(context(), "t", 7, 3), mail_row(context(), "t", 7, 1)])
    assert lease(store, now, 86_400).document_id == 3
    # What follows on the document of a held mail waits with it.
    assert lease(store, now + timedelta(minutes=59)) is None
    at = now + timedelta(hours=1)
    assert [lease(store, at).document_id for _ in range(2)] == [1, 2]


def test_held_mail_begins_to_age_when_it_may_leave_and_leaves_at_once_when_retried(store, context):
    now = context().now
    with store.write() as uow:
        enqueue_created(uow, context(), [(7, 1)], now + timedelta(hours=48))
    later = now + timedelta(hours=72)
    oldest = later - timedelta(hours=24)
    assert expire_rows(store, later, oldest=oldest, since=now) == 0
    with store.write() as uow:
        assert retry_rows(uow, context(), [1]) == 1
    assert lease(store, now).document_id == 1
