"""The ledger's contract, held to SQLite and to a real PostgreSQL alike."""

from __future__ import annotations

import asyncio
import datetime as dt

import pytest
import sqlalchemy as sa

from newsletter.clock import SystemClock
from newsletter.content.schema import MailKind
from newsletter.delivery.desk import LEASE, Claim, Result
from newsletter.delivery.states import CampaignStatus, Outcome, State
from newsletter.store.campaigns import CampaignStore
from newsletter.store.database import Database
from newsletter.store.freeze import Freezer, Schedule, Target
from newsletter.store.subscribers import SubscriberStore
from newsletter.store.tables import runs, subscribers
from newsletter.store.upkeep import Upkeep
from tests.integration.ledger import EVERYBODY, MovableClock, counts, edition_for, frozen, run

HOUR = dt.timedelta(hours=1)


def accepted(claims: object) -> list[Result]:
    return [Result(claim, Outcome(State.ACCEPTED, "250 ok")) for claim in claims]  # type: ignore[attr-defined]


async def expire(database: Database, token: str) -> None:
    """Let the lease of a run be over, as a minute and a half of silence does."""
    async with database.write() as connection:
        past = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
        await connection.execute(runs.update().where(runs.c.token == token).values(expires_at=past))


async def test_each_row_is_claimed_once_and_by_its_own_run(database: Database) -> None:
    campaign = await frozen(database, 10)
    one, two = await run(database, campaign, "one"), await run(database, campaign, "two")
    first = (await one.exchange([], 4)).claims
    second = (await two.exchange([], 100)).claims
    assert len(first) == 4
    assert len(second) == 6
    assert not {claim.addressee.id for claim in first} & {claim.addressee.id for claim in second}
    # A run that wakes late cannot write over what another holds.
    await one.exchange([Result(claim, Outcome(State.REJECTED)) for claim in second], 0)
    assert await counts(database, campaign) == {State.SENDING: 10}
    await two.exchange(accepted(second), 0)
    assert await counts(database, campaign) == {State.SENDING: 4, State.ACCEPTED: 6}


async def test_a_run_may_prepare_what_it_is_about_to_get(database: Database) -> None:
    campaign = await frozen(database, 5)
    ledger = await run(database, campaign)
    foretold: list[Claim] = []
    first = (await ledger.exchange([], 3, foretold.extend)).claims
    second = (await ledger.exchange(accepted(first), 3, foretold.extend)).claims
    await ledger.exchange(accepted(second), 0, foretold.extend)
    # A server is waited for elsewhere, so that there is no time to be used.
    assert foretold == ([*first, *second] if database.file else [])


async def test_a_late_result_of_an_earlier_attempt_moves_nothing(database: Database) -> None:
    campaign = await frozen(database, 1)
    ledger = await run(database, campaign, "one")
    (first,) = (await ledger.exchange([], 1)).claims
    back = [Result(first, Outcome(State.PENDING, "lost before the body"))]
    (second,) = (await ledger.exchange(back, 1)).claims
    await ledger.exchange(back, 0)  # as a part does whose desk died after it had stored this
    assert await counts(database, campaign) == {State.SENDING: 1}
    await ledger.exchange(accepted([second]), 0)
    assert await counts(database, campaign) == {State.ACCEPTED: 1}


async def test_many_runs_at_once_share_the_rows(database: Database) -> None:
    campaign = await frozen(database, 200)
    ledgers = [await run(database, campaign, f"run-{n}") for n in range(4)]

    async def work(number: int) -> list[int]:
        mine: list[int] = []
        done: list[Result] = []
        while claims := (await ledgers[number].exchange(done, 7)).claims:
            mine += [claim.addressee.id for claim in claims]
            done = accepted(claims)
        return mine

    shares = await asyncio.gather(*(work(number) for number in range(4)))
    everybody = [person for share in shares for person in share]
    assert len(everybody) == len(set(everybody)) == 200
    assert await counts(database, campaign) == {State.ACCEPTED: 200}


