"""The set of due clients against Python's own."""

from hypothesis import given
from hypothesis import strategies as st

from adapter.store.run.snapshot import IdSet

# Close to each other, so that they share their upper bits, and far apart.
IDS = st.lists(st.one_of(st.integers(1, 300), st.integers(65_000, 66_500), st.integers(1, 2**62)))


@given(ids=IDS, asked=IDS)
def test_it_holds_what_it_was_given_in_order(ids, asked):
    held = IdSet(ids)
    assert list(held.ascending()) == sorted(set(ids))
    assert [each in held for each in (*ids, *asked)] == [each in ids for each in (*ids, *asked)]
    assert (bool(held), held.given) == (bool(ids), len(ids))


def test_many_of_the_same_upper_bits_are_held_as_bits():
    ids = [*range(1, 20_000, 3), *range(1, 200)]
    held = IdSet(ids)
    assert list(held) == sorted(set(ids))
    assert [each for each in range(25_000) if each in held] == sorted(set(ids))
