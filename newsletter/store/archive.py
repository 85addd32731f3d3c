"""The public pages of campaigns: stored when one is frozen, shown once it has begun, and what staff hide.

A page is there as soon as somebody has, or may have, a copy of its campaign;
so nothing of a scheduled campaign can be read before, and nothing of one that
was cancelled in time.  The newest such campaign of an issue is what is shown.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from newsletter.audience.audit import Deed, Entry
from newsletter.clock import Clock
from newsletter.delivery.states import State
from newsletter.render.facts import Issued, PublicEdition, from_json, to_json
from newsletter.store.audit import record
from newsletter.store.database import Database
from newsletter.store.tables import archive, deliveries, events


@dataclass(frozen=True, slots=True)
class Published:
    """One page as it is shown, and when its words were first sent."""

    edition: PublicEdition
    published_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Shelved:
    """One page as staff see it: also one that nobody else can see."""

    slug: str
    locale: str
    date: dt.date
    subject: str
    campaign_id: int
    begun: bool
    hidden: bool


class ArchiveStore:
    """The pages in one database."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def page(self, slug: str, locale: str) -> Published | None:
        """What everybody may read at this address, if anything."""
        query = _shown(archive).where(archive.c.slug == slug, archive.c.locale == locale)
        async with self._database.read() as connection:
            row = (await connection.execute(query)).mappings().first()
        return _published(row) if row else None

    async def locales(self, slugs: Sequence[str]) -> dict[str, list[str]]:
        """In which languages each of these issues can be read."""
        query = _shown(archive.c.slug, archive.c.locale).where(archive.c.slug.in_(slugs)).order_by(archive.c.locale)
        found: dict[str, list[str]] = {}
        async with self._database.read() as connection:
            for slug, locale in (await connection.execute(query)).all():
                found.setdefault(slug, []).append(locale)
        return found

    async def newest(self, locale: str, limit: int, offset: int = 0, *, pages: bool = True) -> list[Published]:
        """The pages of one language by their date, the newest first; without their HTML unless ``pages``."""
        html = archive.c.html if pages else sa.literal("").label("html")
        columns = [column for column in archive.c if column is not archive.c.html]
        query = (
            _shown(*columns, html)
            .where(archive.c.locale == locale)
            .order_by(archive.c.date.desc(), archive.c.slug.desc())
            .limit(limit)
            .offset(offset)
        )
        async with self._database.read() as connection:
            return [_published(row) for row in (await connection.execute(query)).mappings()]

    async def count(self, locale: str) -> int:
        """How many pages of one language are shown."""
        shown = _shown(archive.c.slug).where(archive.c.locale == locale).subquery()
        async with self._database.read() as connection:
            return int((await connection.execute(sa.select(sa.func.count()).select_from(shown))).scalar_one())

    async def changed_at(self, locale: str) -> dt.datetime | None:
        """When a page of one language was last published, hidden or shown."""
        query = sa.select(sa.func.max(archive.c.changed_at)).where(archive.c.locale == locale, _begun(archive))
        async with self._database.read() as connection:
            found: dt.datetime | None = (await connection.execute(query)).scalar()
        return found

    async def shelf(self) -> list[Shelved]:
        """Every page, the newest first; of each issue and language the newest campaign's that has begun, if any has."""
        newer = archive.alias()
        newest = sa.not_(
            sa.exists().where(
                newer.c.slug == archive.c.slug,
                newer.c.locale == archive.c.locale,
                sa.or_(
                    sa.and_(_begun(newer), sa.not_(_begun(archive))),
                    sa.and_(
                        newer.c.campaign_id > archive.c.campaign_id, sa.or_(_begun(newer), sa.not_(_begun(archive)))
                    ),
                ),
            )
        )
        query = (
            sa.select(
                archive.c.slug,
                archive.c.locale,
                archive.c.date,
                archive.c.subject,
                archive.c.campaign_id,
                _begun(archive).label("begun"),
                archive.c.hidden,
            )
            .where(newest)
            .order_by(archive.c.date.desc(), archive.c.slug.desc(), archive.c.locale)
        )
        async with self._database.read() as connection:
            return [Shelved(*row) for row in (await connection.execute(query)).all()]

    async def set_hidden(self, slug: str, locales: Sequence[str], who: str, *, hidden: bool) -> list[str]:
        """Take the pages of an issue off the web, or put them back; the languages in which that changed something.

        With no ``locales``, all of them.  A campaign that is frozen later is not hidden.
        """
        where = [archive.c.slug == slug, archive.c.hidden.is_not(hidden)]
        if locales:
            where.append(archive.c.locale.in_(locales))
        now = self._clock.now()
        async with self._database.write() as connection:
            statement = archive.update().where(*where).values(hidden=hidden, changed_at=now).returning(archive.c.locale)
            changed = sorted(set((await connection.execute(statement)).scalars()))
            deed = Deed.HIDDEN if hidden else Deed.SHOWN
            if changed:
                await record(connection, self._clock, Entry(who, deed, f"archive {slug}", {"locales": changed}))
        return changed

    async def issued(self, slug: str) -> dict[str, Issued]:
        """What was last said of each event of an issue, by its block."""
        query = sa.select(events.c.block, events.c.sequence, events.c.digests).where(events.c.slug == slug)
        async with self._database.read() as connection:
            return {
                block: Issued(number, digests) for block, number, digests in (await connection.execute(query)).all()
            }


