"""The network as the doctor sees it: the DNS that is asked, and which addresses are this machine's."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from newsletter.adapters.names import Names

DOCUMENTATION = ("192.0.2.1", 9)  # RFC 5737; no packet is sent there


def names() -> Names:
    """The DNS that is asked."""
    from newsletter.adapters.names import Names

    return Names()


def is_own(address: str) -> bool:
    """Whether an address is this machine's: whoever can listen there."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
    return True


def outgoing() -> str:
    """The address that this machine would use to reach the world; "" if it has none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(DOCUMENTATION)
        except OSError:
            return ""
        address: str = probe.getsockname()[0]
        return address
