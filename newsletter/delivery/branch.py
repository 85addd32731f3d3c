"""One desk for several processes: a branch in each gives out its claims and takes in results, over a line of text.

So the results and claims of all processes go into the same transactions, and a
run has one lease and one name however many processes hand its mail over.  Two
ledgers beside each other would wait for one another at every commit.

Over the line go JSON objects, one a line; a branch asks and the head office gives:

    {"want": 2, "results": [[person, state, reply, ours, gone, unsaid], …], "done": false}
    {"claims": [[person, ref, …] or null, …], "stored": [person, …], "lease_ends": 16630.3, "stopping": false}

Claims are given in the order in which they were asked for.  ``stored`` names
those whose results are committed.  So a branch whose desk is gone knows which it
has to store by itself, and one that is ``done`` stays until all are.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from newsletter.audience.subscribers import Addressee
from newsletter.clock import steady
from newsletter.delivery.desk import LEASE, Claim, Desk, Grant, Ledger, OnClaims, OnResult, Result, persistently
from newsletter.delivery.states import Outcome, State

Write = Callable[[bytes], None]


class Branch:
    """A run's counter in a process that does not have the desk; the tasks of a run see no difference.

    ``ledger`` is the run's, for the case that the desk is gone.
    """

    def __init__(self, write: Write, ledger: Ledger) -> None:
        self.stopped = asyncio.Event()
        self.ending = asyncio.Event()
        self._write = write
        self._ledger = ledger
        self._lost = False
        self._lease_ends = steady() + LEASE
        self._asked: deque[asyncio.Future[Claim | None]] = deque()
        self._want = 0
        self._results: list[Result] = []  # not told yet
        self._unstored: dict[int, Result] = {}  # by person, as far as we know
        self._wake = asyncio.Event()
        self._told = True
        self._done = False

    @property
    def stopping(self) -> bool:
        """Whether no more claims are given out."""
        return self.stopped.is_set()

    @property
    def lease_over(self) -> bool:
        """Whether nothing may be begun: the desk is gone, or was silent for so long that the run may count as dead."""
        return self._lost or steady() >= self._lease_ends

    def report(self, result: Result) -> None:
        """Hand in a result."""
        self._results.append(result)
        self._unstored[_person(result)] = result
        if self._lost:
            self._wake.set()
        if result.outcome.state is State.PENDING and not self.stopping:
            self.ending.clear()
        self._tell_soon()

    async def claim(self) -> Claim | None:
        """The next message to send, or None when there is none or the run is stopping."""
        if self.stopping:
            return None
        future: asyncio.Future[Claim | None] = asyncio.get_running_loop().create_future()
        self._asked.append(future)
        self._want += 1
        self._tell_soon()
        return await future

    def stop(self) -> None:
        """Ask for no more claims.  Those that were asked for are still given, as claims or as None."""
        self.stopped.set()
        self.ending.set()

    async def serve(self, workers: asyncio.Future[Any], prepare: OnClaims | None = None) -> None:
        """Wait until every task is done, and every result is stored: if the desk is gone, by us.  Raises StoreError."""
        workers.add_done_callback(lambda _done: self._wake.set())
        try:
            await self._serve(workers)
        except BaseException:
            await asyncio.wait([workers])
            await self._serve(workers)
            raise

    async def _serve(self, workers: asyncio.Future[Any]) -> None:
        while True:
            self._wake.clear()
            if workers.done() and not self._done:
                self._done = True
                self._tell()
            if self._lost:
                await self._store()
            if workers.done() and not self._unstored:
                return
            await self._wake.wait()

    async def _store(self) -> None:
        """Do what the desk may not have done.  What it has done is done once: the ledger knows each attempt."""
        results = list(self._unstored.values())
        if results:
            await persistently(lambda: self._ledger.exchange(results, 0))
        for result in results:
            del self._unstored[_person(result)]

    def hear(self, line: bytes) -> None:
        """What the desk gives."""
        given = json.loads(line)
        self._lease_ends = given["lease_ends"]
        if given["stopping"]:
            self.stop()
        for person in given["stored"]:  # before the claims: somebody whose message went back may be among them
            del self._unstored[person]
        for fields in given["claims"]:
            future = self._asked.popleft()
            claim = None if fields is None else _claim(fields)
            if claim is None:
                self.ending.set()
            if not future.done():
                future.set_result(claim)
            elif claim is not None:  # whoever asked is gone
                self.report(Result(claim, Outcome(State.PENDING)))
        if self._done:
            self._wake.set()

    def lose(self) -> None:
        """The desk is gone, and all that it said is heard: what is under way ends, and nothing new begins."""
        self._lost = True
        self._wake.set()
        self.stop()
        while self._asked:
            future = self._asked.popleft()
            if not future.done():
                future.set_result(None)

    def _tell_soon(self) -> None:
        """With whatever else comes along in this turn of the loop."""
        if self._told:
            self._told = False
            asyncio.get_running_loop().call_soon(self._tell)

    def _tell(self) -> None:
        self._told = True
        if self._lost or not (self._want or self._results or self._done):
            return
        results = [(_person(result), *_outcome_fields(result.outcome)) for result in self._results]
        said = {"want": self._want, "results": results, "done": self._done}
        self._want, self._results = 0, []
        self._write(json.dumps(said).encode() + b"\n")


class HeadOffice:
    """The desk of a run with branches.  It stands before the run's ledger, so as to tell each what is stored."""

    def __init__(self, ledger: Ledger, stopped: asyncio.Event | None = None) -> None:
        # While the connections of one process wait, those of another go on.
        self.desk = Desk(self, stopped=stopped or asyncio.Event(), quorum=0.5)
        self._ledger = ledger
        self._lines: list[BranchLine] = []

    def line(self, write: Write, on_result: OnResult) -> BranchLine:
        """The end here of the line to one more branch."""
        line = BranchLine(self.desk, write, on_result)
        self._lines.append(line)
        return line

    async def exchange(self, results: Sequence[Result], want: int, prepare: OnClaims | None = None) -> Grant:
        """As the ledger does."""
        grant = await self._ledger.exchange(results, want, prepare)
        people = [_person(result) for result in results]
        for line in self._lines:
            line.stored(people)
        return grant

    async def renew(self) -> bool:
        """As the ledger does.  Everybody hears of the new end of the lease, also who asks for nothing."""
        alive = await self._ledger.renew()
        for line in self._lines:
            line.give_soon()
        return alive

    async def recover(self, held: Mapping[int, int]) -> None:
        """As the ledger does."""
        await self._ledger.recover(held)


