"""A ledger in memory, and claims for it: what a desk and its branches work on in the tests."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Mapping, Sequence

from newsletter.audience.subscribers import Addressee
from newsletter.delivery.desk import Claim, Grant, OnClaims, Result
from newsletter.errors import StoreAwayError


class Ledger:
    """Gives the claims it is made with, and keeps the results."""

    def __init__(self, *claims: Claim) -> None:
        self.pending = list(claims)
        self.results: list[Result] = []
        self.open = asyncio.Event()
        self.open.set()
        self.away = 0  # calls that fail

    async def exchange(self, results: Sequence[Result], want: int, prepare: OnClaims | None = None) -> Grant:
        await self.open.wait()
        if self.away:
            self.away -= 1
            raise StoreAwayError("away")
        self.results += results
        given, self.pending = self.pending[:want], self.pending[want:]
        return Grant(given)

    async def renew(self) -> bool:
        return True

    async def recover(self, held: Mapping[int, int]) -> None:
        raise AssertionError("nothing failed")


def claim(person: int) -> Claim:
    return Claim(
        Addressee(person, "ref", "ana@example.org", "Ana", "Ana"), 1, 1, dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    )
