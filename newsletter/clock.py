"""Where the time comes from.  Inside the house every time is aware, and UTC."""

from __future__ import annotations

import datetime as dt
import time
from typing import Protocol


class Clock(Protocol):
    """Tells the time; a test gives one that stands still."""

    def now(self) -> dt.datetime:
        """The present, aware, in UTC."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> dt.datetime:
        return dt.datetime.now(dt.UTC)


def steady() -> float:
    """Seconds on a clock that nobody sets, which goes on while the machine or the process sleeps.

    All processes of a machine share it.  Where the system has none (macOS, Windows), it is the wall clock.
    Source: clock_gettime(2), CLOCK_BOOTTIME.
    """
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.time()
