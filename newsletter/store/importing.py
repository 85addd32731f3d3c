"""An import: rows of a list → people, in one transaction.

An import never takes away (docs/decisions/0011): empty cells change nothing,
tags are added to those already there, and nobody who left, whose mailbox is
gone, or who was erased, is written to again.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from newsletter.audience.audit import Deed, Entry
from newsletter.audience.consent import Consent
from newsletter.audience.csvlist import BadRow, GoodRow
from newsletter.audience.lookalikes import near_key
from newsletter.audience.subscribers import NewSubscriber, Status, Subscriber, address_key, erased_key
from newsletter.clock import Clock
from newsletter.store.audit import record
from newsletter.store.database import Database
from newsletter.store.people import BATCH, load, new_ref
from newsletter.store.tables import consents, subscriber_tags, subscribers

Hashes = Callable[[str], tuple[str, ...]]
"""``Tokens.address_hashes``: what may be kept of an address key that was erased."""


@dataclass(slots=True)
class ImportReport:
    """What an import did, in numbers, and every row that did not go in."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    left: int = 0  # rows of people who have unsubscribed; they stay so
    bounced: int = 0  # rows of people whose mail came back for good; they are not written to
    erased: int = 0  # rows of people who had themselves erased; they are not on the list
    kept: int = 0  # rows that say another status, kind of mail or pause than the list; theirs on the list stay
    consents: int = 0  # consents that are new
    without_consent: int = 0  # of those added: nobody says when and how they agreed
    attributes: set[str] = field(default_factory=set)  # further columns of the list that hold something
    newest: str = ""  # the ref of one who was added
    # Hashes of the near keys of those added (audience/lookalikes.py), in eight bytes each: they may be a million.
    near: array[int] = field(default_factory=lambda: array("q"))
    bad: list[BadRow] = field(default_factory=list)
    notices: list[tuple[int, str]] = field(default_factory=list)


