"""``newsletter send-part``: one of the processes of ``send --workers``, started by the one that a person called.

It reports on standard output.  If its parent is gone, it finishes what it has under way and ends.
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
from typing import Annotated

import typer

from newsletter.cli.loop import run
from newsletter.cli.parts import COMMAND
from newsletter.cli.wiring import open_house

REPORTS = 0.2  # seconds between two reports of a part to its parent


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


async def _deliver_part(campaign_id: int, connections: int, number: int) -> None:
    from newsletter.cli.lock import part_run
    from newsletter.cli.running import Runner, on_signal
    from newsletter.cli.standing import find
    from newsletter.delivery.desk import Desk, Result
    from newsletter.delivery.states import State

    house = open_house()
    async with house.stores() as stores:
        campaign = await find(stores, campaign_id)
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
