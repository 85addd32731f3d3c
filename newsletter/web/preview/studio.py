"""What the studio shows, and who tells it: one protocol and frozen dataclasses.

All texts of people (subjects, findings, replies) are plain text; the templates
escape them.  Times are aware.  A *reader* is whom a mail is shown as.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from newsletter.render.imaging import Prepared
from newsletter.web.preview.campaigns import CampaignRow

NOBODY, LONGEST = "nobody", "longest"


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands: a file of the workspace and, as far as it is known, the message and the block."""

    path: str
    line: int = 0
    locale: str = ""
    context: str = ""

    @property
    def block(self) -> str:
        """The block of the message; "" for the issue's own texts."""
        block, dot, _field = self.context.partition(".")
        return block if dot else ""


@dataclass(frozen=True, slots=True)
class Task:
    """One thing that is left to do: what ``newsletter check`` prints as a line.

    ``parts`` are the single messages of an edition that is not complete.
    """

    code: str
    message: str
    hint: str
    where: Place
    blocks: bool = True
    parts: tuple[Task, ...] = ()


@dataclass(frozen=True, slots=True)
class Mistake:
    """Why the newest version of a file cannot be shown.  ``excerpt`` is numbered lines around the place."""

    code: str
    message: str
    hint: str
    where: Place
    column: int = 0
    excerpt: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Approved:
    """Who read an edition over; ``changes`` is what changed since, which makes it void."""

    by: str
    at: dt.datetime
    changes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EditionCard:
    """How far one edition is.  ``language`` is its own name for itself."""

    locale: str
    language: str
    direction: str
    is_source: bool
    subject: str
    translated: int = 0
    fuzzy: int = 0
    missing: int = 0
    approved: Approved | None = None

    @property
    def total(self) -> int:
        """All messages."""
        return self.translated + self.fuzzy + self.missing

    @property
    def complete(self) -> bool:
        """Whether every message is translated."""
        return self.translated == self.total


@dataclass(frozen=True, slots=True)
class IssueCard:
    """An issue in the list of all, with its newest campaign.

    One that cannot be read has a ``mistake`` and no editions.
    """

    slug: str
    date: dt.date | None
    editions: tuple[EditionCard, ...] = ()
    blocking: int = 0
    warnings: int = 0
    mistake: Mistake | None = None
    campaign: CampaignRow | None = None


@dataclass(frozen=True, slots=True)
class Overview:
    """All issues, the newest first.  ``unread`` of them are still being looked through."""

    organisation: Mapping[str, str]
    cards: tuple[IssueCard, ...]
    unread: int
    approval_required: bool
    mistakes: tuple[Mistake, ...] = ()


@dataclass(frozen=True, slots=True)
class Persona:
    """Whom a mail is shown as: the reader whose place staff take.

    ``segments`` None shows every block, whoever it is for.  ``person`` is
    NOBODY (of whom nothing is known), LONGEST, or what ``reader_ref`` gave for
    a subscriber.
    """

    segments: frozenset[str] | None = None
    person: str = NOBODY


@dataclass(frozen=True, slots=True)
class Block:
    """A block of an issue, and what it weighs in one edition's HTML, in bytes."""

    id: str
    type: str
    title: str
    size: int = 0


@dataclass(frozen=True, slots=True)
class Mail:
    """One message, as it will be sent to one reader.

    ``source`` is its bytes; ``headers``, ``text`` and ``html`` are read from
    them.  ``framed`` is the HTML with anchors before each block and with the
    pictures at the studio's own addresses.  ``size`` is that of the HTML part
    in bytes, as Gmail counts it.
    """

    locale: str
    language: str
    direction: str
    sender_name: str
    sender_address: str
    subject: str
    preheader: str
    headers: tuple[tuple[str, str], ...]
    text: str
    html: str
    framed: str
    source: bytes = field(repr=False)
    size: int
    blocks: tuple[Block, ...]
    version: str
    """Changes whenever anything of it that is shown does."""


@dataclass(frozen=True, slots=True)
class Edition:
    """One edition on the page of an issue: the mail, or the last good one with the mistakes that came since."""

    locale: str
    language: str
    direction: str
    mail: Mail | None
    mistakes: tuple[Mistake, ...] = ()
    address: str = ""
    """Where anybody can read it on the web; none for two languages in one message."""


@dataclass(frozen=True, slots=True)
class IssuePage:
    """An issue as one reader gets it.

    ``segments`` are those that blocks are limited to.  ``mistakes`` are those
    of the issue's file and the settings; what is shown beside them is the last
    good version.  ``person`` is the subscriber's address, when the reader is one.
    """

    slug: str
    card: IssueCard
    editions: tuple[Edition, ...]
    segments: tuple[str, ...]
    person: str
    approval_required: bool
    mistakes: tuple[Mistake, ...] = ()

    @property
    def archive(self) -> tuple[Edition, ...]:
        """The editions that have a page on the web."""
        return tuple(edition for edition in self.editions if edition.address)


@dataclass(frozen=True, slots=True)
class File:
    """A text file of the workspace, by lines."""

    path: str
    lines: tuple[str, ...]


class Studio(Protocol):
    """Everything that pages ask for.  Each raises UsageError for what does not exist."""

    async def overview(self) -> Overview:
        """All issues."""
        ...

    async def issue(self, slug: str, persona: Persona) -> IssuePage:
        """One issue.  Never raises for what staff wrote: mistakes are part of what it returns."""
        ...

    async def tasks(self, slug: str) -> tuple[Task, ...]:
        """What is left to do before it can be sent: what ``newsletter check`` prints, the gravest first."""
        ...

    async def mail(self, slug: str, locale: str, persona: Persona) -> Edition:
        """One edition of one issue, for one reader."""
        ...

    async def reader_ref(self, address: str) -> str:
        """A name for the subscriber with this address, which may stand in the address bar."""
        ...

    async def file(self, path: str) -> File:
        """A file that staff write: settings, issues, catalogs, templates.  No other, whatever ``path`` says."""
        ...

    async def picture(self, name: str) -> Prepared | None:
        """A picture of a mail that was shown, by its published name."""
        ...
