import base64
import hashlib
import os
import stat
import threading

import pytest

from adapter.bridge.secrets import (
    digest_generated,
    digest_human,
    generate_secret,
    load_server_key,
    md5_hex,
    parse_server_key,
    text_bytes,
    verify_generated,
    verify_human,
)

KEY = bytes(range(32))


def test_generated_secrets_are_32_base32_characters_and_never_twice():
    made = {generate_secret() for _ in range(200)}
    assert len(made) == 200
    alphabet = set("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
    assert all(len(secret) == 32 and set(secret) <= alphabet for secret in made)


def test_a_secret_that_could_be_an_md5_is_drawn_again(monkeypatch):
    texts = ("A" * 32, "BCDEF234" * 4, "Z" * 32)
    drawn = iter([base64.b32decode(text) for text in texts])
    monkeypatch.setattr(os, "urandom", lambda _: next(drawn))
    assert generate_secret() == "Z" * 32


def test_a_generated_secret_is_stored_as_keyed_digests_only():
    stored = digest_generated(KEY, "SECRET")
    assert stored.kind == "generated"
    assert "SECRET" not in stored.digest + stored.md5_digest
    assert stored.digest != stored.md5_digest
    assert digest_generated(bytes(32), "SECRET").digest != stored.digest


@pytest.mark.parametrize(
    ("presented", "right"),
    [
        ("SECRET", True),
        (hashlib.md5(b"SECRET").hexdigest(), True),
        (hashlib.md5(b"SECRET").hexdigest().upper(), False),
        ("secret", False),
        ("SECRET ", False),
        ("", False),
        ("\ud800", False),
    ],
)
def test_a_generated_secret_verifies_plain_and_as_md5(presented, right):
    stored = digest_generated(KEY, "SECRET")
    assert verify_generated(KEY, presented, stored.digest, stored.md5_digest) is right


def test_a_human_secret_has_no_md5_digest_to_be_compared_with():
    assert not verify_generated(KEY, "", "", "")


@pytest.mark.parametrize(
    ("presented", "right"),
    [
        ("pässword", True),
        (hashlib.md5("pässword".encode()).hexdigest(), True),
        ("password", False),
        (hashlib.md5(b"password").hexdigest(), False),
        ("", False),
    ],
)
def test_a_human_secret_verifies_plain_and_as_md5(presented, right, slow_hashes):
    stored = digest_human(md5_hex("pässword"))
    assert stored.kind == "human"
    assert stored.digest.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert stored.md5_digest == ""
    assert verify_human(presented, stored.digest) is right


def test_a_human_secret_of_the_form_of_an_md5_verifies_too():
    secret = "0123456789abcdef0123456789abcdef"
    stored = digest_human(md5_hex(secret))
    assert verify_human(secret, stored.digest)
    assert verify_human(md5_hex(secret), stored.digest)


def test_an_unreadable_stored_hash_verifies_nothing():
    assert not verify_human("x", "no hash")


def test_the_bytes_of_a_text_are_those_that_were_sent():
    assert text_bytes("ä\udcff") == b"\xc3\xa4\xff"
    assert text_bytes("\ud800") == b"\xed\xa0\x80"


def test_the_server_key_is_made_once_and_readable_by_its_owner_only(tmp_path):
    file = tmp_path / "var" / "server.key"
    keys: list[bytes] = []
    threads = [
        threading.Thread(target=lambda: keys.append(load_server_key(file))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(keys) == 8
    assert set(keys) == {load_server_key(file)}
    assert len(keys[0]) == 32
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [each.name for each in file.parent.iterdir()] == ["server.key"]


@pytest.mark.parametrize("text", ["", "00", "zz" * 32, "00" * 33])
def test_a_server_key_is_64_hex_digits(text):
    with pytest.raises(ValueError, match=r"here: the server key must be 64 hex digits"):
        parse_server_key(text, "here")


def test_a_damaged_key_file_is_refused_not_replaced(tmp_path):
    file = tmp_path / "server.key"
    file.write_text("damaged")
    with pytest.raises(ValueError, match=r"server\.key"):
        load_server_key(file)
    assert file.read_text() == "damaged"
