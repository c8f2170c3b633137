"""Every vector that PHP itself answered; see `phpform_vectors.py`."""

import json
from pathlib import Path

import pytest

from adapter.protocols.base import Limits, WireRequest
from adapter.protocols.body import decode_params

DATA = json.loads((Path(__file__).parent / "data" / "phpform.json").read_text("ascii"))
URLENCODED = "application/x-www-form-urlencoded"


def as_php(value):
    """Params as the vectors write them: ordered pairs, bytes as Latin-1 text."""
    if isinstance(value, str):
        return value.encode("utf-8", "surrogateescape").decode("latin-1")
    return [[as_php(key), as_php(item)] for key, item in value.items()]


@pytest.mark.parametrize(
    "vector",
    DATA["vectors"],
    ids=[f"{number} {ascii(v['body'])[:40]}" for number, v in enumerate(DATA["vectors"])],
)
def test_requests_fold_as_php_folds_them(vector):
    request = WireRequest(
        method="POST",
        path="/",
        query=vector.get("query", "").encode("latin-1"),
        headers={"content-type": vector.get("content_type", URLENCODED)},
        body=vector["body"].encode("latin-1"),
        address="127.0.0.1",
    )
    assert as_php(decode_params(request, Limits(), json=False)) == vector["params"]


def test_there_are_enough_vectors_and_no_two_are_the_same():
    asked = {(v.get("query"), v.get("content_type"), v["body"]) for v in DATA["vectors"]}
    assert len(asked) == len(DATA["vectors"]) > 300
