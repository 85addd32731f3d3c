"""Who may send over an SQLite database: one sending at a time, with its parts; by locks that die with their holders.

Whoever holds the lock and finds the parts' locks free knows that every run on
record is dead.  A server (PostgreSQL) needs none of this: there, leases tell.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from newsletter.errors import StoreError
from newsletter.wording import said

LEFT_OVER = 20.0  # seconds to wait for the parts of a sending that was killed: they finish what is under way


@contextlib.contextmanager
def only_run(database: Path | None) -> Iterator[None]:
    """Hold the lock, or raise StoreError at once if another process has it.  None: a server, and nothing to hold."""
    if database is None:
        yield
        return
    with _held(_lock_file(database), 0):
        for part in sorted(database.parent.glob(f"{database.name}.send.lock.*")):
            with _held(part, LEFT_OVER):
                pass
        yield


@contextlib.contextmanager
def part_run(database: Path | None, number: int) -> Iterator[None]:
    """Hold the lock of one part of a sending; its parent holds the whole one."""
    if database is None:
        yield
        return
    with _held(Path(f"{_lock_file(database)}.{number}"), 0):
        yield


@contextlib.contextmanager
def maybe_alone(database: Path | None) -> Iterator[bool]:
    """Whether nobody else is sending, which holds as long as the block lasts."""
    with contextlib.ExitStack() as held:
        try:
            held.enter_context(only_run(database))
        except StoreError:
            yield False
        else:
            yield database is not None


@contextlib.contextmanager
def only_worker(database: Path | None) -> Iterator[None]:
    """Be the worker of an SQLite database; StoreError if there is one."""
    if database is None:
        yield
        return
    with _held(_worker_file(database), 0):
        yield


@contextlib.contextmanager
def only_mailer(database: Path | None) -> Iterator[bool]:
    """Whether it is our turn to send what forms cause, as long as the block lasts.  None: a server tells."""
    if database is None:
        yield True
        return
    with contextlib.ExitStack() as held:
        try:
            held.enter_context(_held(Path(f"{database.resolve()}.mailer.lock"), 0))
        except StoreError:
            yield False
        else:
            yield True


def worker_is_up(database: Path) -> bool:
    """Whether a worker runs on this machine over this SQLite database."""
    try:
        with _held(_worker_file(database), 0):
            return False
    except StoreError:
        return True


def _lock_file(database: Path) -> Path:
    return Path(f"{database.resolve()}.send.lock")


def _worker_file(database: Path) -> Path:
    return Path(f"{database.resolve()}.worker.lock")


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
