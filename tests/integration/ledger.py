"""What the tests of the store have in common: a frozen campaign, runs over it, and a clock that can be moved."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from newsletter.audience.csvlist import GoodRow
from newsletter.audience.segments import All
from newsletter.audience.subscribers import NewSubscriber
from newsletter.clock import Clock, SystemClock
from newsletter.delivery.limits import Limit
from newsletter.delivery.message import FrozenEdition, Sender
from newsletter.delivery.states import State
from newsletter.store.campaigns import Campaign, CampaignStore
from newsletter.store.database import Database
from newsletter.store.freeze import Freezer, Schedule, Target
from newsletter.store.ledger import CampaignLedger
from newsletter.store.subscribers import SubscriberStore

EVERYBODY = {"everybody": All(())}


class MovableClock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.time = dt.datetime(2026, 1, 15, 12, tzinfo=dt.UTC)

    def now(self) -> dt.datetime:
        return self.time


def edition_for(locale: str, segments: frozenset[str]) -> FrozenEdition:
    """The same little edition in each language."""
    sender = Sender("Org", "news@example.org", "hello@example.org", "https://news.example.org")
    return FrozenEdition(locale, segments, sender, "subject", "text", "<p>html</p>")


async def frozen(
    database: Database,
    people: int,
    clock: Clock | None = None,
    schedule: Schedule | None = None,
    domains: tuple[str, ...] = ("example.org",),
) -> Campaign:
    """A campaign to invented people, every other one Spanish, at the domains in turn."""
    clock = clock or SystemClock()
    rows = [
        GoodRow(n, NewSubscriber(f"r{n}@{domains[n % len(domains)]}", f"R{n}", "es" if n % 2 else "en"))
        for n in range(people)
    ]
    await SubscriberStore(database, clock, "en").import_rows(rows, lambda _key: ())
    freezer = Freezer(database, clock, ("en", "es"))
    return await freezer.freeze(Target("june", ("everybody",), EVERYBODY), edition_for, schedule=schedule)


async def run(
    database: Database,
    campaign: Campaign,
    token: str = "run-1",
    clock: Clock | None = None,
    limits: Mapping[str, Limit] | None = None,
) -> CampaignLedger:
    """A run over a campaign that has begun."""
    ledger = CampaignLedger(database, clock or SystemClock(), campaign.id, token, limits)
    await ledger.begin("a test")
    return ledger


async def counts(database: Database, campaign: Campaign) -> dict[State, int]:
    """How many deliveries are in which state."""
    total: dict[State, int] = {}
    for by_state in (await CampaignStore(database, SystemClock()).counts(campaign.id)).values():
        for state, number in by_state.items():
            total[state] = total.get(state, 0) + number
    return total
