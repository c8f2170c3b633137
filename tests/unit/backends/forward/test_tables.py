"""The tables are complete and on paper; a configuration that cannot be is refused."""

from pathlib import Path
from typing import Any

import pytest

from adapter.backends.forward import ForwardConfig, ForwardConnector, UpstreamTerms
from adapter.backends.forward.config import CLIENTS
from adapter.backends.forward.connector import LOOKS
from adapter.backends.forward.describe import describe_translation
from adapter.backends.forward.translate import REFUSED, TRANSLATED
from adapter.backends.transport import Transport, TransportConfig
from adapter.commands.model import Effect
from adapter.errors import (
    InvalidField,
)

ROOT = Path(__file__).parents[4]


@pytest.mark.parametrize("name", list(CLIENTS))
def test_every_command_that_acts_says_how_it_is_looked_up(name):
    kinds = {kind for kind in CLIENTS[name](None).expresses() if kind.effect is not Effect.READS}
    assert kinds == set(LOOKS[name])


@pytest.mark.parametrize(
    ("upstream_name", "caller"), [("whmcs", "invoicesonline"), ("invoicesonline", "whmcs")]
)
def test_a_command_of_the_other_protocol_is_translated_or_refused_never_both(
    upstream_name, caller
):
    kinds = CLIENTS[caller](None).expresses()
    assert set(TRANSLATED[upstream_name]) <= kinds
    assert set(REFUSED[upstream_name]) <= kinds - set(TRANSLATED[upstream_name])


def test_the_page_about_translation_is_the_tables():
    assert (ROOT / "docs" / "translation.md").read_text() == describe_translation()


@pytest.mark.parametrize(
    ("values", "path"),
    [
        ({"protocol": "soap"}, "protocol"),
        ({"url": "ftp://b.example"}, "url"),
        ({"url": "https://"}, "url"),
        ({"url": "https://b.example/api?x=1"}, "url"),
        ({"url": "https://me:too@b.example/api"}, "url"),
    ],
)
def test_a_configuration_that_cannot_be_is_refused_by_its_key(values, path):
    good: dict[str, Any] = {
        "protocol": "whmcs",
        "url": "https://b.example/x",
        "identifier": "i",
        "secret": "s",
    }
    config = ForwardConfig(**good)
    assert "secret='s'" not in repr(config)
    with pytest.raises(InvalidField) as caught:
        ForwardConfig(**good | values)
    assert caught.value.path == path


@pytest.mark.parametrize("missing", ["identifier", "secret"])
def test_commands_are_carried_out_with_credentials_only(missing):
    given: dict[str, Any] = {"identifier": "i", "secret": "s", missing: ""}
    config = ForwardConfig("whmcs", "https://b.example/x", **given)
    with pytest.raises(InvalidField) as caught:
        ForwardConnector("old", config, Transport(TransportConfig()))
    assert caught.value.path == missing


@pytest.mark.parametrize(
    ("values", "path"),
    [
        ({"vat_rate": "15 %"}, "terms.vat_rate"),
        ({"vat_rate": "101"}, "terms.vat_rate"),
        ({"days_in_advance": -2}, "terms.days_in_advance"),
        ({"days_in_advance": 366}, "terms.days_in_advance"),
        ({"endless_times": -1}, "terms.endless_times"),
    ],
)
def test_terms_that_cannot_be_are_refused_by_their_key(values, path):
    with pytest.raises(InvalidField) as caught:
        UpstreamTerms(**values)
    assert caught.value.path == path
