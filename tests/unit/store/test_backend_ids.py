"""Numbers of ours for names of theirs, on every database."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from adapter.errors import OutOfBounds
from adapter.store.backend_ids import BackendIds


def test_a_number_stands_for_one_name_for_ever(store):
    book = BackendIds(store, "stripe")
    first = book.ours("client", "cus_A")
    assert book.ours("client", "cus_A") == first
    assert book.theirs("client", first) == "cus_A"
    assert len({first, book.ours("client", "cus_a"), book.ours("client", "cus_A ")}) == 3


def test_nouns_and_backends_are_kept_apart(store):
    book = BackendIds(store, "stripe")
    number = book.ours("client", "1")
    assert book.ours("invoice", "1") != number
    assert BackendIds(store, "other").ours("client", "1") != number
    assert book.theirs("invoice", number) is None
    assert BackendIds(store, "other").theirs("client", number) is None


@pytest.mark.parametrize("number", [0, -1, 999_999, 2**63, 10**40])
def test_a_number_never_given_stands_for_nothing(store, number):
    assert BackendIds(store, "stripe").theirs("client", number) is None


@pytest.mark.parametrize("name", ["", "x" * 256])
def test_a_name_that_cannot_be_kept_is_refused(store, name):
    with pytest.raises(OutOfBounds):
        BackendIds(store, "stripe").ours("client", name)


def test_callers_at_the_same_moment_get_the_same_number(store):
    book = BackendIds(store, "stripe")
    with ThreadPoolExecutor(6) as pool:
        assert len(set(pool.map(lambda _: book.ours("client", "cus_A"), range(24)))) == 1
