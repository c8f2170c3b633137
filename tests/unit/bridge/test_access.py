from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from adapter.bridge import access as access_module
from adapter.bridge.access import Access, AccessConfig
from adapter.bridge.secrets import (
    SecretDigests,
    digest_generated,
    digest_human,
    md5_hex,
    verify_human,
)
from adapter.commands.access import Account, Credentials, Mode
from adapter.errors import (
    ActionNotAllowed,
    AdapterError,
    AddressNotAllowed,
    LimitExceeded,
    MethodNotAllowed,
    NotAuthenticated,
    UnknownAction,
    UnknownIdentifier,
    WrongBusiness,
)
from adapter.protocols.base import BaseCall
from adapter.store.credential_finder import CredentialFinder
from adapter.store.credentials import CredentialRow, insert_credential, revoke_credential

KEY = bytes(32)
NOW = datetime(2026, 3, 2, tzinfo=UTC)
MAIN = Account("main", Mode.SANDBOX, ZoneInfo("UTC"), "7")
SECRET = "GENERATEDSECRET"
# Hashing once for all tests: each takes tens of milliseconds.
HUMAN = digest_human(md5_hex("hunter2"))


class Clock:
    """Counts seconds only when a test or a pause says so."""

    def __init__(self) -> None:
        self.seconds = 1000.0
        self.pauses: list[float] = []

    def __call__(self) -> float:
        return self.seconds

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)


class Dialect:
    """As much of a protocol as access asks about."""

    name = "whmcs"

    def actions(self) -> frozenset[str]:
        return frozenset({"geninvoices", "getclients"})


class Rows(dict[str, CredentialRow]):
    """Credentials without a database."""

    def find(self, identifier: str) -> CredentialRow | None:
        return self.get(identifier)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def rows() -> Rows:
    return Rows({"gen": row("gen", digest_generated(KEY, SECRET)), "human": row("human", HUMAN)})


@pytest.fixture
def access(clock, rows) -> Callable[..., Access]:
    def make(**config: Any) -> Access:
        return Access(
            AccessConfig(**config),
            KEY,
            rows.find,
            {"main": MAIN},
            monotonic=clock,
            pause=clock.pause,
        )

    return make


def row(identifier: str, digests: SecretDigests, **more: Any) -> CredentialRow:
    return CredentialRow(
        name=f"{identifier}-name",
        identifier=identifier,
        account="main",
        secret_kind=digests.kind,
        secret_digest=digests.digest,
        created_at=NOW,
        secret_md5_digest=digests.md5_digest,
        **more,
    )


def call(
    identifier: str | None = "gen",
    secret: str | None = SECRET,
    *,
    action: str = "geninvoices",
    address: str = "127.0.0.1",
    access_key: str | None = None,
    business_id: str | None = None,
    problem: Any = None,
) -> BaseCall:
    sent = Credentials(identifier, secret, access_key, business_id)
    return BaseCall(action, {}, sent, address, "POST", problem)


def refusal(access: Access, asked: BaseCall) -> type[AdapterError] | None:
    try:
        access.admit(asked, Dialect())  # as much of one as is asked for
    except AdapterError as error:
        return type(error)
    return None


def test_a_caller_is_admitted_with_its_account_credential_and_address(access):
    caller = access().admit(call(), Dialect())
    assert (caller.account, caller.credential, caller.address) == (MAIN, "gen-name", "127.0.0.1")


@pytest.mark.parametrize(
    ("identifier", "secret", "refused"),
    [
        (None, None, NotAuthenticated),
        ("gen", None, NotAuthenticated),
        (None, SECRET, NotAuthenticated),
        ("nobody", None, NotAuthenticated),
        ("nobody", SECRET, UnknownIdentifier),
        ("GEN", SECRET, UnknownIdentifier),
        ("gen", "wrong", NotAuthenticated),
        ("gen", md5_hex("wrong"), NotAuthenticated),
        ("gen", md5_hex(SECRET), None),
        ("human", "hunter2", None),
        ("human", md5_hex("hunter2"), None),
        ("human", "hunter3", NotAuthenticated),
        ("human", SECRET, NotAuthenticated),
    ],
)
def test_credentials(access, identifier, secret, refused):
    assert refusal(access(), call(identifier, secret)) is refused


@pytest.mark.parametrize(
    ("address", "sent_key", "refused"),
    [
        ("127.0.0.1", None, None),
        ("127.3.2.1", None, None),
        ("::1", None, None),
        ("192.0.2.1", None, AddressNotAllowed),
        ("192.0.2.1", "wrong", AddressNotAllowed),
        ("192.0.2.1", "open-sesame", None),
        ("", None, AddressNotAllowed),
    ],
)
def test_only_loopback_may_call_unless_the_access_key_is_sent(access, address, sent_key, refused):
    made = access(access_key="open-sesame")
    assert refusal(made, call(address=address, access_key=sent_key)) is refused


