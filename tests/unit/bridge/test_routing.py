from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.bridge.routing import (
    Decision,
    RoutedBackend,
    Routes,
    Rule,
    client_names,
    client_share,
)
from adapter.commands.model import (
    ClientFields,
    ClientIdentity,
    CreateClient,
    GenerateDueInvoices,
    GetClient,
    ListProducts,
)
from adapter.errors import Unroutable

RUN, GET = "GenerateDueInvoices", "GetClient"
ROUTES = Routes(
    default="local",
    commands={GET: "old"},
    rules=(
        Rule("pass", frozenset({RUN}), frozenset({"7", "ann@example.com"})),
        Rule("new", frozenset(), frozenset({"8"})),
    ),
)


@pytest.mark.parametrize(
    ("command", "names", "backend", "reason"),
    [
        (RUN, ("7",), "pass", "rule 1: client 7 is listed"),
        (RUN, ("9", "ann@example.com"), "pass", "rule 1: client ann@example.com is listed"),
        (GET, ("7",), "old", "routes.commands.GetClient"),
        (GET, ("8",), "new", "rule 2: client 8 is listed"),
        (RUN, (), "local", "routes.default"),
        ("ListProducts", ("9",), "local", "routes.default"),
    ],
)
def test_the_first_rule_that_fits_wins_then_the_command_then_the_default(
    command, names, backend, reason
):
    assert ROUTES.choose(command, names) == Decision(backend, reason)


def test_a_command_with_a_rule_has_no_plain_route():
    rules = Routes("local", {GET: "old"}, (Rule("new", frozenset({RUN}), percent=5.0),))
    assert (rules.plain(RUN), rules.plain(GET), rules.plain("AddCredit")) == (None, "old", "local")


def test_a_rule_covers_only_what_it_can_tell_by_client():
    listed = Routes("local", {}, (Rule("new", clients=frozenset({"7"})),))
    shared = Routes("local", {}, (Rule("new", percent=5.0),))
    told = ("GetInvoice", "RecordPayment", "CreateClient", "AddCredit")
    assert [listed.plain(each) for each in told] == ["local", "local", None, None]
    assert [shared.plain(each) for each in told] == ["local", "local", "local", None]


def test_a_share_of_clients_is_about_that_share_and_keeps_whom_it_had():
    def taken(percent: float) -> set[int]:
        routes = Routes("pass", {}, (Rule("local", percent=percent),))
        return {n for n in range(1, 10_001) if routes.choose(RUN, (str(n),)).backend == "local"}

    small, large = taken(10), taken(25.5)
    assert 900 < len(small) < 1100
    assert 2400 < len(large) < 2700
    assert small < large
    assert taken(0) == set()
    assert len(taken(100)) == 10_000


def test_where_a_client_stands_is_the_same_for_ever():
    assert [client_share(text) for text in ("1", "7", "118", "0118")] == [
        client_share("1"), client_share("7"), client_share("118"), client_share("118")
    ]  # fmt: skip
    # The first eight bytes of the SHA-256 of `client 7`, modulo 10,000.
    assert client_share("7") == 8499


def test_a_share_is_of_ids_alone():
    routes = Routes("local", {}, (Rule("new", percent=100.0),))
    assert routes.choose(GET, ("ann@example.com",)).backend == "local"
    assert routes.choose(GET, ()).backend == "local"


@given(st.integers(1, 10**12), st.floats(0, 100), st.sampled_from([RUN, GET]))
def test_a_client_never_flips(client, percent, command):
    routes = Routes("local", {}, (Rule("new", percent=percent),))
    first = routes.choose(command, (str(client),))
    assert all(routes.choose(each, (str(client),)).backend == first.backend for each in (RUN, GET))


def test_a_command_names_its_client_by_id_and_address():
    person = ClientFields(email="Ann@Example.com")
    assert client_names(GenerateDueInvoices(client_id=7)) == ("7",)
    assert client_names(GetClient(email="Ann@Example.com")) == ("ann@example.com",)
    assert client_names(CreateClient(person, ClientIdentity.EMAIL)) == ("ann@example.com",)
    assert client_names(ListProducts()) == ()


@dataclass
class Named:
    name: str

    def execute(self, command: Any, context: Any) -> Any:
        return self.name


def test_a_routed_backend_is_the_one_the_routes_name():
    backends = {name: Named(name) for name in ("local", "old", "new")}
    routed = RoutedBackend(ROUTES, backends)
    assert routed.choose(GetClient(client_id=9)) is backends["old"]
    assert routed.choose(GenerateDueInvoices(client_id=8)) is backends["new"]
    assert routed.choose(GenerateDueInvoices()) is backends["local"]


def test_what_only_the_upstream_may_answer_is_refused_elsewhere():
    with pytest.raises(Unroutable):
        RoutedBackend(ROUTES, {"local": Named("local")}).choose(GenerateDueInvoices(client_id=7))
