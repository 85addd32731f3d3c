"""Events as iCalendar files, read back by another library (vobject)."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from dataclasses import replace
from typing import Any

import pytest
import vobject

from newsletter.render.asking import facts_of
from newsletter.render.calendar import Origin, calendar_file, event_uid
from newsletter.render.facts import Facts, Issued, digest, numbered
from tests.unit.helpers import catalog_of, composer, edition_of, issue_of

NOW = dt.datetime(2019, 6, 1, 12, tzinfo=dt.UTC)
ORIGIN = Origin("june", "en", "hello@example.org", "https://news.example.org/june.en.html")
MEETING: dict[str, Any] = {
    "type": "action",
    "id": "meeting",
    "kind": "rsvp",
    "title": "Come; bring food, friends & “songs”",
    "body": "We plan [the march](https://example.org/march) with {first_name|friend}.\n\nAnd we sing.",
    "event": {
        "starts": "2019-06-10T18:00",
        "ends": "2019-06-10T20:00",
        "timezone": "America/New_York",
        "place": "Our office, King Street",
        "online": "https://example.org/video",
    },
    "targets": [{"url": "https://example.org/rsvp", "label": "I will come"}],
}


def facts(*blocks: dict[str, Any], locale: str = "en", changes: dict[str, str] | None = None) -> Facts:
    loaded = issue_of(*blocks)
    using = composer()
    edition = edition_of(loaded, locale, catalog_of(loaded, changes))
    return facts_of(edition, using.letterhead, using.words_for(edition)(locale))


def events(text: str) -> list[Any]:
    calendar = vobject.readOne(text)
    assert (calendar.version.value, calendar.method.value) == ("2.0", "PUBLISH")
    return list(calendar.contents.get("vevent", []))


def test_another_reader_finds_what_where_and_when() -> None:
    text = calendar_file(facts(MEETING), ORIGIN, NOW)
    (event,) = events(text)
    zone = zoneinfo.ZoneInfo("America/New_York")
    assert event.dtstart.value == dt.datetime(2019, 6, 10, 18, tzinfo=zone)
    assert event.dtstart.value.utcoffset() == dt.timedelta(hours=-4)
    assert event.dtend.value - event.dtstart.value == dt.timedelta(hours=2)
    assert event.dtstamp.value == NOW
    assert event.summary.value == "Come; bring food, friends & “songs”"
    assert event.summary.params["LANGUAGE"] == ["en"]
    assert event.location.value == "Our office, King Street"
    assert event.url.value == ORIGIN.page
    assert event.conference.value == "https://example.org/video"
    assert event.organizer.value == "mailto:hello@example.org"
    description = event.description.value
    assert description.startswith("We plan the march with friend.\n\nI will come: https://example.org/rsvp")
    assert "VALARM" not in text


def test_lines_are_folded_and_end_as_the_format_wants() -> None:
    lines = calendar_file(facts(MEETING), ORIGIN, NOW).encode().split(b"\r\n")
    assert lines[-1] == b""
    assert max(map(len, lines)) <= 75
    assert not any(b"\n" in line or b"\r" in line for line in lines)


@pytest.mark.parametrize("starts", ["2026-03-07T12:00", "2026-03-08T12:00", "2026-11-01T00:30", "2026-11-01T12:00"])
@pytest.mark.parametrize("name", ["America/New_York", "America/Phoenix", "Europe/Madrid", "UTC", "Asia/Kolkata"])
def test_the_zone_in_the_file_alone_gives_the_right_moment(starts: str, name: str) -> None:
    event = {"starts": starts, "timezone": name, "place": "Here"}
    text = calendar_file(facts({**MEETING, "event": event}), ORIGIN, NOW)
    # A zone of our own name, so that no reader can look it up: only what the file says of it counts.
    (found,) = events(text.replace(name, f"Unheard-Of/{name}") if name != "UTC" else text)
    wanted = dt.datetime.fromisoformat(starts).replace(tzinfo=zoneinfo.ZoneInfo(name))
    assert found.dtstart.value.astimezone(dt.UTC) == wanted.astimezone(dt.UTC)
    assert "dtend" not in found.contents


def test_an_event_is_the_same_in_every_language_and_its_words_are_not() -> None:
    spanish = facts(MEETING, locale="es", changes={str(MEETING["title"]): "Ven; trae «canciones»"})
    (event,) = events(calendar_file(spanish, replace(ORIGIN, locale="es"), NOW))
    assert event.uid.value == event_uid("june", "meeting", "hello@example.org")
    assert (event.summary.value, event.summary.params["LANGUAGE"]) == ("Ven; trae «canciones»", ["es"])
    assert event_uid("june", "march", "hello@example.org") != event.uid.value


def test_no_event_no_file_and_two_events_one_file() -> None:
    text = {"type": "text", "id": "hello", "body": "Hello"}
    assert calendar_file(facts(text), ORIGIN, NOW) == ""
    both = facts(MEETING, {**MEETING, "id": "march", "kind": "march"})
    assert len(events(calendar_file(both, ORIGIN, NOW))) == 2
    assert len(events(calendar_file(both, ORIGIN, NOW, "march"))) == 1
    assert calendar_file(both, ORIGIN, NOW, "elsewhere") == ""


def test_what_looks_like_the_format_is_only_text() -> None:
    hostile = "Come\\nEND:VEVENT; BEGIN:VALARM, ATTENDEE:mailto:x@example.org"
    (event,) = events(calendar_file(facts({**MEETING, "title": hostile}), ORIGIN, NOW))
    assert event.summary.value == hostile
    assert "attendee" not in event.contents


def test_the_number_rises_only_when_something_known_changes() -> None:
    english, spanish = (digest(facts(MEETING, locale=locale).asks[0]) for locale in ("en", "es"))
    moved = digest(facts({**MEETING, "event": {**MEETING["event"], "starts": "2019-06-10T19:00"}}).asks[0])
    first = Issued().next({"en": english})
    assert (first.sequence, first.next({"en": english, "es": spanish}).sequence) == (0, 0)
    second = first.next({"es": spanish}).next({"en": moved})
    assert (second.sequence, second.digests) == (1, {"en": moved, "es": spanish})
    (event,) = events(calendar_file(numbered(facts(MEETING), {"meeting": second}), ORIGIN, NOW))
    assert event.sequence.value == "1"
