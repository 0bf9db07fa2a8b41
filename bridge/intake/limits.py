"""Who may connect, and how many at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv6Address, ip_address

from bridge.config.values import Network
from bridge.intake import replies
from bridge.intake.replies import Reply

UNIX = "unix"
#: A peer of a unix socket is this host.
_LOOPBACK = "127.0.0.1"


def peer_name(peername: object) -> str:
    """The peer's address as text from what asyncio calls `peername`; an IPv4 address within IPv6 becomes itself."""
    if not isinstance(peername, tuple) or not peername:
        return UNIX
    address = str(peername[0]).partition("%")[0]
    if address[:7].lower() == "::ffff:":
        mapped = IPv6Address(address).ipv4_mapped
        return str(mapped) if mapped is not None else address
    return address


class Networks:
    """Whether a peer is in one of some networks; answers are remembered, as peers come back."""

    def __init__(self, networks: Sequence[Network]) -> None:
        self._networks = tuple(networks)
        self.holds = lru_cache(maxsize=4096)(self._holds)

    def _holds(self, peer: str) -> bool:
        try:
            address = ip_address(_LOOPBACK if peer == UNIX else peer)
        except ValueError:
            return False
        return any(address.version == network.version and address in network for network in self._networks)


class Connections:
    """The connections that are open, over all listeners, and per peer."""

    def __init__(self, *, most: int, most_per_peer: int) -> None:
        self._most = most
        self._most_per_peer = most_per_peer
        self._by_peer: Counter[str] = Counter()
        self.open = 0

    def admit(self, peer: str) -> Reply | None:
        """Count one connection, or the reply that turns it away uncounted."""
        # Whoever speaks through the unix socket is one program that sends for many.
        if self.open >= self._most or (peer != UNIX and self._by_peer[peer] >= self._most_per_peer):
            return replies.TOO_MANY_CONNECTIONS
        self.open += 1
        self._by_peer[peer] += 1
        return None

    def release(self, peer: str) -> None:
        self.open -= 1
        self._by_peer[peer] -= 1
        if self._by_peer[peer] <= 0:
            del self._by_peer[peer]
