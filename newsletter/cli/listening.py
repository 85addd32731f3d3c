"""A socket to listen on, or the reason why not, in words for staff; and pages served on it, until somebody ends it."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Awaitable, Callable, Iterator
from typing import TYPE_CHECKING

from newsletter.errors import UsageError

if TYPE_CHECKING:
    import uvicorn


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


async def serve_pages(
    config: uvicorn.Config,
    listening: socket.socket,
    on_ready: Callable[[], None],
    on_end: Callable[[], Awaitable[None]] | None = None,
) -> None:
    """Serve until a signal ends it, as it ends the other commands: in peace, with exit code 0.

    ``on_ready`` is called once it listens, ``on_end`` before it waits for what is open.
    """
    import uvicorn

    from newsletter.cli.running import on_signal

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            on_ready()

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            if on_end:
                await on_end()
            await super().shutdown(sockets)

        @contextlib.contextmanager
        def capture_signals(self) -> Iterator[None]:
            with on_signal(self.stop):
                yield

        def stop(self) -> None:
            self.should_exit = True

    await Server(config).serve([listening])
