"""Campaigns: whom one would reach, starting it, watching it.  What the pages show, and who tells it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

STATES = ("accepted", "pending", "sending", "deferred", "rejected", "in_doubt", "cancelled")
MOVING = ("pending", "sending", "deferred")
Counts = Mapping[str, int]
"""How many deliveries are in which state."""


@dataclass(frozen=True, slots=True)
class DryRun:
    """Whom a campaign started now would reach, in numbers.

    ``obstacles`` keep it from being started, each with a hint or "";
    ``started`` is the campaign of this issue to these segments that there is already.
    """

    segments: tuple[str, ...]
    by_locale: tuple[tuple[str, str, int], ...] = ()
    by_segment: tuple[tuple[str, int], ...] = ()
    obstacles: tuple[tuple[str, str], ...] = ()
    started: int = 0

    @property
    def people(self) -> int:
        """Everybody, each once."""
        return sum(number for _locale, _language, number in self.by_locale)


@dataclass(frozen=True, slots=True)
class StartPage:
    """The segments to choose from, and what the chosen ones mean.  Times are those of ``timezone``."""

    slug: str
    segments: tuple[str, ...]
    timezone: str
    dry_run: DryRun | None = None


@dataclass(frozen=True, slots=True)
class CampaignRow:
    """One campaign in the list of all."""

    id: int
    slug: str
    segments: tuple[str, ...]
    frozen_at: dt.datetime
    status: str
    accepted: int
    total: int


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person may decide of all who are in one state: each verdict, and what it means for them."""

    state: str
    people: int
    choices: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Watched:
    """One campaign as it stands now.

    ``rate`` is messages a second over the last half minute, and ``left`` the
    seconds that the rest takes at this rate; 0 if nobody can tell.  ``here``
    says that this studio follows it; it waits until ``due``, or, ``behind``,
    for the end of another sending.  ``others`` are the processes that send it.
    ``languages`` names editions.  ``really_cancel`` is what is asked before the
    rest is cancelled; "" if there is nothing to cancel.
    """

    id: int
    slug: str
    segments: tuple[str, ...]
    status: str
    reason: str
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
    error: tuple[str, str] | None = None
    decisions: tuple[Decision, ...] = ()
    really_cancel: str = ""

    @property
    def total(self) -> int:
        """All recipients."""
        return sum(sum(counts.values()) for counts in self.by_locale.values())

    def count(self, state: str) -> int:
        """How many are in a state."""
        return sum(counts.get(state, 0) for counts in self.by_locale.values())

    @property
    def settled(self) -> int:
        """How many have an outcome."""
        return self.total - sum(map(self.count, MOVING))

    @property
    def states(self) -> tuple[str, ...]:
        """The states that there are, and always that of those who have it."""
        return tuple(state for state in STATES if state == STATES[0] or self.count(state))


class Campaigning(Protocol):
    """Starts campaigns and follows them, as ``newsletter send`` and ``newsletter campaigns`` do."""

    async def start_page(self, slug: str, segments: tuple[str, ...]) -> StartPage:
        """Whom it would reach; without segments only which there are.  Raises UsageError for an unknown issue."""
        ...

    async def start(self, slug: str, segments: tuple[str, ...], people: int, at: str) -> int:
        """Freeze it and begin to send it in the background, ``at`` a time ("2026-12-01 09:00") or now; its number.

        Raises UsageError unless it reaches as many ``people`` as somebody
        typed, and whatever keeps a campaign from being started.
        """
        ...

    async def all(self) -> tuple[CampaignRow, ...]:
        """Every campaign, the newest first."""
        ...

    async def watch(self, number: int) -> Watched:
        """One campaign, wherever it is being sent.  Raises UsageError if there is none."""
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
