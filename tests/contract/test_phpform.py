"""Every vector that PHP itself answered; see `phpform_vectors.py`."""

import json
from pathlib import Path

import pytest

from adapter.errors import Malformed
from adapter.protocols.base import Limits, WireRequest
from adapter.protocols.body import decode_params

DATA = json.loads((Path(__file__).parent / "data" / "phpform.json").read_text("ascii"))
URLENCODED = "application/x-www-form-urlencoded"

# Bodies that PHP reads and we refuse, because reading them loses a parameter without a word:
# a scope that is lost bills everybody. Source: contracts/decisions.md, "Damaged bodies".
REFUSED = {
    "\r\na=1": "line break",
    "a[\n]=1&a[\r]=2&a[\x0b]=3&a[\x0c]=4": "line break",
    "preamble\r\n--B": "does not begin with its delimiter",
}


def refusal(body):
    """Return why a vector's body is refused, None when it is read."""
    return next((why for start, why in REFUSED.items() if body.startswith(start)), None)


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
    if (why := refusal(vector["body"])) is not None:
        with pytest.raises(Malformed, match=why):
            decode_params(request, Limits(), json=False)
    else:
        assert as_php(decode_params(request, Limits(), json=False)) == vector["params"]


def test_no_more_is_refused_than_is_listed():
    refused = [v["body"] for v in DATA["vectors"] if refusal(v["body"]) is not None]
    assert len(refused) == len(REFUSED)


def test_there_are_enough_vectors_and_no_two_are_the_same():
    asked = {(v.get("query"), v.get("content_type"), v["body"]) for v in DATA["vectors"]}
    assert len(asked) == len(DATA["vectors"]) > 300
