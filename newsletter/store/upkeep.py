"""What has to be done to a campaign between runs, by whoever comes along: the reconciler.

Runs die, deferred rows come due, scheduled campaigns start, and a campaign of
which nothing can move any more is finished.  Each function is one transaction,
may be called at any time, by any number of processes, and does nothing twice.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from newsletter.audience.audit import PROGRAM, Deed, Entry
from newsletter.clock import Clock
from newsletter.delivery.states import TRANSITIONS, CampaignStatus, State
from newsletter.store.audit import record
from newsletter.store.database import Database
from newsletter.store.select import may_get
from newsletter.store.tables import campaigns, deliveries, runs, subscribers


@dataclass(frozen=True, slots=True)
class Reconciled:
    """A campaign as reconciling leaves it: ``pending`` rows can be sent, ``next_due`` is when a deferred one can be."""

    status: CampaignStatus
    reason: str
    starts_at: dt.datetime | None
    pending: int
    next_due: dt.datetime | None
    doubtful: int  # rows that this upkeep found in the hands of a dead run


class Upkeep:
    """The upkeep of the campaigns in one database."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def reconcile(self, campaign_id: int, *, alone: bool = False) -> Reconciled:
        """Bring one campaign up to date, and say where it stands.

        ``alone`` is for whoever holds the database's lock (SQLite): then every
        run that is on record is dead.  Otherwise those are whose lease is over.
        """
        now = self._clock.now()
        async with self._database.write() as connection:
            doubtful = await self._bury(connection, campaign_id, alone=alone)
            await move(connection, campaign_id, State.DEFERRED, State.PENDING, now, deliveries.c.due_at <= now)
            await self._start(connection, campaign_id, now)
            pending = await _count(connection, campaign_id, State.PENDING, may_get(campaign_id, now))
            if not pending:
                await self._finish(connection, campaign_id, now)
            row = (
                await connection.execute(
                    sa.select(campaigns.c.status, campaigns.c.status_reason, campaigns.c.starts_at).where(
                        campaigns.c.id == campaign_id
                    )
                )
            ).one()
            next_due = (
                await connection.execute(
                    sa.select(sa.func.min(deliveries.c.due_at)).where(
                        deliveries.c.campaign_id == campaign_id, deliveries.c.state == State.DEFERRED
                    )
                )
            ).scalar_one_or_none()
        return Reconciled(CampaignStatus(row.status), row.status_reason, row.starts_at, pending, next_due, doubtful)

    async def open_campaigns(self) -> list[int]:
        """The campaigns that may have something to do, the oldest first."""
        query = sa.select(campaigns.c.id).where(campaigns.c.status.in_(_OPEN)).order_by(campaigns.c.id)
        async with self._database.read() as connection:
            return list((await connection.execute(query)).scalars())

    async def pending(self, campaign_id: int, most: int) -> int:
        """How many rows can be sent just now, counted up to ``most``: a cheap look before a run."""
        rows = (
            sa.select(deliveries.c.subscriber_id)
            .join(subscribers, subscribers.c.id == deliveries.c.subscriber_id)
            .where(
                deliveries.c.campaign_id == campaign_id,
                deliveries.c.state == State.PENDING,
                may_get(campaign_id, self._clock.now()),
            )
            .limit(most)
        )
        async with self._database.read() as connection:
            found: int = (
                await connection.execute(sa.select(sa.func.count()).select_from(rows.subquery()))
            ).scalar_one()
        return found

    async def _bury(self, connection: AsyncConnection, campaign_id: int, *, alone: bool) -> int:
        """Remove dead runs; what they held is in doubt.  Returns how many rows that are."""
        dead = sa.true() if alone else runs.c.expires_at <= self._database.now(self._clock.now())
        await connection.execute(runs.delete().where(runs.c.campaign_id == campaign_id, dead))
        alive = sa.select(runs.c.token).where(runs.c.campaign_id == campaign_id)
        return await move(
            connection,
            campaign_id,
            State.SENDING,
            State.IN_DOUBT,
            self._clock.now(),
            sa.or_(deliveries.c.claim.is_(None), deliveries.c.claim.not_in(alive)),
            reply="the run ended while this message was under way",
        )

    async def _start(self, connection: AsyncConnection, campaign_id: int, now: dt.datetime) -> None:
        """Let a scheduled campaign run when its time has come; one that is late waits for a person."""
        scheduled = campaigns.update().where(
            campaigns.c.id == campaign_id,
            campaigns.c.status == CampaignStatus.SCHEDULED,
            campaigns.c.starts_at <= now,
        )
        late = campaigns.c.latest_start_at < now
        reason = "nobody was there to start it at its time"
        about = f"campaign {campaign_id}"
        paused = scheduled.where(late).values(status=CampaignStatus.PAUSED, status_reason=reason)
        if (await connection.execute(paused)).rowcount:
            await record(connection, self._clock, Entry(PROGRAM, Deed.PAUSED, about, {"reason": reason}))
        started = scheduled.where(sa.not_(late)).values(status=CampaignStatus.RUNNING)
        if (await connection.execute(started)).rowcount:
            await record(connection, self._clock, Entry(PROGRAM, Deed.STARTED, about))

    async def _finish(self, connection: AsyncConnection, campaign_id: int, now: dt.datetime) -> None:
        """Close a campaign of which nothing can move by itself; who left or wants a pause is not waited for."""
        left = sa.select(subscribers.c.id).where(sa.not_(may_get(campaign_id, now)))
        await move(
            connection,
            campaign_id,
            State.PENDING,
            State.CANCELLED,
            now,
            deliveries.c.subscriber_id.in_(left),
            reply="left the list, or did not want it any more, before it was sent",
        )
        moving = sa.select(deliveries.c.subscriber_id).where(
            deliveries.c.campaign_id == campaign_id,
            deliveries.c.state.in_((State.PENDING, State.SENDING, State.DEFERRED)),
        )
        await connection.execute(
            campaigns.update()
            .where(
                campaigns.c.id == campaign_id,
                campaigns.c.status == CampaignStatus.RUNNING,
                sa.not_(sa.exists(moving)),
            )
            .values(status=CampaignStatus.FINISHED)
        )


_OPEN = [status for status in CampaignStatus if not status.ended]


async def move(
    connection: AsyncConnection,
    campaign_id: int,
    old: State,
    new: State,
    now: dt.datetime,
    *where: sa.ColumnElement[bool],
    reply: str | None = None,
) -> int:
    """Move every row of a campaign from one state to another; returns how many.  Only moves of the table exist."""
    if new not in TRANSITIONS[old]:
        raise ValueError(f"no delivery goes from {old} to {new}")
    values: dict[str, object] = {"state": new, "claim": None, "updated_at": now}
    if reply is not None:
        values["reply"] = reply
    result = await connection.execute(
        deliveries.update()
        .where(deliveries.c.campaign_id == campaign_id, deliveries.c.state == old, *where)
        .values(**values)
    )
    return result.rowcount


async def _count(connection: AsyncConnection, campaign_id: int, state: State, *where: sa.ColumnElement[bool]) -> int:
    query = (
        sa.select(sa.func.count())
        .select_from(deliveries.join(subscribers, subscribers.c.id == deliveries.c.subscriber_id))
        .where(deliveries.c.campaign_id == campaign_id, deliveries.c.state == state, *where)
    )
    found: int = (await connection.execute(query)).scalar_one()
    return found
