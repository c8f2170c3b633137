"""decode(encode(x)) == x, and what holds of any bytes."""

from hypothesis import assume, given
from hypothesis import strategies as st

from adapter.errors import Malformed
from adapter.protocols.base import Limits
from adapter.protocols.jsonbody import decode_json, rows
from adapter.protocols.multipart import decode_multipart, encode_multipart
from adapter.protocols.phpform import decode_form, encode_form, merge_params

LIMITS = Limits()

# Text that may hold bytes which are no UTF-8, as decoding leaves them.
texts = st.binary(max_size=12).map(lambda raw: raw.decode("utf-8", "surrogateescape"))
# Names PHP keeps as they are: a top-level one without what is rewritten, a key without what ends
# it, neither empty nor (a key) a single blank, which means `[]`, nor under a guarded prefix.
names = texts.filter(lambda name: name and not set(name) & set(" .[\0"))
inner_keys = texts.filter(
    lambda key: (
        key
        and not set(key) & set("]\0")
        and key not in set(" \t\n\v\f\r")
        and not key.startswith(("__Host-", "__Secure-"))
    )
)
trees = st.recursive(
    texts,
    lambda inner: st.dictionaries(inner_keys, inner, min_size=1, max_size=4),
    max_leaves=12,
)
params = st.dictionaries(names, trees, max_size=5)
form_pieces = st.sampled_from(
    [b"a", b"[", b"]", b"%5B", b"%", b"4", b"&", b"=", b"+", b".", b"\0", b"\xff", b"0", b"[]"]
)


def ordered(value):
    if not isinstance(value, dict):
        return value
    return [(key, ordered(item)) for key, item in value.items()]


@given(params)
def test_a_form_decodes_to_what_was_encoded(sent):
    assert ordered(decode_form(encode_form(sent), LIMITS)) == ordered(sent)


@given(params)
def test_a_multipart_body_decodes_to_what_was_encoded(sent):
    # A part's header is lines; there is no way to write a line end into a name.
    assume(not any(set(name) & set("\r\n") for name in all_keys(sent)))
    body, content_type = encode_multipart(sent)
    assert ordered(decode_multipart(body, content_type, LIMITS)) == ordered(sent)


def all_keys(tree):
    for key, value in tree.items():
        yield key
        if isinstance(value, dict):
            yield from all_keys(value)


@given(st.one_of(st.binary(max_size=64), st.lists(form_pieces, max_size=30).map(b"".join)))
def test_any_bytes_decode_and_what_they_decode_to_encodes(raw):
    decoded = decode_form(raw, LIMITS)
    assert decode_form(encode_form(decoded), LIMITS) == decoded


@given(params, params)
def test_merging_keeps_every_leaf_of_the_body(query, body):
    merged = merge_params(query, body)
    assert merge_params(merged, body) == merged
    assert merge_params({}, body) == body
    assert merge_params(query, {}) == query
    assert set(merged) == set(query) | set(body)


cells = st.sampled_from(["", "x", "1.50", None, True, False])
grids = st.dictionaries(
    st.integers(0, 30),
    st.dictionaries(st.integers(0, 15), cells, max_size=6),
    max_size=6,
)


@given(grids)
def test_rows_are_the_same_rows_in_every_shape(grid):
    keyed = {str(i): {str(j): cell for j, cell in row.items()} for i, row in grid.items()}
    found = rows(keyed, LIMITS)
    assert list(found) == sorted(grid)
    assert {
        i: {j: cell for j, cell in enumerate(row) if j in grid[i]} for i, row in found.items()
    } == grid
    assert all(len(row) == 1 + max(grid[i], default=-1) for i, row in found.items())


@given(st.binary(max_size=40))
def test_any_bytes_are_a_json_object_or_malformed(raw):
    try:
        decoded = decode_json(raw, LIMITS)
    except Malformed:
        return
    assert isinstance(decoded, dict)