async def test_results_and_claims_are_one_transaction(database: Database) -> None:
    campaign = await frozen(database, 3)
    ledger = await run(database, campaign)
    (claim,) = (await ledger.exchange([], 1)).claims
    claims = (await ledger.exchange(accepted([claim]), 2)).claims
    assert len(claims) == 2
    assert await counts(database, campaign) == {State.ACCEPTED: 1, State.SENDING: 2}
    assert (await ledger.exchange([], 5)).claims == []


async def test_what_is_settled_stays_so(database: Database) -> None:
    campaign = await frozen(database, 4)
    ledger = await run(database, campaign)
    claims = (await ledger.exchange([], 4)).claims
    outcomes = (State.ACCEPTED, State.REJECTED, State.IN_DOUBT, State.DEFERRED)
    await ledger.exchange([Result(c, Outcome(s)) for c, s in zip(claims, outcomes, strict=True)], 0)
    before = await counts(database, campaign)
    await ledger.exchange([Result(claim, Outcome(State.PENDING)) for claim in claims], 0)
    assert await counts(database, campaign) == before
    assert (await Upkeep(database, SystemClock()).reconcile(campaign.id)).doubtful == 0
    assert (await ledger.exchange([], 9)).claims == []


async def test_a_deferred_message_waits_for_its_time_and_is_given_up_after_days(database: Database) -> None:
    clock = MovableClock()
    upkeep = Upkeep(database, clock)
    campaign = await frozen(database, 1)
    waits: list[dt.timedelta] = []
    while True:
        ledger = await run(database, campaign, f"run-{len(waits)}", clock)  # hours go by between two runs
        (claim,) = (await ledger.exchange([], 1)).claims
        await ledger.exchange([Result(claim, Outcome(State.DEFERRED, "451 later"))], 0)
        due = (await upkeep.reconcile(campaign.id)).next_due
        if due is None:
            break
        assert (await ledger.exchange([], 1)).claims == [], "not before its time"
        waits.append(due - clock.time)
        clock.time = due
        assert (await upkeep.reconcile(campaign.id)).pending == 1
    assert dt.timedelta(minutes=30) <= waits[0] <= dt.timedelta(minutes=38)
    assert waits[1] >= dt.timedelta(minutes=60)
    assert max(waits) <= dt.timedelta(hours=10)
    assert dt.timedelta(days=3) < sum(waits, dt.timedelta()) <= dt.timedelta(days=4)
    assert await counts(database, campaign) == {State.REJECTED: 1}
    (given_up,) = [row async for row in CampaignStore(database, SystemClock()).deliveries(campaign)]
    assert given_up.reply.startswith(f"given up after {len(waits) + 1} attempts: 451 later")


async def test_a_dead_runs_messages_are_in_doubt_and_its_late_results_change_nothing(database: Database) -> None:
    campaign = await frozen(database, 5)
    upkeep = Upkeep(database, SystemClock())
    dead = await run(database, campaign, "dead")
    claims = (await dead.exchange([], 2)).claims
    assert (await upkeep.reconcile(campaign.id)).doubtful == 0, "it is alive"
    await expire(database, "dead")
    assert (await upkeep.reconcile(campaign.id)).doubtful == 2
    assert await counts(database, campaign) == {State.IN_DOUBT: 2, State.PENDING: 3}
    # It wakes up.
    grant = await dead.exchange(accepted(claims), 2)
    assert "given up for dead" in grant.halted
    assert not grant.claims
    assert not await dead.renew()
    assert await counts(database, campaign) == {State.IN_DOUBT: 2, State.PENDING: 3}


async def test_a_run_that_shows_itself_in_time_keeps_what_it_holds(database: Database) -> None:
    clock = MovableClock()
    clock.time = dt.datetime.now(dt.UTC)
    campaign = await frozen(database, 2)
    ledger = await run(database, campaign, clock=clock)
    await ledger.exchange([], 1)
    if database.file:
        clock.time += dt.timedelta(seconds=LEASE - 1)
    assert await ledger.renew()
    if database.file:
        clock.time += dt.timedelta(seconds=LEASE - 1)
    assert (await Upkeep(database, clock).reconcile(campaign.id)).doubtful == 0


