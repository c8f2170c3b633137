"""Who may call: address, credential, role and action, checked in that order.

The order is the original's: a caller learns nothing about credentials from a wrong address, and
nothing about roles or actions without a credential.
"""

import hmac
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from adapter.bridge.addresses import AddressList
from adapter.bridge.secrets import (
    GENERATED,
    text_bytes,
    verify_generated,
    verify_human,
)
from adapter.commands.access import Account, Caller
from adapter.errors import (
    ActionNotAllowed,
    AddressNotAllowed,
    NotAuthenticated,
    UnknownAction,
    UnknownIdentifier,
    WrongBusiness,
)
from adapter.protocols.base import BaseCall
from adapter.store.credentials import CredentialRow
from adapter.store.passwords import HASHING

_VERIFIED_SECONDS: Final = 30.0
_VERIFIED_KEPT: Final = 1024

_FREE_FAILURES: Final = 3
_FIRST_DELAY_SECONDS: Final = 0.1
_DOUBLINGS: Final = 10
_FORGET_SECONDS: Final = 900.0
_FAILURES_KEPT: Final = 4096
# A slowed caller keeps a thread of its process waiting. So many may wait at once; past them the
# bound on hashes alone slows guessing.
_WAITING_AT_ONCE: Final = 2


@dataclass(frozen=True, slots=True)
class AccessConfig:
    """Who may call at all. Addresses are single ones or networks (`192.0.2.0/24`).

    `access_key` lets a caller in from any address; it replaces no credential. The server key
    stands in `server_key` (64 hex digits), else in `server_key_file`, which is made on first use;
    blank means `server.key` beside the first account's SQLite file.
    """

    allowed_addresses: tuple[str, ...] = ("127.0.0.0/8", "::1")
    trusted_proxies: tuple[str, ...] = ()
    access_key: str = field(default="", repr=False)
    failure_delay_seconds: float = 1.0
    server_key: str = field(default="", repr=False)
    server_key_file: str = ""


class Surface(Protocol):
    """What a caller reaches the gateway through: a legacy protocol, or the management calls."""

    @property
    def name(self) -> str:
        """Its name in the roles of credentials."""

    def actions(self) -> frozenset[str]:
        """Name every action that works, in lower case."""


class Access:
    """Admits callers. Safe to share between threads; make one per process.

    `find` returns the live credential of an identifier, read at every request: a revoked one is
    refused at the next request of every process. `monotonic` counts seconds, `pause` waits them.
    Raises `ValueError` for unreadable addresses.
    """

    def __init__(  # noqa: PLR0913 - everything it decides by
        self,
        config: AccessConfig,
        server_key: bytes,
        find: Callable[[str], CredentialRow | None],
        accounts: Mapping[str, Account],
        *,
        monotonic: Callable[[], float],
        pause: Callable[[float], None],
    ) -> None:
        self.proxies = AddressList(config.trusted_proxies)
        self._allowed = AddressList(config.allowed_addresses)
        self._access_key = config.access_key.encode()
        self._server_key = server_key
        self._find = find
        self._accounts = accounts
        self._verified = _VerifiedSecrets(monotonic)
        self._failures = _Failures(config.failure_delay_seconds, monotonic, pause)
        self._address_lists: dict[tuple[str, ...], AddressList] = {}
        self._config = config
        self._times = (monotonic, pause)

    def with_config(self, config: AccessConfig) -> "Access":
        """Return one that decides by another config; itself where it is the same.

        The server key stays. Failed logins count anew. Raises `ValueError`.
        """
        if config == self._config:
            return self
        monotonic, pause = self._times
        return Access(
            config,
            self._server_key,
            self._find,
            self._accounts,
            monotonic=monotonic,
            pause=pause,
        )

    def admit(
        self, call: BaseCall, protocol: Surface, *, named: bool = False, any_action: bool = False
    ) -> Caller:
        """Return the caller a request comes from, or raise what refuses it.

        A request that could not be read names what was wrong with it as soon as the address is
        right; where credentials could still be read, only to their owner. With `named` a
        credential for every protocol is not enough: it must name this one. With `any_action`
        the action may be one that exists elsewhere only.
        """
        self.check_address(call)
        if call.problem is not None and call.credentials.identifier is None:
            raise call.problem
        credential = self._authenticate(call)
        account = self._accounts.get(credential.account)
        if account is None:
            raise UnknownIdentifier
        addresses = credential.addresses
        if addresses and call.address not in self._address_list(addresses):
            raise AddressNotAllowed(call.address)
        sent_business = call.credentials.business_id
        if sent_business is not None and sent_business != account.business_id:
            raise WrongBusiness
        if call.problem is not None:
            raise call.problem
        if (credential.protocols or named) and protocol.name not in credential.protocols:
            raise ActionNotAllowed(call.action)
        if credential.actions and call.action not in credential.actions:
            raise ActionNotAllowed(call.action)
        if not any_action and call.action not in protocol.actions():
            raise UnknownAction(call.action)
        return Caller(account, credential.name, call.address)

    def check_address(self, call: BaseCall) -> None:
        """Raise `AddressNotAllowed` unless the address is listed or the access key was sent."""
        if call.address not in self._allowed and not self._has_access_key(call):
            raise AddressNotAllowed(call.address)

    def _has_access_key(self, call: BaseCall) -> bool:
        sent = call.credentials.access_key
        return (
            bool(self._access_key)
            and sent is not None
            and hmac.compare_digest(text_bytes(sent), self._access_key)
        )

    def _address_list(self, entries: tuple[str, ...]) -> AddressList:
        known = self._address_lists.get(entries)
        if known is None:
            known = self._address_lists[entries] = AddressList(entries)
        return known

    def _authenticate(self, call: BaseCall) -> CredentialRow:
        identifier, secret = call.credentials.identifier, call.credentials.secret
        if identifier is None or secret is None:
            raise NotAuthenticated
        credential = self._find(identifier)
        key = (call.address, identifier)
        if credential is None:
            self._failures.slow(key)
            self._failures.note(key)
            raise UnknownIdentifier
        if self._is_right(credential, secret, key):
            self._failures.forget(key)
            return credential
        self._failures.note(key)
        raise NotAuthenticated

    def _is_right(self, credential: CredentialRow, secret: str, key: tuple[str, str]) -> bool:
        """Verify a secret; only what is not known at once to be right is slowed."""
        if credential.secret_kind == GENERATED:
            right = verify_generated(
                self._server_key, secret, credential.secret_digest, credential.secret_md5_digest
            )
            if not right:
                self._failures.slow(key)
            return right
        if self._verified.holds(credential, secret):
            return True
        self._failures.slow(key)
        with HASHING:
            # Another request with this secret may have been hashed while this one waited.
            if self._verified.holds(credential, secret):
                return True
            right = verify_human(secret, credential.secret_digest)
        if right:
            self._verified.note(credential, secret)
        return right


