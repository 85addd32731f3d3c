"""What readers decide by the links in their mail: to leave, to stay, what to get.

Each takes effect with its commit: the next claim of a running campaign looks
at the same rows (``select.may_get``).  Everything is safe to do twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from newsletter.audience.audit import READER, Deed, Entry
from newsletter.audience.choices import Choices, Member
from newsletter.audience.consent import Agreement
from newsletter.audience.subscribers import Status, Subscriber
from newsletter.clock import Clock
from newsletter.store.audit import record_now
from newsletter.store.consents import record_agreement
from newsletter.store.database import Database
from newsletter.store.gather import Gathered
from newsletter.store.people import load
from newsletter.store.tables import subscriber_tags, subscribers


class ChoiceStore:
    """One reader at a time, by ``ref``.  Whoever was erased is nobody."""

    def __init__(self, database: Database, clock: Clock, writes: Gathered) -> None:
        self._database = database
        self._clock = clock
        self._writes = writes

    async def reader(self, ref: str) -> Subscriber | None:
        """Who this is; None for nobody."""
        async with self._database.read() as connection:
            found = await load(connection, _is(ref))
        return found[0] if found else None

    async def leave(self, ref: str, kind: str = "", *, way: str) -> Member | None:
        """Take somebody off the list, or only off mail of one ``kind``; None for nobody.

        Who has declined the other kind already wants nothing any more.
        ``way`` tells the audit log how: "one-click" or "page".
        """

        def change(connection: sa.Connection) -> Member | None:
            row = _row(connection, ref)
            if row is None:
                return None
            if row["status"] != Status.SUBSCRIBED or (kind and row["declined"] == kind):
                return _member(row)
            only = bool(kind) and not row["declined"]
            after = self._update(connection, row, {"declined": kind} if only else {"status": Status.UNSUBSCRIBED})
            detail = {"of": kind if only else "everything", "way": way}
            record_now(connection, self._clock, Entry(READER, Deed.UNSUBSCRIBED, f"subscriber {ref}", detail))
            return after

        return await self._writes.write(change)

    async def stay(self, ref: str, kind: str, agreement: Agreement) -> Member | None:
        """Take back a ``leave``, or come back later; None for nobody.

        It brings back nobody whose mailbox is gone, or who complained: that
        takes a mail to confirm.
        """

        def change(connection: sa.Connection) -> Member | None:
            row = _row(connection, ref)
            if row is None:
                return None
            if row["status"] == Status.UNSUBSCRIBED:
                after = self._update(connection, row, {"status": Status.SUBSCRIBED})
                record_agreement(connection, row["id"], agreement, self._clock.now())
                detail = {"status": Status.SUBSCRIBED.value}
            elif row["status"] == Status.SUBSCRIBED and kind and row["declined"] == kind:
                after = self._update(connection, row, {"declined": ""})
                detail = {"declined": ""}
            else:
                return _member(row)
            record_now(connection, self._clock, Entry(READER, Deed.CHANGED, f"subscriber {ref}", detail))
            return after

        return await self._writes.write(change)

    async def choose(self, ref: str, choices: Choices) -> bool:
        """Keep what somebody chose; False for nobody.  It does not bring back who left."""

        def change(connection: sa.Connection) -> bool:
            row = _row(connection, ref)
            if row is None:
                return False
            tags_of = subscriber_tags.c.subscriber_id == row["id"]
            had = set(connection.execute(sa.select(subscriber_tags.c.tag).where(tags_of)).scalars())
            gone, new = (had & choices.offered) - choices.tags, (choices.tags & choices.offered) - had
            if gone:
                connection.execute(subscriber_tags.delete().where(tags_of, subscriber_tags.c.tag.in_(gone)))
            if new:
                rows = [{"subscriber_id": row["id"], "tag": tag} for tag in sorted(new)]
                connection.execute(subscriber_tags.insert(), rows)
            whole = connection.execute(sa.select(subscribers).where(subscribers.c.id == row["id"])).mappings().one()
            wanted = {
                "name": choices.name,
                "locale": choices.locale,
                "declined": choices.declined,
                "paused_until": choices.paused_until,
            }
            values = {key: value for key, value in wanted.items() if whole[key] != value}
            if not (values or gone or new):
                return True
            self._update(connection, row, values)
            changed = sorted([*values, *(["interests"] if gone or new else [])])
            record_now(
                connection,
                self._clock,
                Entry(READER, Deed.CHANGED, f"subscriber {ref}", {"changed": changed}),
            )
            return True

        return await self._writes.write(change)

    def _update(self, connection: sa.Connection, row: Mapping[Any, Any], values: Mapping[str, object]) -> Member:
        connection.execute(_UPDATE, {"person": row["id"], **values, "updated_at": self._clock.now()})
        return _member({**row, **values})


def _is(ref: str | sa.BindParameter[str]) -> sa.ColumnElement[bool]:
    return sa.and_(subscribers.c.ref == ref, subscribers.c.status != Status.ERASED)


# Written once, since on a bad day they run hundreds of times a second.
_ROW = (
    sa.select(subscribers.c.id, subscribers.c.status, subscribers.c.locale, subscribers.c.declined)
    .where(_is(sa.bindparam("ref")))
    .with_for_update()
)
_UPDATE = subscribers.update().where(subscribers.c.id == sa.bindparam("person"))


def _member(row: Mapping[Any, Any]) -> Member:
    return Member(row["locale"], Status(row["status"]), row["declined"])


def _row(connection: sa.Connection, ref: str) -> Mapping[Any, Any] | None:
    return connection.execute(_ROW, {"ref": ref}).mappings().one_or_none()
