"""How a worker hears that a campaign has something to do: wake-ups, behind one protocol.

A wake-up names a campaign and means "deliver a chunk of it".  It may come
twice, late, or for nothing: the ledger is the truth (docs/decisions/0014).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from typing import TYPE_CHECKING, Protocol

from newsletter.cli.wiring import House, Stores

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from newsletter.adapters.jobs import JobQueue

CHUNK = 1_000  # messages of a campaign that a worker delivers before it looks at what else there is
MOST_WAKE_UPS = 20  # of one campaign that wait; each worker that takes one adds the next

Handle = Callable[[int], Awaitable[None]]
"""Delivers a chunk of a campaign; never raises."""


class Queue(Protocol):
    """Wake-ups that wait for a worker.  Its methods raise StoreError."""

    async def waiting(self) -> Mapping[int, int]:
        """How many wake-ups wait, by campaign."""
        ...

    async def wake(self, campaign_id: int, number: int = 1) -> None:
        """Make sure that so many wake-ups wait."""
        ...

    async def tidy(self, open_campaigns: Collection[int]) -> None:
        """Remove what nobody needs: jobs of dead workers, wake-ups of campaigns that are not open."""
        ...

    async def run(self, handle: Handle, stopped: asyncio.Event) -> None:
        """Handle one wake-up after the other until ``stopped``; what is under way is finished."""
        ...


class LocalQueue:
    """The wake-ups of the one worker of an SQLite database, in memory: each campaign has its turn."""

    def __init__(self) -> None:
        self._turns: asyncio.Queue[int] = asyncio.Queue()
        self._waiting: dict[int, int] = {}

    async def waiting(self) -> Mapping[int, int]:
        return dict(self._waiting)

    async def wake(self, campaign_id: int, number: int = 1) -> None:
        if number and campaign_id not in self._waiting:  # one is enough for one worker
            self._waiting[campaign_id] = 1
            self._turns.put_nowait(campaign_id)

    async def tidy(self, open_campaigns: Collection[int]) -> None:
        """Nothing outlives the process."""

    async def run(self, handle: Handle, stopped: asyncio.Event) -> None:
        end = asyncio.ensure_future(stopped.wait())
        while not stopped.is_set():
            turn = asyncio.ensure_future(self._turns.get())
            await asyncio.wait((turn, end), return_when=asyncio.FIRST_COMPLETED)
            if turn.done():
                self._waiting.pop(turn.result())
                await handle(turn.result())
            turn.cancel()
        end.cancel()


@contextlib.asynccontextmanager
async def open_queue(house: House, stores: Stores) -> AsyncIterator[Queue]:
    """The queue that belongs to the database."""
    if stores.database.file is not None:
        yield LocalQueue()
        return
    async with await _jobs(house, stores) as jobs:
        yield jobs


async def waker(house: House, stores: Stores, people: int) -> Callable[[AsyncConnection, int], Awaitable[None]] | None:
    """What wakes workers in the transaction that freezes a campaign; None on SQLite, where the worker looks."""
    if stores.database.file is not None:
        return None
    jobs = await _jobs(house, stores)

    async def wake(connection: AsyncConnection, campaign_id: int) -> None:
        raw = await connection.get_raw_connection()
        await jobs.wake_within(raw.driver_connection, campaign_id, wake_ups(people))

    return wake


def wake_ups(pending: int) -> int:
    """How many wake-ups are worth while for so many messages."""
    return min(-(-pending // CHUNK), MOST_WAKE_UPS)


async def _jobs(house: House, stores: Stores) -> JobQueue:
    from newsletter.adapters.jobs import JobQueue, prepare

    async with stores.database.write() as connection:
        await prepare((await connection.get_raw_connection()).driver_connection)
    return JobQueue(house.settings.database)
