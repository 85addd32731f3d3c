"""Between the connections of a run and the ledger: results in, claims out, in as few transactions as possible.

The Desk gathers what happened while its last transaction was being committed
and takes it along in the next one (group commit).  It keeps the run's lease
alive, and waits where limits say so.  Nothing is given out once the campaign is
paused, the lease is lost, or somebody asked the run to stop.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, TypeVar

from newsletter.audience.subscribers import Addressee
from newsletter.clock import steady
from newsletter.delivery.states import Outcome, State
from newsletter.errors import StoreAwayError

LEASE = 90.0  # seconds without a sign of life after which a run counts as dead
RENEWAL = 15.0  # seconds between signs of life
GATHERING = 0.002  # seconds that an exchange waits for more to exchange
LONGEST_HOLD = 60.0  # seconds that a run waits for its limits with connections open; after that it ends
LEDGER_AWAY = 60.0  # seconds that a run waits for a database server to come back
RETRY = 0.5  # seconds before it is asked again; doubles with each time

T = TypeVar("T")


class Claim(NamedTuple):
    """One delivery that this run may send, and nobody else.

    ``attempt`` counts from 1; ``delay`` is how many seconds to wait before it,
    so that limits are kept.
    """

    addressee: Addressee
    edition_id: int
    attempt: int
    first_attempt: dt.datetime
    domain: str = ""
    delay: float = 0.0


class Result(NamedTuple):
    """What became of a claim."""

    claim: Claim
    outcome: Outcome


OnResult = Callable[[Result], None]
OnClaims = Callable[[Sequence[Claim]], None]


@dataclass(frozen=True, slots=True)
class Grant:
    """What the ledger gives: claims; or in how many seconds limits allow the next; or why nothing more may be sent."""

    claims: Sequence[Claim] = ()
    resume_in: float | None = None
    halted: str = ""


class Ledger(Protocol):
    """Remembers deliveries; see ``store/ledger.py``."""

    async def exchange(self, results: Sequence[Result], want: int, prepare: OnClaims | None = None) -> Grant:
        """Commit the results and claim up to ``want`` rows, in one transaction.

        ``prepare`` may be called with the claims, in a thread, while the commit
        waits for the disk: for what harms nobody if the commit fails.
        """
        ...

    async def renew(self) -> bool:
        """Show that the run is alive; False if it was given up for dead."""
        ...

    async def recover(self, held: Mapping[int, int]) -> None:
        """After a commit of which nobody knows whether it happened: free what this run claimed but does not hold.

        ``held`` are people, each with the attempt that is held: a lost commit may have claimed the same person again.
        """
        ...


@dataclass(slots=True)
class Desk:
    """One run's counter; ``halted`` and ``resume_in`` tell afterwards why it ended."""

    ledger: Ledger
    stopped: asyncio.Event = field(default_factory=asyncio.Event)
    # Set while there is nothing to claim, so that nobody waits for a connection in order to claim it.
    ending: asyncio.Event = field(default_factory=asyncio.Event)
    halted: str = ""
    resume_in: float | None = None
    lease_ends: float = field(default_factory=lambda: steady() + LEASE)  # by ``steady``, as all that branches are told
    left: int = 1 << 62  # claims that this run may still have: a worker takes a campaign in chunks
    # The share of those with a message that an exchange waits for, since it takes as long for few.
    quorum: float = 0.75
    _prepare: OnClaims | None = None
    _results: list[Result] = field(default_factory=list)
    _waiting: list[asyncio.Future[Claim | None]] = field(default_factory=list)
    _held: dict[int, int] = field(default_factory=dict)  # people, each with the attempt
    _unsure: bool = False  # a call failed, so that a claim may have been committed of which we were not told
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _enough: asyncio.Future[None] | None = None  # an exchange that waits for more to exchange
    _hold_until: float = 0.0
    _renew_at: float = field(default_factory=lambda: steady() + RENEWAL)

    @property
    def stopping(self) -> bool:
        """Whether no more claims are given out."""
        return self.stopped.is_set()

    @property
    def lease_over(self) -> bool:
        """Whether somebody else may have called this run dead: then nothing may be begun."""
        return steady() >= self.lease_ends

    def report(self, result: Result) -> None:
        """Hand in a result; it is committed with the next exchange."""
        self._results.append(result)
        if result.outcome.state is State.PENDING and not self.stopping:
            self.ending.clear()
            self._hold_until = 0.0  # what came back may be of those whom no limit holds up
        self._wake.set()

    async def claim(self) -> Claim | None:
        """The next message to send, or None when there is none or the run is stopping."""
        return await self.ask()

    def ask(self) -> asyncio.Future[Claim | None]:
        """Like ``claim``, for somebody who asks for another.  Cancel it if they are gone: nothing is lost by that."""
        future: asyncio.Future[Claim | None] = asyncio.get_running_loop().create_future()
        if self.stopping or self.left <= 0:
            future.set_result(None)
        else:
            self._waiting.append(future)
            self._wake.set()
            if self._enough is not None and self._enough_wait:
                _end(self._enough)
        return future

    def stop(self) -> None:
        """Give out no more claims; what is under way is still recorded."""
        self.stopped.set()
        self.ending.set()
        # Nobody may wait for an exchange that does not come, as after a failed one.
        waiting, self._waiting = self._waiting, []
        _turn_away(waiting)
        self._wake.set()

    async def serve(self, workers: asyncio.Future[Any], prepare: OnClaims | None = None) -> None:
        """Exchange until every worker is done and every result is committed.

        ``prepare`` may be told of claims shortly before they are given out.
        If the ledger fails, what is under way ends, its recording is tried once
        more, and the ledger's error is raised.
        """
        self._prepare = prepare
        workers.add_done_callback(lambda _done: self._wake.set())
        watch = asyncio.ensure_future(self._stop_when_told())
        try:
            await self._serve(workers)
        except BaseException:
            self.stop()  # whatever call failed: nobody may wait for a claim that does not come
            await workers
            await self._serve(workers)
            raise
        finally:
            watch.cancel()

    async def _stop_when_told(self) -> None:
        """Whoever made the event may set it at any time."""
        await self.stopped.wait()
        self.stop()

    async def _serve(self, workers: asyncio.Future[Any]) -> None:
        while not (workers.done() and not self._results and not self._unsure):
            if not self._wake.is_set():
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._patience()):
                        await self._wake.wait()
            self._wake.clear()
            if steady() >= self._renew_at and not workers.done():
                await self._renew()
            if self._results or self._unsure or (self._waiting and not self._holding):
                await self._gather()
                await self._exchange()

    async def _gather(self) -> None:
        """Give the others a moment to come along, unless enough wait already."""
        if not self._enough_wait:
            loop = asyncio.get_running_loop()
            self._enough = loop.create_future()
            timer = loop.call_later(GATHERING, _end, self._enough)
            try:
                await self._enough
            finally:
                timer.cancel()
                self._enough = None

    @property
    def _enough_wait(self) -> bool:
        return len(self._waiting) >= self.quorum * len(self._held)

    @property
    def _holding(self) -> bool:
        return asyncio.get_running_loop().time() < self._hold_until

    def _patience(self) -> float:
        """Seconds until there is something to do although nobody woke us."""
        renewal = self._renew_at - steady()
        hold = self._hold_until - asyncio.get_running_loop().time()
        return max(0.001, min(renewal, hold) if self._waiting and hold > 0 else renewal)

    async def _renew(self) -> None:
        began = steady()
        if await self._persistently(self.ledger.renew):
            self.lease_ends = began + LEASE
        else:
            self.lease_ends = began
            self.halted = "this run was silent for so long that it was given up for dead"
            self.stop()
        self._renew_at = began + RENEWAL  # also when it is lost: what is under way may take minutes to end

    async def _exchange(self) -> None:
        here = [future for future in self._waiting if not future.done()]
        waiting, self._waiting = ([], here) if self._holding else (here, [])
        results, self._results = self._results, []
        want = 0 if self.stopping else min(len(waiting), self.left)
        try:
            grant = await self._persistently(lambda: self.ledger.exchange(results, want, self._prepare))
        except BaseException:
            self._results = [*results, *self._results]
            self._waiting = [*waiting, *self._waiting]
            raise
        for result in results:
            self._held.pop(result.claim.addressee.id, None)
        self._held.update((claim.addressee.id, claim.attempt) for claim in grant.claims)
        self.left -= len(grant.claims)
        for future, claim in zip(waiting, grant.claims, strict=False):
            if future.done():  # whoever asked is gone
                self.report(Result(claim, Outcome(State.PENDING)))
            else:
                future.set_result(claim)
        self._seat(waiting[len(grant.claims) :], grant)

    def _seat(self, left_over: list[asyncio.Future[Claim | None]], grant: Grant) -> None:
        """Let those who got no claim wait for the limits, or tell them that there is none."""
        if grant.halted:
            self.halted = grant.halted
            self.stop()
        elif left_over and grant.resume_in is not None:
            if grant.resume_in <= LONGEST_HOLD and not self.stopping:
                self._hold_until = asyncio.get_running_loop().time() + grant.resume_in
                self._waiting = [*left_over, *self._waiting]
                return
            self.resume_in = grant.resume_in
        if left_over:
            self.ending.set()
        _turn_away(left_over)

    async def _persistently(self, call: Callable[[], Awaitable[T]]) -> T:
        """Call the ledger ``persistently``; after a failure, first find out what was done of it."""

        async def attempt() -> T:
            try:
                if self._unsure:
                    await self.ledger.recover(self._held)
                    self._unsure = False
                return await call()
            except BaseException:
                self._unsure = True
                raise

        return await persistently(attempt)


async def persistently(call: Callable[[], Awaitable[T]]) -> T:
    """Call the ledger, again and again while its server is away.  Raises StoreAwayError in the end."""
    loop = asyncio.get_running_loop()
    deadline, pause = loop.time() + LEDGER_AWAY, RETRY
    while True:
        try:
            return await call()
        except StoreAwayError:
            if loop.time() + pause > deadline:
                raise
        await asyncio.sleep(pause)
        pause = min(pause * 2, 5.0)


def _turn_away(waiting: list[asyncio.Future[Claim | None]]) -> None:
    for future in waiting:
        if not future.done():  # whoever asked is gone
            future.set_result(None)


def _end(waiting: asyncio.Future[None]) -> None:
    if not waiting.done():
        waiting.set_result(None)
