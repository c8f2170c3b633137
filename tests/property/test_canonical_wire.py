"""Whatever fits the command model is answered: carried out, or refused in words."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapter.commands import canonical
from adapter.commands.model import Command
from tests.property import test_canonical  # noqa: F401 - registers how values are made
from tests.unit.web.test_app import Front
from tests.unit.web.test_canonical import add_credential, basic


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Any:
    made = Front(tmp_path_factory.mktemp("wire"))
    made.prepare()
    add_credential(made, "GATEWAY", protocols=("canonical",))
    yield made
    made.store.close()


@pytest.mark.parametrize(
    "kind", canonical.kinds_of(Command).values(), ids=lambda kind: kind.__name__
)
@settings(max_examples=5, suppress_health_check=list(HealthCheck), deadline=None)
@given(data=st.data())
def test_no_command_ends_in_a_crash(
    front: Front, kind: type[Command], data: st.DataObject
) -> None:
    command = data.draw(st.from_type(kind))
    body = json.dumps(canonical.command_data(command)).encode()
    status, _, reply = front.call("/canonical/commands", body, HTTP_AUTHORIZATION=basic("GATEWAY"))
    told = json.loads(reply)
    assert status != 500, (told, front.lines()[-2:])
    assert ("result" in told) == (status == 200)
