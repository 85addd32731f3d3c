"""Freezing: who a campaign reaches, and one transaction that stores its editions and a row for each recipient.

The campaign, its editions and its rows are there together or not at all.
Later edits of the issue, the catalogs, the segments or the list change nothing
of it, except that somebody who leaves is left out of the next claim.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import secrets
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from newsletter.audience.audit import PROGRAM, Deed, Entry
from newsletter.audience.segments import Rule, as_data
from newsletter.clock import Clock
from newsletter.content.schema import MailKind
from newsletter.delivery.message import FrozenEdition
from newsletter.delivery.states import CampaignStatus, State
from newsletter.errors import AudienceError
from newsletter.i18n.locales import Offer
from newsletter.store.audit import record
from newsletter.store.campaigns import Campaign, segments_key, to_campaign
from newsletter.store.database import Database
from newsletter.store.people import REF_BYTES, Recipient, stream_recipients
from newsletter.store.select import in_any, may_have_copy, reachable, wants
from newsletter.store.tables import campaigns, deliveries, editions, subscribers
from newsletter.wording import said

BATCH = 500  # ledger rows an insert


@dataclass(frozen=True, slots=True)
class Got:
    """People to whom an earlier campaign brought a copy, or may have; of one edition, or with a locale of "" of any."""

    campaign: int
    locale: str

    def __str__(self) -> str:
        return f"who got {self.campaign}{f' in {self.locale}' if self.locale else ''}"


@dataclass(frozen=True, slots=True)
class Missed:
    """People with a place in an earlier campaign of the issue, to whom no campaign of it brought a copy, or may have.

    Their copy was rejected or cancelled, or it came back because of us.
    """

    campaign: int

    def __str__(self) -> str:
        return f"who missed {self.campaign}"


@dataclass(frozen=True, slots=True)
class Target:
    """Whom a campaign is for: one issue, to everybody in one of ``segments``.

    ``limiting`` are the segments by which the issue shows or hides blocks.
    Whoever declined mail of this ``kind`` is left out.
    ``only`` narrows it to those who got, or missed, an earlier campaign;
    without segments, all of them.  ``again`` is why people get an issue that they had.
    """

    slug: str
    segments: tuple[str, ...]
    rules: Mapping[str, Rule]
    limiting: frozenset[str] = frozenset()
    kind: MailKind = MailKind.NEWS
    only: Got | Missed | None = None
    again: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """What names the target in lists of campaigns."""
        return (*sorted(set(self.segments)), *([str(self.only)] if self.only else []))


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a campaign starts, and until when it may start late without a person's word."""

    starts_at: dt.datetime
    latest: dt.datetime


@dataclass(frozen=True, slots=True)
class Planned:
    """One recipient of a campaign to be: the edition they get (its locale, or the pair of two), and why."""

    recipient: Recipient
    locale: str
    reason: str


EditionFor = Callable[[str, frozenset[str]], FrozenEdition]
"""Makes the edition for a locale and the limiting segments somebody is in."""


