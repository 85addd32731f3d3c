"""How fast mail may leave the house: per second, per hour and per day, for all mail or for one recipient domain.

``per_second`` is smooth: every message gets a moment of its own, 1/rate after
the last one, so that no second holds more, not even the first.  ``per_hour``
and ``per_day`` count what left during the last hour or day, whenever that
began, as relays do; what is left of them may go at once.

Mail that somebody waits for, as the one by which a form is confirmed, counts
like any other.  Where there are such forms, a campaign leaves some places to
it, so that nobody waits for it until tomorrow because a campaign went out today.
And it takes no more than its share of an hour or a day, so that a flood of
forms cannot stop a campaign.

Nothing here keeps time or state: ``store/allowances.py`` locks a row, asks
this room what it means, and writes it back, so that all runs and machines
share one account.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

AHEAD = 0.25  # seconds that moments are given out ahead of time; a claim waits so long, or some more under two limits
KEPT = 20  # a generous campaign leaves one of so many places of an hour or a day to mail that somebody waits for
SHARE = 2  # mail that somebody waits for gets one of so many places of an hour or a day, and one at least
_WINDOWS = {"hour": (3600, 60), "day": (86_400, 900)}  # length, and width of what is counted as one, in seconds
_AWAITED = {"hour": "awaited-hour", "day": "awaited-day"}  # where what somebody waits for is counted once more

Counts = dict[str, dict[str, int]]
"""Window → start of the bucket (seconds since 1970) → messages."""


@dataclass(frozen=True, slots=True)
class Limit:
    """What may be sent to one recipient domain; an empty ``domain`` means all mail.  None means no limit."""

    domain: str = ""
    per_second: float | None = None
    per_hour: int | None = None
    per_day: int | None = None

    def windows(self) -> list[tuple[str, int]]:
        """The counted limits: name of the window and the most messages in it."""
        return [(name, most) for name, most in (("hour", self.per_hour), ("day", self.per_day)) if most is not None]


@dataclass(frozen=True, slots=True)
class Used:
    """What is used up of a limit: the first free moment, and what was counted in each bucket."""

    next_at: dt.datetime | None = None
    counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Room:
    """How many messages may be begun, and when: the first at ``first``, each next one ``spacing`` seconds later.

    With no room, ``first`` is when there will be some.
    """

    free: int
    first: dt.datetime
    spacing: float = 0.0


def room(limit: Limit, used: Used, now: dt.datetime, *, awaited: bool = False, generous: bool = False) -> Room:
    """What a limit allows a campaign at ``now``; with ``awaited``, a mail that somebody waits for.

    A ``generous`` campaign leaves places to such mail, which has its SHARE of
    them.  Under ``per_second`` it always gets the next moment: it would hardly
    ever find a campaign that has not just taken it.
    """
    free, first, spacing = 1_000_000, now, 0.0
    if limit.per_second is not None:
        spacing = 1 / limit.per_second
        # Further ahead than this is only what was taken under a lower limit, or by a clock that was wrong.
        furthest = now + dt.timedelta(seconds=4 * AHEAD + spacing)
        first = min(max(now, used.next_at or now), furthest)
        ahead = AHEAD - (first - now).total_seconds()
        free = math.floor(ahead * limit.per_second) + 1 if ahead >= 0 else int(awaited)
    for name, most in limit.windows():
        length, width = _WINDOWS[name]
        places = {name: most - (most // KEPT if generous else 0)}
        if awaited:
            places[_AWAITED[name]] = math.ceil(most / SHARE)
        for account, some in places.items():
            counted = _counted(used, account, _WINDOWS[name], now)
            left = some - sum(counted.values())
            if left <= 0:
                # Room comes when enough of the oldest buckets have left the window as a whole.
                first = max(first, _freed(counted, 1 - left, length, width, now))
            free = min(free, max(left, 0))
    return Room(free, first, spacing)


def timetable(everything: Room, lanes: Sequence[tuple[Room, int]]) -> list[list[dt.datetime]]:
    """When each message may be begun, so that it keeps the spacing of all mail and of its own lane.

    ``lanes`` are the rooms that share ``everything``, and how many messages
    each of them uses.  Whoever may go first goes first.
    """
    free = everything.first
    next_of = [own.first for own, _number in lanes]
    table: list[list[dt.datetime]] = [[] for _lane in lanes]
    for _message in range(sum(number for _own, number in lanes)):
        waiting = [place for place, (_own, number) in enumerate(lanes) if len(table[place]) < number]
        place = min(waiting, key=next_of.__getitem__)
        moment = max(free, next_of[place])
        table[place].append(moment)
        free = moment + dt.timedelta(seconds=everything.spacing)
        next_of[place] = moment + dt.timedelta(seconds=lanes[place][0].spacing)
    return table


def take(limit: Limit, used: Used, now: dt.datetime, moments: Sequence[dt.datetime], *, awaited: bool = False) -> Used:
    """The account after messages were given these moments, in their order."""
    next_at = used.next_at
    if limit.per_second is not None and moments:
        next_at = moments[-1] + dt.timedelta(seconds=1 / limit.per_second)
    counts = _all_counted(limit, used, now)
    for name, account in _charged(limit, awaited=awaited):
        counted = counts.setdefault(account, {})
        for moment in moments:
            bucket = _bucket(moment, _WINDOWS[name][1])
            counted[bucket] = counted.get(bucket, 0) + 1
    return Used(next_at, counts)


def give_back(limit: Limit, used: Used, now: dt.datetime, number: int, *, awaited: bool = False) -> Used:
    """The account after ``number`` messages turned out not to have left the house.

    Nobody remembers when they were to leave.  The oldest are struck out: what
    is counted then never leaves a window before what was sent.
    """
    counts = _all_counted(limit, used, now)
    for _name, account in _charged(limit, awaited=awaited):
        counted, left = counts.get(account, {}), number
        for bucket in sorted(counted, key=int):
            back = min(left, counted[bucket])
            counted[bucket] -= back
            left -= back
    return Used(used.next_at, counts)


def _charged(limit: Limit, *, awaited: bool) -> list[tuple[str, str]]:
    """In which windows a message counts, each with the name of the account."""
    names = [name for name, _most in limit.windows()]
    return [(name, name) for name in names] + ([(name, _AWAITED[name]) for name in names] if awaited else [])


def _all_counted(limit: Limit, used: Used, now: dt.datetime) -> Counts:
    """Every account as it is at ``now``."""
    counted = {account: _counted(used, account, _WINDOWS[name], now) for name, account in _charged(limit, awaited=True)}
    return {account: some for account, some in counted.items() if some or account in _WINDOWS}


def _bucket(now: dt.datetime, width: int) -> str:
    return str(int(now.timestamp()) // width * width)


def _counted(used: Used, account: str, window: tuple[int, int], now: dt.datetime) -> dict[str, int]:
    """The buckets of which some message may still lie in the window."""
    oldest = now.timestamp() - sum(window)
    return {start: count for start, count in used.counts.get(account, {}).items() if int(start) > oldest}


def _freed(counted: Mapping[str, int], wanted: int, length: int, width: int, now: dt.datetime) -> dt.datetime:
    """When the oldest ``wanted`` messages have left the window."""
    for start in sorted(counted, key=int):
        wanted -= counted[start]
        if wanted <= 0:
            return dt.datetime.fromtimestamp(int(start) + length + width, dt.UTC)
    return now
