"""Taking in mail that comes back: each mail is read, acted on in one transaction, and added up."""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from newsletter.cli.output import counted, say, say_json, tell
from newsletter.cli.report import people
from newsletter.cli.wiring import House
from newsletter.delivery.bounces import Kind, Sort, read_returned
from newsletter.store.feedback import Applied, Effect, FeedbackStore

WORDS = {
    Kind.HARD: "hard",
    Kind.SOFT: "soft",
    Kind.SENDER: "sender's fault",
    Kind.COMPLAINT: "complaints",
    Kind.UNSUBSCRIBE: "unsubscribed",
}
KEPT = Path("var/returned")  # in the workspace; mail from a pipe that was left to people


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
            refused = counted(number, "mail was", "mails were")
            tell(f"attention: {refused} refused because of us; nobody is suppressed for that")
            tell("  hint: 'newsletter bounces report' tells what the servers say")


@asynccontextmanager
async def intake(house: House) -> AsyncIterator[Intake]:
    """An intake over the database of the workspace.

    Raises StoreError if there is none: mail comes back to whoever has sent
    some, so its disk is away, and in a new one nobody would be known.
    """
    house.require_database()
    async with house.stores() as stores:
        tokens = await house.tokens(stores.database)
        yield Intake(house, FeedbackStore(stores.database, house.clock, tokens))


def keep(root: Path, data: bytes) -> None:
    """Write a mail to a file of its own, in the workspace at ``root``, that only we can read, safely on the disk."""
    folder = root / KEPT
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.NamedTemporaryFile(prefix="mail-", suffix=".eml", dir=folder, delete=False) as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
