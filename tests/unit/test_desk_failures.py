"""Runs over a ledger and a mail server that fail at any call, in any way: nobody is lost, nobody is sent two copies.

Waiting takes no time here (``virtual.py``), so that minutes of an absent
database are tried by the hundred, and a task that hangs is seen.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar
from unittest import mock

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from newsletter.audience.subscribers import Addressee
from newsletter.delivery.brake import Brake
from newsletter.delivery.branch import Branch, BranchLine, HeadOffice
from newsletter.delivery.deliver import deliver
from newsletter.delivery.desk import Claim, Desk, Grant, OnClaims, Result
from newsletter.delivery.message import Mail, Message
from newsletter.delivery.states import Outcome, State
from newsletter.errors import MailServerError, NewsletterError, StoreAwayError, StoreError
from tests.unit.virtual import VirtualLoop, run

T = TypeVar("T")

# What may happen at one call of the ledger, and how many seconds it takes.
FINE, AWAY, UNANSWERED, REFUSED, REFUSED_LATE, BURIED = range(6)
CALLS = st.tuples(
    st.sampled_from([FINE, FINE, FINE, AWAY, UNANSWERED, REFUSED, REFUSED_LATE, BURIED]),
    st.sampled_from([0.0, 0.01, 20.0, 70.0]),
)
# What may happen at one call of the mail server.
LOST_BEFORE, UNREACHABLE, NO_LOGIN, CRASH = "lost-before", "unreachable", "no-login", "crash"
OUTCOMES = ["accepted", "deferred", "rejected", "in_doubt"]
SENDS = st.tuples(
    st.sampled_from([*OUTCOMES, LOST_BEFORE, NO_LOGIN, CRASH]),
    st.sampled_from([0.0, 0.1, 16.0, 100.0]),
)
CONNECTS = st.sampled_from(["fine", "fine", UNREACHABLE, NO_LOGIN])


@dataclass
class Ledger:
    """Rows in memory.  ``told`` are those whose claim reached the run; the others nobody holds."""

    people: int
    connections: int
    faults: Iterator[tuple[int, float]]
    rows: dict[int, State] = field(default_factory=dict)
    attempts: Counter[int] = field(default_factory=Counter)
    told: set[int] = field(default_factory=set)
    buried: bool = False
    unsure: bool = False  # a call failed, and nothing was recovered since

    def __post_init__(self) -> None:
        self.rows = dict.fromkeys(range(self.people), State.PENDING)

    async def exchange(self, results: Sequence[Result], want: int, prepare: OnClaims | None = None) -> Grant:
        def commit() -> Grant:
            for result in results:
                person = result.claim.addressee.id
                known = self.rows[person] is State.SENDING and self.attempts[person] == result.claim.attempt
                if known and not self.buried:
                    self.rows[person] = result.outcome.state
                    self.told.discard(person)
            if self.buried:
                return Grant(halted="given up for dead") if want else Grant()
            found = sorted((self.attempts[p], p) for p, state in self.rows.items() if state is State.PENDING)[:want]
            for _, person in found:
                self.rows[person] = State.SENDING
                self.attempts[person] += 1
            sending = sum(state is State.SENDING for state in self.rows.values())
            assert sending <= self.connections, "at most one message per open connection is under way"
            claims = [claim(person, self.attempts[person]) for _, person in found]
            if prepare:
                prepare(claims)
            return Grant(claims)

        grant = await self._call(commit)
        self.told |= {one.addressee.id for one in grant.claims}
        return grant

    async def renew(self) -> bool:
        return await self._call(lambda: not self.buried)

    async def recover(self, held: Mapping[int, int]) -> None:
        def commit() -> None:
            for person, state in self.rows.items():
                if state is State.SENDING and held.get(person) != self.attempts[person] and not self.buried:
                    self.rows[person] = State.PENDING

        await self._call(commit)
        self.unsure = False

    def bury(self) -> None:
        """What another process does to the rows of a run that it takes for dead."""
        self.buried = True
        for person, state in self.rows.items():
            if state is State.SENDING:
                self.rows[person] = State.IN_DOUBT

    async def _call(self, commit: Callable[[], T]) -> T:
        fault, seconds = next(self.faults, (FINE, 0.0))
        await asyncio.sleep(seconds)
        self.unsure = self.unsure or fault not in (FINE, BURIED)
        if fault == AWAY:
            raise StoreAwayError("away")
        if fault == REFUSED:
            raise StoreError("disk full")
        if fault == BURIED:
            self.bury()
        done = commit()
        if fault == UNANSWERED:
            raise StoreAwayError("the answer to the commit was lost")
        if fault == REFUSED_LATE:
            raise StoreError("no answer to the commit was understood")
        return done


@dataclass
class Server:
    """A mail server; ``copies`` counts what it has or may have taken, ``accepted`` what it said yes to."""

    sends: Iterator[tuple[str, float]]
    connects: Iterator[str]
    copies: Counter[int] = field(default_factory=Counter)
    accepted: set[int] = field(default_factory=set)
    open: bool = True

    def pause(self) -> float:
        return 0.0

    async def connect(self) -> Session:
        fault = next(self.connects, "fine")
        await asyncio.sleep(0.05)
        if fault == UNREACHABLE:
            raise ConnectionError("nobody there")
        if fault == NO_LOGIN:
            raise MailServerError("no login")
        return Session(self)


@dataclass
class Session:
    server: Server
    open: bool = True

    async def send(self, mail: Mail) -> Outcome:
        fault, seconds = next(self.server.sends, ("accepted", 0.0))
        await asyncio.sleep(seconds)
        person = int(mail.recipient)
        if fault == NO_LOGIN:
            raise MailServerError("sender refused")
        if fault == LOST_BEFORE:
            self.open = False
            return Outcome(State.PENDING, "lost before the body")
        if fault in ("accepted", "in_doubt", CRASH):
            self.server.copies[person] += 1
        if fault == CRASH:
            raise RuntimeError("a fault of the program")
        outcome = Outcome(State(fault))
        if outcome.state is State.ACCEPTED:
            self.server.accepted.add(person)
        self.open = outcome.state is not State.IN_DOUBT
        return outcome

    async def alive(self) -> bool:
        return self.open

    async def close(self) -> None:
        self.open = False


def claim(person: int, attempt: int) -> Claim:
    return Claim(
        Addressee(person, str(person), str(person), "", ""), 1, attempt, dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    )


async def write(given: Claim) -> Mail:
    return Mail(given.addressee.email, "", Message.of(b""))


async def one_run(
    loop: VirtualLoop, ledger: Ledger, server: Server, stop_after: float | None, branches: int = 0
) -> BaseException | None:
    """Deliver until the run ends, at the desk or at branches of it; the error with which it did."""
    reported: Counter[tuple[int, int]] = Counter()
    prepared: list[Claim] = []

    def on_result(result: Result) -> None:
        reported[result.claim.addressee.id, result.claim.attempt] += 1
        assert max(reported.values()) == 1, "a claim is reported once"

    with (
        mock.patch("newsletter.delivery.desk.steady", loop.time),
        mock.patch("newsletter.delivery.branch.steady", loop.time),
    ):
        office = HeadOffice(ledger)
        desk = office.desk if branches else Desk(ledger)
        if stop_after is not None:
            loop.call_later(stop_after, desk.stop)
        try:
            if branches:
                await at_branches(loop, office, ledger, server, on_result, branches)
            else:
                brake = Brake(ledger.connections, 1.0)
                await deliver(desk, server, write, ledger.connections, on_result, brake, prepared.extend)
                assert {(one.addressee.id, one.attempt) for one in prepared} >= reported.keys(), "all was foretold"
        except (NewsletterError, RuntimeError) as error:
            return error
        finally:
            left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            await asyncio.sleep(0)  # those that were cancelled end now
            assert not [task for task in left if not task.done()], "no task is left behind"
    return None


async def at_branches(
    loop: VirtualLoop,
    office: HeadOffice,
    ledger: Ledger,
    server: Server,
    on_result: Callable[[Result], None],
    number: int,
) -> None:
    """One connection's work at each of some branches, to which words take a moment."""
    idle = [asyncio.Event() for _ in range(number)]
    branches: list[Branch] = []

    async def at_branch(idle: asyncio.Event) -> None:
        def say(said: bytes) -> None:
            line.hear(said)
            if line.idle:
                idle.set()

        branch = Branch(lambda said: void(loop.call_later(0.001, say, said)), ledger)
        branches.append(branch)
        line = office.line(lambda given: void(loop.call_later(0.001, branch.hear, given)), on_result)
        stopping = asyncio.ensure_future(stop_with(office.desk, line))
        try:
            await deliver(branch, server, write, 1, void, Brake(1, 1.0))
        finally:
            stopping.cancel()
            await asyncio.sleep(0.01)
            line.close()
            idle.set()

    ended = asyncio.gather(*(at_branch(one) for one in idle), return_exceptions=True)
    try:
        await office.desk.serve(asyncio.gather(*(one.wait() for one in idle)))
    finally:
        await asyncio.sleep(0.01)  # the end comes after all that was said
        for branch in branches:
            branch.lose()
        failures = await ended
    for failure in filter(None, failures):
        raise failure


