"""The list: importing, finding, leaving, and picking the recipients of a campaign."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from newsletter.audience.csvlist import BadRow, GoodRow
from newsletter.audience.segments import Rule
from newsletter.audience.subscribers import NewSubscriber, Status, Subscriber, address_key
from newsletter.clock import Clock
from newsletter.store.database import Database
from newsletter.store.select import in_any, membership, reachable
from newsletter.store.tables import subscriber_tags, subscribers

BATCH = 500  # rows a statement
REF_BYTES = 9  # 72 random bits, 12 characters


@dataclass(slots=True)
class ImportReport:
    """What an import did, in numbers, and every row that did not go in."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    left: int = 0  # rows of people who have unsubscribed; they stay so
    bounced: int = 0  # rows of people whose server said that there is no such mailbox; they are not written to
    bad: list[BadRow] = field(default_factory=list)
    notices: list[tuple[int, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Recipient:
    """A person picked for a campaign, and which of the asked-for segments they are in."""

    subscriber: Subscriber
    segments: frozenset[str]


class SubscriberStore:
    """The subscribers in one database.  ``default_locale`` is for new rows that name none."""

    def __init__(self, database: Database, clock: Clock, default_locale: str) -> None:
        self._database = database
        self._clock = clock
        self._default_locale = default_locale

    async def import_rows(self, rows: Iterable[GoodRow | BadRow]) -> ImportReport:
        """Add and update people in one transaction: all good rows go in, or none if it is cut off.

        An import never takes away: empty cells change nothing, tags are added
        to those already there, and nobody who left, or whose mailbox is gone,
        is written to again.
        """
        report = ImportReport()
        async with self._database.write() as connection:
            for batch in _batches(rows):
                report.bad += [row for row in batch if isinstance(row, BadRow)]
                good = [row for row in batch if isinstance(row, GoodRow)]
                report.notices += [(row.line, notice) for row in good for notice in row.notices]
                await self._import_batch(connection, [row.subscriber for row in good], report)
        return report

    async def _import_batch(
        self, connection: AsyncConnection, rows: Sequence[NewSubscriber], report: ImportReport
    ) -> None:
        keys = [address_key(row.email) for row in rows]
        known = {
            address_key(found.email): found for found in await _load(connection, subscribers.c.email_key.in_(keys))
        }
        now = self._clock.now()
        new: dict[str, NewSubscriber] = {}  # by ref
        tags: list[dict[str, object]] = []
        changed: list[dict[str, object]] = []
        for row in rows:
            old = known.get(address_key(row.email))
            if old is None:
                new[secrets.token_urlsafe(REF_BYTES)] = row
            elif old.status is Status.BOUNCED:
                report.bounced += 1
            elif old.status is not Status.SUBSCRIBED:
                report.left += 1
            else:
                changes = _changes(old, row)
                tags += _tag_rows(old.id, row.tags - old.tags)
                if changes:
                    changed.append({"person": old.id, **_as_columns(old), **changes})
                if changes or row.tags - old.tags:
                    report.changed += 1
                else:
                    report.unchanged += 1
        if changed:
            values: dict[str, object] = {
                column: sa.bindparam(f"new_{column}") for column in ("name", "locale", "attributes")
            }
            update = subscribers.update().where(subscribers.c.id == sa.bindparam("person"))
            await connection.execute(update.values(**values, updated_at=now), changed)
        if new:
            await connection.execute(subscribers.insert(), [self._values(ref, row) for ref, row in new.items()])
            ids = sa.select(subscribers.c.ref, subscribers.c.id).where(subscribers.c.ref.in_(new))
            for ref, new_id in (await connection.execute(ids)).all():
                tags += _tag_rows(new_id, new[ref].tags)
            report.added += len(new)
        if tags:
            await connection.execute(subscriber_tags.insert(), tags)

    def _values(self, ref: str, row: NewSubscriber) -> dict[str, object]:
        now = self._clock.now()
        return {
            "ref": ref,
            "email": row.email,
            "email_key": address_key(row.email),
            "name": row.name,
            "locale": row.locale or self._default_locale,
            "status": Status.SUBSCRIBED,
            "attributes": dict(row.attributes),
            "created_at": now,
            "updated_at": now,
        }

    async def find(self, email: str) -> Subscriber | None:
        """One person by address, whatever its case."""
        async with self._database.read() as connection:
            found = await _load(connection, subscribers.c.email_key == address_key(email))
        return found[0] if found else None

    async def unsubscribe(self, email: str) -> bool:
        """Let somebody leave; False if nobody has this address.  Doing it twice is harmless."""
        async with self._database.write() as connection:
            result = await connection.execute(
                subscribers.update()
                .where(subscribers.c.email_key == address_key(email))
                .values(status=Status.UNSUBSCRIBED, updated_at=self._clock.now())
            )
        return result.rowcount > 0

    async def count(
        self, rules: Mapping[str, Rule], names: Iterable[str], asked: Collection[str] = ()
    ) -> dict[str, dict[tuple[str, frozenset[str]], int]]:
        """How many people are in each segment, by the locale of their row and the segments of ``asked`` they are in."""
        counts: dict[str, dict[tuple[str, frozenset[str]], int]] = {}
        by = [subscribers.c.locale, *membership(rules, asked)]
        async with self._database.read() as connection:
            for name in names:
                query = (
                    sa.select(sa.func.count(), *by)
                    .where(reachable(self._clock.now()), in_any(rules, [name]))
                    .group_by(*by)
                )
                counts[name] = {
                    (locale, frozenset(other for other, holds in zip(asked, within, strict=True) if holds)): number
                    for number, locale, *within in (await connection.execute(query)).all()
                }
        return counts

    async def recipients(
        self, rules: Mapping[str, Rule], picked: Collection[str], asked: Collection[str] = ()
    ) -> AsyncIterator[Recipient]:
        """Everybody who may be written to and is in one of ``picked``, each once, in the order of their ids.

        ``Recipient.segments`` tells membership in ``picked`` and in ``asked``.
        """
        async with self._database.read() as connection:
            who = sa.and_(reachable(self._clock.now()), in_any(rules, picked))
            async for recipient in stream_recipients(connection, rules, who, {*picked, *asked}):
                yield recipient


async def stream_recipients(
    connection: AsyncConnection, rules: Mapping[str, Rule], picked: sa.ColumnElement[bool], asked: Collection[str]
) -> AsyncIterator[Recipient]:
    """Everybody whom ``picked`` picks, inside a transaction, with membership in ``asked``; in little memory."""
    names = sorted(set(asked))
    last = 0
    while True:
        query = (
            sa.select(subscribers, *membership(rules, names))
            .where(subscribers.c.id > last, picked)
            .order_by(subscribers.c.id)
            .limit(BATCH)
        )
        rows = (await connection.execute(query)).mappings().all()
        if not rows:
            return
        tags = await _tags(connection, [row["id"] for row in rows])
        for row in rows:
            segments = frozenset(name for name in names if row[f"in_{name}"])
            yield Recipient(_subscriber(row, tags), segments)
        last = rows[-1]["id"]


async def _load(connection: AsyncConnection, which: sa.ColumnElement[bool]) -> list[Subscriber]:
    """The subscribers that a condition picks, with their tags."""
    rows = (await connection.execute(sa.select(subscribers).where(which))).mappings().all()
    tags = await _tags(connection, [row["id"] for row in rows])
    return [_subscriber(row, tags) for row in rows]


async def _tags(connection: AsyncConnection, ids: Sequence[int]) -> dict[int, set[str]]:
    query = sa.select(subscriber_tags).where(subscriber_tags.c.subscriber_id.in_(ids))
    tags: dict[int, set[str]] = {}
    for subscriber_id, tag in (await connection.execute(query)).all():
        tags.setdefault(subscriber_id, set()).add(tag)
    return tags


def _tag_rows(subscriber_id: int, tags: Collection[str]) -> list[dict[str, object]]:
    return [{"subscriber_id": subscriber_id, "tag": tag} for tag in sorted(tags)]


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


def _as_columns(old: Subscriber) -> dict[str, object]:
    """What an update leaves as it was, unless ``_changes`` says otherwise."""
    return {"new_name": old.name, "new_locale": old.locale, "new_attributes": dict(old.attributes)}


def _changes(old: Subscriber, new: NewSubscriber) -> dict[str, object]:
    """The values that a row of a list changes; empty cells change nothing."""
    changes: dict[str, object] = {
        f"new_{column}": value
        for column, value in (("name", new.name), ("locale", new.locale))
        if value and value != getattr(old, column)
    }
    attributes = {**old.attributes, **new.attributes}
    if attributes != old.attributes:
        changes["new_attributes"] = attributes
    return changes


def _batches(rows: Iterable[GoodRow | BadRow]) -> Iterator[list[GoodRow | BadRow]]:
    iterator = iter(rows)
    while batch := list(islice(iterator, BATCH)):
        yield batch
