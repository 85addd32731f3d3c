"""Where the time comes from.  Inside the house every time is aware, and UTC."""

from __future__ import annotations

import datetime as dt
import sys
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

    All processes of a machine share it.  Where the system has none (Windows), it is the wall clock.
    Source: clock_gettime(2) of Linux (CLOCK_BOOTTIME) and clock_gettime(3) of macOS (CLOCK_MONOTONIC).
    """
    if sys.platform == "linux":
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    if sys.platform == "darwin":
        return time.clock_gettime(time.CLOCK_MONOTONIC)
    return time.time()
