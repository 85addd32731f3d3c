"""What an edition asks of its readers, as facts: for flyers, calendars, feeds, and the lists of the archive.

Facts are plain texts in the edition's language, without anything of a reader:
placeholders have become their fall-backs.  They are stored as JSON with the
frozen edition, and stay right when the issue is edited later.  ``asking.py``
draws them from an edition.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import TypeAdapter


@dataclass(frozen=True, slots=True)
class Meeting:
    """When and where people meet.  Times are naive, and local to ``timezone``."""

    starts: dt.datetime
    ends: dt.datetime | None
    timezone: str
    place: str
    online: str
    sequence: int = 0  # how often it has changed since it was first sent


@dataclass(frozen=True, slots=True)
class Ask:
    """One call to do something.

    ``rows`` are label and value of what a box beside it says: when, where, by
    when.  ``url`` is where to act, "" if one can only come.  From ``ends_at``
    on it is over, and ``over`` says so.
    """

    id: str
    kind: str
    title: str
    lead: str
    rows: tuple[tuple[str, str], ...]
    url: str
    label: str
    ends_at: dt.datetime | None
    over: str
    meeting: Meeting | None

    def is_over(self, now: dt.datetime) -> bool:
        """Whether there is nothing to be done any more."""
        return self.ends_at is not None and now >= self.ends_at


@dataclass(frozen=True, slots=True)
class Told:
    """How a story begins."""

    title: str
    lead: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of an edition besides its page.  ``date`` is in words."""

    organisation: str
    date: str
    stories: tuple[Told, ...]
    asks: tuple[Ask, ...]


@dataclass(frozen=True, slots=True)
class PublicEdition:
    """What anybody may see of an issue in one language.  Only ``html`` holds marks, those of ``public.py``."""

    slug: str
    locale: str
    date: dt.date
    subject: str
    preheader: str
    html: str = field(repr=False)
    facts: Facts = field(repr=False)

    @property
    def digest(self) -> str:
        """What tells this from another version of the same page."""
        parts = [self.date.isoformat(), self.subject, self.preheader, self.html, to_json(self.facts)]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Issued:
    """What was last said of an event: its number, and a digest of its words in each language."""

    sequence: int = 0
    digests: Mapping[str, str] = field(default_factory=dict)

    def next(self, digests: Mapping[str, str]) -> Issued:
        """With what is said now.  A language that is new changes nothing; another time or place does."""
        changed = any(self.digests.get(locale, digest) != digest for locale, digest in digests.items())
        return Issued(self.sequence + changed, {**self.digests, **digests})


_FACTS = TypeAdapter(Facts)


def to_json(facts: Facts) -> dict[str, Any]:
    """Facts as they are stored."""
    found: dict[str, Any] = _FACTS.dump_python(facts, mode="json")
    return found


def from_json(data: object) -> Facts:
    """Facts as they were stored."""
    return _FACTS.validate_python(data)


def digest(ask: Ask) -> str:
    """What an event says, in short: if it is another, the event has changed."""
    meeting = ask.meeting and replace(ask.meeting, sequence=0)
    return hashlib.sha256(repr((ask.title, ask.lead, ask.url, meeting)).encode()).hexdigest()[:16]


def numbered(facts: Facts, issued: Mapping[str, Issued]) -> Facts:
    """Facts in which every event has its number."""
    asks = [
        replace(ask, meeting=replace(ask.meeting, sequence=issued[ask.id].sequence))
        if ask.meeting and ask.id in issued
        else ask
        for ask in facts.asks
    ]
    return replace(facts, asks=tuple(asks))