async def stop_with(desk: Desk, line: BranchLine) -> None:
    await desk.stopped.wait()
    line.give_soon()


def void(_whatever: object) -> None:
    """Nothing."""


@settings(
    deadline=None, max_examples=int(os.environ.get("EXAMPLES", "300")), suppress_health_check=[HealthCheck.too_slow]
)
@given(
    people=st.integers(1, 12),
    connections=st.integers(1, 4),
    calls=st.lists(CALLS, max_size=12),
    sends=st.lists(SENDS, max_size=12),
    connects=st.lists(CONNECTS, max_size=6),
    stop_after=st.none() | st.sampled_from([0.0, 0.2, 30.0]),
    branches=st.booleans(),
)
@example(2, 1, [(FINE, 0.0), (REFUSED_LATE, 0.0), (REFUSED, 0.0)], [], [], None, True)  # noqa: FBT003 - as above
def test_whatever_fails_nobody_is_lost_and_nobody_is_sent_two_copies(
    people: int,
    connections: int,
    calls: list[tuple[int, float]],
    sends: list[tuple[str, float]],
    connects: list[str],
    stop_after: float | None,
    branches: bool,
) -> None:
    ledger = Ledger(people, connections, iter(calls))
    server = Server(iter(sends), iter(connects))

    async def work(loop: VirtualLoop) -> None:
        error = await one_run(loop, ledger, server, stop_after, connections * branches)
        sending = {person for person, state in ledger.rows.items() if state is State.SENDING}
        if not isinstance(error, StoreError):
            assert not sending, "what was under way is recorded"
        if not ledger.unsure:
            assert sending <= ledger.told, "what nobody held is pending again"
        assert {p for p, state in ledger.rows.items() if state is State.ACCEPTED} <= server.accepted
        assert server.accepted <= {
            p for p, s in ledger.rows.items() if s in (State.ACCEPTED, State.SENDING, State.IN_DOUBT)
        }
        # The next run, when all is well again.
        ledger.bury()
        ledger.buried, ledger.faults, server.sends, server.connects = False, iter([]), iter([]), iter([])
        assert await one_run(loop, ledger, server, None) is None
        assert State.PENDING not in ledger.rows.values(), "nobody is forgotten"
        assert max(server.copies.values(), default=0) <= 1, "nobody got a second copy"

    run(work)