def test_without_an_access_key_none_can_be_guessed(access):
    assert refusal(access(), call(address="192.0.2.1", access_key="")) is AddressNotAllowed


def test_the_access_key_replaces_no_credential(access):
    made = access(access_key="open-sesame")
    asked = call("gen", None, address="192.0.2.1", access_key="open-sesame")
    assert refusal(made, asked) is NotAuthenticated


def test_a_refused_address_is_named(access):
    with pytest.raises(AddressNotAllowed) as refused:
        access().admit(call(address="192.0.2.1"), Dialect())
    assert refused.value.address == "192.0.2.1"


def test_a_credential_works_from_its_own_addresses_only(access, rows):
    rows["gen"] = replace(rows["gen"], addresses=("192.0.2.0/24",))
    made = access(allowed_addresses=("0.0.0.0/0",), access_key="k")
    assert refusal(made, call(address="192.0.2.9")) is None
    assert refusal(made, call(address="198.51.100.1")) is AddressNotAllowed
    assert refusal(made, call(address="198.51.100.1", access_key="k")) is AddressNotAllowed
    assert refusal(made, call(secret="wrong", address="198.51.100.1")) is NotAuthenticated


@pytest.mark.parametrize(
    ("bounds", "action", "refused"),
    [
        ({}, "geninvoices", None),
        ({}, "nosuchaction", UnknownAction),
        ({"actions": ("geninvoices",)}, "geninvoices", None),
        ({"actions": ("geninvoices",)}, "getclients", ActionNotAllowed),
        ({"actions": ("geninvoices",)}, "nosuchaction", ActionNotAllowed),
        ({"protocols": ("whmcs",)}, "geninvoices", None),
        ({"protocols": ("invoicesonline",)}, "geninvoices", ActionNotAllowed),
        ({"protocols": ("invoicesonline",)}, "nosuchaction", ActionNotAllowed),
    ],
)
def test_roles_come_before_the_question_whether_an_action_exists(
    access, rows, bounds, action, refused
):
    rows["gen"] = replace(rows["gen"], **bounds)
    assert refusal(access(), call(action=action)) is refused


@pytest.mark.parametrize("action", ["geninvoices", "getclients", "nosuchaction", ""])
@pytest.mark.parametrize(
    ("asked", "refused"),
    [
        ({"address": "192.0.2.1", "secret": "wrong"}, AddressNotAllowed),
        ({"secret": "wrong"}, NotAuthenticated),
        ({"identifier": "nobody"}, UnknownIdentifier),
        ({"identifier": None}, NotAuthenticated),
    ],
)
def test_without_credentials_every_action_looks_the_same(access, action, asked, refused):
    assert refusal(access(), call(action=action, **asked)) is refused


@pytest.mark.parametrize(
    ("sent", "refused"),
    [(None, None), ("7", None), ("8", WrongBusiness), ("07", WrongBusiness), ("", WrongBusiness)],
)
def test_a_business_id_that_is_sent_must_be_the_accounts(access, sent, refused):
    assert refusal(access(), call(business_id=sent)) is refused


def test_a_wrong_business_is_told_to_the_credentials_owner_only(access):
    assert refusal(access(), call(secret="wrong", business_id="8")) is NotAuthenticated


def test_a_request_that_cannot_be_read_is_told_so_after_the_address(access):
    problem = LimitExceeded("fields", 10)
    made = access()
    assert refusal(made, call(None, None, problem=problem)) is LimitExceeded
    assert refusal(made, call(None, None, address="192.0.2.1", problem=problem)) is (
        AddressNotAllowed
    )
    assert refusal(made, call(secret="wrong", problem=problem)) is NotAuthenticated
    assert refusal(made, call(action="", problem=MethodNotAllowed("PUT"))) is MethodNotAllowed


def test_a_credential_of_an_account_that_is_not_served_is_unknown(access, rows):
    rows["gen"] = replace(rows["gen"], account="elsewhere")
    assert refusal(access(), call()) is UnknownIdentifier


def test_failed_logins_are_slowed_and_a_right_one_is_never_refused(access, clock):
    made = access(failure_delay_seconds=1.0)
    for _ in range(8):
        assert refusal(made, call(secret="wrong")) is NotAuthenticated
    assert clock.pauses == [0.1, 0.2, 0.4, 0.8, 1.0]
    assert refusal(made, call()) is None
    assert clock.pauses == [0.1, 0.2, 0.4, 0.8, 1.0]
    assert refusal(made, call(secret="wrong")) is NotAuthenticated
    assert len(clock.pauses) == 5  # the right one was the end of that series


