"""What a worker does about errors that nobody foresaw, and about settings that go wrong while it runs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from newsletter.adapters.pool import SessionPool
from newsletter.cli import working
from newsletter.cli.queues import LocalQueue
from newsletter.cli.running import Runner
from newsletter.cli.wiring import Stores
from newsletter.cli.working import Meter, Worker
from newsletter.delivery.states import CampaignStatus
from newsletter.errors import SettingsError
from tests.integration.conftest import People, Space


@dataclass
class Faulty:
    """Stands for the runner's way to deliver."""

    error: Exception
    tried: list[int] = field(default_factory=list)

    async def __call__(self, campaign: Any, *_args: object) -> None:
        self.tried.append(campaign.id)
        raise self.error


@pytest.fixture
def faulty(monkeypatch: pytest.MonkeyPatch) -> Faulty:
    faulty = Faulty(RuntimeError("<ana@example.org> is not foreseen"))
    monkeypatch.setattr(Runner, "hand_over", lambda _self, *args: faulty(*args))
    for name, value in (("FIRST_PAUSE", 0.01), ("LOOK", 0.02), ("THOROUGH", 0.02)):
        monkeypatch.setattr(working, name, value)
    return faulty


@pytest.fixture(autouse=True)
def _campaign(space: Space, people: People) -> None:
    """One that waits."""
    people(3)
    space.run("send", "june", "-s", "everybody", "--yes", "--queue")


@pytest.fixture
async def stores(space: Space, _campaign: None) -> AsyncIterator[Stores]:
    async with space.house().stores() as opened:
        yield opened


async def start(space: Space, stores: Stores, stopped: asyncio.Event) -> None:
    house = space.house()
    pool = SessionPool(house.smtp_server())
    runner = Runner(house, stores, await house.tokens(stores.database), pool)
    await Worker(runner, pool, LocalQueue(), Meter(), stopped).run()


async def test_a_fault_that_comes_back_pauses_its_campaign(space: Space, stores: Stores, faulty: Faulty) -> None:
    stopped = asyncio.Event()
    running = asyncio.ensure_future(start(space, stores, stopped))
    async with asyncio.timeout(20):
        while True:
            campaign = await stores.campaigns.get(1)
            assert campaign is not None
            if campaign.status is CampaignStatus.PAUSED:
                break
            await asyncio.sleep(0.02)
    assert campaign.reason == "newsletter itself failed (RuntimeError)"
    assert len(faulty.tried) == working.MOST_FAULTS
    await stores.campaigns.resume(1)
    async with asyncio.timeout(20):
        while len(faulty.tried) == working.MOST_FAULTS:  # noqa: ASYNC110 - a list has no event
            await asyncio.sleep(0.02)
    stopped.set()
    await running


async def test_settings_that_go_wrong_end_it(space: Space, stores: Stores, faulty: Faulty) -> None:
    faulty.error = SettingsError([])
    with pytest.raises(SettingsError):
        async with asyncio.timeout(20):
            await start(space, stores, asyncio.Event())
