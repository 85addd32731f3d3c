"""Subscribers at a glance: what the page shows, and who tells it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class SegmentRow:
    """How many people of a segment would get which edition, in the order of ``People.languages``."""

    name: str
    counts: tuple[int, ...]

    @property
    def people(self) -> int:
        """All of them."""
        return sum(self.counts)


@dataclass(frozen=True, slots=True)
class People:
    """The list in numbers.  ``languages`` is (locale, name) of every edition that somebody would get."""

    languages: tuple[tuple[str, str], ...]
    everybody: tuple[int, ...]
    segments: tuple[SegmentRow, ...]

    @property
    def total(self) -> int:
        """Everybody who may be written to."""
        return sum(self.everybody)


@dataclass(frozen=True, slots=True)
class Person:
    """One subscriber."""

    email: str
    name: str
    locale: str
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Listed:
    """The first people of a segment; ``more`` says that there are others."""

    segment: str
    people: tuple[Person, ...]
    more: bool


class Counting(Protocol):
    """Counts and lists subscribers, as ``newsletter segments`` does."""

    async def count(self) -> People:
        """The numbers; they hold no address."""
        ...

    async def listed(self, segment: str) -> Listed:
        """The first people of a segment, with their addresses.  Raises UsageError if there is no such segment."""
        ...
