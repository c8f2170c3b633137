"""A command under its caller's reference: done once, and found if and only if it committed."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from adapter.backends.local.backend import LocalBackend
from adapter.billing.model import RecurringLine
from adapter.billing.schedule import Frequency
from adapter.commands.model import (
    AddCredit,
    ClientFields,
    ClientIdentity,
    CreateClient,
    CreateRecurringInvoice,
    GetClient,
    UpdateClient,
)
from adapter.errors import ClientNotFound, ReferenceTaken
from adapter.store import tables
from adapter.store.config import RunConfig
from adapter.store.references import find_attempt

CALLERS = 6
CAT = ClientFields(first_name="Cat", last_name="Poe", email="cat@example.com", country="ZA")
NEW = CreateClient(CAT, ClientIdentity.EMAIL, send_email=False)
LINE = RecurringLine("", Decimal(1), "Rent", Decimal(100), "ZAR", True, Decimal(15), False)


@pytest.fixture
def ask(store, context):
    """Execute under a reference."""
    backend = LocalBackend(store, RunConfig())

    def execute(command, reference="reference-of-mine", **more):
        made = context(**more)
        return backend.execute(command, replace(made, reference=reference, keep_reference=True))

    return execute


@pytest.fixture
def found(store):
    """Return what became of a reference."""

    def find(reference="reference-of-mine", credential="tests"):
        with store.read() as uow:
            return find_attempt(uow, reference, credential)

    return find


def test_a_second_command_answers_the_stored_result_and_does_nothing(ask, found, rows):
    assert found() is None
    first = ask(NEW)
    assert ask(NEW) == first
    assert [row["email"] for row in rows(tables.clients)] == ["cat@example.com"]
    assert (found().state, found().result) == ("done", first)


def test_a_password_is_not_kept_with_its_reference(ask, rows):
    ask(replace(NEW, password="hush-hush-7"))
    (attempt,) = rows(tables.attempts)
    assert attempt["request"]["fields"]["password"] == "redacted"
    assert "hush-hush-7" not in str(attempt)


def test_a_recurring_invoice_is_created_once_for_its_reference(ask, ann, rows):
    command = CreateRecurringInvoice(Frequency.MONTHLY, date(2026, 3, 2), (LINE,), client_id=ann)
    assert ask(command) == ask(command)
    assert len(rows(tables.recurring_invoices)) == 1


def test_what_was_refused_leaves_no_reference(ask, found, ann, rows):
    credit = AddCredit(ann + 1, "Thanks", Decimal(5))
    with pytest.raises(ClientNotFound):
        ask(credit)
    assert found() is None
    ask(replace(credit, client_id=ann))
    assert found().state == "done"


def test_a_reference_stands_for_one_command_of_one_credential(ask, found, ann, rows):
    ask(AddCredit(ann, "Thanks", Decimal(5)))
    for command, more in (
        (AddCredit(ann, "Thanks", Decimal(6)), {}),
        (AddCredit(ann, "Thanks", Decimal(5)), {"credential": "another"}),
    ):
        with pytest.raises(ReferenceTaken):
            ask(command, **more)
    assert ask(AddCredit(ann, "Thanks", Decimal(5))).new_balance.amount == 5
    assert found(credential="another") is None


def test_what_changes_is_kept_too_and_what_reads_or_tries_is_not(ask, found, ann):
    change = UpdateClient(ClientFields(city="Paarl"), client_id=ann)
    ask(change, dry_run=True)
    ask(GetClient(ann))
    assert found() is None
    assert ask(change) == ask(change) == found().result


def test_without_being_asked_no_reference_is_kept(do, found, context):
    do(NEW)
    assert found("reference-1") is None


def test_callers_at_the_same_moment_get_the_same_result(ask, found, rows):
    together = threading.Barrier(CALLERS)

    def call(_):
        together.wait(10)
        return ask(NEW)

    with ThreadPoolExecutor(CALLERS) as pool:
        results = set(pool.map(call, range(CALLERS)))
    assert results == {found().result}
    assert len(rows(tables.clients)) == 1
