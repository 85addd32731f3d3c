"""The dialogue for one message after another, on a connection that aiosmtplib opened.

aiosmtplib connects, protects and logs in; then a ``Wire`` takes its transport
over.  Three things ask for that.  ``SMTP.data`` prepares every message again
with two regular expressions over the body, and ours is prepared already
(``delivery/message.py``).  Its protocol drops replies that come in one packet,
so that it cannot pipeline.  And it does not tell whether a connection broke
before or after the body went out, which decides between *pending* and *in
doubt*.

``take_over`` is the only code that touches the library's inside; a contract
test holds it to ``aiosmtplib>=5.1.3,<6``.  Source: RFC 5321 §4.2 (replies),
RFC 2920 §3 (pipelining).
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from aiosmtplib import SMTP

SERVICE_CLOSING = 421  # may come at any time, asked or not; RFC 5321 §3.8
_REPLY_LINE = re.compile(r"[2-5][0-9]{2}(?:[ -]|$)")
MAX_REPLY = 64 * 1024  # bytes of one reply; a server that says more is out of its mind


@dataclass(frozen=True, slots=True)
class Reply:
    """What the server said to one command; a reply of many lines is joined by spaces."""

    code: int
    text: str

    @property
    def kind(self) -> int:
        """The first digit: 2 done, 3 go on, 4 not now, 5 no (RFC 5321 §4.2.1)."""
        return self.code // 100

    def __str__(self) -> str:
        return f"{self.code} {self.text}"


class WireLostError(ConnectionError):
    """The connection is gone.  ``replies`` came before that, and may say why."""

    def __init__(self, reason: str, replies: list[Reply]) -> None:
        super().__init__(reason)
        self.replies = replies


class Wire(asyncio.Protocol):
    """Writes bytes and pairs replies with what was asked, in order.

    ``on_closing`` is called at every 421, whatever it answers, also if nothing was asked.
    """

    def __init__(self, transport: asyncio.Transport, on_closing: Callable[[], None] = lambda: None) -> None:
        self._transport = transport
        self._on_closing = on_closing
        self._buffer = bytearray()
        self._waiting: deque[asyncio.Future[Reply]] = deque()
        self._lost: str = ""

    @property
    def open(self) -> bool:
        """Whether something can still be said."""
        return not self._lost and not self._transport.is_closing()

    async def ask(self, data: bytes, replies: int, timeout: float) -> list[Reply]:  # noqa: ASYNC109 - one for all replies
        """Write ``data`` at once and wait for as many replies.

        Raises WireLostError when the connection is lost, out of step, or silent for
        ``timeout`` seconds; it is closed then.
        """
        if not self.open:
            raise WireLostError(self._lost or "the connection was closed", [])
        loop = asyncio.get_running_loop()
        futures: list[asyncio.Future[Reply]] = [loop.create_future() for _ in range(replies)]
        self._waiting.extend(futures)
        self._transport.write(data)
        try:
            async with asyncio.timeout(timeout):
                await asyncio.wait(futures)
        except TimeoutError:
            self.close(f"no answer within {timeout:g} seconds")
        # Reading each exception also keeps asyncio from complaining that nobody did.
        came = [future.result() for future in futures if future.done() and future.exception() is None]
        if len(came) < replies:
            raise WireLostError(self._lost, came)
        return came

    def close(self, reason: str = "closed") -> None:
        """End the connection; whoever waits for a reply gets a WireLostError."""
        self._lost = self._lost or reason
        waiting, self._waiting = self._waiting, deque()
        for future in waiting:
            if not future.done():
                future.set_exception(ConnectionError(self._lost))
        self._transport.close()

    def data_received(self, data: bytes) -> None:
        """asyncio's call: more bytes have come."""
        self._buffer += data
        try:
            while (reply := self._next_reply()) is not None:
                if reply.code == SERVICE_CLOSING:
                    self._on_closing()
                if not self._waiting:
                    # Nobody asked: a server that says goodbye, as with 421 after a long pause.
                    self.close(f"the server said unasked: {reply}")
                    return
                future = self._waiting.popleft()
                if not future.done():
                    future.set_result(reply)
        except ValueError as error:
            self.close(f"the server spoke no SMTP: {error}")

    def connection_lost(self, exc: Exception | None) -> None:
        """asyncio's call: the connection is gone."""
        self.close(f"connection lost: {exc}" if exc else "the server closed the connection")

    def _next_reply(self) -> Reply | None:
        """Take one whole reply off the buffer; ValueError if what is there can be none."""
        lines: list[str] = []
        at = 0
        while (end := self._buffer.find(b"\n", at)) >= 0:
            line = self._buffer[at:end].decode("utf-8", "replace").rstrip("\r")
            at = end + 1
            if not _REPLY_LINE.match(line):
                raise ValueError(line[:80])
            lines.append(line[4:].strip())
            if line[3:4] != "-":
                del self._buffer[:at]
                return Reply(int(line[:3]), " ".join(lines))
        if len(self._buffer) > MAX_REPLY:
            raise ValueError("a reply without an end")
        return None


def take_over(client: SMTP, on_closing: Callable[[], None] = lambda: None) -> Wire:
    """Take the open connection away from ``client``, which must not be used any more."""
    transport = client.transport
    if not isinstance(transport, asyncio.Transport):
        raise ConnectionError("the connection was closed")
    wire = Wire(transport, on_closing)
    transport.set_protocol(wire)
    return wire
