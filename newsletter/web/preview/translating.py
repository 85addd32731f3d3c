"""What the pages for translators show, and who tells it: the same as ``studio.py``, for one subject."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

MISSING, FUZZY, TRANSLATED = "missing", "fuzzy", "translated"


@dataclass(frozen=True, slots=True)
class Item:
    """One message in the list of all.  ``key`` is its name in an address."""

    key: str
    context: str
    source: str
    target: str
    state: str
    line: int = 0

    @property
    def done(self) -> bool:
        """Whether nothing is left to do for it."""
        return self.state == TRANSLATED

    @property
    def block(self) -> str:
        """Its block; "" for the issue's own texts."""
        block, dot, _field = self.context.partition(".")
        return block if dot else ""


@dataclass(frozen=True, slots=True)
class Remark:
    """What a check says of a text.  ``blocks`` keeps the edition in the house; ``reason`` is that of a waiver."""

    code: str
    message: str
    hint: str
    blocks: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a source text; ``ways`` is how the glossary says it, if it is a term."""

    text: str
    ways: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """A piece of an earlier source text beside the present one: ``kind`` is "same", "gone" or "new"."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A translation that is there already, of this text or (not ``same``) of one that is near to it."""

    source: str
    target: str
    place: str
    same: bool


@dataclass(frozen=True, slots=True)
class Editing:
    """One message, to be edited.  ``print`` tells what the file said when this was read."""

    item: Item
    print: str
    note: str
    comment: str
    limit: int | None
    lines: bool
    pieces: tuple[Piece, ...]
    changes: tuple[Change, ...]
    suggestions: tuple[Suggestion, ...]
    remarks: tuple[Remark, ...]


@dataclass(frozen=True, slots=True)
class Translation:
    """One edition, message by message."""

    slug: str
    locale: str
    language: str
    direction: str
    source_locale: str
    items: tuple[Item, ...]

    @property
    def translated(self) -> int:
        """How many are done."""
        return sum(item.done for item in self.items)

    @property
    def fuzzy(self) -> int:
        """How many somebody ought to look over."""
        return sum(item.state == FUZZY for item in self.items)

    @property
    def missing(self) -> int:
        """How many have no translation."""
        return sum(item.state == MISSING for item in self.items)

    @property
    def total(self) -> int:
        """All."""
        return len(self.items)

    def find(self, key: str) -> Item | None:
        """The message of this key."""
        return next((item for item in self.items if item.key == key), None)

    def after(self, key: str) -> Item | None:
        """The next message with something left to do, from the top again after the last; None if all are done."""
        start = next((place for place, item in enumerate(self.items) if item.key == key), -1)
        order = (*self.items[start + 1 :], *self.items[: start + 1])
        return next((item for item in order if not item.done and item.key != key), None)

    def before(self, key: str) -> Item | None:
        """The message that stands before this one."""
        place = next((place for place, item in enumerate(self.items) if item.key == key), 0)
        return self.items[place - 1] if place else None


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody wrote into the form, and the print of what they were looking at."""

    text: str
    print: str = ""
    unsure: bool = False


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of it.

    ``saved``; else nothing was written: the file says something else by now
    (``conflict``), the message is not in the issue any more (``gone``), or the
    text cannot stand in a catalog (``refusal`` says why).
    """

    saved: bool = False
    conflict: bool = False
    gone: bool = False
    refusal: str = ""


class Translating(Protocol):
    """Reads and writes the catalogs of issues.  Raises as ``Studio`` does, and ContentError for a broken catalog."""

    async def edition(self, slug: str, locale: str) -> Translation:
        """All messages of an edition."""
        ...

    async def editing(self, slug: str, locale: str, key: str) -> Editing | None:
        """One message; None if there is none of this key (any more)."""
        ...

    async def check(self, slug: str, locale: str, key: str, text: str) -> tuple[Remark, ...]:
        """What the checks would say if this were the translation."""
        ...

    async def nearest(self, slug: str, locale: str, block: str, text: str) -> str:
        """The key of the message that somebody means who points at this text in this block; "" if nobody can tell."""
        ...

    async def save(self, slug: str, locale: str, key: str, draft: Draft) -> Kept:
        """Write a translation into the catalog, unless it would overwrite what somebody else wrote meanwhile."""
        ...
