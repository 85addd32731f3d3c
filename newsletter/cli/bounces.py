"""``newsletter bounces``: read what comes back, and tell what it says."""

from __future__ import annotations

import asyncio
import os
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from newsletter.cli import bounces_report
from newsletter.cli.output import AsJson, err, report_error, say, say_json, tell
from newsletter.cli.report import people
from newsletter.cli.wiring import House, open_house
from newsletter.delivery.bounces import Kind, Sort, read_returned
from newsletter.errors import NewsletterError, UsageError
from newsletter.store.feedback import Applied, Effect, FeedbackStore

WORDS = {
    Kind.HARD: "hard",
    Kind.SOFT: "soft",
    Kind.SENDER: "sender's fault",
    Kind.COMPLAINT: "complaints",
    Kind.UNSUBSCRIBE: "unsubscribed",
}
TRY_LATER = 75  # EX_TEMPFAIL of sysexits.h: the mail server keeps the mail and tries again
KEPT = Path("var/returned")  # in the workspace; mail from a pipe that was left to people

app = typer.Typer(help="Mail that comes back: bounces, complaints, requests to unsubscribe.", no_args_is_help=True)
bounces_report.register(app)


@dataclass(frozen=True, slots=True)
class Taken:
    """What one mail was, and what it did; ``understood`` says that no person needs to see it."""

    sort: Sort
    applied: list[Applied]

    @property
    def understood(self) -> bool:
        return bool(self.applied) or self.sort is Sort.NOTICE


class Intake:
    """Takes in one mail after the other, and adds up what they did."""

    def __init__(self, house: House, feedback: FeedbackStore) -> None:
        sender = house.settings.sender
        self._bounces = sender.bounces or sender.address
        self._feedback = feedback
        self.mails = 0
        self.left = 0
        self.did: Counter[tuple[Kind, Effect]] = Counter()

    async def take(self, data: bytes, recipient: str = "") -> Taken:
        """Read a mail and do what it asks for, in one transaction.  Raises StoreError."""
        returned = read_returned(data, self._bounces, recipient)
        taken = Taken(returned.sort, await self._feedback.apply(returned))
        self.mails += 1
        self.left += not taken.understood
        self.did.update((applied.kind, applied.effect) for applied in taken.applied)
        return taken

    def counts(self) -> dict[Kind, int]:
        """How many of each kind were new."""
        return {kind: self.did[kind, Effect.COUNTED] + self.did[kind, Effect.SUPPRESSED] for kind in Kind}

    @property
    def suppressed(self) -> int:
        return sum(number for (_kind, effect), number in self.did.items() if effect is Effect.SUPPRESSED)

    def report(self, *, as_json: bool) -> None:
        """Tell what was done."""
        known = sum(number for (_kind, effect), number in self.did.items() if effect is Effect.KNOWN)
        if as_json:
            numbers = {"read": self.mails, "suppressed": self.suppressed, "known": known, "left": self.left}
            say_json({**numbers, "verdicts": {kind.value: number for kind, number in self.counts().items()}})
        else:
            told = ", ".join(f"{number} {WORDS[kind]}" for kind, number in self.counts().items() if number)
            say(f"{self.mails} read: {told or 'nothing new about mail of ours'}")
            if self.suppressed:
                say(f"{people(self.suppressed)} will not be written to again")
            if known:
                say(f"{known} had been counted before")
            if self.left:
                say(f"{self.left} left where they are: from people, or about mail that is not ours")
        if number := self.counts()[Kind.SENDER]:
            tell(f"attention: {number} mails were refused because of us; nobody is suppressed for that")
            tell("  hint: 'newsletter bounces report' tells what the servers say")


@asynccontextmanager
async def _intake(house: House) -> AsyncIterator[Intake]:
    async with house.stores() as stores:
        tokens = await house.tokens(stores.database)
        yield Intake(house, FeedbackStore(stores.database, house.clock, tokens))


@app.command("fetch")
def fetch_command(as_json: AsJson = False) -> None:
    """Read the mailbox of the settings.  What was understood is moved or flagged, the rest stays."""
    house = open_house()
    asyncio.run(_fetch(house)).report(as_json=as_json)


async def _fetch(house: House) -> Intake:
    from rich.progress import track

    server = house.imap_server()
    async with _intake(house) as intake:
        with server.open() as box:
            for folder in server.folders:
                numbers = await asyncio.to_thread(box.select, folder)
                for number in track(numbers, folder, console=err, disable=not err.is_terminal, transient=True):
                    data = await asyncio.to_thread(box.read, number)
                    if data is not None:
                        taken = await intake.take(data)
                        await asyncio.to_thread(box.handled if taken.understood else box.left, number)
        return intake


@app.command("read")
def read_command(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder with a mail in each file.")],
    as_json: AsJson = False,
) -> None:
    """Read a folder of mails, such as *.eml files or a Maildir's cur/.  The files stay as they are."""
    if not folder.is_dir():
        raise UsageError(f"there is no folder {folder}", "name one that holds a mail in each file")

    async def run() -> Intake:
        async with _intake(open_house()) as intake:
            for file in sorted(path for path in folder.iterdir() if path.is_file()):
                await intake.take(_bytes_of(file))
            return intake

    asyncio.run(run()).report(as_json=as_json)


def _bytes_of(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}", "what was read before it is stored") from None


@app.command("pipe")
def pipe_command(
    recipient: Annotated[
        str, typer.Option("--recipient", envvar="ORIGINAL_RECIPIENT", help="The address that the mail was sent to.")
    ] = "",
) -> None:
    """Take one mail on standard input, for an alias of a mail server.

    Exits with 75 on any trouble, so that the server keeps the mail and tries
    again.  What is not understood is kept in var/returned/ for people.
    """
    try:
        asyncio.run(_pipe(open_house(), sys.stdin.buffer.read(), recipient))
    except NewsletterError as error:
        report_error(error)
        sys.exit(TRY_LATER)
    except Exception as error:  # whatever it is, the mail must not be lost
        tell(f"error: the mail could not be taken: {type(error).__name__}")
        sys.exit(TRY_LATER)


async def _pipe(house: House, data: bytes, recipient: str) -> None:
    async with _intake(house) as intake:
        if not (await intake.take(data, recipient)).understood:
            await asyncio.to_thread(_keep, house.workspace.root / KEPT, data)


def _keep(folder: Path, data: bytes) -> None:
    """Write a mail to a file of its own that only we can read, safely on the disk."""
    import tempfile

    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.NamedTemporaryFile(prefix="mail-", suffix=".eml", dir=folder, delete=False) as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
