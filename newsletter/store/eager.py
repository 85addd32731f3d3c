"""Writing transactions of a SQLite file, in the thread that asks, for what is done hundreds of times a second.

A transaction of the ledger takes less than a millisecond.  To hand it to a
thread costs several while the interpreter is busy: the driver gives the
interpreter's lock away at every step, and the others who write wait for all of
them.  So it is done right here, or not at all: who would have to wait for
another process's transaction is told so at once.  One connection is kept, since
to get one and to set it up takes SQLAlchemy longer than SQLite takes to begin.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import TypeVar

import sqlalchemy as sa

T = TypeVar("T")


class BusyError(Exception):
    """Somebody else is writing.  It shows at BEGIN IMMEDIATE, before anything was done."""


class Eager:
    """The kept connection of one thread to one file; ``engine`` must not wait for its turn."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._connection: sa.Connection | None = None
        sa.event.listen(engine, "begin", _begin)

    def transact(self, work: Callable[[sa.Connection], T]) -> T:
        """Run ``work`` in a writing transaction.  Raises BusyError, having done nothing."""
        if self._connection is None:
            self._connection = self._engine.connect()
        try:
            with self._connection.begin():
                return work(self._connection)
        except BusyError:
            raise
        except BaseException:
            self._let_go()  # whatever state it is in: the pool sets it back
            raise

    def close(self) -> None:
        """Close the connection."""
        self._let_go()
        self._engine.dispose()

    def _let_go(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def _begin(connection: sa.Connection) -> None:
    try:
        connection.connection.cursor().execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
            raise BusyError from None
        raise
