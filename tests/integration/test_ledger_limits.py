"""Limits of speed in the ledger: shared by all runs, kept in the database, and never a reason to lose anybody."""

from __future__ import annotations

import asyncio
import datetime as dt
import itertools
from collections import Counter
from collections.abc import Sequence

import pytest
import sqlalchemy as sa

from newsletter.audience.choices import SignUp
from newsletter.audience.consent import Agreement
from newsletter.clock import SystemClock
from newsletter.delivery.desk import Claim, Desk, Result
from newsletter.delivery.limits import AHEAD, Limit
from newsletter.delivery.states import Outcome, State
from newsletter.store.allowances import Turn, Turns
from newsletter.store.database import Database
from newsletter.store.gather import Gathered
from newsletter.store.signups import SignupStore
from tests.integration.ledger import MovableClock, counts, frozen, run
from tests.integration.test_ledger import accepted

HOUR = dt.timedelta(hours=1)


class LateClock(MovableClock):
    """A clock that can be moved, also where the database server tells the time."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__()
        monkeypatch.setattr(Database, "now", lambda _self, own: sa.literal(own, sa.DateTime(timezone=True)))
        monkeypatch.setattr(
            Database,
            "now_plus",
            lambda _self, own, seconds: sa.literal(own + dt.timedelta(seconds=seconds), sa.DateTime(timezone=True)),
        )


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch, database_url: str) -> MovableClock:
    """The clock of everything, whatever the database."""
    return MovableClock() if database_url.startswith("sqlite") else LateClock(monkeypatch)


def back(claims: Sequence[Claim]) -> list[Result]:
    """Nothing left the house: the connection broke off before."""
    return [Result(claim, Outcome(State.PENDING, "connection lost")) for claim in claims]


async def test_after_a_days_worth_the_ledger_says_when_there_will_be_more(
    database: Database, clock: MovableClock
) -> None:
    campaign = await frozen(database, 12, clock)
    limits = {"": Limit(per_day=5)}
    ledger = await run(database, campaign, clock=clock, limits=limits)
    first = await ledger.exchange([], 3)
    assert (len(first.claims), first.resume_in) == (3, None)
    clock.time += HOUR
    second = await ledger.exchange(accepted(first.claims), 9)
    assert len(second.claims) == 2
    assert second.resume_in is not None
    assert 23 * 3600 <= second.resume_in <= 23 * 3600 + 900
    await ledger.exchange(accepted(second.claims), 0)
    # Another run, tomorrow.
    clock.time += dt.timedelta(seconds=second.resume_in)
    ledger = await run(database, campaign, "run-2", clock, limits)
    third = await ledger.exchange([], 9)
    assert len(third.claims) == 3, "the two of the second hour still count"
    assert third.resume_in is not None
    assert third.resume_in <= 3600 + 900
    assert await counts(database, campaign) == {State.ACCEPTED: 5, State.SENDING: 3, State.PENDING: 4}


async def test_two_runs_share_one_account(database: Database) -> None:
    campaign = await frozen(database, 60)
    limits = {"": Limit(per_hour=25)}
    ledgers = [await run(database, campaign, f"run-{n}", limits=limits) for n in range(3)]

    async def work(number: int) -> int:
        taken, done = 0, list[Result]()
        while claims := (await ledgers[number].exchange(done, 4)).claims:
            taken += len(claims)
            done = accepted(claims)
        return taken

    assert sum(await asyncio.gather(*(work(number) for number in range(3)))) == 25
    assert await counts(database, campaign) == {State.ACCEPTED: 25, State.PENDING: 35}


async def test_messages_of_two_runs_are_spaced_as_if_they_were_one(database: Database, clock: MovableClock) -> None:
    campaign = await frozen(database, 20, clock)
    limits = {"": Limit(per_second=20)}
    one, two = [await run(database, campaign, f"run-{n}", clock, limits) for n in range(2)]
    delays = [claim.delay for ledger in (one, two, one, two) for claim in (await ledger.exchange([], 2)).claims]
    assert delays == pytest.approx([0, 0.05, 0.1, 0.15, 0.2, 0.25], abs=0.001)
    grant = await one.exchange([], 2)
    assert not grant.claims
    assert grant.resume_in == pytest.approx(0.3, abs=0.001)


async def test_a_limited_domain_holds_up_no_other(database: Database, clock: MovableClock) -> None:
    campaign = await frozen(database, 12, clock, domains=("slow.example", "example.org", "example.com"))
    ledger = await run(database, campaign, clock=clock, limits={"slow.example": Limit(per_second=0.1)})
    grant = await ledger.exchange([], 12)
    assert Counter(claim.domain for claim in grant.claims) == {"slow.example": 1, "example.org": 4, "example.com": 4}
    assert all(claim.delay == 0 for claim in grant.claims)
    assert grant.resume_in == pytest.approx(10, abs=0.01)
    # Nothing is left but what is limited: no look that comes too early, and none that is needed too often.
    done, looks, slow = accepted(grant.claims), 0, 1
    while grant.resume_in is not None:
        clock.time += dt.timedelta(seconds=grant.resume_in)
        grant = await ledger.exchange(done, 12)
        looks, slow = looks + 1, slow + len(grant.claims)
        done = accepted(grant.claims)
    assert slow == 4
    assert looks == 3
    await ledger.exchange(done, 0)
    assert await counts(database, campaign) == {State.ACCEPTED: 12}


async def test_a_domain_whose_day_is_over_is_not_waited_for_by_others(database: Database, clock: MovableClock) -> None:
    campaign = await frozen(database, 10, clock, domains=("slow.example", "example.org"))
    limits = {"": Limit(per_second=20), "slow.example": Limit(per_day=2)}
    ledger = await run(database, campaign, clock=clock, limits=limits)
    seen, done = Counter[str](), list[Result]()
    for _look in range(20):
        grant = await ledger.exchange(done, 4)
        done = accepted(grant.claims)
        seen.update(claim.domain for claim in grant.claims)
        if grant.resume_in is not None:
            if grant.resume_in > 60:
                break
            clock.time += dt.timedelta(seconds=grant.resume_in)
    assert seen == {"slow.example": 2, "example.org": 5}
    assert grant.resume_in is not None
    assert grant.resume_in > 23 * 3600


async def test_what_came_back_does_not_count(database: Database, clock: MovableClock) -> None:
    campaign = await frozen(database, 9, clock, domains=("slow.example", "example.org"))
    limits = {"": Limit(per_hour=4), "slow.example": Limit(per_hour=2)}
    ledger = await run(database, campaign, clock=clock, limits=limits)
    claims = (await ledger.exchange([], 9)).claims
    assert Counter(claim.domain for claim in claims) == {"slow.example": 2, "example.org": 2}
    again = await ledger.exchange(back(claims), 9)
    assert Counter(claim.domain for claim in again.claims) == {"slow.example": 2, "example.org": 2}
    assert not (await ledger.exchange(accepted(again.claims), 9)).claims


async def test_the_last_one_that_came_back_is_taken_up_at_once(database: Database) -> None:
    """Also when nothing was left a moment ago, or the run would end without it."""
    campaign = await frozen(database, 2)
    ledger = await run(database, campaign, limits={"": Limit(per_second=1_000)})
    claims = (await ledger.exchange([], 5)).claims
    assert len(claims) == 2
    again = await ledger.exchange(back(claims[:1]), 5)
    assert [claim.addressee.id for claim in again.claims] == [claims[0].addressee.id]


async def test_what_a_lost_commit_claimed_is_found_again(database: Database) -> None:
    campaign = await frozen(database, 2)
    ledger = await run(database, campaign, limits={"": Limit(per_second=1_000)})
    await ledger.exchange([], 5)  # and the answer got lost
    await ledger.recover({})
    assert len((await ledger.exchange([], 5)).claims) == 2


async def test_all_mail_and_one_domain_keep_their_spacing_together(database: Database, clock: MovableClock) -> None:
    campaign = await frozen(database, 12, clock, domains=("slow.example", "example.org"))
    limits = {"": Limit(per_second=10), "slow.example": Limit(per_second=5)}
    ledger = await run(database, campaign, clock=clock, limits=limits)
    begun: list[tuple[dt.datetime, str]] = []
    while True:
        grant = await ledger.exchange([], 3)
        begun += [(clock.time + dt.timedelta(seconds=claim.delay), claim.domain) for claim in grant.claims]
        assert all(claim.delay <= 3 * AHEAD for claim in grant.claims)
        if not grant.claims and grant.resume_in is None:
            break
        clock.time += dt.timedelta(seconds=grant.resume_in or 0)
    assert len(begun) == 12
    for domain, spacing in (("", 0.1), ("slow.example", 0.2)):
        times = sorted(time for time, of in begun if domain in ("", of))
        gaps = [(later - earlier).total_seconds() for earlier, later in itertools.pairwise(times)]
        assert min(gaps) >= spacing - 0.001


async def test_a_desk_waits_for_a_short_limit_and_ends_at_a_long_one(database: Database) -> None:
    campaign = await frozen(database, 8)
    ledger = await run(database, campaign, limits={"": Limit(per_second=20, per_day=6)})
    desk = Desk(ledger)
    taken: list[Claim] = []

    async def work() -> None:
        while claim := await desk.claim():
            await asyncio.sleep(claim.delay)
            taken.append(claim)
            desk.report(Result(claim, Outcome(State.ACCEPTED)))

    workers = asyncio.gather(*(work() for _ in range(4)), return_exceptions=True)
    await asyncio.wait_for(desk.serve(workers), 20)
    assert len(taken) == 6
    assert desk.resume_in is not None
    assert desk.resume_in > 23 * 3600
    assert not desk.halted
    assert await counts(database, campaign) == {State.ACCEPTED: 6, State.PENDING: 2}


async def test_a_desk_does_not_let_what_came_back_wait_for_a_slow_domain(database: Database) -> None:
    campaign = await frozen(database, 4, SystemClock(), domains=("slow.example", "example.org"))
    ledger = await run(database, campaign, limits={"slow.example": Limit(per_second=0.02)})
    desk = Desk(ledger)
    tried = Counter[str]()

    async def work() -> None:
        while claim := await desk.claim():
            tried[claim.domain] += 1
            await asyncio.sleep(0.2)
            lost = claim.domain == "example.org" and tried["example.org"] <= 2
            desk.report(Result(claim, Outcome(State.PENDING if lost else State.ACCEPTED)))

    workers = asyncio.gather(*(work() for _ in range(5)), return_exceptions=True)
    serving = asyncio.ensure_future(desk.serve(workers))
    async with asyncio.timeout(20):
        while tried["example.org"] < 4:  # noqa: ASYNC110 - what is looked at is no event
            await asyncio.sleep(0.02)
    desk.stop()
    await asyncio.wait_for(serving, 20)
    assert tried == {"slow.example": 1, "example.org": 4}


async def test_where_people_join_a_campaign_leaves_places_to_mail_that_somebody_waits_for(
    database: Database, clock: MovableClock
) -> None:
    campaign = await frozen(database, 60, clock, domains=("slow.example", "example.org"))
    limits = {"": Limit(per_second=20, per_day=40), "slow.example": Limit(per_day=20)}
    ledger, turns = await run(database, campaign, clock=clock, limits=limits), Turns(database, clock, limits)
    joining = SignupStore(database, clock, Gathered(database), 7)
    assert await joining.ask(SignUp("luz@example.org", "", "es", frozenset(), Agreement("Yes", "a form")))
    sent, wait = 0, 0.0
    while wait < 3600:
        grant = await ledger.exchange([], 9)
        sent += len(grant.claims)
        wait = grant.resume_in or 0.0
        clock.time += dt.timedelta(seconds=wait if wait < 3600 else 1)
    assert sent == 38
    assert await turns.take("slow.example") == Turn(granted=True)
    assert (await turns.take("slow.example")).held == "slow.example"
    assert (await turns.take("example.com")).granted
    held = await turns.take("example.com")
    assert (held.granted, held.held) == (False, "")
    assert 23 * 3600 < held.delay <= 24 * 3600 + 900
    # What did not leave the house makes room again, and what did keeps the campaign waiting for longer.
    await turns.give_back("example.com")
    assert (await turns.take("example.com")).granted
    grant = await ledger.exchange([], 9)
    assert not grant.claims
    assert grant.resume_in == pytest.approx(held.delay, abs=900)


async def test_awaited_mail_gets_the_next_moment_though_a_campaign_takes_all_it_can(
    database: Database, clock: MovableClock
) -> None:
    campaign = await frozen(database, 9, clock)
    limits = {"": Limit(per_second=2)}
    ledger, turns = await run(database, campaign, clock=clock, limits=limits), Turns(database, clock, limits)
    assert len((await ledger.exchange([], 9)).claims) == 1
    turn = await turns.take("example.org")
    assert (turn.granted, round(turn.delay, 2)) == (True, 0.5)
    assert (await ledger.exchange([], 9)).resume_in == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize("per_second", [0.2, 0.5, 0.8])
async def test_a_flood_of_forms_leaves_a_campaign_its_moments(
    database: Database, clock: MovableClock, per_second: float
) -> None:
    campaign = await frozen(database, 200, clock)
    limits = {"": Limit(per_second=per_second)}
    ledger, turns = await run(database, campaign, clock=clock, limits=limits), Turns(database, clock, limits)
    forms = letters = 0
    form_at = 0.0
    for tick in range(800):  # of a quarter of a second
        if tick / 4 >= form_at:
            turn = await turns.take("example.org")
            forms += turn.granted
            form_at = tick / 4 + turn.delay + turns.pause("example.org")
        letters += len((await ledger.exchange([], 1)).claims)
        clock.time += dt.timedelta(seconds=0.25)
    assert forms + letters >= 0.9 * 200 * per_second
    assert 0.4 * forms < letters
