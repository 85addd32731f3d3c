"""The account of each limit: a row that is locked while a claim is made, so that all runs share it.

What the numbers mean is decided in ``delivery/limits.py``.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

import sqlalchemy as sa

from newsletter.delivery.desk import Result
from newsletter.delivery.limits import Limit, Room, Used, give_back, room, take, timetable
from newsletter.delivery.states import State
from newsletter.store.tables import allowances


@dataclass(slots=True)
class Allowances:
    """The accounts of some limits inside one transaction, by domain ("" is all mail); ``save`` at its end."""

    limits: Mapping[str, Limit]
    now: dt.datetime
    _used: dict[str, Used]
    _changed: set[str] = field(default_factory=set)

    @classmethod
    def load(cls, connection: sa.Connection, limits: Mapping[str, Limit], time: sa.ColumnElement[dt.datetime]) -> Self:
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
        return cls(limits, now, {key: Used(row["next_at"], row["counts"]) for key, row in rows.items()})

    def room(self, domain: str) -> Room:
        """What is left for a domain, or with "" for all mail."""
        limit = self.limits.get(domain)
        return room(limit, self._used[domain], self.now) if limit else Room(1_000_000, self.now)

    def take(self, numbers: Mapping[str, int]) -> dict[str, list[dt.datetime]]:
        """Use up some of it: so many messages of each domain, "" being all others.  Returns when each may be begun."""
        unlimited = Room(1_000_000, self.now)
        lanes = [(self.room(domain) if domain else unlimited, number) for domain, number in numbers.items()]
        moments = dict(zip(numbers, timetable(self.room(""), lanes), strict=True))
        for key in ("", *filter(None, numbers)):
            taken = moments[key] if key else sorted(moment for some in moments.values() for moment in some)
            if taken and key in self.limits:
                self._used[key] = take(self.limits[key], self._used[key], self.now, taken)
                self._changed.add(key)
        return moments

    def give_back(self, results: Sequence[Result]) -> None:
        """What never left the house does not count."""
        unsent = Counter(result.claim.domain for result in results if result.outcome.state is State.PENDING)
        for key in ("", *unsent):
            if key in self.limits and (number := unsent[key] if key else unsent.total()):
                self._used[key] = give_back(self.limits[key], self._used[key], self.now, number)
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


def prepare(connection: sa.Connection, limits: Mapping[str, Limit]) -> None:
    """Make sure that each limit has its row; another run may be doing the same."""
    known = set(connection.execute(sa.select(allowances.c.key)).scalars())
    for key in sorted(set(limits) - known):
        with connection.begin_nested() as attempt:
            try:
                connection.execute(allowances.insert().values(key=key, counts={}))
            except sa.exc.IntegrityError:
                attempt.rollback()