async def test_whoever_is_alone_knows_that_every_run_is_dead(database: Database) -> None:
    campaign = await frozen(database, 5)
    await (await run(database, campaign, "dead")).exchange([], 2)
    assert (await Upkeep(database, SystemClock()).reconcile(campaign.id, alone=True)).doubtful == 2


async def test_claims_whose_commit_was_never_answered_are_freed(database: Database) -> None:
    campaign = await frozen(database, 5)
    ledger = await run(database, campaign)
    held = (await ledger.exchange([], 1)).claims
    await ledger.exchange([], 3)  # and the answer got lost
    await ledger.recover({claim.addressee.id: claim.attempt for claim in held})
    assert await counts(database, campaign) == {State.SENDING: 1, State.PENDING: 4}
    await ledger.exchange(accepted(held), 0)
    assert await counts(database, campaign) == {State.ACCEPTED: 1, State.PENDING: 4}


async def test_who_went_back_and_was_claimed_again_by_a_commit_without_an_answer_is_freed_too(
    database: Database,
) -> None:
    campaign = await frozen(database, 2)
    ledger = await run(database, campaign)
    held = (await ledger.exchange([], 2)).claims
    back = [Result(held[0], Outcome(State.PENDING, "lost before the body"))]
    await ledger.exchange(back, 1)  # and the answer got lost: what is held is still the first attempt
    await ledger.recover({claim.addressee.id: claim.attempt for claim in held})
    assert await counts(database, campaign) == {State.SENDING: 1, State.PENDING: 1}
    (again,) = (await ledger.exchange(back, 1)).claims
    assert (again.addressee.id, again.attempt) == (held[0].addressee.id, 3)


async def test_nothing_is_claimed_of_a_paused_campaign_until_it_is_resumed(database: Database) -> None:
    campaign = await frozen(database, 5)
    store = CampaignStore(database, SystemClock())
    ledger = await run(database, campaign)
    first = (await ledger.exchange([], 1)).claims
    assert await store.pause(campaign.id, "to mend a link")
    assert not await store.pause(campaign.id, "again")
    grant = await ledger.exchange(accepted(first), 2)
    assert grant.halted == "the campaign is paused: to mend a link"
    assert not grant.claims
    assert await counts(database, campaign) == {State.ACCEPTED: 1, State.PENDING: 4}, "what was under way is recorded"
    assert await store.resume(campaign.id)
    assert len((await ledger.exchange([], 2)).claims) == 2


async def test_pausing_while_claims_are_made_is_a_barrier(database: Database) -> None:
    campaign = await frozen(database, 300)
    store = CampaignStore(database, SystemClock())
    ledgers = [await run(database, campaign, f"run-{n}") for n in range(3)]

    async def work(number: int) -> None:
        done: list[Result] = []
        while claims := (await ledgers[number].exchange(done, 3)).claims:
            done = accepted(claims)

    working = [asyncio.ensure_future(work(number)) for number in range(3)]
    await asyncio.sleep(0.1)
    await store.pause(campaign.id, "now")
    claimed = (await counts(database, campaign)).get(State.PENDING, 0)
    await asyncio.gather(*working)
    assert (await counts(database, campaign)).get(State.PENDING, 0) == claimed, "nothing was claimed after the pause"


@pytest.mark.parametrize("late", [False, True])
async def test_a_scheduled_campaign_starts_at_its_time_or_waits_for_a_person(database: Database, late: bool) -> None:
    clock = MovableClock()
    schedule = Schedule(clock.time + HOUR, clock.time + 2 * HOUR)
    campaign = await frozen(database, 2, clock, schedule)
    upkeep, store = Upkeep(database, clock), CampaignStore(database, clock)
    assert (await upkeep.reconcile(campaign.id)).status is CampaignStatus.SCHEDULED
    ledger = await run(database, campaign, clock=clock)
    assert (await ledger.exchange([], 2)).halted == "the campaign is scheduled"
    clock.time += HOUR * (3 if late else 1)
    found = await upkeep.reconcile(campaign.id)
    if late:
        assert (found.status, found.reason) == (
            CampaignStatus.PAUSED,
            "nobody was there to start it at its time",
        )
        assert await store.resume(campaign.id)
        found = await upkeep.reconcile(campaign.id)
    assert found.status is CampaignStatus.RUNNING
    ledger = await run(database, campaign, "at its time", clock)
    assert len((await ledger.exchange([], 2)).claims) == 2


