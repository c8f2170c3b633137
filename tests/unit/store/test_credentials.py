"""Rows of credentials: found by identifier while they live, never given twice."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from adapter.errors import CredentialExists, CredentialNotFound
from adapter.store.credentials import (
    CredentialRow,
    find_credential,
    insert_credential,
    list_credentials,
    revoke_credential,
)

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
SHOP = CredentialRow(
    name="shop",
    identifier="Shop1",
    account="main",
    secret_kind="generated",
    secret_digest="digest-of-secret",
    secret_md5_digest="digest-of-md5",
    created_at=NOW,
    actions=("GenInvoices", "GetInvoice"),
    addresses=("192.0.2.0/24",),
    protocols=("whmcs",),
)


def _add(store, *credentials):
    with store.write() as uow:
        return [insert_credential(uow, credential) for credential in credentials]


def _find(store, identifier):
    with store.engine.connect() as connection:
        return find_credential(connection, identifier)


def test_a_credential_is_found_as_it_was_added(store):
    assert _add(store, SHOP) == [1]
    assert _find(store, "Shop1") == replace(SHOP, credential_id=1)


@pytest.mark.parametrize("identifier", ["shop1", "Shop1 ", " Shop1", "Shop", "", "shop"])
def test_identifiers_are_compared_exactly(store, identifier):
    _add(store, SHOP)
    assert _find(store, identifier) is None


def test_a_revoked_credential_is_gone_at_once_but_listed(store):
    _add(store, SHOP, replace(SHOP, name="other", identifier="Other1"))
    with store.write() as uow:
        revoke_credential(uow, "shop", NOW)
    assert _find(store, "Shop1") is None
    assert _find(store, "Other1") is not None
    with store.read() as uow:
        shop, other = list_credentials(uow)
    assert (shop.name, shop.revoked_at, shop.version) == ("shop", NOW, 2)
    assert (other.name, other.revoked_at, other.version) == ("other", None, 1)


@pytest.mark.parametrize("name", ["nobody", "Shop1", "SHOP"])
def test_only_a_live_credential_can_be_revoked(store, name):
    _add(store, SHOP)
    with pytest.raises(CredentialNotFound), store.write() as uow:
        revoke_credential(uow, name, NOW)


def test_a_credential_is_revoked_once(store):
    _add(store, SHOP)
    with store.write() as uow:
        revoke_credential(uow, "shop", NOW)
    with pytest.raises(CredentialNotFound), store.write() as uow:
        revoke_credential(uow, "shop", NOW)


@pytest.mark.parametrize("again", [replace(SHOP, identifier="X"), replace(SHOP, name="x")])
def test_names_and_identifiers_are_never_given_twice(store, again):
    _add(store, SHOP)
    with store.write() as uow:
        revoke_credential(uow, "shop", NOW)
    with pytest.raises(CredentialExists):
        _add(store, again)


def test_digests_are_not_in_the_repr():
    assert "digest-of" not in repr(SHOP)
