"""The published schemas are the code's, and what is really exchanged fits them."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapter.commands import canonical
from adapter.commands.canonical_errors import error_data
from adapter.commands.model import Command, GetInvoice
from adapter.commands.results import Result
from adapter.commands.schemas import schema_files
from adapter.errors import ClientNotFound
from tests.property import test_canonical  # noqa: F401 - registers how values are made

FOLDER = Path(__file__).parents[2] / "docs" / "schema"
KINDS: list[type] = [
    *canonical.kinds_of(Command).values(),
    *canonical.kinds_of(Result).values(),
]


@cache
def validator(name: str) -> Any:
    schema = json.loads((FOLDER / f"{name}.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def test_the_published_schemas_are_those_of_the_code() -> None:
    assert dict(schema_files()) == {file.name: file.read_text() for file in FOLDER.iterdir()}


def test_every_command_and_result_has_a_schema() -> None:
    names = {kind.__name__ for kind in KINDS} | {"Error"}
    assert {name.removesuffix(".json") for name, _ in schema_files()} == names


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@settings(max_examples=5, suppress_health_check=list(HealthCheck), deadline=None)
@given(data=st.data())
def test_what_is_written_fits_its_schema(kind: type, data: st.DataObject) -> None:
    value = data.draw(st.from_type(kind))
    is_command = issubclass(kind, Command)
    write = canonical.command_data if is_command else canonical.result_data
    validator(kind.__name__).validate(json.loads(json.dumps(write(value))))


@pytest.mark.parametrize(
    "fields",
    [{}, {"invoice_id": "7"}, {"invoice_id": 7, "more": 1}, {"invoice_id": 2**63}],
)
def test_what_cannot_be_read_does_not_fit(fields: dict[str, Any]) -> None:
    sent = {"command": "GetInvoice", "fields": fields}
    with pytest.raises(jsonschema.ValidationError):
        validator("GetInvoice").validate(sent)
    assert not validator("GetInvoice").is_valid(canonical.command_data(GetInvoice(7)) | {"x": 1})


def test_an_error_fits_its_schema() -> None:
    validator("Error").validate(error_data(ClientNotFound(7)))
    assert not validator("Error").is_valid({"error": "no_such", "message": ""})
