import inspect
import json
from typing import Any

import pytest

import adapter.errors
from adapter.commands.canonical_errors import error_data, error_kinds, read_error
from adapter.errors import (
    AdapterError,
    BillableNotFound,
    ClientNotFound,
    CurrencyNotListed,
    InvalidField,
    OutcomeLost,
    PromotionInvalid,
    Rejected,
)

_GIVEN: dict[str, Any] = {
    "listed": ("ZAR", "EUR"),
    "others": (("addons[1].name", "is missing"),),
    "valid": ("banktransfer",),
    "offered": ("monthly",),
    "line": 2,
    "allowed": 7,
    "issued": 3,
    "occurrences": 5,
    "record_id": 9,
    "retry_seconds": 30,
    "number": 42,
}


def _made(kind: type[AdapterError]) -> AdapterError:
    if "__init__" not in {name for each in kind.__mro__[:-3] for name in vars(each)}:
        return kind("told")
    names = list(inspect.signature(kind).parameters)
    return kind(*(_GIVEN.get(name, f"the {name}") for name in names))


@pytest.mark.parametrize("kind", error_kinds().values(), ids=lambda kind: kind.__name__)
def test_an_error_keeps_what_it_tells(kind: type[AdapterError]) -> None:
    error = _made(kind)
    read = read_error(json.loads(json.dumps(error_data(error))))
    assert type(read) is kind
    assert str(read) == str(error)
    facts = {name: value for name, value in vars(error).items() if name != "reason"}
    assert {name: value for name, value in vars(read).items() if name != "reason"} == facts


def test_every_error_has_a_code_of_its_own() -> None:
    assert len(error_kinds()) == len(adapter.errors.__all__)


def test_what_a_backend_said_does_not_leave() -> None:
    for error in (Rejected("their text"), OutcomeLost("reference-1", "their text")):
        assert "their text" not in json.dumps(error_data(error))
        assert read_error(error_data(error)).reason == ""  # type: ignore[attr-defined] # theirs alone
    assert "has ended" in error_data(PromotionInvalid("X", "has ended"))["message"]


def test_facts_are_listed_by_name() -> None:
    assert error_data(CurrencyNotListed(1, "EUR", ("ZAR",))) == {
        "error": "currency_not_listed",
        "message": "Currency EUR is not in use; valid are ZAR",
        "facts": {"line": 1, "currency": "EUR", "listed": ["ZAR"]},
    }
    assert error_data(ClientNotFound(7))["facts"] == {"record_id": 7}
    assert error_data(BillableNotFound("service", 7))["facts"]["kind"] == "service"


@pytest.mark.parametrize(
    ("data", "path"),
    [
        (None, "error"),
        ({"error": "no_such", "message": "x"}, "error"),
        ({"error": "client_not_found"}, "message"),
        ({"error": "client_not_found", "message": "x", "facts": []}, "facts"),
        ({"error": "run_incomplete", "message": "x", "facts": {}}, "facts.issued"),
        ({"error": "run_incomplete", "message": "x", "facts": {"issued": "3"}}, "facts.issued"),
    ],
)
def test_what_is_no_error_is_refused_by_its_path(data: Any, path: str) -> None:
    with pytest.raises(InvalidField) as refused:
        read_error(data)
    assert refused.value.path == path
