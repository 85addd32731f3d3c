"""What somebody wants of a sending besides issue and segments, in the words of the store."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from newsletter.cli.wiring import House
from newsletter.errors import UsageError

if TYPE_CHECKING:
    from newsletter.store.freeze import Got, Missed, Schedule

GRACE = "1h"
_GRACE = re.compile(r"(\d{1,3})\s*(m|h|d)")
_TIME_OF_DAY = re.compile(r"\d[T ]\d\d")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person asked for besides issue and segments.

    ``only`` narrows the recipients to those who got, or missed, an earlier
    campaign, ``again`` is the reason for a second copy, ``schedule`` a later start.
    """

    only: Got | Missed | None = None
    again: str = ""
    schedule: Schedule | None = None


def wish_of(
    house: House,
    *,
    at: str = "",
    grace: str = GRACE,
    got: int | None = None,
    edition: str = "",
    missed: int | None = None,
    again: str | None = None,
) -> Wish:
    """The options in the words of the store.  Raises UsageError."""
    from newsletter.store.freeze import Got, Missed, Schedule

    if edition and got is None:
        raise UsageError("--edition narrows --got", "add --got with the number of the campaign that they got")
    if edition and edition not in house.settings.editions():
        raise UsageError(f"there is no edition '{edition}'", f"known are: {', '.join(house.settings.editions())}")
    if missed is not None and (got is not None or again is not None):
        raise UsageError("--missed is for people who have no copy", "leave --got and --again out")
    if again is not None and not again.strip():
        raise UsageError("people who had this issue get it again only for a reason", 'write it down: --again "why"')
    if grace != GRACE and not at:
        raise UsageError("--grace says how late --at may start", "add --at, or leave --grace out")
    schedule = None
    if at:
        starts_at = _moment(at, house)
        if starts_at <= house.clock.now():
            raise UsageError(f"'{at}' is past", "name a later time, or leave --at out to send now")
        schedule = Schedule(starts_at, _later(starts_at, grace))
    only = Missed(missed) if missed is not None else None if got is None else Got(got, edition)
    return Wish(only, (again or "").strip(), schedule)


def _moment(text: str, house: House) -> dt.datetime:
    """A time in the organisation's zone, unless it says its own; in UTC."""
    hint = "write day and time, like '2026-12-01 09:00'"
    try:
        said = dt.datetime.fromisoformat(text.strip())
        if not _TIME_OF_DAY.search(text):
            raise UsageError(f"'{text}' says no time of day", hint)
        zone = said.tzinfo or house.zone
        moment = said.replace(tzinfo=zone).astimezone(dt.UTC)
        there = moment.astimezone(zone)
    except (ValueError, OverflowError):  # OverflowError: at an end of the calendar
        raise UsageError(f"'{text}' is no time", hint) from None
    if there.replace(tzinfo=None) != said.replace(tzinfo=None):
        raise UsageError(f"'{text}' does not exist: the clocks are put forward then", "name a later time")
    return moment


def _later(moment: dt.datetime, span: str) -> dt.datetime:
    """So much later."""
    found = _GRACE.fullmatch(span.strip())
    try:
        if found:
            return moment + dt.timedelta(**{_UNITS[found[2]]: int(found[1])})
    except OverflowError:  # after the end of the calendar
        pass
    raise UsageError(f"'{span}' is no span of time", "write it like 30m, 2h or 1d")
