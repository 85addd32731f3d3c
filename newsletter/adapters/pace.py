"""How long to stay away from a host that says 421: it closes, and wants fewer connections or none for now.

The waiting in ``delivery/deliver.py`` is another: it spaces the attempts of
one task, whatever went wrong, and gives up after some.  This holds back all
connections to the host, after a 421 only, and never gives up.  Both count
from the moment of the failure, so that they run side by side and the longer
one holds.  Source: RFC 5321 §3.8, §4.5.4.1 (a client waits before it retries).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

FIRST_PAUSE = 1.0  # seconds
LONGEST_PAUSE = 60.0  # seconds


def loop_time() -> float:
    """The time of the running event loop, in seconds."""
    return asyncio.get_running_loop().time()


class Pace:
    """Counts what a host says, and tells how long to wait before the next connection.  Sleeps never."""

    def __init__(self, clock: Callable[[], float] = loop_time) -> None:
        self._clock = clock
        self._pause = 0.0  # seconds of the latest pause; 0 when a message was accepted since
        self._until = 0.0

    def refused(self) -> None:
        """The host said 421: a pause begins, twice as long as the one before if nothing was accepted since.

        During a pause it changes nothing: what was open before says the same, one after the other.
        """
        now = self._clock()
        if now >= self._until:
            self._pause = min(2 * self._pause, LONGEST_PAUSE) or FIRST_PAUSE
            self._until = now + self._pause

    def accepted(self) -> None:
        """The host took a message: what it said before is forgotten, and a pause that runs ends soon."""
        if self._pause:
            self._pause = 0.0
            self._until = min(self._until, self._clock() + FIRST_PAUSE)

    def left(self) -> float:
        """Seconds until a connection may be opened; 0 for now."""
        return max(0.0, self._until - self._clock())
