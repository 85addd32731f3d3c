"""Opens the database, brings its tables up to date, and gives read and write transactions.

SQLite in WAL mode with ``synchronous=FULL``: what the ledger committed is on
disk, also when the power fails.  A writing transaction is ``BEGIN IMMEDIATE``,
so that it waits for its turn at the start and never fails half-way.
PostgreSQL with its defaults (read committed, synchronous_commit on): rows are
locked where the statements say so.
Source: https://www.sqlite.org/lang_transaction.html, /wal.html;
https://www.postgresql.org/docs/current/transaction-iso.html
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import os
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Self, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import URL, Dialect, make_url
from sqlalchemy.exc import DatabaseError, DBAPIError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool

from newsletter.errors import StoreAwayError, StoreError
from newsletter.store.eager import BusyError, Eager
from newsletter.store.tables import UtcTime
from newsletter.wording import said

NEWEST = "0004"  # the revision that this version of the program works with
BUSY_TIMEOUT = 120_000  # milliseconds to wait for another process's transaction
# Seconds between the tries to write without a thread.  Others are done with their part of a campaign in a millisecond.
EAGER_PAUSES = (0.001, 0.001, 0.001, 0.002, 0.004, 0.008, 0.016)
CONNECT_TIMEOUT = 10  # seconds for a server to answer at all, unless the address says otherwise
LONGEST_SILENCE = 30_000  # milliseconds in a writing transaction, after which PostgreSQL ends it and frees its locks
# A server that vanished, as with its machine, is noticed after a minute and not after hours.
KEEPALIVES = {"keepalives_idle": "30", "keepalives_interval": "10", "keepalives_count": "3"}  # seconds, seconds, times
TRANSACTION_TIMEOUT_SINCE = 170_000  # PostgreSQL 17, as libpq numbers it
DISK_FULL = "53100"  # PostgreSQL's code
MIGRATION_LOCK = 20_190_603  # the key of PostgreSQL's advisory lock while tables are changed; any number
ERASURE_LOCK = 20_190_604  # the same, between those who erase people and those who write down who they are
CHECKPOINT_TIMEOUT = 10.0  # seconds to wait for those who read, before SQLite's log can be emptied

T = TypeVar("T")


class Database:
    """One open database.  Use as ``async with await Database.open(url, root) as database``.

    ``file`` is SQLite's; None for a server.
    """

    def __init__(self, url: URL, file: Path | None) -> None:
        self.file = file
        driver = "postgresql+psycopg" if file is None else "sqlite+aiosqlite"
        if file is None:
            url = url.set(query={"connect_timeout": str(CONNECT_TIMEOUT), **KEEPALIVES, **url.query})
        # Errors may end in a log, and parameters are addresses: hide_parameters.
        self._engine: AsyncEngine = create_async_engine(
            url.set(drivername=driver),
            poolclass=AsyncAdaptedQueuePool,
            hide_parameters=True,
            pool_pre_ping=file is None,
        )
        self._sync_engine = sa.create_engine(
            url.set(drivername="postgresql+psycopg" if file is None else "sqlite+pysqlite"),
            hide_parameters=True,
            pool_pre_ping=file is None,
            connect_args={} if file is None else {"check_same_thread": False},  # closed by another thread than used
            **({"paramstyle": "format"} if file is None else {}),  # ``store/prepared.py`` puts values in an order
        )
        self._eager: Eager | None = None
        if file is None:
            sa.event.listen(self._sync_engine, "connect", _on_postgresql_connect)
        else:
            for engine in (self._engine.sync_engine, self._sync_engine):
                sa.event.listen(engine, "connect", partial(_on_sqlite_connect, BUSY_TIMEOUT))
                sa.event.listen(engine, "begin", _on_sqlite_begin)
            impatient = sa.create_engine(self._sync_engine.url, hide_parameters=True)
            sa.event.listen(impatient, "connect", partial(_on_sqlite_connect, 0))
            self._eager = Eager(impatient)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ledger")

    @classmethod
    async def open(cls, url: str, root: Path) -> Self:
        """Open, create if absent (SQLite; readable by its owner only), and migrate.  Raises StoreError."""
        parsed = make_url(url)
        file = None
        if parsed.get_backend_name() == "sqlite":
            file = root / (parsed.database or "")
            try:
                file.parent.mkdir(parents=True, exist_ok=True)
                # The list is the most sensitive thing the organisation owns.
                os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))
            except OSError as error:
                raise StoreError(
                    said("the database %(name)s cannot be opened: %(why)s", name=file, why=error.strerror)
                ) from None
            parsed = parsed.set(database=str(file))
        database = cls(parsed, file)
        try:
            await database._bring_up_to_date()
        except StoreError as error:
            await database.close()
            if file is not None and isinstance(error.__cause__, DatabaseError) and not _in_trouble(error.__cause__):
                reason = str(error.__cause__.orig).splitlines()[0]
                message = said("the database %(name)s cannot be used: %(why)s", name=file, why=reason)
                raise StoreError(message, said("is it another program's file?")) from None
            raise
        return database

    @property
    def dialect(self) -> Dialect:
        """What statements are compiled for."""
        return self._sync_engine.dialect

    async def _bring_up_to_date(self) -> None:
        """Migrate if the tables are not of the newest revision."""
        async with self.read() as connection:
            revision = await connection.run_sync(_revision)
        if revision == NEWEST:
            return
        from newsletter.store.migrate import migrate  # noqa: PLC0415 - alembic is slow to load, and seldom needed

        async with self.write() as connection:
            if self.file is None:  # several workers may start at once
                await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(MIGRATION_LOCK)))
            await connection.run_sync(migrate)

    def now(self, own: dt.datetime) -> sa.ColumnElement[dt.datetime]:
        """The time that all machines which share this database agree on: the server's; on SQLite, our ``own``."""
        return sa.literal(own, UtcTime()) if self.file else sa.type_coerce(sa.func.clock_timestamp(), UtcTime())

    def now_plus(self, own: dt.datetime, seconds: float) -> sa.ColumnElement[dt.datetime]:
        """So many seconds after ``now``."""
        after = dt.timedelta(seconds=seconds)
        if self.file:
            return sa.literal(own + after, UtcTime())
        return sa.type_coerce(sa.func.clock_timestamp() + sa.literal(after, sa.Interval()), UtcTime())

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that sees one state of the data (on PostgreSQL: each statement does) and changes nothing."""
        with self._in_words():
            async with self._engine.connect() as connection:
                yield connection

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[AsyncConnection]:
        """Like ``read``, and on PostgreSQL too every statement sees the same state."""
        async with self.read() as connection:
            if self.file is None:
                await connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield connection

    @asynccontextmanager
    async def hold(self, key: int) -> AsyncIterator[bool]:
        """On a server only: whether nobody else holds the lock ``key``; ours then, as long as the block lasts."""
        async with self.read() as connection:
            yield (await connection.execute(sa.select(sa.func.pg_try_advisory_xact_lock(key)))).scalar_one()

    async def keep_erasure_out(self, connection: AsyncConnection) -> None:
        """Until the end of this transaction, erase nobody.  SQLite has one writer anyway."""
        if self.file is None:
            await connection.execute(sa.select(sa.func.pg_advisory_xact_lock_shared(ERASURE_LOCK)))

    async def erase_alone(self, connection: AsyncConnection) -> None:
        """Wait until nobody keeps erasure out, and be the only one who erases."""
        if self.file is None:
            await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(ERASURE_LOCK)))

    async def empty_log(self) -> bool:
        """Write SQLite's log back into the file and empty it, so that nothing deleted is left in it.

        False if somebody was reading for all of CHECKPOINT_TIMEOUT.  A server looks after its own log.
        """
        if self.file is None:
            return True
        return await asyncio.to_thread(_empty_log, self.file)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that commits at its end, or leaves no trace when an error is raised."""
        with self._in_words():
            async with self._engine.connect() as plain:
                connection = await plain.execution_options(newsletter_write=True)
                async with connection.begin():
                    if self.file is None:
                        await connection.exec_driver_sql(
                            f"SET LOCAL idle_in_transaction_session_timeout = {LONGEST_SILENCE}"
                        )
                    yield connection

    async def transact(self, work: Callable[[sa.Connection], T], meanwhile: Callable[[T], None] | None = None) -> T:
        """Run ``work`` in a writing transaction, for what is done hundreds of times a second.

        On SQLite right here, as soon as nobody else is writing (``store/eager.py``);
        in the one thread that is kept for this if somebody writes for long, and
        for a server.  ``meanwhile`` is called with the result, in a thread, while
        the commit waits for the disk; not if it is not waited for right here.
        """
        with self._in_words():
            if self._eager is not None:
                for pause in EAGER_PAUSES:
                    with contextlib.suppress(BusyError):
                        return self._eager.transact(work, meanwhile)
                    await asyncio.sleep(pause)
            return await asyncio.get_running_loop().run_in_executor(self._thread, _transact, self._sync_engine, work)

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        """A full disk, a file that is locked, a server that is away: for staff to mend, not a fault of the program."""
        try:
            yield
        except (DBAPIError, sqlite3.Error) as error:  # of the driver itself: ``store/prepared.py``
            orig = error.orig if isinstance(error, DBAPIError) else error
            reason = (str(orig).strip() or type(orig).__name__).splitlines()[0]
            full = getattr(orig, "sqlstate", None) == DISK_FULL
            lost = isinstance(error, OperationalError) or getattr(error, "connection_invalidated", False)
            if self.file is None and lost and not full:
                hint = said(
                    "is the server up, and is 'database' in newsletter.yaml right? Then run the same command again"
                )
                message = said("the database server cannot be reached: %(why)s", why=reason)
                raise StoreAwayError(message, hint) from error
            if not isinstance(error, DatabaseError | sqlite3.DatabaseError):
                raise
            name = self.file or "server"
            hint = said("is the disk full, or is another program busy with it? Then run the same command again")
            raise StoreError(said("the database %(name)s refuses: %(why)s", name=name, why=reason), hint) from error

    async def close(self) -> None:
        """Close every connection."""
        await self._engine.dispose()
        self._thread.shutdown()
        self._sync_engine.dispose()
        if self._eager is not None:
            self._eager.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await asyncio.shield(self.close())