def test_human_secrets_are_slowed_before_they_are_hashed(access, clock, monkeypatch):
    seen: list[str] = []

    def wrong(*_: str) -> bool:
        seen.append("hash")
        return False

    monkeypatch.setattr(access_module, "verify_human", wrong)
    made = access(failure_delay_seconds=1.0)
    clock.pause = lambda _: seen.append("pause")
    made._failures._pause = clock.pause
    for _ in range(5):
        refusal(made, call("human", "wrong"))
    assert seen == ["hash", "hash", "hash", "pause", "hash", "pause", "hash"]


def test_unknown_identifiers_are_slowed_too(access, clock):
    made = access()
    for _ in range(5):
        assert refusal(made, call("nobody")) is UnknownIdentifier
    assert clock.pauses == [0.1, 0.2]


def test_failures_are_counted_by_address_and_identifier_and_forgotten(access, clock):
    made = access(allowed_addresses=("0.0.0.0/0",))
    for _ in range(3):
        refusal(made, call(secret="wrong", address="192.0.2.1"))
    refusal(made, call(secret="wrong", address="192.0.2.2"))
    refusal(made, call("human", "hunter2", address="192.0.2.1"))
    assert clock.pauses == []
    clock.seconds += 901
    refusal(made, call(secret="wrong", address="192.0.2.1"))
    assert clock.pauses == []


def test_no_delay_is_put_when_the_setting_says_so(access, clock):
    made = access(failure_delay_seconds=0)
    for _ in range(9):
        refusal(made, call(secret="wrong"))
    assert clock.pauses == []


def test_what_is_remembered_of_failures_is_bounded(access):
    made = access()
    for number in range(5000):
        refusal(made, call(f"nobody-{number}"))
    assert len(made._failures._seen) == 4096


def test_a_waiting_caller_does_not_take_every_thread(access, clock):
    made = access()
    for _ in range(4):
        refusal(made, call(secret="wrong"))
    clock.pauses.clear()
    with made._failures._waiting, made._failures._waiting:
        assert refusal(made, call(secret="wrong")) is NotAuthenticated
    assert clock.pauses == []


def test_a_verified_human_secret_is_hashed_again_after_30_seconds(access, clock, monkeypatch):
    hashed: list[str] = []
    real = verify_human

    def counting(presented: str, digest: str) -> bool:
        hashed.append(presented)
        return real(presented, digest)

    monkeypatch.setattr(access_module, "verify_human", counting)
    made = access()
    for _ in range(3):
        assert refusal(made, call("human", "hunter2")) is None
    assert hashed == ["hunter2"]
    clock.seconds += 29.9
    assert refusal(made, call("human", "hunter2")) is None
    assert len(hashed) == 1
    clock.seconds += 0.2
    assert refusal(made, call("human", "hunter2")) is None
    assert len(hashed) == 2


def test_a_changed_credential_is_verified_anew(access, rows):
    made = access()
    assert refusal(made, call("human", "hunter2")) is None
    rows["human"] = replace(rows["human"], secret_digest="changed", version=2)
    assert refusal(made, call("human", "hunter2")) is NotAuthenticated


def test_verified_secrets_are_not_kept_in_the_clear(access):
    made = access()
    assert refusal(made, call("human", "hunter2")) is None
    assert "hunter2" not in repr(vars(made._verified))


def test_a_revoked_credential_is_refused_at_the_next_request(access, store, rows):
    with store.write() as uow:
        insert_credential(uow, row("gen", digest_generated(KEY, SECRET)))
        insert_credential(uow, row("human", HUMAN))
    finder = CredentialFinder(store)
    made = access()
    made._find = finder
    for identifier, secret in (("gen", SECRET), ("human", "hunter2")):
        assert refusal(made, call(identifier, secret)) is None
        with store.write() as uow:
            revoke_credential(uow, f"{identifier}-name", NOW)
        assert refusal(made, call(identifier, secret)) is UnknownIdentifier


@pytest.mark.parametrize("identifier", ["gen\0", "\ud800", "", "x" * 1000, "' OR 1=1"])
def test_no_text_breaks_the_look_up(store, identifier):
    assert CredentialFinder(store)(identifier) is None


def test_a_changed_row_is_read_again(store):
    with store.write() as uow:
        insert_credential(uow, row("gen", digest_generated(KEY, SECRET), actions=("a",)))
    finder = CredentialFinder(store)
    first = finder("gen")
    assert first is not None
    assert first.actions == ("a",)
    assert finder("gen") is first
    with store.engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE credentials SET actions = '[\"b\"]', version = version + 1"
        )
    changed = finder("gen")
    assert changed is not None
    assert changed.actions == ("b",)