@pytest.mark.parametrize("fault", [StoreAwayError, StoreError])
def test_a_run_that_cannot_show_that_it_is_alive_ends(fault: type[StoreError]) -> None:
    ledger = Ledger(2, 1, iter([]))
    server = Server(iter([("accepted", 20.0)]), iter([]))
    with mock.patch.object(ledger, "renew", mock.AsyncMock(side_effect=fault("no"))):
        error = run(lambda loop: one_run(loop, ledger, server, None))
    assert isinstance(error, fault)
    assert Counter(ledger.rows.values()) == {State.ACCEPTED: 1, State.PENDING: 1}


def test_a_run_that_was_given_up_leaves_the_database_in_peace_while_it_finishes() -> None:
    ledger = Ledger(1, 1, iter([(FINE, 0.0), (BURIED, 0.0)]))
    server = Server(iter([("accepted", 100.0)]), iter([]))
    calls = Counter[str]()
    renew = ledger.renew

    async def counted() -> bool:
        calls["renew"] += 1
        return await renew()

    with mock.patch.object(ledger, "renew", counted):
        assert run(lambda loop: one_run(loop, ledger, server, None)) is None
    assert 1 <= calls["renew"] < 10
    assert ledger.rows == {0: State.IN_DOUBT}, "what another process decided stands"
