"""Many small changes, as few commits: what readers do one by one, hundreds of times a second on a bad day.

A commit waits for the disk.  So the changes that come while one is being
written are gathered and take the next commit together; each caller is told
only after the commit that holds its change.  A change that fails spoils no
other: then each is done again by itself.  So is one that got into the way of
another process: two that wait for each other's rows, or add the same person.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from newsletter.errors import StoreAwayError
from newsletter.store.database import Database

T = TypeVar("T")
Change = Callable[[sa.Connection], Any]
MOST = 200  # changes in one transaction; others who write wait for its end
ATTEMPTS = 5  # at a change that gets into another process's way
_IN_THE_WAY = ("40P01", "40001", "23505")  # deadlock, serialization failure, not unique; PostgreSQL, Appendix A


@dataclass(frozen=True, slots=True)
class _Wish:
    change: Change
    done: asyncio.Future[Any]


class Gathered:
    """Writes to one database.  Lives on one event loop."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._wishes: list[_Wish] = []
        self._writing: asyncio.Task[None] | None = None

    async def write(self, change: Callable[[sa.Connection], T]) -> T:
        """Do this in a transaction, perhaps with others', and return when it is on the disk.

        It may be done twice, the first time without effect, so it must change
        nothing but the database.  Raises StoreError, and whatever it raises.
        """
        wish = _Wish(change, asyncio.get_running_loop().create_future())
        self._wishes.append(wish)
        if self._writing is None:
            self._writing = asyncio.create_task(self._write_all())
        result: T = await wish.done
        return result

    async def _write_all(self) -> None:
        try:
            while self._wishes:
                await asyncio.sleep(0)  # whoever is ready to write just now comes along
                wishes, self._wishes = self._wishes[:MOST], self._wishes[MOST:]
                await self._write(wishes)
        finally:
            self._writing = None
            for wish in self._wishes:  # only after a cancellation
                wish.done.cancel()

    async def _write(self, wishes: list[_Wish], attempts: int = ATTEMPTS) -> None:
        try:
            results = await self._database.transact(lambda connection: [wish.change(connection) for wish in wishes])
        except Exception as error:  # whatever it is, it is told to whom it concerns
            in_the_way = _is_in_the_way(error)
            if len(wishes) > 1 and (in_the_way or not isinstance(error, StoreAwayError)):
                for wish in wishes:
                    await self._write([wish])
                return
            if in_the_way and attempts > 1:
                await self._write(wishes, attempts - 1)
                return
            for wish in wishes:
                if not wish.done.done():
                    wish.done.set_exception(error)
            return
        for wish, result in zip(wishes, results, strict=True):
            if not wish.done.done():  # its caller may have gone away; what it wanted is done
                wish.done.set_result(result)


def _is_in_the_way(error: BaseException | None) -> bool:
    """Whether another process did something at the same time, so that trying again helps."""
    while error is not None and not isinstance(error, DBAPIError):
        error = error.__cause__
    return error is not None and getattr(error.orig, "sqlstate", "") in _IN_THE_WAY
