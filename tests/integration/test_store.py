"""The database: migrations fit the tables, and the ledger keeps its promises by itself."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from newsletter.audience.csvlist import GoodRow
from newsletter.audience.segments import All
from newsletter.audience.subscribers import NewSubscriber
from newsletter.clock import Clock, SystemClock
from newsletter.delivery.deliver import Claim, Result
from newsletter.delivery.message import FrozenEdition, Sender
from newsletter.delivery.states import TRANSITIONS, Outcome, State
from newsletter.store.campaigns import Campaign, CampaignStore, Target
from newsletter.store.database import NEWEST, Database
from newsletter.store.ledger import CampaignLedger
from newsletter.store.migrate import alembic_config
from newsletter.store.subscribers import SubscriberStore
from newsletter.store.tables import metadata

EVERYBODY = {"everybody": All(())}


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with await Database.open("sqlite:///var/test.db", tmp_path) as opened:
        yield opened


def edition_for(locale: str, segments: frozenset[str]) -> FrozenEdition:
    sender = Sender("Org", "news@example.org", "hello@example.org", "https://news.example.org")
    return FrozenEdition(locale, segments, sender, "subject", "text", "<p>html</p>")


async def frozen(database: Database, people: int) -> Campaign:
    store = SubscriberStore(database, SystemClock(), "en")
    rows = [GoodRow(n, NewSubscriber(f"r{n}@example.org", f"R{n}", "es" if n % 2 else "en")) for n in range(people)]
    await store.import_rows(rows)
    campaigns = CampaignStore(database, SystemClock(), ("en", "es"))
    return await campaigns.freeze(Target("june", ("everybody",), EVERYBODY), edition_for)


async def counts(database: Database, campaign: Campaign) -> dict[State, int]:
    total: dict[State, int] = {}
    for by_state in (await CampaignStore(database, SystemClock(), ("en", "es")).counts(campaign)).values():
        for state, number in by_state.items():
            total[state] = total.get(state, 0) + number
    return total


class MovableClock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.time = dt.datetime(2026, 1, 15, 12, tzinfo=dt.UTC)

    def now(self) -> dt.datetime:
        return self.time


def run(database: Database, campaign: Campaign, token: str = "run-1", clock: Clock | None = None) -> CampaignLedger:
    return CampaignLedger(database, clock or SystemClock(), campaign, token)


async def test_migrations_make_just_the_tables_that_the_code_knows(database: Database) -> None:
    async with database.read() as connection:

        def compare(sync: sa.Connection) -> list[object]:
            return list(compare_metadata(MigrationContext.configure(sync), metadata))

        assert await connection.run_sync(compare) == []
    assert ScriptDirectory.from_config(alembic_config()).get_heads() == [NEWEST]


async def test_opening_again_changes_nothing(database: Database, tmp_path: Path) -> None:
    await frozen(database, 3)
    async with await Database.open("sqlite:///var/test.db", tmp_path) as again:
        assert (
            len([found async for found in SubscriberStore(again, SystemClock(), "en").recipients(EVERYBODY, EVERYBODY)])
            == 3
        )


async def test_a_failed_transaction_leaves_no_trace(database: Database) -> None:
    def broken(locale: str, segments: frozenset[str]) -> FrozenEdition:
        if locale == "es":
            raise RuntimeError("no such edition")
        return edition_for(locale, segments)

    await frozen(database, 4)
    campaigns = CampaignStore(database, SystemClock(), ("en", "es"))
    with pytest.raises(RuntimeError):
        await campaigns.freeze(Target("july", ("everybody",), EVERYBODY), broken)
    assert await campaigns.find("july", ["everybody"]) is None


async def test_each_row_is_claimed_once_and_by_its_own_run(database: Database) -> None:
    campaign = await frozen(database, 10)
    one, two = run(database, campaign, "one"), run(database, campaign, "two")
    first = await one.exchange([], 4)
    second = await two.exchange([], 100)
    assert len(first) == 4
    assert len(second) == 6
    assert not {claim.addressee.id for claim in first} & {claim.addressee.id for claim in second}
    # A run that wakes late cannot write over what another holds.
    await one.exchange([Result(claim, Outcome(State.REJECTED)) for claim in second], 0)
    assert await counts(database, campaign) == {State.SENDING: 10}
    await two.exchange([Result(claim, Outcome(State.ACCEPTED, "250 ok")) for claim in second], 0)
    assert await counts(database, campaign) == {State.SENDING: 4, State.ACCEPTED: 6}


async def test_results_and_claims_are_one_transaction(database: Database) -> None:
    campaign = await frozen(database, 3)
    ledger = run(database, campaign)
    (claim,) = await ledger.exchange([], 1)
    claims = await ledger.exchange([Result(claim, Outcome(State.ACCEPTED))], 2)
    assert len(claims) == 2
    assert await counts(database, campaign) == {State.ACCEPTED: 1, State.SENDING: 2}
    assert await ledger.exchange([], 5) == []


async def test_what_is_settled_stays_so(database: Database) -> None:
    campaign = await frozen(database, 4)
    ledger = run(database, campaign)
    claims = await ledger.exchange([], 4)
    outcomes = (State.ACCEPTED, State.REJECTED, State.IN_DOUBT, State.DEFERRED)
    await ledger.exchange([Result(c, Outcome(s)) for c, s in zip(claims, outcomes, strict=True)], 0)
    before = await counts(database, campaign)
    await ledger.exchange([Result(claim, Outcome(State.PENDING)) for claim in claims], 0)
    assert await counts(database, campaign) == before
    assert await ledger.reopen() == 0
    assert await ledger.exchange([], 9) == []


async def test_a_deferred_message_waits_for_its_time_and_is_given_up_after_days(database: Database) -> None:
    clock = MovableClock()
    campaign = await frozen(database, 1)
    ledger = run(database, campaign, clock=clock)
    waits = []
    while claims := await ledger.exchange([], 1):
        await ledger.exchange([Result(claims[0], Outcome(State.DEFERRED, "451 later"))], 0)
        due = await ledger.next_due()
        if due is None:
            break
        assert await ledger.reopen() == 0
        assert await ledger.exchange([], 1) == [], "not before its time"
        waits.append(due - clock.time)
        clock.time = due
        await ledger.reopen()
    assert dt.timedelta(minutes=30) <= waits[0] <= dt.timedelta(minutes=38)
    assert waits[1] >= dt.timedelta(minutes=60)
    assert max(waits) <= dt.timedelta(hours=10)
    assert dt.timedelta(days=3) < sum(waits, dt.timedelta()) <= dt.timedelta(days=4)
    assert await counts(database, campaign) == {State.REJECTED: 1}
    campaigns = CampaignStore(database, SystemClock(), ("en", "es"))
    (given_up,) = [row async for row in campaigns.unsettled(campaign)]
    assert given_up.reply.startswith(f"given up after {len(waits) + 1} attempts: 451 later")


async def test_a_dead_runs_messages_are_in_doubt_for_the_next(database: Database) -> None:
    campaign = await frozen(database, 5)
    await run(database, campaign, "dead").exchange([], 2)
    assert await run(database, campaign, "next").reopen() == 2
    assert await counts(database, campaign) == {State.IN_DOUBT: 2, State.PENDING: 3}


async def test_editions_come_back_as_they_were_frozen(database: Database) -> None:
    campaign = await frozen(database, 2)
    editions = await CampaignStore(database, SystemClock(), ("en", "es")).editions(campaign)
    assert sorted(editions.values(), key=lambda edition: edition.locale) == [
        edition_for("en", frozenset()),
        edition_for("es", frozenset()),
    ]


async def test_a_claim_brings_the_edition_in_the_persons_language(database: Database) -> None:
    campaign = await frozen(database, 4)
    editions = await CampaignStore(database, SystemClock(), ("en", "es")).editions(campaign)
    claims: list[Claim] = await run(database, campaign).exchange([], 4)
    assert {(claim.addressee.email, editions[claim.edition_id].locale) for claim in claims} == {
        ("r0@example.org", "en"),
        ("r1@example.org", "es"),
        ("r2@example.org", "en"),
        ("r3@example.org", "es"),
    }


@pytest.mark.parametrize("verdict", [State.PENDING, State.ACCEPTED, State.REJECTED])
async def test_what_is_in_doubt_is_settled_by_a_person_only(database: Database, verdict: State) -> None:
    campaign = await frozen(database, 3)
    await run(database, campaign, "dead").exchange([], 2)
    ledger = run(database, campaign, "next")
    await ledger.reopen()
    assert len(await ledger.exchange([], 9)) == 1, "no run takes up what is in doubt"
    assert await ledger.resolve(State.IN_DOUBT, verdict) == 2
    assert len(await ledger.exchange([], 9)) == (2 if verdict is State.PENDING else 0)


async def test_a_cancelled_campaign_reaches_nobody_else(database: Database) -> None:
    campaign = await frozen(database, 5)
    ledger = run(database, campaign)
    claims = await ledger.exchange([], 2)
    await ledger.exchange([Result(claims[0], Outcome(State.ACCEPTED)), Result(claims[1], Outcome(State.DEFERRED))], 0)
    assert await ledger.cancel() == 4
    assert await counts(database, campaign) == {State.ACCEPTED: 1, State.CANCELLED: 4}
    assert await ledger.reopen() == 0
    assert await ledger.exchange([], 9) == []


def test_the_transition_table_has_no_way_back_from_what_is_settled() -> None:
    assert set(TRANSITIONS) == set(State)
    into_sending = {old for old, new in TRANSITIONS.items() if State.SENDING in new}
    assert into_sending == {State.PENDING}
    reachable = {State.PENDING}
    while more := {new for old in reachable for new in TRANSITIONS[old]} - reachable:
        reachable |= more
    assert reachable == set(State)
