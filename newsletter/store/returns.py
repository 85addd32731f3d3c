"""What came back, counted: by campaign, mail domain and language, and what was said against us."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from newsletter.delivery.bounces import Kind
from newsletter.delivery.states import State
from newsletter.store.database import Database
from newsletter.store.tables import campaigns, deliveries, editions, feedback

MOST_OBJECTIONS = 20  # kinds of objections that are named for each campaign


@dataclass(frozen=True, slots=True)
class Count:
    """What became of the mails of a campaign to one domain in one language.

    ``delivered`` were accepted and did not come back.  A mail that came back
    twice counts by the gravest answer; a complaint is about a delivered mail.
    """

    campaign_id: int
    slug: str
    domain: str
    locale: str
    delivered: int
    soft: int
    hard: int
    sender: int
    complaint: int


@dataclass(frozen=True, slots=True)
class Objection:
    """What servers have against us: how often, and an example of their words."""

    campaign_id: int
    domain: str
    status: str
    number: int
    example: str


class Returns:
    """Reports on what came back."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def counts(self, campaign_id: int | None = None) -> list[Count]:
        """By campaign, the newest first, then domain and locale."""

        def said(kind: Kind) -> sa.Label[int]:
            return sa.func.max(sa.case((feedback.c.verdict == kind.value, 1), else_=0)).label(kind.value)

        person = (feedback.c.campaign_id, feedback.c.subscriber_id)
        back = sa.select(*person, *map(said, (Kind.SOFT, Kind.HARD, Kind.SENDER, Kind.COMPLAINT))).group_by(*person)
        answer = back.where(feedback.c.campaign_id.is_not(None)).subquery()
        hard, sender, soft, complaint = (
            sa.func.coalesce(answer.c[kind.value], 0) for kind in (Kind.HARD, Kind.SENDER, Kind.SOFT, Kind.COMPLAINT)
        )
        failed = sa.case((hard == 1, "hard"), (sender == 1, "sender"), (soft == 1, "soft"), else_="")
        accepted = deliveries.c.state == State.ACCEPTED

        def number(which: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
            return sa.func.sum(sa.case((which, 1), else_=0))

        query = (
            sa.select(
                campaigns.c.id,
                campaigns.c.slug,
                deliveries.c.domain,
                editions.c.locale,
                number(sa.and_(accepted, failed == "")),
                *(number(failed == kind) for kind in ("soft", "hard", "sender")),
                number(complaint == 1),
            )
            .join(deliveries, deliveries.c.campaign_id == campaigns.c.id)
            .join(editions, editions.c.id == deliveries.c.edition_id)
            .outerjoin(
                answer,
                sa.and_(
                    answer.c.campaign_id == deliveries.c.campaign_id,
                    answer.c.subscriber_id == deliveries.c.subscriber_id,
                ),
            )
            .group_by(campaigns.c.id, campaigns.c.slug, deliveries.c.domain, editions.c.locale)
            .order_by(campaigns.c.id.desc(), deliveries.c.domain, editions.c.locale)
        )
        if campaign_id is not None:
            query = query.where(campaigns.c.id == campaign_id)
        async with self._database.read() as connection:
            return [Count(*row) for row in (await connection.execute(query)).all()]

    async def objections(self, campaign_id: int | None = None) -> list[Objection]:
        """What is said against us, the most frequent first."""
        group = (feedback.c.campaign_id, feedback.c.domain, feedback.c.status)
        query = (
            sa.select(*group, sa.func.count().label("number"), sa.func.min(feedback.c.diagnostic))
            .where(feedback.c.verdict == Kind.SENDER.value, feedback.c.campaign_id.is_not(None))
            .group_by(*group)
            .order_by(sa.desc("number"), *group)
            .limit(MOST_OBJECTIONS)
        )
        if campaign_id is not None:
            query = query.where(feedback.c.campaign_id == campaign_id)
        async with self._database.read() as connection:
            return [Objection(*row) for row in (await connection.execute(query)).all()]
