"""Campaigns: freezing what is sent and to whom, and telling how far a campaign has come.

Freezing is one transaction: the campaign, its editions and a ledger row for
every recipient are there together or not at all.  Later edits of the issue,
the catalogs, the segments or the list change nothing of it, except that
somebody who leaves is left out of the next claim.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from newsletter.audience.segments import Rule
from newsletter.clock import Clock
from newsletter.delivery.message import FrozenEdition, Sender
from newsletter.delivery.states import State
from newsletter.errors import AudienceError
from newsletter.i18n.locales import Offer
from newsletter.store.database import Database
from newsletter.store.subscribers import REF_BYTES, Recipient, stream_recipients
from newsletter.store.tables import campaigns, deliveries, editions, subscribers

BATCH = 500  # ledger rows an insert


@dataclass(frozen=True, slots=True)
class Campaign:
    """One frozen sending.  ``content_hash`` is over its editions."""

    id: int
    ref: str
    slug: str
    segments: tuple[str, ...]
    content_hash: str
    frozen_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Delivery:
    """One row of the ledger, as staff see it."""

    email: str
    locale: str
    state: State
    attempts: int
    reply: str


@dataclass(frozen=True, slots=True)
class Target:
    """Whom a campaign is for: one issue, to everybody in one of ``segments``.

    ``limiting`` are the segments by which the issue shows or hides blocks.
    """

    slug: str
    segments: tuple[str, ...]
    rules: Mapping[str, Rule]
    limiting: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Planned:
    """One recipient of a campaign to be: the edition they get (its locale, or the pair of two), and why."""

    recipient: Recipient
    locale: str
    reason: str


EditionFor = Callable[[str, frozenset[str]], FrozenEdition]
"""Makes the edition for a locale and the limiting segments somebody is in."""


class CampaignStore:
    """The campaigns in one database.  ``bilingual`` has the pairs of locales by segment."""

    def __init__(
        self, database: Database, clock: Clock, locales: Sequence[str], bilingual: Mapping[str, str] | None = None
    ) -> None:
        self._database = database
        self._clock = clock
        self._offer = Offer(tuple(locales), bilingual or {})

    async def find(self, slug: str, segments: Collection[str]) -> Campaign | None:
        """The campaign of this issue to just these segments, if it was started."""
        query = sa.select(campaigns).where(
            campaigns.c.slug == slug, campaigns.c.segments_key == _segments_key(segments)
        )
        async with self._database.read() as connection:
            row = (await connection.execute(query)).mappings().one_or_none()
        return None if row is None else _campaign(row)

    async def list(self) -> list[Campaign]:
        """Every campaign, the newest first."""
        async with self._database.read() as connection:
            rows = (await connection.execute(sa.select(campaigns).order_by(campaigns.c.id.desc()))).mappings().all()
        return [_campaign(row) for row in rows]

    async def unsettled(self, campaign: Campaign) -> AsyncIterator[Delivery]:
        """The deliveries that are not accepted, in the order of their people."""
        query = (
            sa.select(
                subscribers.c.email, editions.c.locale, deliveries.c.state, deliveries.c.attempts, deliveries.c.reply
            )
            .join(subscribers, subscribers.c.id == deliveries.c.subscriber_id)
            .join(editions, editions.c.id == deliveries.c.edition_id)
            .where(deliveries.c.campaign_id == campaign.id, deliveries.c.state != State.ACCEPTED)
            .order_by(deliveries.c.subscriber_id)
        )
        async with self._database.read() as connection, connection.stream(query) as rows:
            async for email, locale, state, attempts, reply in rows:
                yield Delivery(email, locale, State(state), attempts, reply)

    async def plan(self, target: Target, each: Callable[[Planned], Awaitable[None]]) -> None:
        """Call ``each`` for everybody whom a campaign started now would reach.  Changes nothing."""
        async with self._database.read() as connection:
            await self._plan(connection, target, each)

    async def freeze(
        self, target: Target, edition_for: EditionFor, expected: Mapping[str, int] | None = None
    ) -> Campaign:
        """Start a campaign: store editions and recipients, all pending.

        Raises AudienceError if these are not as many as ``expected`` by locale:
        what a person said yes to is what is sent.

        Whoever already has a row in another campaign of the same issue is left
        out, so that overlapping segments never mean a second copy.
        """
        now = self._clock.now()
        ref = secrets.token_urlsafe(REF_BYTES)
        used: dict[tuple[str, frozenset[str]], tuple[int, FrozenEdition]] = {}
        rows: list[dict[str, object]] = []
        found: dict[str, int] = {}
        async with self._database.write() as connection:
            result = await connection.execute(
                campaigns.insert().values(
                    ref=ref,
                    slug=target.slug,
                    segments=sorted(target.segments),
                    segments_key=_segments_key(target.segments),
                    content_hash="",
                    frozen_at=now,
                )
            )
            (campaign_id,) = result.inserted_primary_key or (0,)

            async def each(planned: Planned) -> None:
                found[planned.locale] = found.get(planned.locale, 0) + 1
                sees = planned.recipient.segments & target.limiting
                key = (planned.locale, sees)
                if key not in used:
                    edition = edition_for(*key)
                    used[key] = (await _insert_edition(connection, campaign_id, edition), edition)
                rows.append(
                    {
                        "campaign_id": campaign_id,
                        "subscriber_id": planned.recipient.subscriber.id,
                        "edition_id": used[key][0],
                        "state": State.PENDING,
                        "attempts": 0,
                        "reply": "",
                        "updated_at": now,
                    }
                )
                if len(rows) >= BATCH:
                    await connection.execute(deliveries.insert(), rows)
                    rows.clear()

            await self._plan(connection, target, each)
            if expected is not None and found != expected:
                raise AudienceError("the list changed while you were asked", "run the same command again")
            if rows:
                await connection.execute(deliveries.insert(), rows)
            content_hash = _content_hash([edition for _id, edition in used.values()])
            await connection.execute(
                campaigns.update().where(campaigns.c.id == campaign_id).values(content_hash=content_hash)
            )
        return Campaign(campaign_id, ref, target.slug, tuple(sorted(target.segments)), content_hash, now)

    async def _plan(
        self, connection: AsyncConnection, target: Target, each: Callable[[Planned], Awaitable[None]]
    ) -> None:
        has_it = (
            sa.select(deliveries.c.subscriber_id)
            .join(campaigns, campaigns.c.id == deliveries.c.campaign_id)
            .where(campaigns.c.slug == target.slug)
        )
        others = subscribers.c.id.not_in(has_it)
        asked = target.limiting.union(self._offer.bilingual)
        async for recipient in stream_recipients(connection, target.rules, target.segments, asked, also=others):
            choice = self._offer.choose(recipient.subscriber.locale, recipient.segments)
            await each(Planned(recipient, choice.locale, choice.reason))

    async def editions(self, campaign: Campaign) -> dict[int, FrozenEdition]:
        """The frozen editions of a campaign, by id."""
        query = sa.select(editions).where(editions.c.campaign_id == campaign.id).order_by(editions.c.id)
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
            )
            for row in rows
        }

    async def counts(self, campaign: Campaign) -> dict[str, dict[State, int]]:
        """How many deliveries are in which state, by the locale of the edition."""
        query = (
            sa.select(editions.c.locale, deliveries.c.state, sa.func.count())
            .join(editions, editions.c.id == deliveries.c.edition_id)
            .where(deliveries.c.campaign_id == campaign.id)
            .group_by(editions.c.locale, deliveries.c.state)
        )
        counts: dict[str, dict[State, int]] = {}
        async with self._database.read() as connection:
            for locale, state, number in (await connection.execute(query)).all():
                counts.setdefault(locale, {})[State(state)] = number
        return counts


def _campaign(row: Mapping[Any, Any]) -> Campaign:
    return Campaign(row["id"], row["ref"], row["slug"], tuple(row["segments"]), row["content_hash"], row["frozen_at"])


def _segments_key(segments: Collection[str]) -> str:
    return " ".join(sorted(set(segments)))


async def _insert_edition(connection: AsyncConnection, campaign_id: int, edition: FrozenEdition) -> int:
    result = await connection.execute(
        editions.insert().values(
            campaign_id=campaign_id,
            locale=edition.locale,
            segments=sorted(edition.segments),
            sender=asdict(edition.sender),
            subject=edition.subject,
            text=edition.text,
            html=edition.html,
        )
    )
    (edition_id,) = result.inserted_primary_key or (0,)
    return int(edition_id)


def _content_hash(frozen: Sequence[FrozenEdition]) -> str:
    parts = sorted([e.locale, sorted(e.segments), asdict(e.sender), e.subject, e.text, e.html] for e in frozen)
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
