"""Nothing a protocol knows is without a contract: parameters, columns, error texts, statuses."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, get_type_hints

import pytest

from adapter import errors
from adapter.bridge.contracts import DEFAULT_TODAY, load_contracts, samples
from adapter.protocols.base import Limits, WireRequest
from adapter.protocols.invoicesonline import InvoicesOnlineProtocol
from adapter.protocols.invoicesonline import errors as positional_errors
from adapter.protocols.invoicesonline import schemas as positional_schemas
from adapter.protocols.invoicesonline.columns import LINE_COLUMNS
from adapter.protocols.whmcs import WhmcsProtocol
from adapter.protocols.whmcs import errors as form_errors
from adapter.protocols.whmcs.actions import ACTIONS
from tests.contract.full_results import full, has_list, names

FOLDER = Path(__file__).parents[2] / "contracts"
PROTOCOLS: Mapping[str, Any] = {
    "whmcs": WhmcsProtocol({}, Limits(), allow_get=True),
    "invoicesonline": InvoicesOnlineProtocol({}, Limits()),
}
VALUES = dict.fromkeys(
    ("identifier", "secret", "secret_md5", "username", "password", "password_md5", "business_id"),
    "1",
)
# Rows that no exchange can show, and why.
UNREACHABLE: Mapping[type[errors.AdapterError], str] = {
    errors.AdapterError: "a defect: nothing known leads there",
    errors.BackendBusy: "needs a backend other than the built-in store",
    errors.BackendOverloaded: "needs a backend other than the built-in store",
    errors.BadAnswer: "needs a backend other than the built-in store",
    errors.BackendError: "needs a backend other than the built-in store",
    errors.BreakerOpen: "needs a backend other than the built-in store",
    errors.TooManyRequests: "needs a backend other than the built-in store",
    errors.StoreUnavailable: "needs a store that does not answer",
    errors.CannotExpress: "needs a backend other than the built-in store",
    errors.NotSent: "needs a backend other than the built-in store",
    errors.OutcomeLost: "needs a backend other than the built-in store",
    errors.Rejected: "needs a backend other than the built-in store",
    errors.TransportLost: "needs a backend other than the built-in store",
}
GAP = "987654321"
CALL = PROTOCOLS["whmcs"].decode(WireRequest("POST", "", b"", {}, b"", "", 0))
# One error of each class whose text is made of facts; the facts may be anything in a contract.
FACTS: Mapping[type[errors.AdapterError], errors.AdapterError] = {
    errors.AddressNotAllowed: errors.AddressNotAllowed(GAP),
    errors.ActionNotAllowed: errors.ActionNotAllowed(GAP),
    errors.UnknownAction: errors.UnknownAction(GAP),
    errors.NotOwned: errors.NotOwned("service", int(GAP)),
    errors.DomainNotRenewable: errors.DomainNotRenewable(GAP),
    errors.PaymentMethodInvalid: errors.PaymentMethodInvalid((GAP,)),
    errors.GatewayInvalid: errors.GatewayInvalid((GAP,)),
    errors.ClientNotFound: errors.ClientNotFound(int(GAP)),
    errors.StartTooEarly: errors.StartTooEarly(int(GAP)),
    errors.DocumentNotFound: errors.DocumentNotFound(int(GAP)),
    errors.BillableNotFound: errors.BillableNotFound("recurring invoice", int(GAP)),
    errors.LineNotFound: errors.LineNotFound(GAP),
}


class Seen:
    """What all cases of one protocol send and expect, by action."""

    def __init__(self) -> None:
        self.names: dict[str, set[str]] = defaultdict(set)
        self.columns: dict[str, set[str]] = defaultdict(set)
        self.replies: dict[str, list[tuple[int, str]]] = defaultdict(list)
        self.formats: dict[str, set[str]] = defaultdict(set)

    def says(self, status: int, text: str, action: str | None = None) -> bool:
        """Tell whether a reply of `action` (of any, when None) has this status and text."""
        pieces = [re.escape(piece) for piece in text.split(GAP)]
        wanted = re.compile(".+".join(pieces))
        replies = (
            self.replies[action]
            if action is not None
            else [reply for replies in self.replies.values() for reply in replies]
        )
        return any(found == status and wanted.search(body) for found, body in replies)


@cache
def seen() -> Mapping[str, Seen]:
    found: dict[str, Seen] = defaultdict(Seen)
    for case in load_contracts(FOLDER).cases:
        for sample in samples(case, VALUES, DEFAULT_TODAY):
            protocol = found[sample.protocol]
            call = PROTOCOLS[sample.protocol].decode(sample.request)
            protocol.names[call.action] |= {name.partition("[")[0] for name in call.params}
            protocol.columns[call.action] |= set(_columns(call.params.get("data")))
            if sample.body is not None and sample.status is not None:
                protocol.replies[call.action].append((sample.status, _plain(sample.body)))
                wanted = getattr(call, "responsetype", "")
                if "error" not in sample.body and _has_entries(sample.body, wanted):
                    protocol.formats[call.action].add(wanted)
    return found


def _has_entries(body: str, wanted: str) -> bool:
    """Tell whether a list has an entry in a reply, as far as a format's empty list differs."""
    if wanted == "xml":
        return re.search(r"<\w+>\n<\w+>", body) is not None
    return wanted != "nvp" or "[" in body


