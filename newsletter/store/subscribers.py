"""The list: joining by staff's word, leaving, counting, and picking the recipients of a campaign."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterable, Mapping

import sqlalchemy as sa

from newsletter.audience.audit import PROGRAM, Deed, Entry
from newsletter.audience.csvlist import BadRow, GoodRow
from newsletter.audience.segments import Rule
from newsletter.audience.subscribers import Change, NewSubscriber, Status, Subscriber, address_key
from newsletter.clock import Clock
from newsletter.store.audit import record
from newsletter.store.database import Database
from newsletter.store.importing import Hashes, Importer, ImportReport
from newsletter.store.people import Recipient, load, stream_recipients
from newsletter.store.select import in_any, membership, reachable
from newsletter.store.tables import subscriber_tags, subscribers


class SubscriberStore:
    """The subscribers in one database.  ``default_locale`` is for new rows that name none; ``who`` acts."""

    def __init__(self, database: Database, clock: Clock, default_locale: str, who: str = PROGRAM) -> None:
        self._database = database
        self._clock = clock
        self._default_locale = default_locale
        self._who = who

    async def import_rows(self, rows: Iterable[GoodRow | BadRow], hashes: Hashes) -> ImportReport:
        """Add and update people (``store/importing.py``).  Whoever was erased is known by the ``hashes`` only."""
        return await Importer(self._database, self._clock, self._default_locale, self._who, hashes).rows(rows)

    async def add(self, person: NewSubscriber, hashes: Hashes) -> bool:
        """Add one person; False if the address is on the list, or its owner had themselves erased."""
        async with self._database.read() as connection:
            if await load(connection, subscribers.c.email_key == address_key(person.email)):
                return False
        importer = Importer(self._database, self._clock, self._default_locale, self._who, hashes)
        return (await importer.rows([GoodRow(1, person)], Deed.ADDED)).added == 1

    async def find(self, email: str) -> Subscriber | None:
        """One person by address, whatever its case."""
        async with self._database.read() as connection:
            found = await load(connection, subscribers.c.email_key == address_key(email))
        return found[0] if found else None

    async def unsubscribe(self, email: str) -> bool:
        """Let somebody leave; False if nobody has this address.  Doing it twice is harmless."""
        mine = subscribers.c.email_key == address_key(email)
        async with self._database.write() as connection:
            left = await connection.execute(
                subscribers.update()
                .where(mine, subscribers.c.status != Status.UNSUBSCRIBED)
                .values(status=Status.UNSUBSCRIBED, updated_at=self._clock.now())
                .returning(subscribers.c.ref)
            )
            if ref := left.scalar_one_or_none():
                await record(connection, self._clock, Entry(self._who, Deed.UNSUBSCRIBED, f"subscriber {ref}"))
                return True
            return (await connection.execute(sa.select(subscribers.c.id).where(mine))).first() is not None

    async def change(self, email: str, change: Change) -> list[str] | None:
        """Change one person; returns what is different now: "tags", names of columns.  None if nobody has this address.

        Campaigns that are frozen keep their recipients.
        """
        async with self._database.write() as connection:
            mine = subscribers.c.email_key == address_key(email)
            held = await connection.execute(sa.select(subscribers.c.id).where(mine).with_for_update())
            if held.first() is None:
                return None
            (person,) = await load(connection, mine)
            on, off = change.tags - person.tags, change.untags & person.tags
            values = _changed(person, change)
            if off:
                gone = subscriber_tags.c.tag.in_(off)
                await connection.execute(
                    subscriber_tags.delete().where(subscriber_tags.c.subscriber_id == person.id, gone)
                )
            if on:
                rows = [{"subscriber_id": person.id, "tag": tag} for tag in sorted(on)]
                await connection.execute(subscriber_tags.insert(), rows)
            done = [*sorted(values), *(["tags"] if on or off else [])]
            if done:
                now = self._clock.now()
                await connection.execute(subscribers.update().where(mine).values(**values, updated_at=now))
                # What was put on and taken off decides who gets what, so it is told; names and values are not.
                detail = {"changed": done, **{key: sorted(some) for key, some in (("on", on), ("off", off)) if some}}
                await record(
                    connection, self._clock, Entry(self._who, Deed.CHANGED, f"subscriber {person.ref}", detail)
                )
            return done

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

    async def recipients(self, rules: Mapping[str, Rule], picked: Collection[str]) -> AsyncIterator[Recipient]:
        """Everybody who may be written to and is in one of ``picked``, each once, in the order of their ids.

        ``Recipient.segments`` tells in which of these they are.
        """
        async with self._database.read() as connection:
            who = sa.and_(reachable(self._clock.now()), in_any(rules, picked))
            async for recipient in stream_recipients(connection, rules, who, picked):
                yield recipient


def _changed(person: Subscriber, change: Change) -> dict[str, object]:
    """The columns of a person that become different."""
    attributes = {name: value for name, value in {**person.attributes, **change.attributes}.items() if value}
    wanted = {
        "name": person.name if change.name is None else change.name,
        "locale": change.locale or person.locale,
        "attributes": attributes,
    }
    return {column: value for column, value in wanted.items() if value != getattr(person, column)}
