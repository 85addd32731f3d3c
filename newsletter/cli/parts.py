"""``newsletter send --workers N``: several processes of this machine deliver one campaign together.

One process fills one core of the machine.  The parent holds the lock, freezes
and reports; each part (``commands/send_part.py``) is a process with a run, a lease and
connections of its own, and a lock by which the next ``send`` knows whether it
is still there.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from pathlib import Path

from newsletter.cli.output import tell

_TOLD = (0, 1, 2, 3, 70)  # ends of which the part itself has said why
COMMAND = "send-part"  # hidden: it is called by its parent only


async def deliver_in_parts(
    root: Path,
    campaign_id: int,
    connections: int,
    workers: int,
    stopped: asyncio.Event,
    on_progress: Callable[[int, int], None],
) -> float | None:
    """Let ``workers`` processes deliver what is pending; returns in how many seconds limits allow more.

    ``on_progress`` gets how many messages have an outcome, and how many of
    these were not accepted.  A part tells its errors on standard error itself.
    """
    shares = [connections * (n + 1) // workers - connections * n // workers for n in range(workers)]
    parts = [_Part(n) for n, share in enumerate(shares) if share]

    def report() -> None:
        on_progress(sum(part.done for part in parts), sum(part.other for part in parts))

    async def stop_all() -> None:
        await stopped.wait()
        for part in parts:
            part.stop()

    watching = asyncio.ensure_future(stop_all())
    try:
        await asyncio.gather(*(part.run(root, campaign_id, shares[part.number], report) for part in parts))
    finally:
        watching.cancel()
    return min((part.resume_in for part in parts if part.resume_in is not None), default=None)


class _Part:
    """One process, as its parent sees it."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.done = self.other = 0
        self.resume_in: float | None = None
        self._process: asyncio.subprocess.Process | None = None

    def stop(self) -> None:
        """The end of its standard input tells it to finish."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()

    async def run(self, root: Path, campaign_id: int, connections: int, report: Callable[[], None]) -> None:
        """Start it, and hear its reports until it ends."""
        words = ["-m", "newsletter", COMMAND, str(campaign_id), str(connections), str(self.number)]
        pipe = asyncio.subprocess.PIPE
        self._process = await asyncio.create_subprocess_exec(sys.executable, *words, cwd=root, stdin=pipe, stdout=pipe)
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            said = json.loads(line)
            self.done, self.other, self.resume_in = said["done"], said["other"], said["resume_in"]
            report()
        code = await self._process.wait()
        if code not in _TOLD:
            tell(f"warning: a part of this sending ended with {code}; what it held is in doubt, the others go on")
