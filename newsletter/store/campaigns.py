"""Campaigns: finding them, telling how far each has come, and what a person decides about one.

How a campaign comes to be is in ``store/freeze.py``; what is done between runs
in ``store/upkeep.py``; claims and outcomes in ``store/ledger.py``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from newsletter.audience.audit import PROGRAM, Deed, Entry
from newsletter.audience.subscribers import Status
from newsletter.clock import Clock
from newsletter.content.schema import MailKind
from newsletter.delivery.message import FrozenEdition, Sender
from newsletter.delivery.states import CampaignStatus, State
from newsletter.store.audit import record
from newsletter.store.database import Database
from newsletter.store.select import may_have_copy
from newsletter.store.tables import campaigns, deliveries, editions, runs, subscribers
from newsletter.store.upkeep import move

# In the order in which a person should look at them.
WITHOUT_COPY = (
    State.IN_DOUBT,
    State.REJECTED,
    State.DEFERRED,
    State.CANCELLED,
    State.SENDING,
    State.PENDING,
)


@dataclass(frozen=True, slots=True)
class Campaign:
    """One frozen sending.  ``content_hash`` is over its editions; ``reason`` says why it is paused."""

    id: int
    ref: str
    slug: str
    segments: tuple[str, ...]
    content_hash: str
    frozen_at: dt.datetime
    status: CampaignStatus
    reason: str
    starts_at: dt.datetime | None
    again: str
    latest: dt.datetime | None  # until when it may start without a person's word
    kind: MailKind


@dataclass(frozen=True, slots=True)
class Delivery:
    """One row of the ledger, as staff see it."""

    email: str
    locale: str
    domain: str
    state: State
    attempts: int
    reply: str
    due_at: dt.datetime | None
    updated_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Run:
    """Who is sending a campaign just now."""

    name: str
    started_at: dt.datetime


class CampaignStore:
    """The campaigns in one database; ``who`` decides."""

    def __init__(self, database: Database, clock: Clock, who: str = PROGRAM) -> None:
        self._database = database
        self._clock = clock
        self._who = who

    async def find(self, slug: str, names: Collection[str]) -> Campaign | None:
        """The newest campaign of this issue to just this target, if there is one."""
        key = segments_key(names)
        same = sa.or_(campaigns.c.segments_key == key, campaigns.c.segments_key.startswith(f"{key} #", autoescape=True))
        found = await self._select(campaigns.c.slug == slug, same)
        return found[0] if found else None

    async def get(self, number: int) -> Campaign | None:
        """One campaign by its number."""
        found = await self._select(campaigns.c.id == number)
        return found[0] if found else None

    async def all(self) -> list[Campaign]:
        """Every campaign, the newest first."""
        return await self._select()

    async def _select(self, *where: sa.ColumnElement[bool]) -> list[Campaign]:
        query = sa.select(campaigns).where(*where).order_by(campaigns.c.id.desc())
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return [to_campaign(row) for row in rows]

    async def deliveries(
        self,
        campaign: Campaign,
        states: Collection[State] = WITHOUT_COPY,
        *,
        worst_first: bool = False,
        limit: int | None = None,
    ) -> AsyncIterator[Delivery]:
        """The deliveries in some states, in the order of their people; or first those of whom a person should know."""
        order: list[sa.ColumnElement[int]] = [deliveries.c.subscriber_id]
        if worst_first:
            place = {state.value: number for number, state in enumerate(WITHOUT_COPY)}
            order.insert(0, sa.case(place, value=deliveries.c.state, else_=len(place)))
        query = (
            sa.select(
                subscribers.c.email,
                editions.c.locale,
                deliveries.c.domain,
                deliveries.c.state,
                deliveries.c.attempts,
                deliveries.c.reply,
                deliveries.c.due_at,
                deliveries.c.updated_at,
            )
            .join(subscribers, subscribers.c.id == deliveries.c.subscriber_id)
            .join(editions, editions.c.id == deliveries.c.edition_id)
            .where(deliveries.c.campaign_id == campaign.id, deliveries.c.state.in_(states))
            .order_by(*order)
            .limit(limit)
        )
        async with self._database.read() as connection, connection.stream(query) as rows:
            async for email, locale, domain, state, attempts, reply, due_at, updated_at in rows:
                yield Delivery(email, locale, domain, State(state), attempts, reply, due_at, updated_at)

    async def editions(self, campaign_id: int) -> dict[int, FrozenEdition]:
        """The frozen editions of a campaign, by id."""
        query = sa.select(editions).where(editions.c.campaign_id == campaign_id).order_by(editions.c.id)
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return {
            row["id"]: FrozenEdition(
                row["locale"],
                frozenset(row["segments"]),
                Sender(**row["sender"]),
                row["subject"],
                row["text"],
                row["html"],
                row["calendar"],
            )
            for row in rows
        }

    async def counts(self, campaign_id: int) -> dict[str, dict[State, int]]:
        """How many deliveries are in which state, by the locale of the edition."""
        joined = deliveries.join(editions, editions.c.id == deliveries.c.edition_id)
        return await self._count(campaign_id, editions.c.locale, joined)

    async def domain_counts(self, campaign_id: int) -> dict[str, dict[State, int]]:
        """The same by the domain of the recipients."""
        return await self._count(campaign_id, deliveries.c.domain, deliveries)

    async def _count(
        self, campaign_id: int, by: sa.ColumnElement[str], source: sa.FromClause
    ) -> dict[str, dict[State, int]]:
        query = (
            sa.select(by, deliveries.c.state, sa.func.count())
            .select_from(source)
            .where(deliveries.c.campaign_id == campaign_id)
            .group_by(by, deliveries.c.state)
        )
        counts: dict[str, dict[State, int]] = {}
        async with self._database.read() as connection:
            for name, state, number in (await connection.execute(query)).all():
                counts.setdefault(name, {})[State(state)] = number
        return counts

    async def next_due(self, campaign_id: int) -> dt.datetime | None:
        """When the next of its deferred messages may be tried again."""
        query = sa.select(sa.func.min(deliveries.c.due_at)).where(
            deliveries.c.campaign_id == campaign_id, deliveries.c.state == State.DEFERRED
        )
        async with self._database.read() as connection:
            found: dt.datetime | None = (await connection.execute(query)).scalar_one_or_none()
        return found

    async def runs(self, campaign_id: int) -> list[Run]:
        """Who is sending it just now, as far as the leases say."""
        query = sa.select(runs.c.name, runs.c.started_at).where(
            runs.c.campaign_id == campaign_id, runs.c.expires_at > self._database.now(self._clock.now())
        )
        async with self._database.read() as connection:
            return [Run(name, started_at) for name, started_at in (await connection.execute(query)).all()]

    async def pause(self, campaign_id: int, reason: str, *, who: str = "") -> bool:
        """Claim nothing more; whether it was running or scheduled.  When this returns, nobody claims any more."""
        entry = Entry(who or self._who, Deed.PAUSED, _about(campaign_id), {"reason": reason})
        old = (CampaignStatus.RUNNING, CampaignStatus.SCHEDULED)
        return await self._set_status(campaign_id, old, CampaignStatus.PAUSED, reason, entry)

    async def resume(self, campaign_id: int) -> bool:
        """Let a paused campaign go on; whether it was paused.

        One whose time to start is still to come waits for it again.  One whose
        time was missed starts at once.
        """
        to_come = campaigns.c.starts_at > self._clock.now()
        new = sa.case((to_come, CampaignStatus.SCHEDULED.value), else_=CampaignStatus.RUNNING.value)
        entry = Entry(self._who, Deed.RESUMED, _about(campaign_id))
        return await self._set_status(campaign_id, (CampaignStatus.PAUSED,), new, "", entry)

    async def _set_status(
        self,
        campaign_id: int,
        old: Collection[CampaignStatus],
        new: CampaignStatus | sa.ColumnElement[str],
        reason: str,
        entry: Entry,
    ) -> bool:
        async with self._database.write() as connection:
            result = await connection.execute(
                campaigns.update()
                .where(campaigns.c.id == campaign_id, campaigns.c.status.in_(old))
                .values(status=new, status_reason=reason)
            )
            if result.rowcount:
                await record(connection, self._clock, entry)
        return result.rowcount > 0

    async def cancel(self, campaign_id: int) -> int:
        """Let nobody else have a copy: what is pending or deferred is cancelled; returns how many."""
        now = self._clock.now()
        async with self._database.write() as connection:
            await connection.execute(
                campaigns.update()
                .where(campaigns.c.id == campaign_id)
                .values(status=CampaignStatus.CANCELLED, status_reason="")
            )
            await move(connection, campaign_id, State.DEFERRED, State.PENDING, now)
            reply = "the campaign was cancelled"
            changed = await move(connection, campaign_id, State.PENDING, State.CANCELLED, now, reply=reply)
            entry = Entry(self._who, Deed.CANCELLED, _about(campaign_id), {"people": changed})
            await record(connection, self._clock, entry)
        return changed

    async def resolve(self, campaign_id: int, old: State, new: State) -> int:
        """Move everything in one state to another, as a person says who has looked; returns how many.

        Whoever is to be tried again although a server said that they are gone
        is on the list again.  A campaign that has something to do again is open.
        Of the rejected, those stay whom another campaign of the issue has taken
        up: they would get two copies.
        """
        now = self._clock.now()
        async with self._database.write() as connection:
            where: list[sa.ColumnElement[bool]] = []
            if old is State.REJECTED:
                if self._database.file is None:  # or a campaign that is being frozen would not be seen, nor see this
                    await connection.execute(sa.text("LOCK TABLE campaigns IN ROW EXCLUSIVE MODE"))
                where = [sa.not_(_taken_up(campaign_id))]
                rejected = sa.select(deliveries.c.subscriber_id).where(
                    deliveries.c.campaign_id == campaign_id, deliveries.c.state == State.REJECTED, *where
                )
                await connection.execute(
                    subscribers.update()
                    .where(subscribers.c.id.in_(rejected), subscribers.c.status == Status.BOUNCED)
                    .values(status=Status.SUBSCRIBED, updated_at=now)
                )
            changed = await move(connection, campaign_id, old, new, now, *where, reply="as a person decided")
            if changed and new is State.PENDING:
                await connection.execute(
                    campaigns.update()
                    .where(campaigns.c.id == campaign_id, campaigns.c.status == CampaignStatus.FINISHED)
                    .values(status=CampaignStatus.RUNNING)
                )
            if changed:
                detail = {"from": old, "to": new, "people": changed}
                await record(connection, self._clock, Entry(self._who, Deed.RESOLVED, _about(campaign_id), detail))
        return changed


def _taken_up(campaign_id: int) -> sa.ColumnElement[bool]:
    """Whether another campaign of the issue brings its copy to somebody who has a row in this one, or may have."""
    slug = sa.select(campaigns.c.slug).where(campaigns.c.id == campaign_id).scalar_subquery()
    other = deliveries.alias()
    return sa.exists().where(
        other.c.subscriber_id == deliveries.c.subscriber_id,
        other.c.campaign_id.in_(
            sa.select(campaigns.c.id).where(campaigns.c.slug == slug, campaigns.c.id != campaign_id)
        ),
        may_have_copy(other),
    )


def _about(campaign_id: int) -> str:
    return f"campaign {campaign_id}"


def to_campaign(row: Mapping[Any, Any]) -> Campaign:
    """The campaign in a row of its table."""
    return Campaign(
        row["id"],
        row["ref"],
        row["slug"],
        tuple(row["segments"]),
        row["content_hash"],
        row["frozen_at"],
        CampaignStatus(row["status"]),
        row["status_reason"],
        row["starts_at"],
        row["again_reason"],
        row["latest_start_at"],
        MailKind(row["kind"]),
    )


def segments_key(names: Collection[str]) -> str:
    """What makes two targets the same."""
    return " ".join(sorted(set(names)))
