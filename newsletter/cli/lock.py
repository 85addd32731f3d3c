"""One run at a time over a database: a lock that the system frees when its holder dies, however it dies.

Whoever holds it knows that every delivery still *sending* belongs to a run
that is dead.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from newsletter.errors import StoreError


@contextlib.contextmanager
def only_run(database: Path) -> Iterator[None]:
    """Hold the lock, or raise StoreError at once if another process has it."""
    lock = FileLock(f"{database.resolve()}.send.lock", timeout=0, mode=0o600)
    try:
        with lock:
            yield
    except Timeout:
        raise StoreError(
            "another sending is running, so nothing was done", "wait until it has ended, then try again"
        ) from None
