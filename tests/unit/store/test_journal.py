"""The journal of requests on every database."""

import json
from datetime import UTC, datetime

import pytest

from adapter.store.journal import (
    Entry,
    Filter,
    RequestNotFound,
    list_requests,
    show_requests,
    traces,
    write_entries,
)

ASKED = {"command": "X", "fields": {"name": "Zoë 😀 \\ \" '"}}
AT = datetime(2026, 3, 2, 8, 0, 1, 250_000, tzinfo=UTC)


def entry(request_id: str, *, credential: str = "shop", outcome: str = "ok") -> Entry:
    asked = json.dumps(ASKED)
    message = None if outcome == "ok" else "No 👎"
    return Entry(
        request_id, AT, credential, "whmcs", "addorder", "X", asked, outcome, message, None, 200, 3
    )


def test_what_is_written_is_read_and_the_oldest_go(store):
    for number in range(6):
        write_entries(store, [entry(f"{number}a"), entry(f"{number}b", outcome="refused")], 4)
    with store.read() as uow:
        found = [row["request_id"] for row in list_requests(uow, Filter(), 50)]
        refused = [row["request_id"] for row in list_requests(uow, Filter(refused=True), 1)]
        (row,) = show_requests(uow, "5b")
    assert found == ["5b", "5a", "4b", "4a"]
    assert refused == ["5b"]
    assert row["asked"] == ASKED
    assert (row["received_at"], row["message"], row["told"]) == (AT, "No 👎", None)


def test_ids_and_names_are_told_apart_exactly(store):
    write_entries(store, [entry("a"), entry("A"), entry("b", credential="Shop")], 9)
    with store.read() as uow:
        assert len(show_requests(uow, "A")) == 1
        assert [row["request_id"] for row in list_requests(uow, Filter("Shop"), 9)] == ["b"]
        with pytest.raises(RequestNotFound):
            show_requests(uow, "a ")


def test_what_bears_the_id_is_told(store, context):
    asked = context()
    write_entries(store, [entry(asked.request_id)], 9)
    with store.write() as uow:
        uow.audit(asked, "change", "client", 7)
        uow.audit(context(), "change", "client", 8)
    with store.read() as uow:
        left = traces(uow, asked.request_id)
    assert left.deeds == ("change client 7",)
    assert (left.runs, left.documents, left.forwards) == ((), (), ())
