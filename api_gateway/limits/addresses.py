"""The address a call comes from, as far as it can be believed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

Network = IPv4Network | IPv6Network
_UNKNOWN: Final = "unknown"
_FORWARDED = b"x-forwarded-for"


class Addresses:
    """Finds the caller's address. `trusted_proxies` are addresses or networks, comma separated."""

    def __init__(self, trusted_proxies: str) -> None:
        self._trusted = networks(part.strip() for part in trusted_proxies.split(",") if part.strip())

    def of(self, peer: str | None, headers: Mapping[bytes, bytes]) -> str:
        """The address of the last hop that is not a proxy of ours: IPv4, or the /64 of an IPv6 address.

        X-Forwarded-For is believed from the right, and only as far as trusted proxies have written it.
        """
        forwarded = headers.get(_FORWARDED)
        if forwarded is None or peer is None or not self._trusted or not self._is_proxy(peer):
            return counted(peer or _UNKNOWN)
        hops = [hop.strip() for hop in forwarded.decode("latin-1").split(",")]
        origin = peer
        for hop in reversed(hops):
            if _parsed(hop) is None:
                break
            origin = hop
            if not self._is_proxy(hop):
                break
        return counted(origin)

    def _is_proxy(self, text: str) -> bool:
        return within(text, self._trusted)


def networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """Networks of their texts; a bare address is a network of one. ValueError names what is none."""
    return tuple(ip_network(text, strict=False) for text in texts)


@lru_cache(maxsize=65_536)
def within(text: str, trusted: tuple[Network, ...]) -> bool:
    """Whether an address, or the network it is counted by, lies in one of these networks."""
    address = _parsed(text.removesuffix("/64"))
    return address is not None and any(address in network for network in trusted if network.version == address.version)


@lru_cache(maxsize=65_536)
def counted(text: str) -> str:
    """The form in which an address is counted: a home has one IPv4 address, but a whole /64 of IPv6."""
    address = _parsed(text)
    if address is None:
        return _UNKNOWN
    if isinstance(address, IPv6Address):
        return str(ip_network((address, 64), strict=False))
    return str(address)


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    bare = text.partition("%")[0].strip("[]")
    try:
        address = ip_address(bare)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