def _transact(engine: sa.Engine, work: Callable[[sa.Connection], T]) -> T:
    with engine.connect() as plain:
        connection = plain.execution_options(newsletter_write=True)
        with connection.begin():
            return work(connection)


def _empty_log(file: Path) -> bool:
    with contextlib.closing(sqlite3.connect(file, timeout=CHECKPOINT_TIMEOUT, isolation_level=None)) as connection:
        busy, _pages, _written = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not busy


def _in_trouble(error: DatabaseError) -> bool:
    """Whether the disk or another process is to blame, and not what is in the file."""
    code: int = getattr(error.orig, "sqlite_errorcode", 0)  # with details of its own in the upper octets
    return code & 0xFF in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_BUSY)


def _on_sqlite_connect(patience: int, dbapi_connection: Any, _record: object) -> None:
    dbapi_connection.isolation_level = None  # transactions are begun by _on_sqlite_begin, not by the driver
    cursor = dbapi_connection.cursor()
    for pragma in (
        f"busy_timeout={BUSY_TIMEOUT}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "secure_delete=ON",  # what is deleted is overwritten: an erased address is in no forgotten corner of the file
        f"busy_timeout={patience}",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _on_postgresql_connect(dbapi_connection: Any, _record: object) -> None:
    """Claims lock rows.  A process that is stopped half-way, or a machine that is gone, must not hold them for ever."""
    with dbapi_connection.cursor() as cursor:
        cursor.execute(f"SET idle_in_transaction_session_timeout = {LONGEST_SILENCE}")
        # Stopped between the statements of a pipeline, a process leaves the server waiting but not idle.
        if dbapi_connection.info.server_version >= TRANSACTION_TIMEOUT_SINCE:
            cursor.execute(f"SET transaction_timeout = {2 * LONGEST_SILENCE}")
    dbapi_connection.commit()


def _on_sqlite_begin(connection: sa.Connection) -> None:
    write = connection.get_execution_options().get("newsletter_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def _revision(connection: sa.Connection) -> str | None:
    """The revision of the tables; None for a new database."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
