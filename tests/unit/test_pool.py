"""Sessions that are kept between runs: used again, asked when they are old, closed in time."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from newsletter.adapters.pool import KEEP, SessionPool
from newsletter.delivery.deliver import IDLE
from newsletter.delivery.message import Mail, Message
from newsletter.delivery.states import Outcome, State

MAIL = Mail("ana@example.org", "1.a", Message.of(b"a message"))


@dataclass
class FakeSession:
    open: bool = True
    answers: bool = True
    fails: bool = False
    asked: int = 0
    closed: int = 0

    async def send(self, _mail: Mail) -> Outcome:
        if self.fails:
            raise RuntimeError("a fault")
        return Outcome(State.ACCEPTED)

    async def alive(self) -> bool:
        self.asked += 1
        return self.answers

    async def close(self) -> None:
        self.closed += 1
        self.open = False


@dataclass
class FakeServer:
    made: list[FakeSession] = field(default_factory=list)

    def pause(self) -> float:
        return 30.0

    async def connect(self) -> FakeSession:
        self.made.append(FakeSession())
        return self.made[-1]


@dataclass
class FakeClock:
    time: float = 0.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def server() -> FakeServer:
    return FakeServer()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def pool(server: FakeServer, clock: FakeClock) -> SessionPool:
    return SessionPool(server, clock)


async def test_what_is_given_back_is_used_again(pool: SessionPool, server: FakeServer) -> None:
    first = await pool.connect()
    assert (await first.send(MAIL)).state is State.ACCEPTED
    second = await pool.connect()
    assert pool.open == 2
    assert pool.pause() == 30
    await first.close()
    assert pool.pause() == 0, "that one can be had at once"
    await first.close()  # twice is once
    assert pool.open == 2
    await pool.connect()
    assert len(server.made) == 2
    assert server.made[0].asked == 0, "it was used a moment ago"
    await second.close()
    assert pool.open == 2


async def test_an_old_session_is_asked_first(pool: SessionPool, server: FakeServer, clock: FakeClock) -> None:
    await (await pool.connect()).close()
    clock.time += IDLE + 1
    await (await pool.connect()).close()
    assert [session.asked for session in server.made] == [1]
    clock.time += IDLE + 1
    server.made[0].answers = False
    await pool.connect()
    assert len(server.made) == 2
    assert server.made[0].closed


async def test_a_closed_session_is_not_kept(pool: SessionPool, server: FakeServer) -> None:
    session = await pool.connect()
    server.made[0].open = False
    await session.close()
    assert pool.open == 0


async def test_a_session_that_closes_while_it_is_kept_is_not_handed_out(pool: SessionPool, server: FakeServer) -> None:
    await (await pool.connect()).close()
    server.made[0].open = False
    await pool.connect()
    assert len(server.made) == 2


async def test_after_a_fault_within_a_message_nothing_follows_on_that_session(
    pool: SessionPool, server: FakeServer
) -> None:
    session = await pool.connect()
    server.made[0].fails = True
    with pytest.raises(RuntimeError):
        await session.send(MAIL)
    await session.close()
    assert server.made[0].closed
    assert pool.open == 0


async def test_what_nobody_wants_is_closed(pool: SessionPool, server: FakeServer, clock: FakeClock) -> None:
    one, two = await pool.connect(), await pool.connect()
    await one.close()
    clock.time += KEEP / 2
    await two.close()
    clock.time += KEEP / 2
    await pool.sweep()
    assert [session.closed for session in server.made] == [1, 0]
    await pool.close()
    assert [session.closed for session in server.made] == [1, 1]


async def test_at_the_end_what_comes_back_is_closed_too(pool: SessionPool, server: FakeServer) -> None:
    session = await pool.connect()
    await pool.close()
    await session.close()
    assert server.made[0].closed
    assert pool.open == 0
