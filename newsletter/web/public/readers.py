"""Leaving and choosing: what the pages show of one reader, and who tells it."""

from __future__ import annotations

from typing import Protocol

from newsletter.audience.choices import Choices, Member
from newsletter.audience.consent import Agreement
from newsletter.audience.subscribers import Subscriber


class Readers(Protocol):
    """Knows readers by the token in their links, which may hold anything.

    None means that the token is nobody's; an unknown one is not told from an
    invalid one, not even by the time it takes.
    """

    async def find(self, token: str) -> Subscriber | None:
        """Who this is."""
        ...

    async def leave(self, token: str, kind: str, *, way: str) -> Member | None:
        """Take them off the list, or off mail of one ``kind``; ``way`` is "one-click" or "page"."""
        ...

    async def stay(self, token: str, kind: str, agreement: Agreement) -> Member | None:
        """Take that back, also much later; never for a mailbox that is gone or after a complaint."""
        ...

    async def choose(self, token: str, choices: Choices) -> Subscriber | None:
        """Keep what they chose."""
        ...