class Freezer:
    """Plans and freezes campaigns in one database.  ``bilingual`` has the pairs of locales by segment."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        locales: Sequence[str],
        bilingual: Mapping[str, str] | None = None,
        who: str = PROGRAM,
    ) -> None:
        self._database = database
        self._clock = clock
        self._who = who
        self._offer = Offer(tuple(locales), bilingual or {})

    async def plan(self, target: Target, each: Callable[[Planned], Awaitable[None]]) -> None:
        """Call ``each`` for everybody whom a campaign started now would reach.  Changes nothing."""
        async with self._database.read() as connection:
            await self._plan(connection, target, each)

    async def count(self, target: Target) -> int:
        """How many a campaign started now would reach.  Changes nothing."""
        query = sa.select(sa.func.count()).select_from(subscribers).where(self._reached(target))
        async with self._database.read() as connection:
            found: int = (await connection.execute(query)).scalar_one()
        return found

    async def freeze(
        self,
        target: Target,
        edition_for: EditionFor,
        expected: Mapping[str, int] | None = None,
        *,
        schedule: Schedule | None = None,
        also: Callable[[AsyncConnection, int], Awaitable[None]] | None = None,
    ) -> Campaign:
        """Start a campaign: store editions and recipients, all pending.

        Raises AudienceError if these are not as many as ``expected`` by locale:
        what a person said yes to is what is sent.  Whoever already has a row in
        another campaign of the same issue is left out, so that overlapping
        segments never mean a second copy; unless ``target.again`` says why not.
        ``also`` is done in the same transaction, with the campaign's number.
        """
        now = self._clock.now()
        found: dict[str, int] = {}
        async with self._database.write() as connection:
            if self._database.file is None:
                # One freezing at a time, or two at once would not see each other's rows.
                await connection.execute(sa.text("LOCK TABLE campaigns IN SHARE ROW EXCLUSIVE MODE"))
            await self._database.keep_erasure_out(connection)
            campaign_id = await self._insert_campaign(connection, target, schedule, now)
            rows = _Rows(connection, campaign_id, edition_for, now)

            async def each(planned: Planned) -> None:
                found[planned.locale] = found.get(planned.locale, 0) + 1
                await rows.add(planned, planned.recipient.segments & target.limiting)

            await self._plan(connection, target, each)
            if expected is not None and found != expected:
                raise AudienceError(said("the list changed while you were asked"), said("run the same command again"))
            await rows.flush()
            content_hash = _content_hash([edition for _id, edition in rows.used.values()])
            row = await connection.execute(
                campaigns.update()
                .where(campaigns.c.id == campaign_id)
                .values(content_hash=content_hash)
                .returning(*campaigns.c)
            )
            campaign = to_campaign(row.mappings().one())
            await record(connection, self._clock, self._entry(campaign, target, sum(found.values())))
            if also is not None:
                await also(connection, campaign_id)
        return campaign

    def _entry(self, campaign: Campaign, target: Target, people: int) -> Entry:
        """What the audit log keeps of a start: also the rules of its segments, which the settings may change later."""
        detail: dict[str, object] = {
            "issue": campaign.slug,
            "segments": {name: as_data(target.rules[name]) for name in sorted(set(target.segments))},
            "people": people,
            "content": campaign.content_hash,
        }
        if target.only:
            detail["only"] = str(target.only)
        if target.again:
            detail["again"] = target.again
        if campaign.starts_at:
            detail["starts_at"] = campaign.starts_at.isoformat()
        deed = Deed.SCHEDULED if campaign.starts_at else Deed.STARTED
        return Entry(self._who, deed, f"campaign {campaign.id}", detail)

    async def _insert_campaign(
        self, connection: AsyncConnection, target: Target, schedule: Schedule | None, now: dt.datetime
    ) -> int:
        key = segments_key(target.names)
        alike = (campaigns.c.slug == target.slug, campaigns.c.segments_key.startswith(key, autoescape=True))
        known = set((await connection.execute(sa.select(campaigns.c.segments_key).where(*alike))).scalars())
        number = 1
        while (key if number == 1 else f"{key} #{number}") in known:
            number += 1
        if number > 1 and not target.again and not isinstance(target.only, Missed):
            raise AudienceError(
                said("somebody else has just started this campaign"), said("run the same command again")
            )
        result = await connection.execute(
            campaigns.insert()
            .values(
                ref=secrets.token_urlsafe(REF_BYTES),
                slug=target.slug,
                kind=target.kind,
                segments=list(target.names),
                segments_key=key if number == 1 else f"{key} #{number}",
                content_hash="",
                frozen_at=now,
                status=CampaignStatus.SCHEDULED if schedule else CampaignStatus.RUNNING,
                starts_at=schedule.starts_at if schedule else None,
                latest_start_at=schedule.latest if schedule else None,
                again_reason=target.again,
            )
            .returning(campaigns.c.id)
        )
        return int(result.scalar_one())

    async def _plan(
        self, connection: AsyncConnection, target: Target, each: Callable[[Planned], Awaitable[None]]
    ) -> None:
        asked = target.limiting.union(self._offer.bilingual, target.segments)
        async for recipient in stream_recipients(connection, target.rules, self._reached(target), asked):
            choice = self._offer.choose(recipient.subscriber.locale, recipient.segments)
            await each(Planned(recipient, choice.locale, choice.reason))

    def _reached(self, target: Target) -> sa.ColumnElement[bool]:
        """Whom it picks."""
        picked = in_any(target.rules, target.segments) if target.segments else sa.true()
        where = [picked, reachable(self._clock.now()), wants(target.kind)]
        of_issue = sa.select(campaigns.c.id).where(campaigns.c.slug == target.slug)
        had: list[sa.ColumnElement[bool]] = [deliveries.c.campaign_id.in_(of_issue)]
        match target.only:
            case Got() as got:
                where.append(_got(got))
            case Missed(campaign):
                where.append(_has_delivery(deliveries.c.campaign_id == campaign, sa.not_(may_have_copy())))
                had.append(may_have_copy())
        if not target.again:
            where.append(sa.not_(_has_delivery(*had)))
        return sa.and_(*where)


class _Rows:
    """Writes ledger rows in batches, and each edition when its first reader comes."""

    def __init__(
        self, connection: AsyncConnection, campaign_id: int, edition_for: EditionFor, now: dt.datetime
    ) -> None:
        self._connection = connection
        self._campaign_id = campaign_id
        self._edition_for = edition_for
        self._now = now
        self._rows: list[dict[str, object]] = []
        self.used: dict[tuple[str, frozenset[str]], tuple[int, FrozenEdition]] = {}

    async def add(self, planned: Planned, sees: frozenset[str]) -> None:
        key = (planned.locale, sees)
        if key not in self.used:
            edition = self._edition_for(*key)
            self.used[key] = (await _insert_edition(self._connection, self._campaign_id, edition), edition)
        person = planned.recipient.subscriber
        self._rows.append(
            {
                "campaign_id": self._campaign_id,
                "subscriber_id": person.id,
                "edition_id": self.used[key][0],
                "domain": person.email.rpartition("@")[2].lower(),
                "state": State.PENDING,
                "attempts": 0,
                "reply": "",
                "updated_at": self._now,
            }
        )
        if len(self._rows) >= BATCH:
            await self.flush()

    async def flush(self) -> None:
        if self._rows:
            await self._connection.execute(deliveries.insert(), self._rows)
            self._rows.clear()


def _got(got: Got) -> sa.ColumnElement[bool]:
    """Whose copy was accepted, or may have been; also those whose copy is under way."""
    may_have_it = deliveries.c.state.in_((State.ACCEPTED, State.IN_DOUBT, State.SENDING))
    those = [deliveries.c.campaign_id == got.campaign, may_have_it]
    if got.locale:
        edition = sa.select(editions.c.id).where(
            editions.c.campaign_id == got.campaign, editions.c.locale == got.locale
        )
        those.append(deliveries.c.edition_id.in_(edition))
    return _has_delivery(*those)


def _has_delivery(*where: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    """A look-up for each person, since a list of people made anew for each batch would grow with its square."""
    return sa.exists().where(deliveries.c.subscriber_id == subscribers.c.id, *where)


async def _insert_edition(connection: AsyncConnection, campaign_id: int, edition: FrozenEdition) -> int:
    result = await connection.execute(
        editions.insert()
        .values(
            campaign_id=campaign_id,
            locale=edition.locale,
            segments=sorted(edition.segments),
            sender=asdict(edition.sender),
            subject=edition.subject,
            text=edition.text,
            html=edition.html,
            calendar=edition.calendar,
        )
        .returning(editions.c.id)
    )
    return int(result.scalar_one())


def _content_hash(frozen: Collection[FrozenEdition]) -> str:
    parts = sorted(
        [e.locale, sorted(e.segments), asdict(e.sender), e.subject, e.text, e.html, e.calendar] for e in frozen
    )
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
