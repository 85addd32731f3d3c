"""The audit log: who did what, and when.  Rows are only ever added; the database refuses anything else."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from newsletter.audience.audit import Deed, Entry, without_addresses
from newsletter.clock import Clock
from newsletter.store.database import Database
from newsletter.store.tables import audit


class AuditStore:
    """The log in one database."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def record(self, *entries: Entry) -> None:
        """Add entries in a transaction of their own."""
        async with self._database.write() as connection:
            await record(connection, self._clock, *entries)

    async def newest(
        self, limit: int | None = None, *, since: dt.datetime | None = None, about: str = ""
    ) -> AsyncIterator[Entry]:
        """The entries, the newest first; only those about just this, if it is said."""
        query = sa.select(audit).order_by(audit.c.id.desc()).limit(limit)
        if since is not None:
            query = query.where(audit.c.at >= since)
        if about:
            query = query.where(audit.c.about == about)
        async with self._database.read() as connection, connection.stream(query) as rows:
            async for row in rows.mappings():
                yield Entry(row["who"], Deed(row["what"]), row["about"], row["detail"], row["at"])


async def record(connection: AsyncConnection, clock: Clock, *entries: Entry) -> None:
    """Add entries in the transaction of what they tell of: both are there, or neither."""
    if entries:
        await connection.execute(audit.insert(), [_as_row(entry, clock) for entry in entries])


def record_now(connection: sa.Connection, clock: Clock, *entries: Entry) -> None:
    """The same, for what does not wait: the ledger."""
    if entries:
        connection.execute(audit.insert(), [_as_row(entry, clock) for entry in entries])


def _as_row(entry: Entry, clock: Clock) -> dict[str, object]:
    """An entry as the table has it; no address gets into it, whoever wrote the words."""
    return {
        "at": entry.at or clock.now(),
        "who": entry.who,
        "what": entry.what,
        "about": entry.about,
        "detail": without_addresses(entry.detail),
    }
