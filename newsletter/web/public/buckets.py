"""How often one client may fill in a form: a bucket of tokens for each, in memory only.

A client is known by a hash of its address under a key that lives as long as
the process, so that nothing that could be written down tells who it was.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable

MOST_CLIENTS = 10_000  # remembered; whoever was not seen for longest is forgotten first
NETWORK = 64  # bits of an IPv6 address that one customer has for themselves


class Buckets:
    """``burst`` requests at once, then ``per_hour``."""

    def __init__(self, per_hour: int, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = per_hour / 3600
        self._burst = burst
        self._clock = clock
        self._key = secrets.token_bytes(32)
        self._levels: OrderedDict[bytes, tuple[float, float]] = OrderedDict()  # level and when

    def allow(self, client: str) -> bool:
        """Take one token of this client's, an IP address; False if there is none."""
        name = hmac.digest(self._key, _network(client).encode(), hashlib.sha256)
        now = self._clock()
        level, then = self._levels.pop(name, (float(self._burst), now))
        level = min(self._burst, level + (now - then) * self._rate)
        allowed = level >= 1
        self._levels[name] = (level - 1 if allowed else level, now)
        if len(self._levels) > MOST_CLIENTS:
            self._levels.popitem(last=False)
        return allowed


def _network(client: str) -> str:
    """What of an address names one customer."""
    try:
        address = ipaddress.ip_address(client.partition("%")[0])
    except ValueError:
        return client
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, NETWORK), strict=False))
    return str(address)