class BranchLine:
    """The desk's end of the line to one branch."""

    def __init__(self, desk: Desk, write: Write, on_result: OnResult) -> None:
        self.idle = False  # the branch has told everything, and asks for nothing more
        self._desk = desk
        self._write = write
        self._on_result = on_result
        self._held: dict[int, Claim] = {}
        self._unstored: set[int] = set()  # people whose results the desk has
        self._stored: list[int] = []  # of which the branch does not know yet
        self._asked: deque[asyncio.Future[Claim | None]] = deque()
        self._given: list[Claim | None] = []
        self._giving = False
        self._closed = False

    def hear(self, line: bytes) -> None:
        """What the branch asks and reports."""
        said = json.loads(line)
        for person, state, *rest in said["results"]:
            self._unstored.add(person)
            self._take(Result(self._held.pop(person), Outcome(State(state), *rest)))
        for _ in range(said["want"]):
            future = self._desk.ask()
            self._asked.append(future)
            future.add_done_callback(self._answer)
        self.idle = said["done"]

    def stored(self, people: Iterable[int]) -> None:
        """The results of these people are committed."""
        if mine := self._unstored.intersection(people):
            self._unstored -= mine
            self._stored += mine
            self.give_soon()

    def close(self) -> None:
        """The branch is gone: what it had in hand may have been handed over or not."""
        self._closed = True
        for future in self._asked:
            future.cancel()
        for claim in filter(None, self._given):  # the branch was not told of these
            self._desk.report(Result(self._held.pop(claim.addressee.id), Outcome(State.PENDING)))
        for claim in self._held.values():
            self._take(Result(claim, Outcome(State.IN_DOUBT, "the process that had this message in hand is gone")))
        self._held.clear()

    def _take(self, result: Result) -> None:
        self._desk.report(result)
        self._on_result(result)

    def _answer(self, _done: asyncio.Future[Claim | None]) -> None:
        """In the order asked: a stop turns the last away before an exchange under way has answered the first."""
        while self._asked and self._asked[0].done():
            future = self._asked.popleft()
            claim = None if future.cancelled() else future.result()
            if self._closed:
                if claim is not None:
                    self._desk.report(Result(claim, Outcome(State.PENDING)))
                continue
            if claim is not None:
                self._held[claim.addressee.id] = claim
            self._given.append(claim)
            self.give_soon()

    def give_soon(self) -> None:
        """Say what there is to say, and the end of the lease, also if the branch has not asked for anything.

        In the turn of the loop after the next: what an exchange has stored is
        known here before the claims that it gave.
        """
        if not self._giving:
            self._giving = True
            loop = asyncio.get_running_loop()
            loop.call_soon(loop.call_soon, self._give)

    def _give(self) -> None:
        self._giving = False
        if self._closed:
            return
        said = {
            "claims": [None if claim is None else _claim_fields(claim) for claim in self._given],
            "stored": self._stored,
            "lease_ends": self._desk.lease_ends,
            "stopping": self._desk.stopping,
        }
        self._given, self._stored = [], []
        self._write(json.dumps(said).encode() + b"\n")


def _person(result: Result) -> int:
    return result.claim.addressee.id


def _outcome_fields(outcome: Outcome) -> tuple[Any, ...]:
    return outcome.state, outcome.reply, outcome.ours, outcome.gone, outcome.unsaid


def _claim_fields(claim: Claim) -> tuple[Any, ...]:
    person, edition_id, attempt, first, domain, delay = claim
    return *person, edition_id, attempt, first.isoformat(), domain, delay


def _claim(fields: list[Any]) -> Claim:
    *person, edition_id, attempt, first, domain, delay = fields
    return Claim(Addressee(*person), edition_id, attempt, dt.datetime.fromisoformat(first), domain, delay)
