"""Where a caller is: the address behind trusted proxies, and lists of addresses."""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

# What stands for an address that a proxy reported and nobody can read; on no list.
UNREADABLE: Final = "unknown"

_REMEMBERED: Final = 4096


class AddressList:
    """Addresses and networks; an IPv4 address written as IPv6 is the same address.

    Raises `ValueError` for an entry that is neither.
    """

    def __init__(self, entries: Iterable[str]) -> None:
        self._networks = tuple(ip_network(entry, strict=False) for entry in entries)
        self._known: dict[str, bool] = {}

    def __contains__(self, address: str) -> bool:
        known = self._known.get(address)
        if known is None:
            parsed = parse_address(address)
            known = parsed is not None and any(parsed in network for network in self._networks)
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[address] = known
        return known


def parse_address(text: str) -> IPv4Address | IPv6Address | None:
    """Read an address; None when the text is none."""
    try:
        parsed = ip_address(text)
    except ValueError:
        return None
    mapped = parsed.ipv4_mapped if isinstance(parsed, IPv6Address) else None
    return mapped or parsed


def caller_address(peer: str, forwarded_for: str | None, proxies: AddressList) -> str:
    """Return the caller's address: the right-most one that no trusted proxy has.

    Only what trusted proxies appended is believed, so the `X-Forwarded-For` header is walked from
    its right end and only while the address seen so far is a trusted proxy's.
    """
    address = peer
    if not forwarded_for or address not in proxies:
        return address
    for hop in reversed(forwarded_for.split(",")):
        parsed = parse_address(_without_port(hop.strip()))
        if parsed is None:
            return UNREADABLE
        address = str(parsed)
        if address not in proxies:
            break
    return address


def _without_port(hop: str) -> str:
    """Return a hop without the port that some proxies add: `[::1]:80`, `192.0.2.1:80`."""
    if hop.startswith("["):
        return hop[1:].partition("]")[0]
    host, colon, _ = hop.partition(":")
    return host if colon and ":" not in hop[len(host) + 1 :] else hop
