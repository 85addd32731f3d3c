"""Finding people: one, those of a filter, the recipients of a campaign; and all that is stored of one person.

Everything is read in batches, so that a list of a million takes little memory.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from newsletter.audience.consent import Consent
from newsletter.audience.segments import Rule
from newsletter.audience.subscribers import Status, Subscriber, address_key
from newsletter.store.database import Database
from newsletter.store.select import condition, membership
from newsletter.store.tables import (
    audit,
    campaigns,
    consents,
    editions,
    metadata,
    signups,
    subscriber_tags,
    subscribers,
    wordings,
)

BATCH = 500  # rows a statement
REF_BYTES = 9  # 72 random bits, 12 characters

Dossier = Mapping[str, Sequence[Mapping[str, object]]]
"""All that is stored of one person: rows by table, as the database has them."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """A person picked for a campaign, and which of the asked-for segments they are in."""

    subscriber: Subscriber
    segments: frozenset[str]


@dataclass(frozen=True, slots=True)
class Filter:
    """Which people: those whom ``rule`` picks and whose status is one of ``statuses``."""

    rule: Rule
    statuses: frozenset[Status]

    def condition(self) -> sa.ColumnElement[bool]:
        """The same as SQL."""
        return sa.and_(subscribers.c.status.in_(sorted(self.statuses)), condition(self.rule))


class PeopleStore:
    """The people in one database, to be looked at."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def count(self, which: Filter) -> int:
        """How many they are."""
        query = sa.select(sa.func.count()).select_from(subscribers).where(which.condition())
        async with self._database.read() as connection:
            found: int = (await connection.execute(query)).scalar_one()
        return found

    async def all(self, which: Filter) -> AsyncIterator[tuple[Subscriber, Consent | None]]:
        """Everybody of a filter with their newest consent, in the order of their ids."""
        async with self._database.snapshot() as connection:
            async for people in _batches(connection, which.condition()):
                found = await newest_consents(connection, [person.id for person in people])
                for person in people:
                    yield person, found.get(person.id)

    async def attribute_names(self, which: Filter) -> list[str]:
        """The further columns that any of them has."""
        query = sa.select(subscribers.c.attributes).where(which.condition())
        names: set[str] = set()
        async with self._database.snapshot() as connection, connection.stream(query) as rows:
            async for (attributes,) in rows:
                names.update(attributes)
        return sorted(names)

    async def addresses(self) -> AsyncIterator[Sequence[tuple[str, str]]]:
        """Every address on the list with its status, some at a time."""
        query = sa.select(subscribers.c.email, subscribers.c.status).where(subscribers.c.status != Status.ERASED)
        async with self._database.snapshot() as connection, connection.stream(query) as rows:
            async for some in rows.partitions(BATCH):
                yield [(email, status) for email, status in some]

    async def dossier(self, email: str) -> Dossier | None:
        """All that is stored of the person with this address; None if that is nothing.

        Every table with a ``subscriber_id`` is looked at, so that a new one is never forgotten.
        """
        key = address_key(email)
        async with self._database.snapshot() as connection:
            people = await _rows(connection, sa.select(subscribers).where(subscribers.c.email_key == key))
            found = {
                "subscribers": people,
                "signups": await _rows(connection, sa.select(signups).where(signups.c.email_key == key)),
            }
            for person in people:
                for table in tables_of_people():
                    found[table.name] = await _rows(
                        connection, sa.select(table).where(table.c.subscriber_id == person["id"])
                    )
                about = f"subscriber {person['ref']}"
                found["audit"] = await _rows(
                    connection, sa.select(audit).where(audit.c.about == about).order_by(audit.c.id)
                )
            for table in (wordings, campaigns):
                found[table.name] = await _named(connection, table, found)
        return found if people or found["signups"] else None


def tables_of_people() -> list[sa.Table]:
    """Every table with rows about one person."""
    return [table for table in metadata.sorted_tables if "subscriber_id" in table.c]


async def _rows(connection: AsyncConnection, query: sa.Select[Any]) -> list[Mapping[str, object]]:
    return [dict(row) for row in (await connection.execute(query)).mappings()]


