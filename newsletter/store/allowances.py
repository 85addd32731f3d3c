"""The account of each limit: a row that is locked while a claim is made, so that all runs share it.

What the numbers mean is decided in ``delivery/limits.py``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

import sqlalchemy as sa

from newsletter.clock import Clock
from newsletter.delivery.limits import SHARE, Limit, Room, Used, give_back, room, take, timetable
from newsletter.store.database import Database
from newsletter.store.tables import allowances, signups


@dataclass(slots=True)
class Allowances:
    """The accounts of some limits inside one transaction, by domain ("" is all mail); ``save`` at its end.

    ``awaited`` says for what there is to be room: for a mail that somebody waits for, or for a campaign, which is
    ``generous`` where forms were filled in of late.
    """

    limits: Mapping[str, Limit]
    now: dt.datetime
    _used: dict[str, Used]
    awaited: bool = False
    generous: bool = False
    _changed: set[str] = field(default_factory=set)

    @classmethod
    def load(
        cls,
        connection: sa.Connection,
        limits: Mapping[str, Limit],
        time: sa.ColumnElement[dt.datetime],
        *,
        awaited: bool = False,
    ) -> Self:
        """Lock and read them.  Always in the order of their keys, so that no two transactions wait for each other.

        ``time`` is asked for after that, or it would be older than what another run took meanwhile.
        """
        query = (
            sa.select(allowances)
            .where(allowances.c.key.in_(sorted(limits)))
            .order_by(allowances.c.key)
            .with_for_update()
        )
        rows = {row["key"]: row for row in connection.execute(query).mappings()}
        now: dt.datetime = connection.execute(sa.select(time)).scalar_one()
        generous = not awaited and connection.execute(sa.select(sa.exists().select_from(signups))).scalar_one()
        used = {key: Used(row["next_at"], row["counts"]) for key, row in rows.items()}
        return cls(limits, now, used, awaited, generous)

    def room(self, domain: str) -> Room:
        """What is left for a domain, or with "" for all mail."""
        limit = self.limits.get(domain)
        if limit is None:
            return Room(1_000_000, self.now)
        return room(limit, self._used[domain], self.now, awaited=self.awaited, generous=self.generous)

    def take(self, numbers: Mapping[str, int]) -> dict[str, list[dt.datetime]]:
        """Use up some of it: so many messages of each domain, "" being all others.  Returns when each may be begun."""
        unlimited = Room(1_000_000, self.now)
        lanes = [(self.room(domain) if domain else unlimited, number) for domain, number in numbers.items()]
        moments = dict(zip(numbers, timetable(self.room(""), lanes), strict=True))
        for key in ("", *filter(None, numbers)):
            taken = moments[key] if key else sorted(moment for some in moments.values() for moment in some)
            if taken and key in self.limits:
                self._used[key] = take(self.limits[key], self._used[key], self.now, taken, awaited=self.awaited)
                self._changed.add(key)
        return moments

    def give_back(self, unsent: Mapping[str, int]) -> None:
        """What never left the house does not count: so many messages of each domain, "" being all others."""
        for key in {"", *unsent}:
            if key in self.limits and (number := unsent[key] if key else sum(unsent.values())):
                self._used[key] = give_back(self.limits[key], self._used[key], self.now, number, awaited=self.awaited)
                self._changed.add(key)

    def save(self, connection: sa.Connection) -> None:
        """Write back what changed."""
        for key in sorted(self._changed):
            used = self._used[key]
            connection.execute(
                allowances.update()
                .where(allowances.c.key == key)
                .values(next_at=used.next_at, counts={name: dict(counted) for name, counted in used.counts.items()})
            )


def lane_of(domain: str, limits: Mapping[str, Limit]) -> str:
    """Which lane the mail to a recipient domain goes in: that of its own limit, or "" with all others."""
    return domain if domain in limits else ""


def prepare(connection: sa.Connection, limits: Mapping[str, Limit]) -> None:
    """Make sure that each limit has its row; another run may be doing the same."""
    known = set(connection.execute(sa.select(allowances.c.key)).scalars())
    for key in sorted(set(limits) - known):
        with connection.begin_nested() as attempt:
            try:
                connection.execute(allowances.insert().values(key=key, counts={}))
            except sa.exc.IntegrityError:
                attempt.rollback()


@dataclass(frozen=True, slots=True)
class Turn:
    """When a mail may go: in ``delay`` seconds; or unless ``granted``, when there will be a turn.

    ``held`` is then whose limit stands in the way: a domain's, or "" for all mail.
    """

    granted: bool
    delay: float = 0.0
    held: str = ""


class Turns:
    """Turns for single mails that somebody waits for, out of the accounts that campaigns use."""

    def __init__(self, database: Database, clock: Clock, limits: Mapping[str, Limit]) -> None:
        self._database = database
        self._clock = clock
        self._limits = dict(limits)

    async def take(self, domain: str) -> Turn:
        """The next turn for a mail to a recipient domain, if limits leave one."""
        if not self._limits:
            return Turn(granted=True)

        def work(connection: sa.Connection) -> Turn:
            accounts = self._open(connection)
            lane = lane_of(domain, self._limits)
            for key in ("", lane):
                if not (found := accounts.room(key)).free:
                    return Turn(granted=False, delay=(found.first - accounts.now).total_seconds(), held=key)
            (moment,) = accounts.take({lane: 1})[lane]
            accounts.save(connection)
            return Turn(granted=True, delay=max(0.0, (moment - accounts.now).total_seconds()))

        return await self._database.transact(work)

    async def give_back(self, domain: str) -> None:
        """The mail did not leave the house."""

        def work(connection: sa.Connection) -> None:
            accounts = self._open(connection)
            accounts.give_back({lane_of(domain, self._limits): 1})
            accounts.save(connection)

        if self._limits:
            await self._database.transact(work)

    def pause(self, domain: str) -> float:
        """Seconds to leave after a mail to a recipient domain, so that campaigns have their moments too."""
        limits = filter(None, (self._limits.get(key) for key in ("", domain)))
        return max((SHARE / limit.per_second for limit in limits if limit.per_second), default=0.0)

    def _open(self, connection: sa.Connection) -> Allowances:
        prepare(connection, self._limits)
        return Allowances.load(connection, self._limits, self._database.now(self._clock.now()), awaited=True)