def _columns(data: Any) -> Iterator[str]:
    """Yield the indexes of all columns in the rows of `data`."""
    rows = data.values() if isinstance(data, dict) else data if isinstance(data, list) else ()
    for row in rows:
        if isinstance(row, dict):
            yield from row
        elif isinstance(row, list):
            yield from (str(index) for index in range(len(row)))


def _plain(body: str) -> str:
    """Return a reply's texts as their readers see them, whatever the format."""
    for escaped, plain in (
        ("\\/", "/"),
        ('\\"', '"'),
        ("&quot;", '"'),
        ("&#039;", "'"),
        ("&apos;", "'"),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&amp;", "&"),
    ):
        body = body.replace(escaped, plain)
    return body


@pytest.mark.parametrize("key", sorted(ACTIONS))
def test_every_form_parameter_is_sent_by_some_case(key):
    fields = ACTIONS[key].schema.fields
    known = {(each.data_key or name).partition("[")[0] for name, each in fields.items()}
    assert known - seen()["whmcs"].names[key] == set()


POSITIONAL = {
    schema.endpoint.lower(): schema
    for schema in vars(positional_schemas).values()
    if isinstance(schema, type)
    and issubclass(schema, positional_schemas.EndpointSchema)
    and schema.endpoint
}


@pytest.mark.parametrize("key", sorted(POSITIONAL))
def test_every_positional_field_is_sent_by_some_case(key):
    known = set(positional_schemas.wire_names(POSITIONAL[key]).values())
    assert known - seen()["invoicesonline"].names[key] == set()


@pytest.mark.parametrize(
    "key", sorted(key for key, schema in POSITIONAL.items() if "rows" in schema._declared_fields)
)
def test_every_column_is_sent_by_some_case(key):
    known = {str(index) for index in range(len(LINE_COLUMNS))}
    assert known - seen()["invoicesonline"].columns[key] == set()


def full_reply(key: str) -> dict[str, Any]:
    """Return an action's reply to a result of which every field says something."""
    action = ACTIONS[key]
    hints = get_type_hints(action.reply)
    result = full(next(kind for name, kind in hints.items() if name.lstrip("_") == "result"))
    params = dict.fromkeys(action.schema.fields, "1") | {"timeline_days": "1"}
    return action.reply(result, replace(CALL, action=key, params=params))


@pytest.mark.parametrize("key", sorted(ACTIONS))
def test_every_form_reply_field_is_expected_by_some_case(key):
    """Names behind a mask do not count: what a case does not spell out it does not promise."""
    bodies = [body for _, body in seen()["whmcs"].replies[key]]
    expected = {name for body in bodies for name in re.findall(r'"([^"]+)":', body)}
    assert names(full_reply(key)) - expected == set()


@pytest.mark.parametrize("key", [key for key in sorted(ACTIONS) if has_list(full_reply(key))])
def test_every_list_is_shown_with_an_entry_in_every_format(key):
    assert seen()["whmcs"].formats[key] == {"json", "xml", "nvp"}


@pytest.mark.parametrize("key", sorted(ACTIONS))
def test_every_form_action_answers_in_some_case(key):
    assert any(status == 200 for status, _ in seen()["whmcs"].replies[key])


@pytest.mark.parametrize("key", sorted(POSITIONAL))
def test_every_endpoint_answers_in_some_case(key):
    assert any(status == 200 for status, _ in seen()["invoicesonline"].replies[key])


@pytest.mark.parametrize("kind", [kind for kind in form_errors.WIRE if kind not in UNREACHABLE])
def test_every_form_error_occurs(kind):
    row = form_errors.WIRE[kind]
    text = row.text(FACTS[kind]) if callable(row.text) else row.text
    assert seen()["whmcs"].says(row.status, f"{text or ''}")


@pytest.mark.parametrize(("action", "kind"), form_errors.ACTION_TEXTS)
def test_every_text_of_one_action_occurs(action, kind):
    text = form_errors.ACTION_TEXTS[action, kind]
    assert seen()["whmcs"].says(form_errors.WIRE[kind].status, text, action)


@pytest.mark.parametrize(("action", "field", "rule"), form_errors.FIELD_TEXTS)
def test_every_text_of_a_field_occurs(action, field, rule):
    text = form_errors.FIELD_TEXTS[action, field, rule]
    assert seen()["whmcs"].says(form_errors.OK, text, action)


@pytest.mark.parametrize(
    ("status", "text", "action"),
    [
        (form_errors.FORBIDDEN, form_errors.COMMAND_NOT_FOUND, None),
        (form_errors.OK, form_errors.STATUS_TEXT.format(status=GAP), "updateinvoice"),
        (form_errors.OK, f"Expecting parameter '{GAP}' to be an array", "addorder"),
        (form_errors.OK, "Domain not owned by Client ID provided", "addorder"),
    ],
)
def test_every_text_outside_the_tables_occurs(status, text, action):
    assert seen()["whmcs"].says(status, text, action)


@pytest.mark.parametrize(
    "kind", [kind for kind in positional_errors.WIRE if kind not in UNREACHABLE]
)
def test_every_positional_error_occurs(kind):
    row = positional_errors.WIRE[kind]
    if kind is errors.CurrencyNotListed:
        text = f"{GAP} must be one of {GAP}"
    else:
        text = row.text(FACTS[kind], ()) if callable(row.text) else row.text or ""
    assert seen()["invoicesonline"].says(row.status, text)
