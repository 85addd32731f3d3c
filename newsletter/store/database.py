"""Opens the database, brings its tables up to date, and gives read and write transactions.

SQLite in WAL mode with ``synchronous=FULL``: what the ledger committed is on
disk, also when the power fails.  A writing transaction is ``BEGIN IMMEDIATE``,
so that it waits for its turn at the start and never fails half-way.
Source: https://www.sqlite.org/lang_transaction.html, /wal.html
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Self

import sqlalchemy as sa
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DatabaseError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool

from newsletter.errors import StoreError

NEWEST = "0001"  # the revision that this version of the program works with
BUSY_TIMEOUT = 120_000  # milliseconds to wait for another process's transaction


class Database:
    """One open database.  Use as ``async with await Database.open(url, root) as database``."""

    def __init__(self, engine: AsyncEngine, file: Path) -> None:
        self._engine = engine
        self.file = file

    @classmethod
    async def open(cls, url: str, root: Path) -> Self:
        """Open, create if absent (readable by its owner only), and migrate.  Raises StoreError."""
        parsed = make_url(url)
        file = root / (parsed.database or "")
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            # The list is the most sensitive thing the organisation owns.
            os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))
        except OSError as error:
            raise StoreError(f"the database {file} cannot be opened: {error.strerror}") from None
        engine = create_async_engine(
            parsed.set(drivername="sqlite+aiosqlite", database=str(file)),
            poolclass=AsyncAdaptedQueuePool,
            hide_parameters=True,  # errors may end in a log, and parameters are addresses
        )
        sa.event.listen(engine.sync_engine, "connect", _on_connect)
        sa.event.listen(engine.sync_engine, "begin", _on_begin)
        database = cls(engine, file)
        try:
            await database._bring_up_to_date()
        except StoreError as error:
            await engine.dispose()
            if isinstance(error.__cause__, DatabaseError):
                reason = str(error.__cause__.orig).splitlines()[0]
                message = f"the database {file} cannot be used: {reason}"
                raise StoreError(message, "is it another program's file?") from None
            raise
        return database

    async def _bring_up_to_date(self) -> None:
        """Migrate if the tables are not of the newest revision."""
        async with self.read() as connection:
            revision = await connection.run_sync(_revision)
        if revision == NEWEST:
            return
        from newsletter.store.migrate import migrate  # noqa: PLC0415 - alembic is slow to load, and seldom needed

        async with self.write() as connection:
            await connection.run_sync(migrate)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that sees one state of the data and changes nothing."""
        with self._in_words():
            async with self._engine.connect() as connection:
                yield connection

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that commits at its end, or leaves no trace when an error is raised."""
        with self._in_words():
            async with self._engine.connect() as plain:
                connection = await plain.execution_options(newsletter_write=True)
                async with connection.begin():
                    yield connection

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        """A full disk or a file that is locked or broken is for staff to mend, not a fault of the program."""
        try:
            yield
        except DatabaseError as error:
            reason = str(error.orig).splitlines()[0]
            hint = "is the disk full, or is another program busy with the file? Then run the same command again"
            raise StoreError(f"the database {self.file} refuses: {reason}", hint) from error

    async def close(self) -> None:
        """Close every connection."""
        await self._engine.dispose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await asyncio.shield(self.close())


def _on_connect(dbapi_connection: Any, _record: object) -> None:
    dbapi_connection.isolation_level = None  # transactions are begun by _on_begin, not by the driver
    cursor = dbapi_connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        f"busy_timeout={BUSY_TIMEOUT}",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _on_begin(connection: sa.Connection) -> None:
    write = connection.get_execution_options().get("newsletter_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def _revision(connection: sa.Connection) -> str | None:
    """The revision of the tables; None for a new database."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
