"""A fast SMTP sink in a process of its own: takes everything, keeps nothing but the count.

python -m tests.bench.sink      prints its port, serves until its standard input ends
"""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import Iterator

END = b"\r\n.\r\n"


class Sink(asyncio.Protocol):
    """Answers as fast as Python can; looks for line ends and for the end of the data only."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._buffer = b""
        self._in_data = False
        transport.write(b"220 sink\r\n")

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while True:
            if self._in_data:
                at = self._buffer.find(END)
                if at < 0:
                    self._buffer = self._buffer[-len(END) + 1 :]
                    return
                self._buffer = self._buffer[at + len(END) :]
                self._in_data = False
                self._transport.write(b"250 taken\r\n")
                continue
            line, found, rest = self._buffer.partition(b"\r\n")
            if not found:
                return
            self._buffer = rest
            verb = line[:4].upper()
            if verb == b"DATA":
                self._in_data = True
                self._transport.write(b"354 go on\r\n")
            elif verb == b"QUIT":
                self._transport.write(b"221 bye\r\n")
                self._transport.close()
                return
            elif verb == b"EHLO":
                self._transport.write(b"250-sink\r\n250-PIPELINING\r\n250 SIZE 0\r\n")
            else:
                self._transport.write(b"250 ok\r\n")


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Sink, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201 - how the parent learns the port
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


@contextlib.contextmanager
def sink() -> Iterator[int]:
    """Run the sink; yields its port."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.sink"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    assert process.stdin
    try:
        yield int(process.stdout.readline())
    finally:
        process.stdin.close()
        process.wait(10)
        process.stdout.close()


if __name__ == "__main__":
    asyncio.run(_serve())
