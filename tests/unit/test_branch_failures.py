"""A head office and its branches that die, freeze and wake, over lines that are slow or cut off: nobody is lost.

The processes are tasks of one loop in which waiting takes no time
(``virtual.py``).  Another sender works beside them on the same rows, as workers
do on PostgreSQL, and now and then somebody comes along who puts in doubt what
is held by a run whose lease is over.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from unittest import mock

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from newsletter.delivery.brake import Brake
from newsletter.delivery.branch import Branch, BranchLine, HeadOffice
from newsletter.delivery.deliver import deliver
from newsletter.delivery.desk import LEASE, Claim, Desk, Grant, OnClaims, Result
from newsletter.delivery.message import Mail, Message
from newsletter.delivery.states import Outcome, State
from newsletter.errors import StoreAwayError
from tests.unit.test_desk_failures import claim, void
from tests.unit.virtual import VirtualLoop, run

KILL, FREEZE, STOP = "kill", "freeze", "stop"
PARENT = 0
UPKEEP = 30.0  # seconds between two looks for runs that are over
DEFERRED = 200.0  # seconds until another attempt
LAST_CALL = 2000.0  # seconds after which every process has ended or been killed

SECONDS = [0.0, 0.001, 0.1, 16.0, 100.0]
EVENTS = st.tuples(
    st.sampled_from([0.0, 0.004, 0.02, 0.1, 0.5, 2.0, 5.0, 16.0, 90.0]),  # when
    st.sampled_from([KILL, FREEZE, STOP]),
    st.integers(PARENT, 3),  # who
    st.sampled_from([0.05, 5.0, 100.0, 300.0]),  # for how long it is frozen
    st.integers(0, 7),  # bit by bit, whose line is cut off in what was said last
)
SENDS = st.tuples(
    st.sampled_from(["accepted", "accepted", "pending", "pending", "deferred", "rejected", "in_doubt"]),
    st.sampled_from(SECONDS),
)


class OverError(Exception):
    """The story is over, and this process was dead."""


@dataclass(eq=False)
class Process:
    """Whether it lives, and until when it is frozen."""

    loop: VirtualLoop
    over: asyncio.Event
    asleep_until: float = 0.0
    dead: bool = False

    async def live(self) -> None:
        """Go on when it is awake, and never if it is dead."""
        if (left := self.asleep_until - self.loop.time()) > 0:
            await asyncio.sleep(left)
            await self.live()
        if self.dead:
            await self.over.wait()
            raise OverError


@dataclass(eq=False)
class Pipe:
    """What one process says to another, line for line and in order; each takes its time."""

    writer: Process
    reader: Process
    hear: Callable[[bytes], None]
    end: Callable[[], None]
    delays: Iterator[float]
    lines: deque[tuple[float, bytes | None]] = field(default_factory=deque)  # and when each is said; None is the end
    some: asyncio.Event = field(default_factory=asyncio.Event)

    def write(self, line: bytes | None) -> None:
        if not self.writer.dead:
            self._put(max(self.writer.loop.time(), self.writer.asleep_until), line)

    def break_off(self, *, within_a_line: bool) -> None:
        """The writer is dead: what it had not said, or had begun to say, is never heard."""
        now = self.writer.loop.time()
        while self.lines and self.lines[-1][0] > now:
            self.lines.pop()
        if self.lines and within_a_line:
            self.lines.pop()
        self._put(now, None)

    def _put(self, when: float, line: bytes | None) -> None:
        self.lines.append((when, line))
        self.some.set()

    async def carry(self) -> None:
        while True:
            while not self.lines:
                self.some.clear()
                await self.some.wait()
            when, _line = self.lines[0]
            delay = max(when - self.writer.loop.time(), 0.0) + next(self.delays)
            await asyncio.sleep(delay)
            await self.reader.live()
            if not self.lines:
                continue  # it was cut meanwhile
            _when, line = self.lines.popleft()
            if line is None:
                self.end()
                return
            self.hear(line)


@dataclass(eq=False)
class Rows:
    """A database that never fails, but may be away, and in which the leases of all runs stand."""

    loop: VirtualLoop
    people: int
    calls: Iterator[tuple[bool, float]]
    state: dict[int, State] = field(default_factory=dict)
    token: dict[int, str] = field(default_factory=dict)
    due: dict[int, float] = field(default_factory=dict)
    attempts: Counter[int] = field(default_factory=Counter)
    lease: dict[str, float] = field(default_factory=dict)
    stored: set[tuple[str, int, int]] = field(default_factory=set)  # token, person and attempt of each outcome
    buried: dict[tuple[str, int, int], float] = field(default_factory=dict)  # and when

    def __post_init__(self) -> None:
        self.state = dict.fromkeys(range(self.people), State.PENDING)

    def reconcile(self) -> None:
        """What whoever comes along does."""
        now = self.loop.time()
        self.lease = {token: ends for token, ends in self.lease.items() if ends > now}
        for person, state in self.state.items():
            if state is State.SENDING and self.token[person] not in self.lease:
                self.buried[self.token[person], person, self.attempts[person]] = now
                self.state[person] = State.IN_DOUBT
            if state is State.DEFERRED and self.due[person] <= now:
                self.state[person] = State.PENDING


@dataclass(eq=False)
class Ledger:
    """The rows as one process sees them for one run."""

    rows: Rows
    run: str
    process: Process

    async def exchange(self, results: Sequence[Result], want: int, prepare: OnClaims | None = None) -> Grant:
        await self._reach()
        rows, now = self.rows, self.rows.loop.time()
        for result in results:
            person = result.claim.addressee.id
            known = rows.token[person] == self.run and rows.attempts[person] == result.claim.attempt
            if rows.state[person] is State.SENDING and known:
                rows.state[person] = result.outcome.state
                rows.due[person] = now + DEFERRED
                rows.stored.add((self.run, person, result.claim.attempt))
        found: list[int] = []
        if self.run in rows.lease:
            found = [person for person, state in rows.state.items() if state is State.PENDING][:want]
        for person in found:
            rows.state[person], rows.token[person] = State.SENDING, self.run
            rows.attempts[person] += 1
        await self.process.live()
        halted = "" if self.run in rows.lease else "given up for dead"
        return Grant([claim(person, rows.attempts[person]) for person in found], halted=halted if want else "")

    async def renew(self) -> bool:
        await self._reach()
        if self.run in self.rows.lease:
            self.rows.lease[self.run] = self.rows.loop.time() + LEASE
        await self.process.live()
        return self.run in self.rows.lease

    async def recover(self, held: Mapping[int, int]) -> None:
        await self._reach()
        for person, state in self.rows.state.items():
            ours = state is State.SENDING and self.rows.token[person] == self.run
            if ours and held.get(person) != self.rows.attempts[person]:
                self.rows.state[person] = State.PENDING

    async def _reach(self) -> None:
        away, seconds = next(self.rows.calls, (False, 0.0))
        await asyncio.sleep(seconds)
        await self.process.live()
        if away:
            raise StoreAwayError("away")


@dataclass(eq=False)
class Mails:
    """A mail server, for one process of those that use it; ``copies`` counts what it has or may have taken."""

    process: Process
    sends: Iterator[tuple[str, float]]
    copies: Counter[int]
    in_hand: Counter[tuple[int, int]]  # by person and attempt
    open: bool = True

    def pause(self) -> float:
        return 0.0

    async def connect(self) -> Mails:
        await self.process.live()
        return self

    async def write(self, given: Claim) -> Mail:
        self.in_hand[given.addressee.id, given.attempt] += 1
        assert self.in_hand[given.addressee.id, given.attempt] == 1, "no claim is given to two"
        await self.process.live()
        return Mail(given.addressee.email, "", Message.of(b""))

    async def send(self, mail: Mail) -> Outcome:
        await self.process.live()
        outcome, seconds = next(self.sends, ("accepted", 0.1))
        self.copies[int(mail.recipient)] += outcome in ("accepted", "in_doubt")
        await asyncio.sleep(seconds)
        await self.process.live()
        return Outcome(State(outcome))

    async def alive(self) -> bool:
        return True

    async def close(self) -> None:
        """Nothing."""


@dataclass(eq=False)
class World:
    """All processes of one story, and what they have seen."""

    loop: VirtualLoop
    rows: Rows
    sends: Iterator[tuple[str, float]]
    delays: Iterator[float]
    copies: Counter[int] = field(default_factory=Counter)
    in_hand: Counter[tuple[int, int]] = field(default_factory=Counter)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    idle: list[asyncio.Event] = field(default_factory=list)
    processes: list[Process] = field(default_factory=list)
    pipes: list[Pipe] = field(default_factory=list)
    tasks: list[asyncio.Task[None]] = field(default_factory=list)
    office: HeadOffice | None = None
    slept: bool = False
    told: list[Result] = field(default_factory=list)  # what the desk took
    known: list[tuple[float, Process, Result]] = field(default_factory=list)  # what a branch took, and when

    def process(self) -> Process:
        made = Process(self.loop, self.over)
        self.processes.append(made)
        return made

    def mails(self, process: Process) -> Mails:
        return Mails(process, self.sends, self.copies, self.in_hand)

    def begin(self, run: str) -> None:
        self.rows.lease[run] = self.loop.time() + LEASE

    async def lead(self, parent: Process, branches: int, connections: int) -> None:
        """What ``deliver_in_parts`` does, and what its processes do."""
        office = self.office = HeadOffice(Ledger(self.rows, "parts", parent))
        self.begin("parts")
        self.idle = [asyncio.Event() for _ in range(branches)]
        outward = [self.employ(office, parent, one, connections) for one in self.idle]
        with contextlib.suppress(StoreAwayError):  # away when it woke: then the branches store what they told in vain
            await office.desk.serve(asyncio.gather(*(one.wait() for one in self.idle)))
            await parent.live()
            for result in self.told:
                key = ("parts", result.claim.addressee.id, result.claim.attempt)
                assert key in self.rows.stored | self.rows.buried.keys(), "no result is lost that reached the desk"
            under_way = [p for p, state in self.rows.state.items() if state is State.SENDING]
            assert "parts" not in [self.rows.token[person] for person in under_way], "every claim ends in a result"
        for pipe in outward:
            pipe.write(None)

    def employ(self, office: HeadOffice, parent: Process, idle: asyncio.Event, connections: int) -> Pipe:
        process = self.process()

        def take(line: bytes) -> None:
            ends.hear(line)
            if ends.idle:
                idle.set()

        def gone() -> None:
            ends.close()
            idle.set()

        inward = Pipe(process, parent, take, gone, self.delays)
        branch = Branch(inward.write, Ledger(self.rows, "parts", process))
        outward = Pipe(parent, process, branch.hear, branch.lose, self.delays)
        ends = office.line(outward.write, self.told.append)
        self.pipes += [outward, inward]
        for work in (
            outward.carry(),
            inward.carry(),
            pass_on_a_stop(office.desk, ends),
            self.work(process, branch, inward, connections),
        ):
            self.tasks.append(asyncio.ensure_future(work))
        return outward

    async def work(self, process: Process, branch: Branch, inward: Pipe, connections: int) -> None:
        """What ``send-part`` does."""
        mails = self.mails(process)
        with contextlib.suppress(StoreAwayError):  # away when it woke
            await deliver(
                branch,
                mails,
                mails.write,
                connections,
                lambda result: self.known.append((self.loop.time(), process, result)),
                Brake(100, 1.0),
            )
        inward.write(None)

    async def another(self, after: float) -> None:
        """A sender by itself."""
        await asyncio.sleep(after)
        mails = self.mails(self.process())
        self.begin(f"another-{after}")
        desk = Desk(Ledger(self.rows, f"another-{after}", mails.process))
        await deliver(desk, mails, mails.write, 1, void, Brake(100, 1.0))

    async def upkeep(self) -> None:
        while True:
            await asyncio.sleep(UPKEEP)
            self.rows.reconcile()

    def happen(self, kind: str, who: int, seconds: float, cut: int) -> None:
        process = self.processes[who % len(self.processes)]
        if kind == STOP:
            assert self.office
            self.office.desk.stop()
        elif kind == FREEZE:
            self.slept = True
            process.asleep_until = max(process.asleep_until, self.loop.time() + seconds)
        elif not process.dead:
            process.dead = True
            said = [pipe for pipe in self.pipes if pipe.writer is process]
            for place, pipe in enumerate(said):
                pipe.break_off(within_a_line=bool(cut >> place & 1))


async def pass_on_a_stop(desk: Desk, line: BranchLine) -> None:
    await desk.stopped.wait()
    line.give_soon()


def steady() -> float:
    """The time of the loop, for all processes of a test."""
    return asyncio.get_running_loop().time()


@settings(
    deadline=None, max_examples=int(os.environ.get("EXAMPLES", "300")), suppress_health_check=[HealthCheck.too_slow]
)
@given(
    people=st.integers(1, 8),
    branches=st.integers(1, 3),
    connections=st.integers(1, 2),
    events=st.lists(EVENTS, max_size=5),
    sends=st.lists(SENDS, max_size=12),
    calls=st.lists(st.tuples(st.booleans(), st.sampled_from([0.0, 0.002, 1.0])), max_size=8),
    delays=st.lists(st.sampled_from([0.001, 0.05, 3.0]), min_size=1, max_size=6),
    another=st.none() | st.sampled_from([0.0, 0.5, 120.0]),
)
def test_whoever_dies_or_sleeps_no_claim_is_given_to_two_and_no_result_is_lost(
    people: int,
    branches: int,
    connections: int,
    events: list[tuple[float, str, int, float, int]],
    sends: list[tuple[str, float]],
    calls: list[tuple[bool, float]],
    delays: list[float],
    another: float | None,
) -> None:
    async def story(loop: VirtualLoop) -> None:
        rows = Rows(loop, people, iter(calls))
        world = World(loop, rows, iter(sends), itertools.cycle(delays))
        parent = world.process()
        world.tasks.append(asyncio.ensure_future(world.lead(parent, branches, connections)))
        world.tasks.append(asyncio.ensure_future(world.upkeep()))
        await asyncio.sleep(0)
        for when, kind, who, seconds, cut in events:
            loop.call_later(when, world.happen, kind, who % (branches + 1), seconds, cut)
        if another is not None:
            world.tasks.append(asyncio.ensure_future(world.another(another)))
        await asyncio.sleep(LAST_CALL)
        for task in world.tasks:
            if task.done():
                task.result()
        await judge(world)

    async def judge(world: World) -> None:
        rows = world.rows
        assert State.SENDING not in rows.state.values(), "what nobody gave a result for was found and put in doubt"
        for when, process, result in world.known:
            key = ("parts", result.claim.addressee.id, result.claim.attempt)
            if not process.dead and result.outcome.state in (State.ACCEPTED, State.REJECTED) and key not in rows.stored:
                assert world.slept or rows.buried[key] < when + 50, "no result is lost that a branch lives to tell"
        await world.another(1.0)
        assert not {State.PENDING, State.SENDING} & set(rows.state.values()), "nobody is forgotten"
        assert max(world.copies.values(), default=0) <= 1, "nobody got a second copy"
        accepted = [person for person, copies in world.copies.items() if copies]
        assert all(rows.state[person] in (State.ACCEPTED, State.IN_DOUBT) for person in accepted)
        world.over.set()
        for event in world.idle:
            event.set()
        for pipe in world.pipes:
            pipe.end()
        await asyncio.sleep(1.0)
        for task in world.tasks:
            task.cancel()
        await asyncio.gather(*world.tasks, return_exceptions=True)

    with (
        mock.patch("newsletter.delivery.desk.steady", steady),
        mock.patch("newsletter.delivery.branch.steady", steady),
    ):
        run(story)
