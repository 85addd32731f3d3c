"""SMTP servers for the tests: a real one (aiosmtpd) and one that misbehaves on command.

Each runs in a thread of its own on a free loopback port, so that the program
under test can be a subprocess, and ends with its ``with`` block.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass(slots=True)
class Inbox:
    """What a server took: (envelope sender, recipient, message), in order.

    ``commands`` is every command that a scripted server heard; of a real one, the parameters of each MAIL.
    """

    port: int = 0
    messages: list[tuple[str, str, bytes]] = field(default_factory=list)
    connections: int = 0
    commands: list[str] = field(default_factory=list)
    times: list[float] = field(default_factory=list)  # when a real server had each message, by the monotonic clock

    def recipients(self) -> list[str]:
        """The recipients of all messages, in order."""
        return [recipient for _sender, recipient, _message in self.messages]


@contextlib.contextmanager
def in_thread(start: Callable[[], Coroutine[Any, Any, asyncio.Server]]) -> Iterator[int]:
    """Run a server in a thread; yields its port."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    server = asyncio.run_coroutine_threadsafe(start(), loop).result(10)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:

        async def stop() -> None:
            server.close()
            for task in asyncio.all_tasks():
                if task is not asyncio.current_task():
                    task.cancel()
            await asyncio.sleep(0.01)

        asyncio.run_coroutine_threadsafe(stop(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


@contextlib.contextmanager
def real_server(
    *,
    tls: ssl.SSLContext | None = None,
    starttls: ssl.SSLContext | None = None,
    login: tuple[str, str] | None = None,
    delay: float = 0.0,
    smtputf8: bool = False,
    refusals: Mapping[str, str] | None = None,
) -> Iterator[Inbox]:
    """aiosmtpd, which keeps what it takes.  ``refusals`` are its replies to RCPT, by address."""
    inbox = Inbox()

    class Keep:
        async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
            self, _server: object, _session: object, envelope: Envelope, address: str, _options: list[str]
        ) -> str:
            if refusals and address in refusals:
                return refusals[address]
            envelope.rcpt_tos.append(address)
            return "250 OK"

        async def handle_DATA(  # noqa: N802 - aiosmtpd's name
            self, _server: object, _session: object, envelope: Envelope
        ) -> str:
            await asyncio.sleep(delay)
            content = envelope.original_content or b""
            inbox.times.append(time.monotonic())
            inbox.commands.append(" ".join(envelope.mail_options))
            inbox.messages.extend((str(envelope.mail_from), str(to), content) for to in envelope.rcpt_tos)
            return "250 kept"

    def check(_server: object, _session: object, _envelope: object, _mechanism: str, data: Any) -> AuthResult:
        given = (data.login.decode(), data.password.decode())
        return AuthResult(success=given == login, handled=False)

    async def start() -> asyncio.Server:
        loop = asyncio.get_running_loop()

        def protocol() -> SMTP:
            inbox.connections += 1
            return SMTP(
                Keep(),
                loop=loop,
                tls_context=starttls,
                require_starttls=starttls is not None,
                authenticator=check if login else None,
                auth_required=login is not None,
                auth_require_tls=starttls is not None,
                enable_SMTPUTF8=smtputf8,
            )

        return await loop.create_server(protocol, "127.0.0.1", 0, ssl=tls)

    with in_thread(start) as port:
        inbox.port = port
        yield inbox


@dataclass(slots=True)
class Script:
    """How a scripted server behaves.

    ``replies`` gives the reply for a verb (``MAIL``, ``RCPT``, ``DATA``,
    ``BODY`` for the final dot), CUT to close the connection there, or SILENT
    to say nothing; it may depend on the recipient.  ``cut_in_body`` closes after some body was read.
    """

    replies: Callable[[str, str], str | None] = lambda _verb, _recipient: None
    cut_in_body: bool = False
    extensions: tuple[str, ...] = ("8BITMIME", "ENHANCEDSTATUSCODES")
    delay: float = 0.0
    most_connections: int = 1_000
    ehlo: str = ""  # instead of the extensions
    idle: float | None = None  # seconds without a command after which it hangs up


CUT = "cut"
SILENT = "silent"
HANG_UP = "\0"  # at the end of a reply: close after it
OK = {"MAIL": "250 ok", "RCPT": "250 ok", "DATA": "354 go on", "BODY": "250 taken"}


@contextlib.contextmanager
def scripted_server(script: Script, port: int = 0) -> Iterator[Inbox]:
    """A server that follows ``script``; whatever body it read whole is in the inbox, whatever it answered."""
    inbox = Inbox()
    now_open = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal now_open
        inbox.connections += 1
        now_open += 1
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            if now_open > script.most_connections:
                writer.write(b"421 too many connections\r\n")
            else:
                await _dialogue(reader, writer, script, inbox)
        now_open -= 1
        writer.close()

    async def start() -> asyncio.Server:
        return await asyncio.start_server(serve, "127.0.0.1", port)

    with in_thread(start) as inbox.port:
        yield inbox


async def _next_line(reader: asyncio.StreamReader, patience: float | None) -> bytes:
    """What the client says; nothing, if that takes too long."""
    with contextlib.suppress(TimeoutError):
        return await asyncio.wait_for(reader.readline(), patience)
    return b""


async def _dialogue(  # noqa: C901, PLR0912 - a protocol is a list of cases
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, script: Script, inbox: Inbox
) -> None:
    sender = recipient = ""

    def say(line: str) -> None:
        writer.write(f"{line}\r\n".encode())

    say("220 scripted")
    while line := await _next_line(reader, script.idle):
        command = line.decode().strip()
        inbox.commands.append(command)
        verb = command[:4].upper()
        if verb == "EHLO" and script.ehlo:
            say(script.ehlo)
            if script.ehlo.startswith("421"):
                return
            continue
        if verb in ("EHLO", "HELO"):
            lines = ["scripted", *(script.extensions if verb == "EHLO" else ())]
            for index, text in enumerate(lines):
                say(f"250{' ' if index == len(lines) - 1 else '-'}{text}")
            continue
        if verb == "QUIT":
            say("221 bye")
            return
        if verb == "MAIL":
            sender = command.partition("<")[2].partition(">")[0]
        if verb == "RCPT":
            recipient = command.partition("<")[2].partition(">")[0]
        reply = script.replies(verb, recipient) or OK.get(verb, "250 ok")
        if reply == CUT:
            return
        if reply == SILENT:
            continue
        say(reply.removesuffix(HANG_UP))
        if reply.endswith(HANG_UP):
            return
        if verb == "DATA" and reply.startswith("354"):
            await writer.drain()
            if script.cut_in_body:
                await reader.read(10)
                return
            body = b""
            while (line := await reader.readline()) != b".\r\n":
                if not line:
                    return
                body += line
            inbox.messages.append((sender, recipient, body))
            await asyncio.sleep(script.delay)
            final = script.replies("BODY", recipient) or OK["BODY"]
            if final == CUT:
                return
            say(final)
            if final.startswith("421"):
                return
        elif reply.startswith("421"):
            return


def unused_port() -> int:
    """A loopback port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
