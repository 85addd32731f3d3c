"""A socket to listen on, or the reason why not, in words for staff."""

from __future__ import annotations

import socket

from newsletter.errors import UsageError


def listen(host: str, port: int, who: str, hint: str) -> socket.socket:
    """A socket that is bound; port 0 takes any free one.  UsageError if that cannot be, with ``hint``."""
    try:
        family, _kind, _protocol, _name, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
    except OSError as error:
        raise UsageError(f"{who} cannot listen on {host}, port {port}: {error.strerror}", hint) from None
    return listening


def address_of(listening: socket.socket, host: str) -> str:
    """The address of a page server that listens there, with a slash at its end."""
    return f"http://{in_address(host)}:{listening.getsockname()[1]}/"


def in_address(host: str) -> str:
    """A host as it stands in an address: of IPv6, in brackets."""
    return f"[{host}]" if ":" in host else host
