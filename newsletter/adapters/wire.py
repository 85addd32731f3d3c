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
import datetime as dt
import re
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import cast

from aiosmtplib import SMTP

SERVICE_CLOSING = 421  # may come at any time, asked or not; RFC 5321 §3.8
_REPLY_LINE = re.compile(rb"[2-5][0-9]{2}(?:[ \r-]|$)")
_SILENT = "no answer in time"
KNOWN_LINES = 64  # of replies, that need not be read again
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
    """The connection is gone.  ``replies`` came before that, and may say why; ``asked``: the question went out."""

    def __init__(self, reason: str, replies: Sequence[Reply] = (), *, asked: bool = True) -> None:
        super().__init__(reason)
        self.replies = replies
        self.asked = asked


class Outbox:
    """What several wires have to say in one turn of the event loop, written together at its end.

    A server that waits is asleep, and to wake it can cost the sender as much
    as to write the message.  What is written in one go finds it awake.
    """

    def __init__(self) -> None:
        self._wires: list[Wire] = []

    def add(self, wire: Wire) -> None:
        """Let this one speak at the end of the turn."""
        if not self._wires:
            asyncio.get_running_loop().call_soon(self._empty)
        self._wires.append(wire)

    def _empty(self) -> None:
        wires, self._wires = self._wires, []
        for wire in wires:
            try:
                wire.speak()
            except Exception as error:  # whatever it is, the others must not wait for their time-outs
                wire.close(f"nothing can be written: {error}")


