"""When and where people meet: an event, and the stops of a march.

All times are local, as clocks at the place show them; ``timezone`` says whose.
"""

from __future__ import annotations

import datetime as dt
import re
import zoneinfo
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    StringConstraints,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)

from newsletter.content.fields import (
    Line,
    LocalTime,
    OptionalLine,
    UrlByLocale,
    Vocabulary,
    parse_local_time,
    vocabulary,
)
from newsletter.content.links import check_url
from newsletter.content.model import Model
from newsletter.content.problems import Problem, raise_problems
from newsletter.errors import did_you_mean
from newsletter.wording import said

_COORDINATES = re.compile(r"(?P<latitude>-?\d{1,2}(?:\.\d{1,8})?)\s*,\s*(?P<longitude>-?\d{1,3}(?:\.\d{1,8})?)")
_CLOCK = re.compile(r"(?P<hour>[01]?\d|2[0-3]):(?P<minute>[0-5]\d)")


def coordinates(place: str) -> tuple[float, float] | None:
    """Latitude and longitude in degrees (WGS 84), if ``place`` says them: "44.4743, -73.2107"."""
    found = _COORDINATES.fullmatch(place)
    point = (float(found["latitude"]), float(found["longitude"])) if found else None
    return point if point and abs(point[0]) <= 90 and abs(point[1]) <= 180 else None  # noqa: PLR2004 - degrees


def _map_place(place: str) -> str:
    if coordinates(place) or (not check_url(place) and place.startswith(("https:", "http:"))):
        return place
    hint = said("write latitude and longitude in degrees, '44.4743, -73.2107', or the https address of a map")
    raise_problems([Problem("bad-map", said("'%(place)s' is no place on a map", place=place[:80]), hint, place)])
    return place


def _clock(value: object) -> object:
    if not isinstance(value, str):
        return value
    found = _CLOCK.fullmatch(value.strip())
    if not found:
        hint = said("write hours and minutes as a clock at the place shows them: 12:30")
        raise_problems([Problem("bad-time", said("'%(value)s' is no time of day", value=value), hint, value)])
        return value
    return dt.time(int(found["hour"]), int(found["minute"]))


MapPlace = Annotated[str, StringConstraints(strict=True, max_length=2_000), AfterValidator(_map_place)]
ClockTime = Annotated[dt.time, BeforeValidator(_clock), WithJsonSchema({"type": "string", "examples": ["12:30"]})]


class Stop(Model):
    """One place on the way of a march."""

    at: ClockTime | None = Field(None, description="When the march is there, on the day it starts: 12:30")
    place: Line = Field(description="Where: 'City Hall, Church Street'.")


class Event(Model):
    """When and where people meet.  Times are local to ``timezone``."""

    starts: LocalTime = Field(description="Local date and time: 2019-06-10T18:00")
    ends: LocalTime | None = Field(None, description="Local date and time of the end.")
    timezone: str = Field("", description="IANA zone, e.g. America/New_York; the organisation's, if left out.")
    place: OptionalLine = Field("", description="Where, as one would tell it: 'our office, King Street, Burlington'.")
    map: MapPlace | None = Field(None, description="Latitude and longitude, '44.4743, -73.2107', or a map's address.")
    online: UrlByLocale | None = Field(None, description="The address of the video meeting.")
    stops: tuple[Stop, ...] = Field((), max_length=12, description="The way of a march, in its order.")

    @model_validator(mode="before")
    @classmethod
    def _default_zone(cls, data: Any, info: ValidationInfo) -> Any:
        words = vocabulary(info)
        if isinstance(data, dict) and words and data.get("timezone", "") == "":
            return {**data, "timezone": words.timezone}
        return data

    @classmethod
    def cross_check(cls, raw: Mapping[str, Any], words: Vocabulary | None) -> list[Problem]:
        problems = []
        if not raw.get("place") and not raw.get("online"):
            hint: str = said("add 'place:' or 'online:'")
            problems.append(Problem("no-place", said("the event has neither a place nor an online address"), hint))
        zone_name = str(raw.get("timezone") or (words.timezone if words else "UTC"))
        times = {key: parse_local_time(raw.get(key)) for key in ("starts", "ends")}
        try:
            zone = zoneinfo.ZoneInfo(zone_name)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
            hint = did_you_mean(zone_name, zoneinfo.available_timezones())
            hint = hint if len(hint) < 100 else said("use an IANA name such as America/New_York")  # noqa: PLR2004 - not the whole list
            message = said("unknown time zone '%(zone)s'", zone=zone_name)
            problems.append(Problem("bad-timezone", message, hint, zone_name))
        else:
            for key, time in times.items():
                if time is None:
                    continue
                try:
                    back = time.replace(tzinfo=zone).astimezone(dt.UTC).astimezone(zone)
                except OverflowError:  # the first day of the year 1, the last of 9999
                    message = said("the year %(year)s is out of reach", year=time.year)
                    problems.append(Problem("bad-date", message, needle=f"{key}:"))
                    continue
                if back.replace(tzinfo=None) != time:
                    hint = said("clocks were put forward that night; did you mean %(time)s?", time=f"{back:%H:%M}")
                    message = said("%(time)s does not exist in %(zone)s", time=f"{time:%Y-%m-%d %H:%M}", zone=zone_name)
                    problems.append(Problem("no-such-time", message, hint, needle=f"{key}:"))
        if times["starts"] and times["ends"] and times["ends"] <= times["starts"]:
            hint = said("it starts at %(time)s", time=f"{times['starts']:%Y-%m-%d %H:%M}")
            problems.append(Problem("ends-before-start", said("the event ends before it starts"), hint, "ends:"))
        return [*problems, *_stops_out_of_order(raw.get("stops"), times["starts"])]

    @property
    def starts_at(self) -> dt.datetime:
        """The start, aware."""
        return self.starts.replace(tzinfo=zoneinfo.ZoneInfo(self.timezone or "UTC"))

    @property
    def ends_at(self) -> dt.datetime | None:
        """The end, aware."""
        return self.ends and self.ends.replace(tzinfo=zoneinfo.ZoneInfo(self.timezone or "UTC"))


def _stops_out_of_order(stops: object, starts: dt.datetime | None) -> Iterator[Problem]:
    """A stop that comes before the one above it, or before the start."""
    latest = starts.time() if starts else dt.time()
    for stop in stops if isinstance(stops, list) else []:
        at = stop.get("at") if isinstance(stop, Mapping) else None
        found = _CLOCK.fullmatch(at.strip()) if isinstance(at, str) else None
        if found and (time := dt.time(int(found["hour"]), int(found["minute"]))) < latest:
            hint = said("list them in the order of the way; each time is of the day of the start")
            values = {"time": f"{time:%H:%M}", "latest": f"{latest:%H:%M}"}
            message = said("the stop at %(time)s comes after %(latest)s", **values)
            yield Problem("stops-out-of-order", message, hint, str(at))
        elif found:
            latest = time