async def test_a_campaign_is_finished_when_nothing_of_it_can_move(database: Database) -> None:
    clock = MovableClock()
    campaign = await frozen(database, 4, clock)
    upkeep = Upkeep(database, clock)
    ledger = await run(database, campaign, clock=clock)
    claims = (await ledger.exchange([], 3)).claims
    outcomes = (State.ACCEPTED, State.IN_DOUBT, State.DEFERRED)
    await ledger.exchange([Result(c, Outcome(s)) for c, s in zip(claims, outcomes, strict=True)], 0)
    await SubscriberStore(database, clock, "en").unsubscribe("r3@example.org")
    assert (await upkeep.reconcile(campaign.id)).status is CampaignStatus.RUNNING
    clock.time += 2 * HOUR
    assert (await upkeep.reconcile(campaign.id)).pending == 1
    ledger = await run(database, campaign, "later", clock)
    await ledger.exchange(accepted((await ledger.exchange([], 1)).claims), 0)
    assert (await upkeep.reconcile(campaign.id)).status is CampaignStatus.FINISHED
    assert await counts(database, campaign) == {State.ACCEPTED: 2, State.IN_DOUBT: 1, State.CANCELLED: 1}
    assert await upkeep.open_campaigns() == []


async def test_an_address_that_does_not_exist_is_not_written_to_again(database: Database) -> None:
    campaign = await frozen(database, 3)
    ledger = await run(database, campaign)
    claims = (await ledger.exchange([], 2)).claims
    gone, refused = claims
    await ledger.exchange(
        [
            Result(gone, Outcome(State.REJECTED, "550 5.1.1 no such user", gone=True)),
            Result(refused, Outcome(State.REJECTED, "550 5.7.1 we do not like this")),
        ],
        0,
    )
    store = SubscriberStore(database, SystemClock(), "en")

    async def on_the_list() -> set[str]:
        return {one.subscriber.email async for one in store.recipients(EVERYBODY, EVERYBODY)}

    assert gone.addressee.email not in await on_the_list()
    assert refused.addressee.email in await on_the_list()
    # Unless a person says that the server was wrong.
    assert await CampaignStore(database, SystemClock()).resolve(campaign.id, State.REJECTED, State.PENDING) == 2
    assert gone.addressee.email in await on_the_list()
    assert len((await ledger.exchange([], 9)).claims) == 3


async def test_who_leaves_is_left_out_of_the_next_claim(database: Database) -> None:
    campaign = await frozen(database, 4)
    ledger = await run(database, campaign)
    await ledger.exchange([], 1)
    await SubscriberStore(database, SystemClock(), "en").unsubscribe("r1@example.org")
    assert [claim.addressee.email for claim in (await ledger.exchange([], 9)).claims] == [
        "r2@example.org",
        "r3@example.org",
    ]


async def test_who_declines_this_kind_or_wants_a_pause_is_left_out_of_the_next_claim(database: Database) -> None:
    clock = MovableClock()
    campaign = await frozen(database, 5, clock)
    ledger = await run(database, campaign, clock=clock)
    tomorrow = clock.time + dt.timedelta(days=1)
    async with database.write() as connection:
        for email, choice in (
            ("r0@example.org", {"declined": MailKind.NEWS}),
            ("r1@example.org", {"declined": MailKind.APPEAL}),
            ("r2@example.org", {"paused_until": tomorrow}),
        ):
            await connection.execute(subscribers.update().where(subscribers.c.email == email).values(**choice))
    claimed = {claim.addressee.email for claim in (await ledger.exchange([], 9)).claims}
    assert claimed == {"r1@example.org", "r3@example.org", "r4@example.org"}
    clock.time = tomorrow
    assert [claim.addressee.email for claim in (await ledger.exchange([], 9)).claims] == ["r2@example.org"]


