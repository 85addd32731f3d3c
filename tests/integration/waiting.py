"""Waiting for something to happen in another process or thread."""

from __future__ import annotations

import time
from collections.abc import Callable

LOOK = 0.005  # seconds between two looks: most who wait want to strike at once


def wait_until(holds: Callable[[], object], seconds: float = 60, say: Callable[[], object] = lambda: "") -> None:
    """Look until it holds; after so many seconds fail, with what there is to say."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, say()
        time.sleep(LOOK)
