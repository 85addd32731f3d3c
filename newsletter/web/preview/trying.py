"""A test: every edition to an address of one's own.  What its page shows, and who tells it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Copy:
    """One edition of a test.  ``state`` is "" until the server has answered."""

    locale: str
    language: str
    state: str = ""
    reply: str = ""


@dataclass(frozen=True, slots=True)
class Trial:
    """The newest test of an issue; ``errors`` are why it ended early, each with a hint or ""."""

    to: str
    copies: tuple[Copy, ...]
    under_way: bool
    errors: tuple[tuple[str, str], ...] = ()

    @property
    def answered(self) -> int:
        """How many editions the server has said something to."""
        return sum(bool(copy.state) for copy in self.copies)


@dataclass(frozen=True, slots=True)
class TrialPage:
    """To whom a test may go, and the newest one."""

    slug: str
    addresses: tuple[str, ...]
    trial: Trial | None


class Trying(Protocol):
    """Sends tests, as ``newsletter send --to`` does."""

    async def page(self, slug: str) -> TrialPage:
        """The page of an issue.  Raises UsageError if there is none."""
        ...

    async def start(self, slug: str, to: str) -> None:
        """Begin to send a test.  Raises UsageError for an address that is not allowed, or while one is under way."""
        ...