async def _named(connection: AsyncConnection, table: sa.Table, found: Dossier) -> list[Mapping[str, object]]:
    """The wordings or campaigns that a person's rows name: what was said to them."""
    rows = [row for some in found.values() for row in some]
    if table is wordings:
        named = {row["wording"] for row in rows if row.get("wording")}
        return await _rows(connection, sa.select(wordings).where(wordings.c.hash.in_(named)))
    named = {row["campaign_id"] for row in rows if row.get("campaign_id")}
    columns = (campaigns.c.id, campaigns.c.slug, campaigns.c.kind, campaigns.c.frozen_at)
    of_editions = {row["edition_id"] for row in rows if row.get("edition_id")}
    locales = await _rows(
        connection, sa.select(editions.c.campaign_id, editions.c.locale).where(editions.c.id.in_(of_editions))
    )
    got = {row["campaign_id"]: row["locale"] for row in locales}
    told = await _rows(connection, sa.select(*columns).where(campaigns.c.id.in_(named)).order_by(campaigns.c.id))
    return [{**row, "edition": got.get(row["id"])} for row in told]


async def stream_recipients(
    connection: AsyncConnection, rules: Mapping[str, Rule], picked: sa.ColumnElement[bool], asked: Collection[str]
) -> AsyncIterator[Recipient]:
    """Everybody whom ``picked`` picks, inside a transaction, with membership in ``asked``; in little memory."""
    names = sorted(set(asked))
    async for rows, tags in _row_batches(connection, picked, membership(rules, names)):
        for row in rows:
            segments = frozenset(name for name in names if row[f"in_{name}"])
            yield Recipient(_subscriber(row, tags), segments)


async def _batches(connection: AsyncConnection, picked: sa.ColumnElement[bool]) -> AsyncIterator[list[Subscriber]]:
    async for rows, tags in _row_batches(connection, picked, []):
        yield [_subscriber(row, tags) for row in rows]


async def _row_batches(
    connection: AsyncConnection, picked: sa.ColumnElement[bool], further: Sequence[sa.Label[bool]]
) -> AsyncIterator[tuple[Sequence[Mapping[Any, Any]], dict[int, set[str]]]]:
    """Rows with their tags, BATCH at a time, in the order of their ids."""
    last = 0
    while True:
        query = (
            sa.select(subscribers, *further)
            .where(subscribers.c.id > last, picked)
            .order_by(subscribers.c.id)
            .limit(BATCH)
        )
        rows = (await connection.execute(query)).mappings().all()
        if not rows:
            return
        yield rows, await _tags(connection, [row["id"] for row in rows])
        last = rows[-1]["id"]


async def load(connection: AsyncConnection, which: sa.ColumnElement[bool], *, hold: bool = False) -> list[Subscriber]:
    """The subscribers that a condition picks, with their tags; with ``hold`` nobody erases them meanwhile."""
    query = sa.select(subscribers).where(which)
    if hold:
        query = query.with_for_update(read=True, key_share=True)
    rows = (await connection.execute(query)).mappings().all()
    tags = await _tags(connection, [row["id"] for row in rows])
    return [_subscriber(row, tags) for row in rows]


async def newest_consents(connection: AsyncConnection, ids: Sequence[int]) -> dict[int, Consent]:
    """The newest consent of each person who gave one."""
    query = sa.select(consents).where(consents.c.subscriber_id.in_(ids)).order_by(consents.c.given_at, consents.c.id)
    rows = (await connection.execute(query)).mappings()
    return {row["subscriber_id"]: Consent(row["source"], row["given_at"]) for row in rows}


def new_ref() -> str:
    """A random name for a person."""
    return secrets.token_urlsafe(REF_BYTES)


async def _tags(connection: AsyncConnection, ids: Sequence[int]) -> dict[int, set[str]]:
    query = sa.select(subscriber_tags).where(subscriber_tags.c.subscriber_id.in_(ids))
    tags: dict[int, set[str]] = {}
    for subscriber_id, tag in (await connection.execute(query)).all():
        tags.setdefault(subscriber_id, set()).add(tag)
    return tags


def _subscriber(row: Mapping[Any, Any], tags: Mapping[int, set[str]]) -> Subscriber:
    return Subscriber(
        id=row["id"],
        ref=row["ref"],
        email=row["email"],
        name=row["name"],
        locale=row["locale"],
        status=Status(row["status"]),
        tags=frozenset(tags.get(row["id"], ())),
        attributes=row["attributes"],
        declined=row["declined"],
        paused_until=row["paused_until"],
    )
