"""Mail rows are written with the business transaction, once per claim."""

import pytest
import sqlalchemy as sa

from adapter.store import tables
from adapter.store.outbox import enqueue_mail, enqueue_many, mail_row


def _rows(store):
    with store.read() as uow:
        return uow.execute(sa.select(tables.outbox).order_by(tables.outbox.c.id)).all()


def test_a_mail_waits_as_a_row(store, context):
    at = context()
    with store.write() as uow:
        enqueue_mail(uow, at, "invoice_created", 7, 118, {"total": "15.95"})
    (row,) = _rows(store)
    assert (row.topic, row.client_id, row.document_id) == ("mail", 7, 118)
    assert row.payload == {"template": "invoice_created", "values": {"total": "15.95"}}
    assert (row.status, row.attempts, row.created_at) == ("waiting", 0, at.now)


def test_a_mail_vanishes_with_its_transaction(store, context):
    with store.write(keep=False) as uow:
        enqueue_mail(uow, context(), "invoice_created", 7)
    assert _rows(store) == []


def test_equal_mails_without_a_claim_are_two(store, context):
    with store.write() as uow:
        enqueue_mail(uow, context(), "invoice_created", 7, 118)
        enqueue_mail(uow, context(), "invoice_created", 7, 118)
    assert len({row.message_id for row in _rows(store)}) == 2


def test_a_claimed_mail_cannot_be_queued_twice(store, context):
    with store.write() as uow:
        enqueue_mail(uow, context(), "invoice_created", 7, 118, claim="created")
    with pytest.raises(sa.exc.IntegrityError), store.write() as uow:
        enqueue_mail(uow, context(), "invoice_created", 7, 118, claim="created")
    assert len(_rows(store)) == 1


@pytest.mark.parametrize(
    "other",
    [
        ("paid", 7, 118, "created"),
        ("invoice_created", 8, 118, "created"),
        ("invoice_created", 7, 119, "created"),
        ("invoice_created", 7, 118, "again"),
    ],
)
def test_a_message_id_follows_from_every_part(context, other):
    def message_id(template, client_id, document_id, claim):
        row = mail_row(context(), template, client_id, document_id, claim=claim)
        return row["message_id"]

    first = message_id("invoice_created", 7, 118, "created")
    assert first == message_id("invoice_created", 7, 118, "created")
    assert len(first) == 64
    assert first != message_id(*other)


def test_many_rows_are_written_in_order_and_none_is_fine(store, context):
    with store.write() as uow:
        enqueue_many(uow, ())
        enqueue_many(uow, [mail_row(context(), "t", 7, number) for number in (3, 1, 2)])
    assert [row.document_id for row in _rows(store)] == [3, 1, 2]
