"""Real failures for the tests: a mail server and a database that break on command, a disk that is full; and the count.

``reckon`` compares what a mail server got with what the ledger says, after any of them.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import threading
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, TypeVar

from tests.integration.conftest import Space
from tests.integration.postgres import Postgres
from tests.integration.records import deliveries
from tests.integration.servers import Inbox
from tests.integration.waiting import wait_until

T = TypeVar("T")

# For what happens at random moments; "make soak" tries more of them.
SEEDS = range(int(os.environ.get("SEEDS", "1")))
SEND = ("send", "june", "-s", "everybody", "--yes")


def reckon(space: Space, inbox: Inbox, people: int) -> Counter[str]:
    """How many are in which state, after checking that nobody is missing, and that nobody got two copies."""
    ledger = deliveries(space)
    copies = Counter(inbox.recipients())
    accepted = {email for email, row in ledger.items() if row.state == "accepted"}
    unsure = {email for email, row in ledger.items() if row.state in ("in_doubt", "sending")}
    assert len(ledger) == people, "nobody is missing from the ledger"
    assert max(copies.values(), default=0) <= 1, "nobody got a second copy"
    assert accepted <= set(copies), "what the ledger calls accepted did arrive"
    assert set(copies) <= accepted | unsure, "what arrived is accepted, or held for a person"
    return Counter(row.state for row in ledger.values())


@contextlib.contextmanager
def meanwhile(work: Callable[[], None]) -> Iterator[None]:
    """Do something in a thread while the block runs; its failure is the block's."""
    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(work)
        yield
        done.result(60)


class Threaded:
    """An asyncio server in a thread of its own, which can be killed with its connections and started again."""

    def __init__(self) -> None:
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    def start(self) -> None:
        """Listen; again on the port of the first time."""

        async def listen() -> None:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
            self.port = self._server.sockets[0].getsockname()[1]

        self._do(listen())

    def kill(self) -> None:
        """Go away at once, with every connection."""

        async def vanish() -> None:
            assert self._server
            self._server.close()
            for writer in self._open:
                writer.transport.abort()

        self._do(vanish())

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        raise NotImplementedError

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            with contextlib.suppress(ConnectionError, asyncio.CancelledError):
                await self.talk(reader, writer)
        finally:
            self._open.discard(writer)
            writer.close()

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    def __enter__(self) -> Self:
        self._thread.start()
        self.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        async def finish() -> None:
            assert self._server
            self._server.close()
            tasks = asyncio.all_tasks() - {asyncio.current_task()}
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await asyncio.sleep(0.01)  # the transports end now

        self._do(finish())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()


CUT = b"\0"  # at the end of what is said: and close
Answer = Callable[[str, str], bytes | None]


@dataclass(eq=False)
class MailServer(Threaded):
    """An SMTP server that says what ``answer`` gives for a stage and recipient, byte for byte; None: what is usual.

    The stages are GREETING, the verbs, BODY when the body has begun, and DOT
    at its end.  With ``pause``, such an answer comes byte by byte.
    """

    answer: Answer = lambda _stage, _recipient: None
    pipelining: bool = True
    delay: float = 0.0
    pause: float = 0.0
    inbox: Inbox = field(default_factory=Inbox)

    def __post_init__(self) -> None:
        super().__init__()

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        recipient = ""
        self.inbox.connections += 1
        await self._say(writer, b"220 hello\r\n", self.answer("GREETING", ""))
        while line := await reader.readline():
            verb = line[:4].decode("ascii", "replace").upper().strip()
            self.inbox.commands.append(verb)
            if verb == "RCPT":
                recipient = line.decode().partition("<")[2].partition(">")[0]
            extensions = b"250-PIPELINING\r\n" if self.pipelining else b""
            usual = {"EHLO": b"250-hello\r\n" + extensions + b"250 8BITMIME\r\n", "DATA": b"354 go on\r\n"}
            await self._say(writer, usual.get(verb, b"250 ok\r\n"), self.answer(verb, recipient))
            if verb == "QUIT":
                return
            if verb == "DATA":
                await self._take(reader, writer, recipient)

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, recipient: str) -> None:
        body = b""
        while (line := await reader.readline()) != b".\r\n":
            if not line:
                raise ConnectionAbortedError
            if not body:
                await self._say(writer, b"", self.answer("BODY", recipient))
            body += line
        await asyncio.sleep(self.delay)
        given = self.answer("DOT", recipient)
        # Refused is what it did not take; an empty body is how a pipelining client ends a refused message.
        if body and (given is None or given[:1] not in (b"4", b"5")):
            self.inbox.messages.append(("", recipient, body))
        await self._say(writer, b"250 taken\r\n", given)

    async def _say(self, writer: asyncio.StreamWriter, usual: bytes, given: bytes | None) -> None:
        said = usual if given is None else given
        step = 1 if self.pause and given is not None else len(said) or 1
        text = said.removesuffix(CUT)
        for at in range(0, len(text), step):
            writer.write(text[at : at + step])
            await writer.drain()
            if step == 1:
                await asyncio.sleep(self.pause)
        if said.endswith(CUT):
            raise ConnectionAbortedError