async def test_a_campaign_is_frozen_without_those_who_declined_its_kind(database: Database) -> None:
    await frozen(database, 4)
    async with database.write() as connection:
        await connection.execute(
            subscribers.update().where(subscribers.c.email == "r0@example.org").values(declined=MailKind.APPEAL)
        )
    target = Target("july", ("everybody",), EVERYBODY, kind=MailKind.APPEAL)
    campaign = await Freezer(database, SystemClock(), ("en", "es")).freeze(target, edition_for)
    assert campaign.kind is MailKind.APPEAL
    assert (await counts(database, campaign)) == {State.PENDING: 3}


async def test_editions_come_back_as_they_were_frozen(database: Database) -> None:
    campaign = await frozen(database, 2)
    editions = await CampaignStore(database, SystemClock()).editions(campaign.id)
    assert sorted(editions.values(), key=lambda edition: edition.locale) == [
        edition_for("en", frozenset()),
        edition_for("es", frozenset()),
    ]


async def test_a_claim_brings_the_edition_in_the_persons_language(database: Database) -> None:
    campaign = await frozen(database, 4)
    editions = await CampaignStore(database, SystemClock()).editions(campaign.id)
    claims = (await (await run(database, campaign)).exchange([], 4)).claims
    assert {(claim.addressee.email, editions[claim.edition_id].locale) for claim in claims} == {
        ("r0@example.org", "en"),
        ("r1@example.org", "es"),
        ("r2@example.org", "en"),
        ("r3@example.org", "es"),
    }


@pytest.mark.parametrize("verdict", [State.PENDING, State.ACCEPTED, State.REJECTED])
async def test_what_is_in_doubt_is_settled_by_a_person_only(database: Database, verdict: State) -> None:
    campaign = await frozen(database, 3)
    await (await run(database, campaign, "dead")).exchange([], 2)
    await expire(database, "dead")
    await Upkeep(database, SystemClock()).reconcile(campaign.id)
    ledger = await run(database, campaign, "next")
    done: list[Claim] = list((await ledger.exchange([], 9)).claims)
    assert len(done) == 1, "no run takes up what is in doubt"
    await ledger.exchange(accepted(done), 0)
    store = CampaignStore(database, SystemClock())
    await Upkeep(database, SystemClock()).reconcile(campaign.id)
    assert await store.resolve(campaign.id, State.IN_DOUBT, verdict) == 2
    assert len((await ledger.exchange([], 9)).claims) == (2 if verdict is State.PENDING else 0)


async def test_a_cancelled_campaign_reaches_nobody_else(database: Database) -> None:
    campaign = await frozen(database, 5)
    ledger = await run(database, campaign)
    claims = (await ledger.exchange([], 2)).claims
    await ledger.exchange([Result(claims[0], Outcome(State.ACCEPTED)), Result(claims[1], Outcome(State.DEFERRED))], 0)
    assert await CampaignStore(database, SystemClock()).cancel(campaign.id) == 4
    assert await counts(database, campaign) == {State.ACCEPTED: 1, State.CANCELLED: 4}
    assert (await ledger.exchange([], 9)).halted == "the campaign is cancelled"


async def test_two_freezings_at_once_give_nobody_two_copies(database: Database) -> None:
    await frozen(database, 1)  # the list, and another campaign
    rows = await asyncio.gather(*(frozen_again(database) for _ in range(4)), return_exceptions=True)
    assert sum(not isinstance(row, BaseException) for row in rows) == 1
    async with database.read() as connection:
        query = sa.text(
            "SELECT max(n) FROM (SELECT count(*) AS n FROM deliveries d JOIN campaigns c ON c.id ="
            " d.campaign_id WHERE c.slug = 'july' GROUP BY subscriber_id) AS per_person"
        )
        assert (await connection.execute(query)).scalar_one() == 1


async def frozen_again(database: Database) -> object:
    freezer = Freezer(database, SystemClock(), ("en", "es"))
    return await freezer.freeze(Target("july", ("everybody",), EVERYBODY), edition_for)