async def publish(
    connection: AsyncConnection,
    campaign_id: int,
    slug: str,
    editions: Sequence[PublicEdition],
    issued: Mapping[str, Issued],
    at: dt.datetime,
) -> None:
    """Store the pages of a campaign and the numbers of its events, in the transaction that freezes it.

    ``at`` is when it starts.  Words that were published before keep their date.
    """
    for edition in editions:
        same = (archive.c.slug == slug, archive.c.locale == edition.locale, archive.c.digest == edition.digest)
        before = (await connection.execute(sa.select(sa.func.min(archive.c.published_at)).where(*same))).scalar()
        await connection.execute(
            archive.insert().values(
                campaign_id=campaign_id,
                locale=edition.locale,
                slug=slug,
                date=edition.date,
                subject=edition.subject,
                preheader=edition.preheader,
                html=edition.html,
                facts=to_json(edition.facts),
                digest=edition.digest,
                published_at=min(at, before or at),
                hidden=False,
                changed_at=at,
            )
        )
    for block, number in issued.items():
        values = {"sequence": number.sequence, "digests": dict(number.digests)}
        own = (events.c.slug == slug, events.c.block == block)
        if not (await connection.execute(events.update().where(*own).values(**values))).rowcount:
            await connection.execute(events.insert().values(slug=slug, block=block, **values))


def _shown(*columns: Any) -> sa.Select[Any]:
    """What everybody may see: begun, not hidden, and the newest of its kind."""
    newer = archive.alias()
    replaced = sa.exists().where(
        newer.c.slug == archive.c.slug,
        newer.c.locale == archive.c.locale,
        newer.c.campaign_id > archive.c.campaign_id,
        _begun(newer),
        sa.not_(newer.c.hidden),
    )
    return sa.select(*columns).where(sa.not_(archive.c.hidden), _begun(archive), sa.not_(replaced))


def _begun(page: sa.FromClause) -> sa.ColumnElement[bool]:
    """Somebody has a copy of the campaign, or may have."""
    copies = sa.exists().where(
        deliveries.c.campaign_id == page.c.campaign_id,
        deliveries.c.state.in_((State.ACCEPTED, State.IN_DOUBT)),
    )
    return copies.correlate(page)  # also of a query around the one that this stands in


def _published(row: Mapping[Any, Any]) -> Published:
    edition = PublicEdition(
        row["slug"],
        row["locale"],
        row["date"],
        row["subject"],
        row["preheader"],
        row["html"],
        from_json(row["facts"]),
    )
    return Published(edition, row["published_at"])
