"""Writing transactions of a SQLite file, in the thread that asks, for what is done hundreds of times a second.

A transaction of the ledger takes less than a millisecond.  To hand it to a
thread costs several while the interpreter is busy: the driver gives the
interpreter's lock away at every step, and the others who write wait for all of
them.  So it is done right here, or not at all: who would have to wait for
another process's transaction is told so at once.  One connection is kept, and
begins and commits without SQLAlchemy, which takes longer for each than SQLite.

A commit waits for the disk in one call to the driver, which gives the lock away.
So if the caller has something to do in that time, a thread does it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar, cast

import sqlalchemy as sa

T = TypeVar("T")


class BusyError(Exception):
    """Somebody else is writing.  It shows at BEGIN IMMEDIATE, before anything was done."""


class Eager:
    """The kept connection of one thread to one file; ``engine`` must not wait for its turn."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._connection: sa.Connection | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="meanwhile")

    def transact(self, work: Callable[[sa.Connection], T], meanwhile: Callable[[T], None] | None = None) -> T:
        """Run ``work`` in a writing transaction, and ``meanwhile`` with its result in a thread while that is committed.

        Nothing else runs in either thread until both are done.  Raises BusyError, having done nothing.
        """
        if self._connection is None:
            self._connection = self._engine.connect()
        connection = self._connection
        driver = cast("sqlite3.Connection", connection.connection.driver_connection)
        try:
            _begin(driver)
            result = work(connection)
            if meanwhile is None:
                driver.commit()
            else:
                self._commit(driver, lambda: meanwhile(result))
            connection.commit()  # for SQLAlchemy, if it has seen anything of this
        except BusyError:
            raise
        except BaseException:
            self._let_go()  # whatever state it is in: the pool sets it back
            raise
        return result

    def _commit(self, driver: sqlite3.Connection, meanwhile: Callable[[], None]) -> None:
        done = self._thread.submit(meanwhile)
        try:
            driver.commit()
        finally:
            failure = done.exception()  # when it is over, whatever became of the commit
        if failure:
            raise failure

    def close(self) -> None:
        """Close the connection."""
        self._let_go()
        self._thread.shutdown()
        self._engine.dispose()

    def _let_go(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def _begin(driver: sqlite3.Connection) -> None:
    try:
        driver.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
            raise BusyError from None
        raise
