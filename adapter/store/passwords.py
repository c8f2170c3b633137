"""Slow hashes of secrets that a person chose: argon2id, at most two at once."""

import os
import threading
from typing import Final

from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type, hash_secret, verify_secret

_MEMORY_KIB: Final = 19 * 1024
_PASSES: Final = 2
_LANES: Final = 1
_SALT_BYTES: Final = 16
_HASH_BYTES: Final = 32

# To be held around argon2: each hash takes 19 MiB and tens of milliseconds of a core, more at once
# would starve what they protect.
HASHING: Final = threading.BoundedSemaphore(2)


def slow_hash(secret: bytes) -> str:
    """Return what is stored of a secret; slow, call it under `HASHING`."""
    encoded = hash_secret(
        secret,
        os.urandom(_SALT_BYTES),
        time_cost=_PASSES,
        memory_cost=_MEMORY_KIB,
        parallelism=_LANES,
        hash_len=_HASH_BYTES,
        type=Type.ID,
    )
    return encoded.decode("ascii")


def matches(secret: bytes, encoded: str) -> bool:
    """Tell whether a secret is the one that was hashed; slow, call it under `HASHING`."""
    try:
        return verify_secret(encoded.encode("ascii"), secret, Type.ID)
    except (VerificationError, InvalidHashError):
        return False
