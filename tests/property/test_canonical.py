"""Commands and results keep their value on the way to JSON and back."""

import json
from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapter.billing.money import MAX_HUNDREDTHS, Money
from adapter.commands import canonical
from adapter.commands.model import (
    UNSET,
    ClientFields,
    Command,
    CreateRecurringInvoice,
    GenerateDueInvoices,
    Unset,
)
from adapter.commands.results import Result
from adapter.errors import InvalidField

_DECIMALS = st.decimals(-(10**15), 10**15, places=4)
_MONEY = st.builds(
    Money, st.integers(-MAX_HUNDREDTHS, MAX_HUNDREDTHS), st.sampled_from(["ZAR", "EUR"])
)
st.register_type_strategy(Decimal, _DECIMALS)
st.register_type_strategy(Money, _MONEY)
st.register_type_strategy(Unset, st.just(UNSET))
st.register_type_strategy(
    str, st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=6)
)
st.register_type_strategy(int, st.integers(-(2**63), 2**63 - 1))
_KINDS: list[type] = [
    *canonical.kinds_of(Command).values(),
    *canonical.kinds_of(Result).values(),
]
_ZONES = st.sampled_from([UTC, timezone(timedelta(hours=2)), timezone(timedelta(hours=-5))])
st.register_type_strategy(datetime, st.datetimes(timezones=_ZONES))


def _mapping(kind: Any) -> st.SearchStrategy[Any]:
    return st.dictionaries(*map(st.from_type, get_args(kind)), max_size=3)


st.register_type_strategy(Mapping, _mapping)


@pytest.mark.parametrize("kind", _KINDS, ids=lambda kind: kind.__name__)
@settings(max_examples=8, suppress_health_check=list(HealthCheck), deadline=None)
@given(data=st.data())
def test_what_is_written_reads_as_itself(kind: type, data: st.DataObject) -> None:
    value = data.draw(st.from_type(kind))
    write, read = (
        (canonical.command_data, canonical.read_command)
        if issubclass(kind, Command)
        else (canonical.result_data, canonical.read_result)
    )
    sent = json.loads(json.dumps(write(value)))
    assert read(sent) == value


def test_every_field_is_written_by_its_name() -> None:
    data = canonical.command_data(GenerateDueInvoices(client_id=7, service_ids=(1, 2)))
    assert data == {
        "command": "GenerateDueInvoices",
        "fields": {
            "client_id": 7,
            "service_ids": [1, 2],
            "addon_ids": None,
            "domain_ids": None,
            "send_email": True,
        },
    }


def test_an_unset_field_is_left_out_and_a_blank_one_is_not() -> None:
    assert "payment_terms_days" not in canonical.to_data(ClientFields())
    assert canonical.to_data(ClientFields(payment_terms_days=None))["payment_terms_days"] is None
    assert len(canonical.to_data(ClientFields())) == len(fields(ClientFields)) - 1


@pytest.mark.parametrize(
    ("data", "path"),
    [
        (None, ""),
        ({"command": "NoSuch", "fields": {}}, "command"),
        ({"command": "GenerateDueInvoices", "fields": []}, "fields"),
        ({"command": "GenerateDueInvoices", "fields": {"client": 7}}, "fields.client"),
        ({"command": "GenerateDueInvoices", "fields": {"client_id": "7"}}, "fields.client_id"),
        ({"command": "GenerateDueInvoices", "fields": {"client_id": True}}, "fields.client_id"),
        (
            {"command": "GenerateDueInvoices", "fields": {"service_ids": [1, "x"]}},
            "fields.service_ids[1]",
        ),
        ({"command": "GetInvoice", "fields": {}}, "fields.invoice_id"),
        ({"command": "GetInvoice", "fields": {"invoice_id": 2**63}}, "fields.invoice_id"),
        ({"command": "GetClient", "fields": {"email": "a\x00b"}}, "fields.email"),
        ({"command": "GetClient", "fields": {"email": "\ud800"}}, "fields.email"),
    ],
)
def test_what_cannot_be_read_is_refused_by_its_path(data: Any, path: str) -> None:
    with pytest.raises(InvalidField) as refused:
        canonical.read_command(data)
    assert refused.value.path == path


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("start_on", "2024-02-30"),
        ("start_on", "20240229"),
        ("frequency", "fortnightly"),
        ("discount_amount", "NaN"),
        ("discount_amount", "1_0"),
        ("discount_amount", "1e9"),
        ("discount_amount", "\u0661"),
    ],
)
def test_a_text_that_does_not_read_is_refused(field: str, value: str) -> None:
    fields_: dict[str, Any] = {"frequency": "monthly", "start_on": "2024-01-31", "lines": []}
    assert isinstance(canonical.from_data(CreateRecurringInvoice, fields_), CreateRecurringInvoice)
    with pytest.raises(InvalidField) as refused:
        canonical.from_data(CreateRecurringInvoice, {**fields_, field: value})
    assert refused.value.path == field
