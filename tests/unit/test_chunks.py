"""A run that may have only so many claims: a worker takes a campaign in chunks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from newsletter.audience.subscribers import Addressee
from newsletter.delivery.brake import Brake
from newsletter.delivery.deliver import deliver
from newsletter.delivery.desk import Claim, Desk, Grant, OnClaims, Result
from newsletter.delivery.message import Mail, Message
from newsletter.delivery.states import Outcome, State

NOW = dt.datetime(2026, 1, 15, tzinfo=dt.UTC)


@dataclass
class FakeLedger:
    """Has so many to send."""

    pending: int
    results: list[Result] = field(default_factory=list)
    given: int = 0

    async def exchange(self, results: Sequence[Result], want: int, prepare: OnClaims | None = None) -> Grant:
        self.results += results
        number = min(want, self.pending)
        self.pending -= number
        claims = [Claim(Addressee(self.given + n, "r", "a@example.org", "", ""), 1, 1, NOW) for n in range(number)]
        self.given += number
        return Grant(claims)

    async def renew(self) -> bool:
        return True

    async def recover(self, held: Mapping[int, int]) -> None:
        raise AssertionError


class FakeServer:
    open = True

    def pause(self) -> float:
        return 0.0

    async def connect(self) -> FakeServer:
        return self

    async def send(self, _mail: Mail) -> Outcome:
        return Outcome(State.ACCEPTED, "250 ok")

    async def alive(self) -> bool:
        return True

    async def close(self) -> None:
        pass


async def write(_claim: Claim) -> Mail:
    return Mail("a", "a", Message.of(b""))


@pytest.mark.parametrize(("people", "chunk", "sent"), [(20, 7, 7), (20, 1, 1), (5, 7, 5), (7, 7, 7), (20, 2, 2)])
async def test_a_run_ends_with_its_chunk(people: int, chunk: int, sent: int) -> None:
    ledger = FakeLedger(people)
    desk = Desk(ledger, left=chunk)
    await deliver(desk, FakeServer(), write, 3, lambda _result: None, Brake(3, 0.1))
    assert ledger.given == len(ledger.results) == sent
    assert desk.left == chunk - sent
    assert not desk.halted
