"""An SMTP sink in a process of its own: takes everything, keeps nothing but numbers.

python -m tests.bench.sink [DELAY_MS]     prints its port, and serves until its standard input ends; then prints a Tally

``sink.c`` does the same for a fifth of the processor, where it can be compiled (``tests/bench/sinks.py``).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
END = b"\r\n.\r\n"
TAKEN = b"250 taken\r\n"
ANSWERS = {
    b"EHLO": b"250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE 0\r\n",
    b"DATA": b"354 go on\r\n",
    b"QUIT": b"221 bye\r\n",
}


@dataclass(slots=True)
class Tally:
    """What came: messages, bytes of their content, when the first connection came and the last message was answered.

    The times are seconds of the machine's monotonic clock, by which those of two processes can be compared.
    """

    messages: int = 0
    bytes: int = 0
    started: float | None = None
    ended: float | None = None


class Sink(asyncio.Protocol):
    """Answers as fast as Python can; looks for line ends and for the end of the data only."""

    def __init__(self, tally: Tally, delay: float) -> None:
        self._tally = tally
        self._delay = delay
        self._buffer = b""
        self._in_data = False
        self._size = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._tally.started = self._tally.started or time.perf_counter()
        self._transport = transport
        self._answer(b"220 sink ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while True:
            at = self._buffer.find(END if self._in_data else b"\r\n")
            if self._in_data:
                left = len(self._buffer) - len(END) + 1
                done = at if at >= 0 else max(left, 0)
                self._size += done
                self._buffer = self._buffer[done + len(END) if at >= 0 else done :]
            if at < 0:
                return
            if self._in_data:
                self._in_data = False
                self._tally.messages += 1
                self._tally.bytes += self._size
                self._answer(TAKEN)
                continue
            verb = self._buffer[:4].upper()
            self._in_data, self._size = verb == b"DATA", 0
            # The line end after DATA is also that before the first line of the body, which may be the dot.
            self._buffer = self._buffer[at if self._in_data else at + 2 :]
            self._answer(ANSWERS.get(verb, b"250 ok\r\n"))

    def _answer(self, answer: bytes) -> None:
        if self._delay:
            asyncio.get_running_loop().call_later(self._delay, self._say, answer)
        else:
            self._say(answer)

    def _say(self, answer: bytes) -> None:
        self._transport.write(answer)
        if answer is TAKEN:
            self._tally.ended = time.perf_counter()
        elif answer is ANSWERS[b"QUIT"]:
            self._transport.close()


async def _serve(delay: float) -> None:
    loop = asyncio.get_running_loop()
    tally = Tally()
    server = await loop.create_server(lambda: Sink(tally, delay), "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201 - how the parent learns the port
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()
    print(json.dumps(asdict(tally)))  # noqa: T201 - what the parent reads


@contextlib.contextmanager
def sink() -> Iterator[int]:
    """Run the sink; yields its port."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.sink"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
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
    asyncio.run(_serve(float(sys.argv[1]) / 1000 if len(sys.argv) > 1 else 0))