# What may become of a COMMIT on its way: it never arrives; its answer is lost; it arrives when the client has gone.
BEFORE, ANSWER, LATE = "before", "answer", "late"


@dataclass(eq=False)
class CommitProxy(Threaded):
    """Stands before a PostgreSQL server, and does to each COMMIT what ``fate`` says; None lets it pass."""

    server: Postgres
    fate: Callable[[], str | None] = lambda: None

    def __post_init__(self) -> None:
        super().__init__()

    def new_database(self) -> str:
        """The address of a new database, by way of this proxy."""
        name = self.server.new_database().partition("@/")[2].partition("?")[0]
        return f"postgresql://postgres@127.0.0.1:{self.port}/{name}"

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers, behind = await asyncio.open_unix_connection(self.server.data / ".s.PGSQL.5432")
        cut = asyncio.Event()

        async def back() -> None:
            with contextlib.suppress(ConnectionError):
                while data := await answers.read(65_536):
                    if cut.is_set():
                        return
                    writer.write(data)
            writer.close()

        backward = asyncio.ensure_future(back())
        try:
            while data := await reader.read(65_536):
                fate = self.fate() if b"COMMIT" in data else None
                if fate is None:
                    behind.write(data)
                    continue
                cut.set()
                if fate != ANSWER:
                    writer.close()
                if fate == LATE:
                    await asyncio.sleep(1.0)
                if fate != BEFORE:
                    behind.write(data)
                    await backward
                return
        finally:
            backward.cancel()
            behind.close()


@contextlib.contextmanager
def small_disk(folder: Path, size: str) -> Iterator[SmallDisk]:
    """A file system of so many bytes at ``folder``; needs root."""
    folder.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", "none", folder], check=True)
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


@dataclass(frozen=True, slots=True)
class SmallDisk:
    """A disk that can be filled up."""

    folder: Path

    def fill(self, but: int = 0) -> None:
        """Leave no more than ``but`` bytes free."""
        with (self.folder / "ballast").open("wb", buffering=0) as ballast, contextlib.suppress(OSError):
            while True:
                ballast.write(bytes(4096))
        os.truncate(self.folder / "ballast", max(0, (self.folder / "ballast").stat().st_size - but))

    def free(self) -> None:
        """Take the ballast away."""
        (self.folder / "ballast").unlink()


def can_mount() -> bool:
    """Whether this process may mount a file system."""
    if os.geteuid() != 0:
        return False
    probe = Path(os.environ.get("TMPDIR", "/tmp")) / f"mount-probe-{os.getpid()}"
    try:
        with small_disk(probe, "64k"):
            return True
    except (OSError, subprocess.CalledProcessError):
        return False
    finally:
        probe.rmdir()


def children(parent: int) -> list[int]:
    """The processes that this one started."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if int((folder / "stat").read_text().rpartition(")")[2].split()[1]) == parent:
                found.append(int(folder.name))
        except OSError:
            continue
    return found


class _Gate:
    """Holds the reply to reader5's message back until it is opened; reader6 is the next to be claimed."""

    def __init__(self) -> None:
        self.reached, self.opened = threading.Event(), threading.Event()

    def answer(self, stage: str, recipient: str) -> bytes | None:
        if stage == "DOT" and recipient == "reader5@example.org":
            self.reached.set()
            self.opened.wait(60)
        return None


@contextlib.contextmanager
def held_at_the_gate(space: Space, issue: str) -> Iterator[MailServer]:
    """A sending process that has just handed over reader5's message; it ends with the block."""
    gate = _Gate()
    with MailServer(gate.answer) as server:
        space.set("smtp", port=server.port, connections=1)
        run = space.start("send", issue, "-s", "everybody", "--yes")
        wait_until(lambda: gate.reached.is_set() or run.poll() is not None)
        try:
            yield server
        finally:
            gate.opened.set()
            _out, err = run.communicate(timeout=60)
        assert run.returncode == 0, err
