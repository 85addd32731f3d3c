"""Events as iCalendar files, for readers to take into their calendars.

An event has one UID in all languages, so that whoever takes both files has it
once; and a SEQUENCE that rises when it changes, so that calendars take the
newer.  There are no alarms: these are the reader's own business.

Source: RFC 5545 (the format), RFC 5546 §3.2.1 (what PUBLISH must hold), RFC
7986 §5.3 (UID) and §5.11 (CONFERENCE).
"""

from __future__ import annotations

import datetime as dt
import uuid
import zoneinfo
from collections.abc import Sequence
from dataclasses import dataclass

from icalendar import Calendar as Component
from icalendar import Event as EventComponent
from icalendar import vCalAddress, vUri

from newsletter import __version__
from newsletter.i18n.locales import language_tag
from newsletter.render.facts import Ask, Facts, Meeting

MEDIA_TYPE = "text/calendar; method=PUBLISH; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Origin:
    """Whose events they are.  ``page`` is where the edition can be read, "" if nowhere."""

    slug: str
    locale: str
    address: str
    page: str


def calendar_file(facts: Facts, origin: Origin, now: dt.datetime, only: str = "") -> str:
    """The events of an edition, or the one of a block, as the text of a file; "" if there are none.

    ``now`` is when they were published.  Lines end in CRLF.
    """
    asks = [ask for ask in facts.asks if ask.meeting and only in ("", ask.id)]
    if not asks:
        return ""
    calendar = Component()
    calendar.add("version", "2.0")
    calendar.add("prodid", f"-//newsletter//newsletter {__version__}//EN")
    calendar.add("method", "PUBLISH")
    for ask in asks:
        assert ask.meeting is not None
        calendar.add_component(_event(ask, ask.meeting, facts.organisation, origin, now))
    meetings = [ask.meeting for ask in asks if ask.meeting]
    # The rules of the years around; all of them would be longer than the event itself.
    calendar.add_missing_timezones(*_years_around(meetings))
    text: str = calendar.to_ical().decode()
    return text


def event_uid(slug: str, block: str, address: str) -> str:
    """The name of an event for ever, in whatever language."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"mailto:{address}#{slug}.{block}"))


def _event(ask: Ask, meeting: Meeting, organisation: str, origin: Origin, now: dt.datetime) -> EventComponent:
    zone = zoneinfo.ZoneInfo(meeting.timezone)
    language = {"language": language_tag(origin.locale)}
    event = EventComponent()
    event.add("uid", event_uid(origin.slug, ask.id, origin.address))
    event.add("sequence", meeting.sequence)
    event.add("dtstamp", now.astimezone(dt.UTC).replace(microsecond=0))
    event.add("dtstart", _in(zone, meeting.starts))
    if meeting.ends:
        event.add("dtend", _in(zone, meeting.ends))
    event.add("summary", ask.title, parameters=language)
    event.add("description", "\n\n".join(_description(ask, meeting, origin)), parameters=language)
    if where := meeting.place or meeting.online:
        event.add("location", where, parameters=language)
    if meeting.online:
        parameters = {"VALUE": "URI", "FEATURE": "VIDEO", **language}
        event.add("conference", vUri(meeting.online), parameters=parameters)
    if link := origin.page or ask.url:
        event.add("url", link)
    organiser = vCalAddress(f"mailto:{origin.address}")
    organiser.params["CN"] = organisation.replace('"', "'")
    event.add("organizer", organiser)
    event.add("status", "CONFIRMED")
    return event


def _in(zone: zoneinfo.ZoneInfo, time: dt.datetime) -> dt.datetime:
    """Aware, or in UTC for a zone that is UTC, as RFC 5545 §3.3.5 wants it."""
    aware = time.replace(tzinfo=zone)
    return aware.astimezone(dt.UTC) if zone.key in ("UTC", "Etc/UTC") else aware


def _description(ask: Ask, meeting: Meeting, origin: Origin) -> list[str]:
    rows = [f"{ask.label}: {ask.url}"] if ask.url else []
    rows += [meeting.online] if meeting.online else []
    rows += [origin.page] if origin.page else []
    return [text for text in (ask.lead, "\n".join(rows)) if text]


def _years_around(meetings: Sequence[Meeting]) -> tuple[dt.date, dt.date]:
    first = min(meeting.starts for meeting in meetings).year
    last = max(meeting.ends or meeting.starts for meeting in meetings).year
    return dt.date(max(first - 1, 1), 1, 1), dt.date(min(last + 2, 9999), 1, 1)
