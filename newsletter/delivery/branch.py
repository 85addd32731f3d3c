"""One desk for several processes: a branch in each gives out its claims and takes in results, over a line of text.

So the results and claims of all processes go into the same transactions, and a
run has one lease and one name however many processes hand its mail over.  Two
ledgers beside each other would wait for one another at every commit.

Over the line go JSON objects, one a line; a branch asks and the desk gives:

    {"want": 2, "results": [[person, state, reply, ours, gone, unsaid], …]}
    {"claims": [[person, ref, …] or null, …], "lease_ends": 1574672400.0, "stopping": false}

Claims are given in the order in which they were asked for.  Whatever was
reported before a claim was asked for is committed when the claim is given (not
so when the answer is null), so that a branch whose desk is gone knows which
results it has to store by itself.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from newsletter.audience.subscribers import Addressee
from newsletter.delivery.desk import LEASE, Claim, Desk, OnResult, Result
from newsletter.delivery.states import Outcome, State

Write = Callable[[bytes], None]


class Branch:
    """A run's counter in a process that does not have the desk; the tasks of a run see no difference."""

    def __init__(self, write: Write) -> None:
        self.stopped = asyncio.Event()
        self.ending = asyncio.Event()
        self._write = write
        self._lost = False
        self._lease_ends = time.time() + LEASE
        self._asked: deque[tuple[asyncio.Future[Claim | None], int]] = deque()  # and how many results came before
        self._want = 0
        self._results: list[Result] = []  # not told yet
        self._reported = 0
        self._unstored: deque[tuple[int, Result]] = deque()  # each with its number
        self._told = True

    @property
    def stopping(self) -> bool:
        """Whether no more claims are given out."""
        return self.stopped.is_set()

    @property
    def lease_over(self) -> bool:
        """Whether nothing may be begun: the desk is gone, or was silent for so long that the run may count as dead."""
        return self._lost or time.time() >= self._lease_ends

    @property
    def unstored(self) -> Sequence[Result]:
        """Once the desk is gone: the results that it may not have committed."""
        return [result for _number, result in self._unstored] if self._lost else []

    def report(self, result: Result) -> None:
        """Hand in a result."""
        self._results.append(result)
        self._unstored.append((self._reported, result))
        self._reported += 1
        if result.outcome.state is State.PENDING and not self.stopping:
            self.ending.clear()
        self._tell_soon()

    async def claim(self) -> Claim | None:
        """The next message to send, or None when there is none or the run is stopping."""
        if self.stopping:
            return None
        future: asyncio.Future[Claim | None] = asyncio.get_running_loop().create_future()
        self._asked.append((future, self._reported))
        self._want += 1
        self._tell_soon()
        return await future

    def stop(self) -> None:
        """Ask for no more claims.  Those that were asked for are still given, as claims or as None."""
        self.stopped.set()
        self.ending.set()

    async def serve(self, workers: asyncio.Future[Any]) -> None:
        """Wait until every task is done and every result is told."""
        await asyncio.wait([workers])
        self._tell()

    def hear(self, line: bytes) -> None:
        """What the desk gives."""
        given = json.loads(line)
        self._lease_ends = given["lease_ends"]
        if given["stopping"]:
            self.stop()
        for fields in given["claims"]:
            future, before = self._asked.popleft()
            claim = None if fields is None else _claim(fields)
            if claim is None:
                self.ending.set()
            else:
                self._forget(before)
            if not future.done():
                future.set_result(claim)
            elif claim is not None:  # whoever asked is gone
                self.report(Result(claim, Outcome(State.PENDING)))

    def _forget(self, before: int) -> None:
        """The results before this one are committed."""
        while self._unstored and self._unstored[0][0] < before:
            self._unstored.popleft()

    def lose(self) -> None:
        """The desk is gone: what is under way ends, and nothing new begins."""
        self._lost = True
        self.stop()
        while self._asked:
            future, _before = self._asked.popleft()
            if not future.done():
                future.set_result(None)

    def _tell_soon(self) -> None:
        """With whatever else comes along in this turn of the loop."""
        if self._told:
            self._told = False
            asyncio.get_running_loop().call_soon(self._tell)

    def _tell(self) -> None:
        self._told = True
        if self._lost or not (self._want or self._results):
            return
        results = [(r.claim.addressee.id, *_outcome_fields(r.outcome)) for r in self._results]
        self._write(json.dumps({"want": self._want, "results": results}).encode() + b"\n")
        self._want, self._results = 0, []


class BranchLine:
    """The desk's end of the line to one branch."""

    def __init__(self, desk: Desk, write: Write, on_result: OnResult) -> None:
        self._desk = desk
        self._write = write
        self._on_result = on_result
        self._held: dict[int, Claim] = {}
        self._asked: deque[asyncio.Future[Claim | None]] = deque()
        self._given: list[Claim | None] = []
        self._closed = False

    def hear(self, line: bytes) -> None:
        """What the branch asks and reports."""
        said = json.loads(line)
        for person, state, *rest in said["results"]:
            self._take(Result(self._held.pop(person), Outcome(State(state), *rest)))
        for _ in range(said["want"]):
            future = self._desk.ask()
            self._asked.append(future)
            future.add_done_callback(self._answer)

    def stop(self) -> None:
        """Let the branch know, also if it has not asked for anything."""
        self._give()

    def close(self) -> None:
        """The branch is gone: what it had in hand may have been handed over or not."""
        self._closed = True
        for future in self._asked:
            future.cancel()
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
            if not self._given:
                asyncio.get_running_loop().call_soon(self._give)
            self._given.append(claim)

    def _give(self) -> None:
        if self._closed:
            return
        claims = [None if claim is None else _claim_fields(claim) for claim in self._given]
        self._given = []
        said = {"claims": claims, "lease_ends": self._desk.lease_ends, "stopping": self._desk.stopping}
        self._write(json.dumps(said).encode() + b"\n")


def _outcome_fields(outcome: Outcome) -> tuple[Any, ...]:
    return outcome.state, outcome.reply, outcome.ours, outcome.gone, outcome.unsaid


def _claim_fields(claim: Claim) -> tuple[Any, ...]:
    to, first = claim.addressee, claim.first_attempt.isoformat()
    person = (to.id, to.ref, to.email, to.name, to.first_name)
    return *person, claim.edition_id, claim.attempt, first, claim.domain, claim.delay


def _claim(fields: list[Any]) -> Claim:
    *person, edition_id, attempt, first, domain, delay = fields
    return Claim(Addressee(*person), edition_id, attempt, dt.datetime.fromisoformat(first), domain, delay)
