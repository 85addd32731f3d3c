"""How often one client may fill in a form: buckets of tokens, in memory only.

A client has a bucket of its own, for an hour, and shares one with all of its
neighbourhood, for a day: whoever has one address can often have those beside
it.  Both are known by a hash under a key that lives as long as the process, so
that nothing that could be written down tells who it was.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable

MOST_BUCKETS = 20_000  # remembered; the one that was not asked for longest is forgotten first
CUSTOMER = {4: 32, 6: 64}  # bits of an IP address that one customer has for themselves
NEIGHBOURHOOD = {4: 24, 6: 48}  # bits that one customer, or few, can have all addresses of
HOURS_A_DAY = 4  # that a neighbourhood may send as many forms in as one client in an hour


class Buckets:
    """``burst`` requests of a client at once, then ``per_hour``; of its neighbourhood HOURS_A_DAY times that a day."""

    def __init__(self, per_hour: int, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        per_day = per_hour * HOURS_A_DAY
        self._sizes = ((burst, per_hour / 3600), (per_day, per_day / 86_400))  # of each kind: most tokens, and a second
        self._clock = clock
        self._key = secrets.token_bytes(32)
        self._levels: OrderedDict[bytes, tuple[float, float]] = OrderedDict()  # level and when

    def allow(self, client: str) -> bool:
        """Take a token out of both of the buckets of this client, an IP address; False if one is empty."""
        now = self._clock()
        names = [hmac.digest(self._key, network.encode(), hashlib.sha256) for network in _networks(client)]
        levels = []
        for name, (most, rate) in zip(names, self._sizes, strict=True):
            level, then = self._levels.pop(name, (float(most), now))
            levels.append(min(most, level + (now - then) * rate))
        allowed = min(levels) >= 1
        for name, level in zip(names, levels, strict=True):
            self._levels[name] = (level - allowed, now)
        while len(self._levels) > MOST_BUCKETS:
            self._levels.popitem(last=False)
        return allowed


def _networks(client: str) -> tuple[str, str]:
    """What of an address names one customer, and what their neighbourhood."""
    try:
        address = ipaddress.ip_address(client.partition("%")[0])
    except ValueError:
        return client, f"around {client}"
    if isinstance(address, ipaddress.IPv6Address):
        address = address.ipv4_mapped or address
    own, wide = (
        ipaddress.ip_network((address, bits[address.version]), strict=False) for bits in (CUSTOMER, NEIGHBOURHOOD)
    )
    return str(own), str(wide)
