"""Campaigns: whom one would reach, starting it, watching it.  What the pages show, and who tells it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

STATES = ("accepted", "pending", "sending", "deferred", "rejected", "in_doubt", "cancelled")
MOVING = ("pending", "sending", "deferred")
UNREACHED = ("in_doubt", "rejected", "deferred", "cancelled")
"""Of whose copy something is to be said; the worst first."""
IDLE, WAITS = "idle", "waits"  # of a campaign that is running: nobody sends it; it waits for its time
Counts = Mapping[str, int]
"""How many deliveries are in which state."""


@dataclass(frozen=True, slots=True)
class DryRun:
    """Whom a campaign started now would reach, in numbers.

    ``obstacles`` keep it from being started, each with a hint or "";
    ``started`` is the campaign of this issue to these people that there is already;
    ``unfinished`` another of this issue that must have ended before.
    """

    segments: tuple[str, ...]
    by_locale: tuple[tuple[str, str, int], ...] = ()
    by_segment: tuple[tuple[str, int], ...] = ()
    obstacles: tuple[tuple[str, str], ...] = ()
    started: int = 0
    unfinished: int = 0

    @property
    def people(self) -> int:
        """Everybody, each once."""
        return sum(number for _locale, _language, number in self.by_locale)


@dataclass(frozen=True, slots=True)
class StartPage:
    """The segments to choose from, and what the chosen ones mean.  Times are those of ``timezone``.

    ``missed`` is the earlier campaign whose people are meant, as far as they have no copy; 0 for anybody.
    ``without`` are the campaigns of the issue that have ended, each with how many people have no copy of it.
    """

    slug: str
    segments: tuple[str, ...]
    timezone: str
    missed: int = 0
    dry_run: DryRun | None = None
    without: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class CampaignRow:
    """One campaign in the list of all.

    ``whom`` are segments, or sentences.  ``standing`` is a status of
    ``delivery/states.py``, or IDLE or WAITS in place of *running*.  Times are
    by the organisation's clocks, here and below.
    """

    id: int
    slug: str
    whom: tuple[str, ...]
    frozen_at: dt.datetime
    standing: str
    accepted: int
    in_doubt: int
    total: int
    reason: str = ""
    starts_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person may decide of all who are in one state: each verdict, and what it means for them."""

    state: str
    people: int
    choices: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Unreached:
    """Somebody whose copy was not accepted so far, with the last words of a server; ``locale`` is their edition's."""

    email: str
    locale: str
    state: str
    reply: str


@dataclass(frozen=True, slots=True)
class Watched:
    """One campaign as it stands now.

    ``rate`` is messages a second over the last half minute, and ``left`` the
    seconds that the rest takes at this rate; 0 if nobody can tell.  ``here``
    says that this studio follows it; it waits until ``due``, or, ``behind``,
    for the end of another sending.  ``others`` are the processes that send it.
    ``next_due`` is when the next that was refused for now may be tried again.
    ``advice`` says what to do about the ``reason`` of a pause.  ``languages``
    names editions.  ``really_cancel`` is what is asked before the rest is
    cancelled; "" if there is nothing to cancel.  ``without`` is how many have
    no copy of the issue, from this campaign or any other, once it has ended.
    """

    id: int
    slug: str
    whom: tuple[str, ...]
    status: str
    reason: str
    advice: str
    starts_at: dt.datetime | None
    frozen_at: dt.datetime
    by_locale: Mapping[str, Counts]
    by_domain: Mapping[str, Counts]
    languages: Mapping[str, str]
    more_domains: int = 0
    rate: float = 0.0
    left: int = 0
    here: bool = False
    due: dt.datetime | None = None
    behind: bool = False
    others: tuple[str, ...] = ()
    next_due: dt.datetime | None = None
    error: tuple[str, str] | None = None
    decisions: tuple[Decision, ...] = ()
    really_cancel: str = ""
    without: int = 0

    @property
    def standing(self) -> str:
        """Its status; of one that is running whether anybody sends it."""
        return standing(self.status, sent=self.here or bool(self.others), waits=bool(self.due) or self.behind)

    @property
    def total(self) -> int:
        """All recipients."""
        return sum(sum(counts.values()) for counts in self.by_locale.values())

    def count(self, state: str) -> int:
        """How many are in a state."""
        return sum(counts.get(state, 0) for counts in self.by_locale.values())

    @property
    def unreached(self) -> bool:
        """Whether there is anybody to be named."""
        return any(map(self.count, UNREACHED))

    @property
    def settled(self) -> int:
        """How many have an outcome."""
        return self.total - sum(map(self.count, MOVING))

    @property
    def states(self) -> tuple[str, ...]:
        """The states that there are, and always that of those who have it."""
        return tuple(state for state in STATES if state == STATES[0] or self.count(state))


def standing(status: str, *, sent: bool, waits: bool) -> str:
    """A status, and of a campaign that is running whether somebody sends it."""
    if status != "running":
        return status
    return WAITS if waits else status if sent else IDLE


class Campaigning(Protocol):
    """Starts campaigns and follows them, as ``newsletter send`` and ``newsletter campaigns`` do."""

    async def start_page(self, slug: str, segments: tuple[str, ...], missed: int = 0) -> StartPage:
        """Whom it would reach; for nobody only which segments there are.  Raises UsageError for an unknown issue.

        With ``missed``, those people of that campaign who have no copy; with segments, of these those in one of them.
        """
        ...

    async def start(self, slug: str, segments: tuple[str, ...], people: int, at: str, missed: int = 0) -> int:
        """Freeze it and begin to send it in the background, ``at`` a time ("2026-12-01 09:00") or now; its number.

        Raises UsageError unless it reaches as many ``people`` as somebody
        typed, and whatever keeps a campaign from being started.
        """
        ...

    async def all(self) -> tuple[CampaignRow, ...]:
        """Every campaign, the newest first."""
        ...

    async def newest(self) -> Mapping[str, CampaignRow]:
        """The newest campaign of each issue."""
        ...

    async def watch(self, number: int) -> Watched:
        """One campaign, wherever it is being sent.  Raises UsageError if there is none."""
        ...

    async def unreached(self, number: int) -> tuple[Sequence[Unreached], bool]:
        """The first whose copy was not accepted, with addresses, and whether there are more.  Raises UsageError."""
        ...

    async def pause(self, number: int) -> None:
        """Send nothing more of it; what is under way is finished.  Raises UsageError if there is nothing to pause."""
        ...

    async def resume(self, number: int) -> None:
        """Let it go on, sent by this studio unless another process does.  Raises UsageError, StoreError."""
        ...

    async def cancel(self, number: int) -> None:
        """Let nobody else have a copy.  Raises UsageError."""
        ...

    async def resolve(self, number: int, verdict: str) -> None:
        """Carry out one of the ``decisions``.  Raises UsageError if there is nothing to decide."""
        ...
