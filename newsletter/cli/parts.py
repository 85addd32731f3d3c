"""``newsletter send --workers N``: several processes of this machine deliver one campaign together.

One process fills one core of the machine.  The parent holds the lock, freezes
and reports; each part is a process with a run, a lease and connections of its
own, and a lock by which the next ``send`` knows whether it is still there.  A
part whose parent is gone finishes what it has under way and ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from newsletter.cli.loop import run
from newsletter.cli.output import tell
from newsletter.cli.wiring import open_house

REPORTS = 0.2  # seconds between two reports of a part to its parent
_TOLD = (0, 1, 2, 3, 70)  # ends of which the part itself has said why
COMMAND = "send-part"  # hidden: it is called by its parent only


def register(app: typer.Typer) -> None:
    """Add the hidden command to the root."""
    app.command(COMMAND, hidden=True)(part_command)


def part_command(
    campaign: Annotated[int, typer.Argument()],
    connections: Annotated[int, typer.Argument()],
    number: Annotated[int, typer.Argument()],
) -> None:
    """Deliver a part of a campaign, for the process that started this one."""
    run(_deliver_part(campaign, connections, number))


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


async def _deliver_part(campaign_id: int, connections: int, number: int) -> None:
    from newsletter.cli.lock import part_run
    from newsletter.cli.running import Runner, on_signal
    from newsletter.delivery.desk import Desk, Result
    from newsletter.delivery.states import State
    from newsletter.errors import UsageError

    house = open_house()
    async with house.stores() as stores:
        campaign = await stores.campaigns.get(campaign_id)
        if campaign is None:
            raise UsageError(f"there is no campaign {campaign_id}")
        with part_run(stores.database.file, number):
            runner = Runner(house, stores, await house.tokens(stores.database), house.smtp_server())
            desk = Desk(runner.ledger(campaign))
            _stop_with_parent(asyncio.get_running_loop(), desk.stop)
            told = _Told()

            def on_result(result: Result) -> None:
                if result.outcome.state is not State.PENDING:
                    told.count(accepted=result.outcome.state is State.ACCEPTED)

            with on_signal(desk.stop):
                try:
                    await runner.deliver(campaign, desk, connections, on_result)
                finally:
                    told.tell(desk.resume_in)


class _Told:
    """What a part has told its parent, one JSON object a line."""

    def __init__(self) -> None:
        self._done = self._other = 0
        self._next = 0.0

    def count(self, *, accepted: bool) -> None:
        """One more outcome; told if the last report is old."""
        self._done += 1
        self._other += not accepted
        if (now := time.monotonic()) >= self._next:
            self._next = now + REPORTS
            self.tell(None)

    def tell(self, resume_in: float | None) -> None:
        """A report."""
        with contextlib.suppress(BrokenPipeError):  # the parent is gone; that is heard at standard input
            sys.stdout.write(json.dumps({"done": self._done, "other": self._other, "resume_in": resume_in}) + "\n")
            sys.stdout.flush()


def _stop_with_parent(loop: asyncio.AbstractEventLoop, stop: Callable[[], None]) -> None:
    """Call ``stop`` when standard input ends: the parent wants that, or is dead."""

    def listen() -> None:
        # Not sys.stdin, whose lock the interpreter would wait for at its end, in vain.
        while os.read(sys.stdin.fileno(), 4096):
            pass
        with contextlib.suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(stop)

    threading.Thread(target=listen, daemon=True).start()
