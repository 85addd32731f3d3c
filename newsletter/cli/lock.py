"""Who may send over an SQLite database: one sending at a time, with its parts; by locks that die with their holders.

Whoever holds the lock and finds the parts' locks free knows that every run on
record is dead.  A server (PostgreSQL) needs none of this: there, leases tell;
and of several ``serve``, a lock of the server's, who sends the mails of forms.
"""

from __future__ import annotations

import contextlib
import glob
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from filelock import FileLock, Timeout

from newsletter.errors import StoreError
from newsletter.store.database import Database
from newsletter.wording import said

MAILER_LOCK = 20_190_605  # the key of a server's lock; any number that is no other's (``store/database.py``)
LEFT_OVER = 20.0  # seconds to wait for the parts of a sending that was killed: they finish what is under way


@contextlib.contextmanager
def only_run(database: Path | None, patience: float = 0.0) -> Iterator[None]:
    """Hold the lock, or raise StoreError at once if another process has it.  None: a server, and nothing to hold.

    ``patience`` is for the parts of a sending that was killed, in seconds for all of them, and stops the event loop.
    """
    if database is None:
        yield
        return
    with _held(_lock_file(database), 0):
        lock, deadline = _lock_file(database), time.monotonic() + patience
        for part in sorted(lock.parent.glob(f"{glob.escape(lock.name)}.*")):
            with _held(part, max(0.0, deadline - time.monotonic())):
                pass
        yield


@contextlib.contextmanager
def part_run(database: Path | None, number: int) -> Iterator[None]:
    """Hold the lock of one part of a sending; its parent holds the whole one.

    A part of an earlier sending, whose parent was killed while it was starting, may hold it for a moment.
    """
    if database is None:
        yield
        return
    with _held(Path(f"{_lock_file(database)}.{number}"), LEFT_OVER):
        yield


@contextlib.contextmanager
def maybe_alone(database: Path | None) -> Iterator[bool]:
    """Whether nobody else is sending, which holds as long as the block lasts."""
    with _if_free(only_run(database)) as free:
        yield free and database is not None


@contextlib.contextmanager
def only_worker(database: Path | None) -> Iterator[None]:
    """Be the worker of an SQLite database; StoreError if there is one."""
    if database is None:
        yield
        return
    with _held(_worker_file(database), 0):
        yield


@contextlib.asynccontextmanager
async def only_mailer(database: Database) -> AsyncIterator[bool]:
    """Whether it is our turn to send what forms cause, as long as the block lasts, however many ``serve`` there are."""
    if database.file is None:
        async with database.hold(MAILER_LOCK) as ours:
            yield ours
        return
    with _if_free(_held(Path(f"{database.file.resolve()}.mailer.lock"), 0)) as free:
        yield free


def worker_is_up(database: Path) -> bool:
    """Whether a worker runs on this machine over this SQLite database."""
    with _if_free(_held(_worker_file(database), 0)) as free:
        return not free


def _lock_file(database: Path) -> Path:
    return Path(f"{database.resolve()}.send.lock")


def _worker_file(database: Path) -> Path:
    return Path(f"{database.resolve()}.worker.lock")


@contextlib.contextmanager
def _if_free(lock: AbstractContextManager[None]) -> Iterator[bool]:
    """Whether a lock was free, and so is held as long as the block lasts."""
    with contextlib.ExitStack() as held:
        try:
            held.enter_context(lock)
        except StoreError:
            yield False
        else:
            yield True


@contextlib.contextmanager
def _held(file: Path, timeout: float) -> Iterator[None]:
    try:
        with FileLock(file, timeout=timeout, mode=0o600):
            yield
    except Timeout:
        raise StoreError(
            said("another sending is running, so nothing was done"),
            said("wait until it has ended, then try again; 'newsletter campaigns list' tells which"),
        ) from None
