"""Secrets of credentials: made, digested, compared. Nothing here is logged or stored in the clear.

A generated secret has 160 random bits, so a keyed hash is enough and costs microseconds. A secret
that a person chose is guessable, so it gets argon2id, of its lower-case hex MD5: callers may send
the secret or that MD5, and one hash serves both.
"""

import base64
import hashlib
import hmac
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from adapter.store.passwords import matches, slow_hash

GENERATED: Final = "generated"
HUMAN: Final = "human"

_SECRET_BYTES: Final = 20  # 160 bits are exactly 32 base32 characters
_KEY_BYTES: Final = 32
_HEX: Final = frozenset("0123456789abcdef")
_MD5_DIGITS: Final = 32


@dataclass(frozen=True, slots=True)
class SecretDigests:
    """What is stored of a secret; `md5_digest` is blank for a human one."""

    kind: str
    digest: str
    md5_digest: str = ""


def generate_secret() -> str:
    """Return a new secret of 32 base32 characters; one that could be read as an MD5 is redrawn."""
    while True:
        secret = base64.b32encode(os.urandom(_SECRET_BYTES)).decode("ascii")
        if not looks_like_md5(secret.lower()):
            return secret


def looks_like_md5(text: str) -> bool:
    """Tell whether a text has the form of a lower-case hex MD5."""
    return len(text) == _MD5_DIGITS and _HEX.issuperset(text)


def md5_hex(secret: str) -> str:
    """Return the lower-case hex MD5 that the form-post API defines for a password."""
    return hashlib.md5(text_bytes(secret), usedforsecurity=False).hexdigest()


def text_bytes(text: str) -> bytes:
    """Return the bytes a caller sent; any text has some, lone surrogates of JSON included."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def keyed_digest(key: bytes, text: str) -> str:
    """Return the hex HMAC-SHA256 of a text under a key."""
    return hmac.digest(key, text_bytes(text), "sha256").hex()


def digest_generated(key: bytes, secret: str) -> SecretDigests:
    """Return what is stored of a generated secret: the keyed digests of it and of its MD5."""
    return SecretDigests(GENERATED, keyed_digest(key, secret), keyed_digest(key, md5_hex(secret)))


def digest_human(secret_md5: str) -> SecretDigests:
    """Return what is stored of a human secret, given as its lower-case hex MD5."""
    return SecretDigests(HUMAN, slow_hash(secret_md5.encode("ascii")))


def verify_generated(key: bytes, presented: str, digest: str, md5_digest: str) -> bool:
    """Tell whether `presented` is a generated secret or its MD5; in constant time."""
    actual = keyed_digest(key, presented)
    plain = hmac.compare_digest(actual, digest)
    hashed = hmac.compare_digest(actual, md5_digest)
    return plain or hashed


def verify_human(presented: str, digest: str) -> bool:
    """Tell whether `presented` is a human secret or its MD5; slow, call it under `HASHING`.

    A text of the form of an MD5 may be either, so both readings are tried.
    """
    readings = [md5_hex(presented)]
    if looks_like_md5(presented):
        readings.insert(0, presented)
    return any(matches(reading.encode("ascii"), digest) for reading in readings)


def load_server_key(file: Path) -> bytes:
    """Return the server key kept in a file; the first caller makes it, readable by its owner only.

    Without this key no generated secret can be verified: keep it with the database's backups.
    Raises `ValueError` when the file holds something else.
    """
    if not file.exists():
        _create_key(file)
    return parse_server_key(file.read_text(encoding="ascii", errors="replace"), str(file))


def parse_server_key(text: str, where: str) -> bytes:
    """Return the key written as 64 hex digits; `where` names its place in the `ValueError`."""
    try:
        key = bytes.fromhex(text.strip())
    except ValueError:
        key = b""
    if len(key) != _KEY_BYTES:
        raise ValueError(f"{where}: the server key must be {2 * _KEY_BYTES} hex digits")
    return key


def _create_key(file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.{os.getpid()}.{os.urandom(4).hex()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as out:
            out.write(os.urandom(_KEY_BYTES).hex() + "\n")
            out.flush()
            os.fsync(out.fileno())
        # A link fails where a rename would replace the key another process has just made.
        os.link(draft, file)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