class Importer:
    """Imports into one database.  ``default_locale`` is for new people of whom no locale is said."""

    def __init__(self, database: Database, clock: Clock, default_locale: str, who: str, hashes: Hashes) -> None:
        self._database = database
        self._clock = clock
        self._default_locale = default_locale
        self._who = who
        self._hashes = hashes
        self._some_erased = False

    async def rows(self, rows: Iterable[GoodRow | BadRow], deed: Deed = Deed.IMPORTED) -> ImportReport:
        """Add and update people: all good rows go in, or none if it is cut off."""
        report = ImportReport()
        async with self._database.write() as connection:
            await self._database.keep_erasure_out(connection)
            await self._look_for_erased(connection)
            for batch in _batches(rows):
                report.bad += [row for row in batch if isinstance(row, BadRow)]
                good = [row for row in batch if isinstance(row, GoodRow)]
                report.attributes.update(name for row in good for name in row.subscriber.attributes)
                report.notices += [(row.line, notice) for row in good for notice in row.notices]
                await self._batch(connection, [row.subscriber for row in good], report)
            if report.added or (report.changed and deed is Deed.IMPORTED):
                detail = {"added": report.added, "changed": report.changed, "consents": report.consents}
                about = "list" if deed is Deed.IMPORTED else f"subscriber {report.newest}"
                await record(connection, self._clock, Entry(self._who, deed, about, detail))
        return report

    async def _look_for_erased(self, connection: AsyncConnection) -> None:
        erased = sa.select(subscribers.c.id).where(subscribers.c.status == Status.ERASED).limit(1)
        self._some_erased = (await connection.execute(erased)).first() is not None

    async def _batch(self, connection: AsyncConnection, rows: Sequence[NewSubscriber], report: ImportReport) -> None:
        by_key = {address_key(row.email): row for row in rows}
        found = await load(connection, subscribers.c.email_key.in_(by_key), hold=True)
        known = {address_key(person.email): person for person in found}
        erased = await self._erased(connection, by_key.keys() - known.keys())
        report.erased += len(erased)
        new = {new_ref(): row for key, row in by_key.items() if key not in known and key not in erased}
        work = _sort(known, by_key, report)
        news = await self._new_consents(connection, work.agreed)
        work.touched.update(person for person, _consent in news)
        report.changed += len(work.touched)
        report.unchanged -= len(work.touched)
        if work.changed:
            await self._update(connection, work.changed)
        for ref, new_id in (await self._insert(connection, new)).items():
            work.tags += _tag_rows(new_id, new[ref].tags)
            if consent := new[ref].consent:
                news.append((new_id, consent))
        report.added += len(new)
        report.newest = next(iter(new), report.newest)
        report.near.extend(hash(near_key(row.email)) for row in new.values())
        report.without_consent += sum(1 for row in new.values() if row.consent is None)
        report.consents += len(news)
        if work.tags:
            await connection.execute(subscriber_tags.insert(), work.tags)
        if news:
            rows_of = [
                {"subscriber_id": person, "source": consent.source, "given_at": consent.given_at}
                for person, consent in news
            ]
            await connection.execute(consents.insert(), rows_of)

    async def _erased(self, connection: AsyncConnection, keys: Collection[str]) -> set[str]:
        """Those of the address keys that belong to people who were erased, whichever secret key it was done under."""
        if not self._some_erased:
            return set()
        by_hash = {erased_key(hashed): key for key in keys for hashed in self._hashes(key)}
        query = sa.select(subscribers.c.email_key).where(subscribers.c.email_key.in_(by_hash))
        return {by_hash[found] for found in (await connection.execute(query)).scalars()}

    async def _new_consents(
        self, connection: AsyncConnection, agreed: Sequence[tuple[int, Consent]]
    ) -> list[tuple[int, Consent]]:
        """Those that are not on record yet: importing twice is the same as importing once."""
        if not agreed:
            return []
        query = sa.select(consents.c.subscriber_id, consents.c.source, consents.c.given_at).where(
            consents.c.subscriber_id.in_([person for person, _consent in agreed])
        )
        known = {(person, Consent(source, at)) for person, source, at in (await connection.execute(query)).all()}
        return [one for one in agreed if one not in known]

    async def _update(self, connection: AsyncConnection, changed: list[dict[str, object]]) -> None:
        values: dict[str, object] = {
            column: sa.bindparam(f"new_{column}") for column in ("name", "locale", "attributes")
        }
        update = subscribers.update().where(subscribers.c.id == sa.bindparam("person"))
        await connection.execute(update.values(**values, updated_at=self._clock.now()), changed)

    async def _insert(self, connection: AsyncConnection, new: Mapping[str, NewSubscriber]) -> dict[str, int]:
        """Add people; returns their ids by ref."""
        if not new:
            return {}
        await connection.execute(subscribers.insert(), [self._values(ref, row) for ref, row in new.items()])
        ids = sa.select(subscribers.c.ref, subscribers.c.id).where(subscribers.c.ref.in_(new))
        return {row.ref: row.id for row in (await connection.execute(ids)).all()}

    def _values(self, ref: str, row: NewSubscriber) -> dict[str, object]:
        now = self._clock.now()
        return {
            "ref": ref,
            "email": row.email,
            "email_key": address_key(row.email),
            "name": row.name,
            "locale": row.locale or self._default_locale,
            "status": row.status,
            "declined": row.declined,
            "paused_until": row.paused_until,
            "attributes": dict(row.attributes),
            "created_at": now,
            "updated_at": now,
        }


@dataclass(slots=True)
class _Work:
    """What a batch changes of people who are on the list."""

    changed: list[dict[str, object]] = field(default_factory=list)
    tags: list[dict[str, object]] = field(default_factory=list)
    agreed: list[tuple[int, Consent]] = field(default_factory=list)
    touched: set[int] = field(default_factory=set)


def _sort(known: Mapping[str, Subscriber], rows: Mapping[str, NewSubscriber], report: ImportReport) -> _Work:
    """What the rows change of people who are known, both by address key; those not to be written to are counted."""
    work = _Work()
    for key, old in known.items():
        row = rows[key]
        if old.status is Status.BOUNCED:
            report.bounced += 1
            continue
        if old.status is not Status.SUBSCRIBED:
            report.left += 1
            continue
        report.kept += _chose_otherwise(old, row)
        changes, more_tags = _changes(old, row), row.tags - old.tags
        report.unchanged += 1
        work.tags += _tag_rows(old.id, more_tags)
        if changes:
            work.changed.append({"person": old.id, **_as_columns(old), **changes})
        if changes or more_tags:
            work.touched.add(old.id)
        if row.consent:
            work.agreed.append((old.id, row.consent))
    return work


def _chose_otherwise(old: Subscriber, row: NewSubscriber) -> bool:
    """Whether a row says of what somebody wants what is not so on the list (any more); an empty cell says nothing."""
    return (
        row.status is not Status.SUBSCRIBED
        or row.declined not in ("", old.declined)
        or row.paused_until not in (None, old.paused_until)
    )


def _tag_rows(subscriber_id: int, tags: Collection[str]) -> list[dict[str, object]]:
    return [{"subscriber_id": subscriber_id, "tag": tag} for tag in sorted(tags)]


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
