"""Where the time comes from.  Inside the house every time is aware, and UTC."""

from __future__ import annotations

import datetime as dt
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
