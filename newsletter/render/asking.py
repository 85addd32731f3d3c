"""Edition → facts: what its blocks ask, until when, and how its stories begin."""

from __future__ import annotations

import datetime as dt
import re
import zoneinfo

from newsletter.content.blocks import Action, ActionKind, Story
from newsletter.content.event import Event
from newsletter.content.markup import paragraphs, to_text
from newsletter.content.placeholders import fill_marks, to_marks
from newsletter.i18n.formats import opening
from newsletter.i18n.translate import Edition
from newsletter.render.facts import Ask, Facts, Meeting, Told
from newsletter.render.text import event_times
from newsletter.render.theme import Letterhead
from newsletter.render.ways import phone_url
from newsletter.render.words import Words

MAX_STORIES = 3  # whose beginnings are kept
_REFERENCE = 900_000_000  # a number that no text has, so that references to links can be taken out again
_REFERENCES = re.compile(r" \[9\d{8}\]")


def facts_of(edition: Edition, letterhead: Letterhead, words: Words) -> Facts:
    """The facts of the blocks that an edition has."""
    blocks = edition.issue.blocks
    stories = [Told(plain(block.title), lead(block.body)) for block in blocks if isinstance(block, Story)]
    return Facts(
        organisation=letterhead.name(edition.locale),
        date=edition.formats.date(edition.issue.date),
        stories=tuple(stories[:MAX_STORIES]),
        asks=tuple(_ask(block, edition, letterhead, words) for block in blocks if isinstance(block, Action)),
    )


def ends_at(block: Action, timezone: str) -> dt.datetime | None:
    """From when on an action is over: the day after its deadline, else the end of its event.

    A deadline is a day in ``timezone``; an event without an end lasts until its
    day is over.  None for what never ends.
    """
    if block.deadline:
        return _end_of(block.deadline, timezone)
    if block.event:
        return block.event.ends_at or _end_of(block.event.starts.date(), block.event.timezone or "UTC")
    return None


def over_words(block: Action, words: Words) -> str:
    """What is said of an action that is over."""
    return words("The deadline has passed") if block.deadline else words("This event is over")


def plain(text: str) -> str:
    """Text in which placeholders have become their fall-backs."""
    return fill_marks(to_marks(text), lambda _field, fallback: fallback)


def lead(markdown: str) -> str:
    """The first paragraph of a body as plain text."""
    for piece in paragraphs(markdown)[:1]:
        found = to_text(piece, _REFERENCE)
        return plain(_REFERENCES.sub("", "\n".join(f"{first}{text}" for first, _rest, text in found.paragraphs)))
    return ""


def _ask(block: Action, edition: Edition, letterhead: Letterhead, words: Words) -> Ask:
    url, label = _where_to_act(block)
    return Ask(
        id=block.id,
        kind=words("RSVP" if block.kind == ActionKind.RSVP else ActionKind(block.kind).capitalize()),
        title=plain(block.title),
        lead=lead(block.body),
        rows=tuple(_rows(block, edition, words)),
        url=url,
        label=label,
        ends_at=ends_at(block, letterhead.timezone),
        over=over_words(block, words),
        meeting=_meeting(block.event) if block.event else None,
    )


def _where_to_act(block: Action) -> tuple[str, str]:
    """An address short enough for a code, and what its button says; a letter to send is none."""
    if block.targets:
        return str(block.targets[0].url), plain(block.targets[0].label)
    if block.call:
        phone = block.call.to[0]
        return phone_url(phone.number), f"{plain(phone.name)}: {phone.number}"
    return "", ""


def _rows(block: Action, edition: Edition, words: Words) -> list[tuple[str, str]]:
    rows = []
    if block.event:
        rows.append((words("When"), opening("\n".join(event_times(block.event, edition.formats)))))
        if block.event.place:
            rows.append((words("Where"), plain(block.event.place)))
        if block.event.online:
            rows.append((words("Online"), str(block.event.online)))
    if block.deadline:
        rows.append((words("Deadline"), opening(edition.formats.day(block.deadline))))
    return rows


def _meeting(event: Event) -> Meeting:
    zone = event.timezone or "UTC"
    return Meeting(event.starts, event.ends, zone, plain(event.place), str(event.online or ""))


def _end_of(day: dt.date, timezone: str) -> dt.datetime | None:
    """The first moment after a day; None at the end of all days."""
    try:
        moment = dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), zoneinfo.ZoneInfo(timezone))
        return moment.astimezone(dt.UTC)
    except OverflowError:
        return None