class Wire(asyncio.Protocol):
    """Writes bytes and waits for the replies to them, one question at a time.

    ``outbox`` says when; wires of one server share it.  ``on_closing`` is called
    at every 421, whatever it answers, also if nothing was asked.
    """

    def __init__(
        self, transport: asyncio.Transport, outbox: Outbox, on_closing: Callable[[], None] = lambda: None
    ) -> None:
        self._transport = transport
        self._outbox = outbox
        self._on_closing = on_closing
        self._loop = asyncio.get_running_loop()
        self._in_tls = transport.get_extra_info("ssl_object") is not None
        self._question: bytes | tuple[bytes, ...] = b""  # that was not written yet
        self._rest = b""  # what came after the last whole line
        self._lines: list[str] = []  # of a reply of which more lines are to come
        self._expected = 0
        self._came: list[Reply] = []
        self._answered: asyncio.Future[None] | None = None
        self._deadline = 0.0  # by the loop's clock
        # One timer for many questions: it looks at the deadline when it rings.  A timer each would cost a tenth
        # of what a message does.
        self._timer: asyncio.TimerHandle | None = None
        self._lost: str = ""

    @property
    def open(self) -> bool:
        """Whether something can still be said."""
        return not self._lost and not self._transport.is_closing()

    @property
    def certificate_ends(self) -> dt.datetime | None:
        """Until when the server's certificate is valid; None without TLS."""
        found = self._transport.get_extra_info("peercert") or {}
        if "notAfter" not in found:
            return None
        return dt.datetime.fromtimestamp(ssl.cert_time_to_seconds(found["notAfter"]), dt.UTC)

    async def ask(self, data: bytes | tuple[bytes, ...], replies: int, timeout: float) -> list[Reply]:  # noqa: ASYNC109 - one for all replies
        """Write ``data`` in one go and wait for as many replies.  Of a tuple no copy is made to join it.

        Raises WireLostError when the connection is lost, out of step, or silent for
        ``timeout`` seconds; it is closed then.
        """
        if not self.open:
            raise WireLostError(self._lost or "the connection was closed", asked=False)
        assert self._answered is None, "one question at a time"
        self._answered = self._loop.create_future()
        self._expected, self._came = replies, []
        self._limit(timeout)
        self._question = data
        self._outbox.add(self)
        try:
            await self._answered
        except asyncio.CancelledError:
            self.close("given up while waiting for a reply")  # the reply could be taken for another's
            raise
        finally:
            self._answered = None
        if len(self._came) < replies:
            reason = f"no answer within {timeout:g} seconds" if self._lost == _SILENT else self._lost
            raise WireLostError(reason, self._came, asked=not self._question)
        return self._came

    def speak(self) -> None:
        """The outbox's call: write what was asked, unless the connection was lost meanwhile."""
        if not self.open:
            return
        question, self._question = self._question, b""
        if isinstance(question, bytes):
            self._transport.write(question)
        elif self._in_tls:  # where every piece would be a record of its own
            self._transport.write(b"".join(question))
        else:
            self._transport.writelines(question)

    def _limit(self, seconds: float) -> None:
        self._deadline = self._loop.time() + seconds
        if self._timer is not None and self._timer.when() > self._deadline:
            self._timer.cancel()
            self._timer = None
        if self._timer is None:
            self._timer = self._loop.call_at(self._deadline, self._ring)

    def _ring(self) -> None:
        self._timer = None
        if self._answered is None:
            return
        if self._loop.time() >= self._deadline:
            self.close(_SILENT)
        else:
            self._timer = self._loop.call_at(self._deadline, self._ring)

    def close(self, reason: str = "closed") -> None:
        """End the connection; whoever waits for a reply gets a WireLostError."""
        self._lost = self._lost or reason
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._wake()
        # At once: a polite end of TLS waits for the other side, and may outlive the event loop.
        self._transport.abort()

    def _wake(self) -> None:
        if self._answered is not None and not self._answered.done():
            self._answered.set_result(None)

    def data_received(self, data: bytes) -> None:
        """asyncio's call: more bytes have come."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            if not self._lost:
                self._hear(line)
        if (self._rest or self._lines) and len(self._rest) + sum(len(text) + 1 for text in self._lines) > MAX_REPLY:
            self.close("the server spoke no SMTP: a reply without an end")

    def _hear(self, line: bytes) -> None:
        """One line of a reply."""
        said = _read_line(line)
        if said is None:
            self.close(f"the server spoke no SMTP: {printable(line[:80].decode('utf-8', 'replace').rstrip())}")
            return
        if line[3:4] == b"-":
            self._lines.append(said.text)
            return
        reply = said
        if self._lines:
            reply = Reply(said.code, " ".join([*self._lines, said.text]))
            self._lines = []
        if reply.code == SERVICE_CLOSING:
            self._on_closing()
        if self._answered is None or self._question or len(self._came) == self._expected:
            # Nobody asked: a server that says goodbye, as with 421 after a long pause.
            self.close(f"the server said unasked: {reply}")
            return
        self._came.append(reply)
        if len(self._came) == self._expected:
            self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        """asyncio's call: the connection is gone."""
        self.close(f"connection lost: {exc}" if exc else "the server closed the connection")


@lru_cache(KNOWN_LINES)
def _read_line(line: bytes) -> Reply | None:
    """One line as a reply of its own; None if it is none.  A server says the same few lines again and again."""
    if not _REPLY_LINE.match(line):
        return None
    return Reply(int(line[:3]), printable(line[4:].decode("utf-8", "replace").strip()))


def printable(text: str) -> str:
    """What a server said, fit for a terminal and a database: no control characters, no halves of a character."""
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() else " " if char.isspace() else "\N{REPLACEMENT CHARACTER}" for char in text
    )


def take_over(client: SMTP, outbox: Outbox, on_closing: Callable[[], None] = lambda: None) -> Wire:
    """Take the open connection away from ``client``, which must not be used any more."""
    transport = client.transport
    if transport is None:
        raise ConnectionError("the connection was closed")
    # Not every loop's transports are children of asyncio's (uvloop's are not), but all do as these do.
    wire = Wire(cast("asyncio.Transport", transport), outbox, on_closing)
    transport.set_protocol(wire)
    return wire