class _VerifiedSecrets:
    """Secrets found right in the last seconds, so that a busy caller is not hashed each time.

    Kept as digests under a key of this process, by credential and version: a changed credential
    is verified anew, a revoked one never gets here.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._key = os.urandom(32)
        self._until: dict[tuple[str, int, bytes], float] = {}

    def holds(self, credential: CredentialRow, secret: str) -> bool:
        until = self._until.get(self._entry(credential, secret))
        return until is not None and self._monotonic() < until

    def note(self, credential: CredentialRow, secret: str) -> None:
        if len(self._until) >= _VERIFIED_KEPT:
            self._until.clear()
        self._until[self._entry(credential, secret)] = self._monotonic() + _VERIFIED_SECONDS

    def _entry(self, credential: CredentialRow, secret: str) -> tuple[str, int, bytes]:
        digest = hmac.digest(self._key, text_bytes(secret), "sha256")
        return credential.identifier, credential.version, digest


class _Failures:
    """Failed logins by address and identifier, each followed by a longer wait than the last.

    The oldest entries make room for new ones, so that memory is bounded.
    """

    def __init__(
        self,
        longest_seconds: float,
        monotonic: Callable[[], float],
        pause: Callable[[float], None],
    ) -> None:
        self._longest_seconds = longest_seconds
        self._monotonic = monotonic
        self._pause = pause
        self._lock = threading.Lock()
        self._waiting = threading.BoundedSemaphore(_WAITING_AT_ONCE)
        self._seen: OrderedDict[tuple[str, str], tuple[int, float]] = OrderedDict()

    def slow(self, key: tuple[str, str]) -> None:
        """Wait as long as the earlier failures of `key` ask for."""
        seconds = self._delay_seconds(key)
        if seconds > 0 and self._waiting.acquire(blocking=False):
            try:
                self._pause(seconds)
            finally:
                self._waiting.release()

    def note(self, key: tuple[str, str]) -> None:
        """Count one more failure."""
        with self._lock:
            count = self._count(key) + 1
            self._seen[key] = (count, self._monotonic())
            self._seen.move_to_end(key)
            if len(self._seen) > _FAILURES_KEPT:
                self._seen.popitem(last=False)

    def forget(self, key: tuple[str, str]) -> None:
        """Drop the failures of a caller that has shown the right secret."""
        if self._seen:
            self._seen.pop(key, None)

    def _delay_seconds(self, key: tuple[str, str]) -> float:
        if not self._seen:
            return 0.0
        past_free = self._count(key) - _FREE_FAILURES
        if past_free < 0:
            return 0.0
        return min(self._longest_seconds, _FIRST_DELAY_SECONDS * 2.0 ** min(past_free, _DOUBLINGS))

    def _count(self, key: tuple[str, str]) -> int:
        count, at = self._seen.get(key, (0, 0.0))
        return 0 if self._monotonic() - at > _FORGET_SECONDS else count
