"""The campaigns that this studio sends, in the background, one stretch after the other.

A campaign that is followed sends what is due, then waits for what was put off,
for limits, or for its start.  Only while it sends does it hold the lock of a
sending over SQLite; while it waits, anybody may send, here or in a terminal.
Where another process holds the lock, it goes on after that.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass
from pathlib import Path

from newsletter.cli.lock import only_run
from newsletter.cli.running import Course, Ended, Runner
from newsletter.cli.studio.mistakes import OUR_FAULT, Told
from newsletter.errors import NewsletterError, StoreError
from newsletter.store.campaigns import Campaign

BUSY = 2.0  # seconds after which a campaign looks again whether another process has ended


@dataclass(slots=True)
class _Own:
    """One campaign that is followed here; it waits until ``due``, or ``behind`` another process."""

    number: int
    course: Course
    due: dt.datetime | None = None
    behind: bool = False


class Courses:
    """All of them; each stretch takes the ``turn``."""

    def __init__(self, tell: Callable[[], None]) -> None:
        self._tell = tell
        self._own: dict[int, tuple[_Own, asyncio.Task[None]]] = {}
        self.turn = asyncio.Lock()
        self.errors: dict[int, Told] = {}

    def follow(self, runner: Runner, campaign: Campaign, exits: AsyncExitStack) -> None:
        """Send it in the background; ``exits`` is left when it has come to its end."""
        own = _Own(campaign.id, Course(runner, campaign))
        self.errors.pop(campaign.id, None)
        self._own[campaign.id] = own, asyncio.ensure_future(self._follow(own, runner, exits))

    def of(self, number: int) -> tuple[bool, dt.datetime | None, bool]:
        """Whether it is followed here, until when it waits, and whether it waits for another process."""
        own, task = self._own.get(number, (None, None))
        if own is None or task is None or task.done():
            return False, None, False
        return True, own.due, own.behind

    @property
    def sending(self) -> int:
        """The campaign that is sent now, or in a moment; 0 if all of them wait."""
        own = (own for own, task in self._own.values() if not (task.done() or own.due or own.behind))
        return next((one.number for one in own), 0)

    def stop(self, number: int) -> None:
        """Begin nothing more of one; what is under way is finished."""
        if self.of(number)[0]:
            self._own[number][0].course.stop()

    async def ended(self, number: int) -> None:
        """Wait until it is followed no more."""
        if self.of(number)[0]:
            await asyncio.wait([self._own[number][1]])

    async def close(self) -> None:
        """Stop them all, and wait for what is under way."""
        for number in self._own:
            self.stop(number)
        if tasks := [task for _own, task in self._own.values()]:
            await asyncio.wait(tasks)

    async def _follow(self, own: _Own, runner: Runner, exits: AsyncExitStack) -> None:
        async with exits:
            try:
                while not own.course.stopped:
                    ended = await self._stretch(own, runner.stores.database.file)
                    if ended and (ended.halted or (ended.due is None and not ended.more)):
                        break
                    if ended and ended.more:
                        continue
                    own.behind, own.due = ended is None, ended.due if ended else None
                    self._tell()
                    await own.course.wait_until(own.due or runner.house.clock.now() + dt.timedelta(seconds=BUSY))
                    own.behind, own.due = False, None
            except NewsletterError as error:
                self.errors[own.number] = (error.message, error.hint)
            except Exception:
                self.errors[own.number] = OUR_FAULT
                raise
        self._tell()

    async def _stretch(self, own: _Own, file: Path | None) -> Ended | None:
        """Send what is due; None if another process is sending."""
        async with self.turn:
            if own.course.stopped:
                return Ended(halted="stopped")
            with ExitStack() as held:
                try:
                    held.enter_context(only_run(file))
                except StoreError:
                    return None
                return await own.course.follow(wait=False)
