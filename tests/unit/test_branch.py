"""A desk and its branches: what goes over the line, and what is known when one end is gone."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.audience.subscribers import Addressee
from newsletter.clock import steady
from newsletter.delivery.branch import Branch, HeadOffice
from newsletter.delivery.desk import LEASE, Claim, Result
from newsletter.delivery.states import TRANSITIONS, Outcome, State
from newsletter.errors import StoreAwayError
from tests.unit.claims import Ledger, claim

ACCEPTED = Outcome(State.ACCEPTED, "250 ok")
TEXTS = st.text(max_size=30)
CLAIMS = st.builds(
    Claim,
    st.builds(Addressee, st.integers(0, 1 << 62), TEXTS, TEXTS, TEXTS, TEXTS),
    st.integers(1, 1 << 62),
    st.integers(1, 1000),
    st.datetimes(timezones=st.just(dt.UTC)),
    TEXTS,
    st.floats(0, 60),
)
OUTCOMES = st.builds(
    Outcome, st.sampled_from(sorted(TRANSITIONS[State.SENDING])), TEXTS, st.booleans(), st.booleans(), st.booleans()
)


class Pair:
    """A desk at work and one branch, with a line between them that carries at once."""

    def __init__(self, *claims: Claim) -> None:
        self.ledger = Ledger(*claims)
        office = HeadOffice(self.ledger)
        self.desk = office.desk
        self.seen: list[Result] = []
        self.alone = Ledger()  # the same rows, as the branch would reach them
        self.branch = Branch(self._say, self.alone)
        self.line = office.line(self.branch.hear, self.seen.append)
        self.done = asyncio.Event()
        workers: list[Awaitable[None]] = [self._work()]
        self.serving = asyncio.ensure_future(self.desk.serve(asyncio.gather(*workers, return_exceptions=True)))

    def _say(self, line: bytes) -> None:
        self.line.hear(line)

    async def _work(self) -> None:
        await self.done.wait()

    async def end(self) -> None:
        self.done.set()
        await self.serving


def done() -> asyncio.Future[None]:
    """The tasks of a branch that have ended."""
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    future.set_result(None)
    return future


@given(one=CLAIMS, outcome=OUTCOMES)
def test_claims_and_results_arrive_as_they_were_given(one: Claim, outcome: Outcome) -> None:
    async def work() -> None:
        pair = Pair(one)
        assert await pair.branch.claim() == one
        pair.branch.report(Result(one, outcome))
        await asyncio.sleep(0)
        await pair.end()
        assert pair.ledger.results == pair.seen == [Result(one, outcome)]

    asyncio.run(work())


async def test_a_branch_whose_desk_is_gone_knows_what_may_not_be_committed() -> None:
    pair = Pair(claim(1), claim(2), claim(3))
    for person in (1, 2):
        given = await pair.branch.claim()
        assert given == claim(person)
        pair.branch.report(Result(given, ACCEPTED))
    assert await pair.branch.claim() == claim(3)
    pair.branch.report(Result(claim(3), ACCEPTED))
    waiting = asyncio.ensure_future(pair.branch.claim())
    pair.ledger.open.clear()
    await asyncio.sleep(0)
    pair.branch.lose()
    assert await waiting is None
    assert pair.branch.lease_over, "nothing new begins"
    await pair.branch.serve(done())
    assert pair.alone.results == [Result(claim(3), ACCEPTED)]
    pair.ledger.open.set()
    await pair.end()


async def test_an_answer_of_nothing_does_not_say_that_results_are_committed() -> None:
    pair = Pair(claim(1))
    assert await pair.branch.claim() == claim(1)
    pair.branch.report(Result(claim(1), ACCEPTED))
    waiting = asyncio.ensure_future(pair.branch.claim())
    pair.ledger.open.clear()
    await asyncio.sleep(0)
    pair.desk.stop()
    assert await waiting is None
    pair.branch.lose()
    await pair.branch.serve(done())
    assert pair.alone.results == [Result(claim(1), ACCEPTED)]
    pair.ledger.open.set()
    await pair.end()


async def test_what_a_branch_had_in_hand_is_in_doubt_when_it_is_gone() -> None:
    pair = Pair(claim(1), claim(2))
    assert await pair.branch.claim() == claim(1)
    pair.line.close()
    await pair.end()
    assert [(result.claim, result.outcome.state) for result in pair.ledger.results] == [(claim(1), State.IN_DOUBT)]
    assert pair.ledger.pending == [claim(2)]


@pytest.mark.parametrize("moment", ["asked", "being given"])
async def test_a_claim_for_a_branch_that_is_gone_goes_back(moment: str) -> None:
    pair = Pair(claim(1))
    if moment == "being given":
        pair.ledger.open.clear()
    waiting = asyncio.ensure_future(pair.branch.claim())
    await asyncio.sleep(0)
    await asyncio.sleep(0.01 if moment == "being given" else 0)
    pair.line.close()
    pair.ledger.open.set()
    await pair.end()
    assert [result.outcome.state for result in pair.ledger.results] in ([], [State.PENDING])
    assert bool(pair.ledger.results) != bool(pair.ledger.pending), "given to nobody, or given back"
    waiting.cancel()


async def test_a_claim_of_which_a_branch_was_not_told_when_it_died_goes_back() -> None:
    pair = Pair(claim(1))
    waiting = asyncio.ensure_future(pair.branch.claim())
    for _turn in range(20):
        if pair.ledger.pending:
            await asyncio.sleep(0)
    await asyncio.sleep(0)
    pair.line.close()  # the claim is the line's, and stands in no line of text yet
    await pair.end()
    assert [result.outcome.state for result in pair.ledger.results] == [State.PENDING]
    waiting.cancel()


async def test_a_stop_reaches_a_branch_that_asks_for_nothing() -> None:
    pair = Pair()
    pair.desk.stop()
    pair.line.give_soon()
    await asyncio.sleep(0.01)
    assert pair.branch.stopping
    assert await pair.branch.claim() is None
    await pair.end()


async def test_answers_keep_their_order_when_a_stop_turns_the_last_away_first() -> None:
    pair = Pair(claim(1), claim(2))
    first = await pair.branch.claim()
    assert first == claim(1)
    pair.ledger.open.clear()
    other = asyncio.ensure_future(pair.branch.claim())
    await asyncio.sleep(0.01)  # an exchange is under way for it
    pair.branch.report(Result(claim(1), ACCEPTED))
    last = asyncio.ensure_future(pair.branch.claim())
    await asyncio.sleep(0.01)
    pair.desk.stop()
    pair.ledger.open.set()
    assert await other == claim(2)
    assert await last is None
    pair.branch.report(Result(claim(2), ACCEPTED))
    await asyncio.sleep(0)
    await pair.end()


async def test_a_branch_stays_until_what_it_told_is_stored() -> None:
    pair = Pair(claim(1))
    assert await pair.branch.claim() == claim(1)
    pair.ledger.open.clear()
    pair.branch.report(Result(claim(1), ACCEPTED))
    serving = asyncio.ensure_future(pair.branch.serve(done()))
    await asyncio.sleep(0.02)
    assert pair.line.idle, "the desk need not wait for it"
    assert not serving.done()
    pair.ledger.open.set()
    await serving
    assert pair.ledger.results == [Result(claim(1), ACCEPTED)]
    pair.branch.lose()
    await pair.branch.serve(done())
    assert not pair.alone.results, "it is stored once"
    await pair.end()


async def test_a_branch_that_asks_for_nothing_hears_of_every_renewal_of_the_lease(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pair = Pair(claim(1))
    assert await pair.branch.claim() == claim(1)
    later = steady() + LEASE - 1
    monkeypatch.setattr("newsletter.delivery.branch.steady", lambda: later + 2)
    assert pair.branch.lease_over
    monkeypatch.setattr("newsletter.delivery.desk.steady", lambda: later)
    pair.desk.report(Result(claim(9), ACCEPTED))  # anything that wakes the desk
    await asyncio.sleep(0.02)
    assert not pair.branch.lease_over
    pair.line.close()
    await pair.end()


async def test_once_the_desk_is_gone_each_result_is_stored_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("newsletter.delivery.desk.RETRY", 0.01)
    pair = Pair(claim(1), claim(2))
    for person in (1, 2):
        assert await pair.branch.claim() == claim(person)
    tasks: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    serving = asyncio.ensure_future(pair.branch.serve(tasks))
    await asyncio.sleep(0)
    pair.branch.lose()
    pair.alone.away = 2
    pair.branch.report(Result(claim(1), ACCEPTED))
    await asyncio.sleep(0.1)
    assert pair.alone.results == [Result(claim(1), ACCEPTED)], "although another message is under way"
    assert not serving.done()
    pair.branch.report(Result(claim(2), ACCEPTED))
    tasks.set_result(None)
    await serving
    assert pair.alone.results == [Result(claim(1), ACCEPTED), Result(claim(2), ACCEPTED)]
    pair.line.close()
    await pair.end()


async def test_a_branch_that_can_store_nothing_says_so_when_its_tasks_have_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("newsletter.delivery.desk.LEDGER_AWAY", 0.0)
    pair = Pair(claim(1))
    assert await pair.branch.claim() == claim(1)
    pair.branch.report(Result(claim(1), ACCEPTED))
    tasks: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    pair.alone.away = 2
    serving = asyncio.ensure_future(pair.branch.serve(tasks))
    pair.branch.lose()
    await asyncio.sleep(0.02)
    assert not serving.done(), "what is under way is not cut off"
    tasks.set_result(None)
    with pytest.raises(StoreAwayError):
        await serving
    pair.line.close()
    await pair.end()
