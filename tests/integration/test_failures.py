"""A database server that is killed, cut off or away, in the middle of a run: nobody is missing, nobody gets two."""

from __future__ import annotations

import asyncio
import random
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from newsletter.clock import SystemClock
from newsletter.store.campaigns import CampaignStore
from newsletter.store.database import Database
from tests.integration.conftest import People, Space
from tests.integration.faults import ANSWER, BEFORE, LATE, SEEDS, SEND, CommitProxy, MailServer, meanwhile, reckon
from tests.integration.ledger import frozen, run
from tests.integration.postgres import Postgres
from tests.integration.records import ask
from tests.integration.waiting import wait_until

CONNECTIONS = 20


@pytest.fixture
def mortal(postgres: Postgres) -> Iterator[Postgres]:
    """The server of this process, for a test that kills it; up again afterwards."""
    yield postgres
    if not postgres.running:
        postgres.start()


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs in this process ask an absent database again soon."""
    monkeypatch.setattr("newsletter.delivery.desk.RETRY", 0.05)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_database_server_that_is_killed_and_started_again_is_waited_for(
    space: Space, people: People, mortal: Postgres, seed: int
) -> None:
    dice = random.Random(seed)
    space.replace("database", mortal.new_database())
    people(1500)

    def kill() -> None:
        for kills in range(1, 4):
            wait_until(lambda: len(server.inbox.messages) > kills * 300)  # noqa: B023 - used at once
            time.sleep(dice.uniform(0, 0.1))
            mortal.kill()
            time.sleep(dice.uniform(0, 0.3))
            mortal.start()

    with MailServer(delay=0.01) as server:
        space.set("smtp", port=server.port, connections=CONNECTIONS)
        with meanwhile(kill):
            space.run(*SEND)
    assert reckon(space, server.inbox, 1500) == {"accepted": 1500}


def test_a_database_server_that_stays_away_ends_the_run_in_words_and_the_next_goes_on(
    space: Space, people: People, mortal: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("newsletter.delivery.desk.LEDGER_AWAY", 0.6)
    space.replace("database", mortal.new_database())
    people(300)
    with MailServer(delay=0.02) as server:
        space.set("smtp", port=server.port, connections=CONNECTIONS)

        def kill() -> None:
            wait_until(lambda: len(server.inbox.messages) > 60)
            mortal.kill()

        with meanwhile(kill):
            done = space.run(*SEND, code=2)
        mortal.start()
        assert "the database server cannot be reached" in done.stderr
        assert "run the same command again" in done.stderr
        states = reckon(space, server.inbox, 300)
        held = states["sending"]
        assert held <= CONNECTIONS, "at most one message per open connection is under way"
        again = space.run(*SEND, code=3 if held else 0)
        if held:
            assert f"{held} sending" in again.stderr
            assert "hint: " in again.stderr
        ask(space, "update runs set expires_at = '2000-01-01'")
        space.run(*SEND, code=3 if held else 0)
    assert reckon(space, server.inbox, 300) == (
        {"accepted": 300 - held, "in_doubt": held} if held else {"accepted": 300}
    )


@pytest.mark.parametrize("fate", [BEFORE, ANSWER, LATE])
@pytest.mark.parametrize("seed", SEEDS)
def test_a_commit_of_which_nobody_knows_whether_it_happened_costs_nobody_anything(
    space: Space, people: People, postgres: Postgres, fate: str, seed: int
) -> None:
    dice = random.Random(seed)
    cuts = 0
    sending = False

    def decide() -> str | None:
        nonlocal cuts
        if not sending or cuts == 3 or dice.random() < 0.7:
            return None
        cuts += 1
        return fate

    with CommitProxy(postgres, decide) as proxy, MailServer(delay=0.005) as server:
        space.replace("database", proxy.new_database())
        people(200)
        space.set("smtp", port=server.port, connections=CONNECTIONS)

        def watch() -> None:
            nonlocal sending
            wait_until(lambda: len(server.inbox.messages) >= CONNECTIONS)
            sending = True

        with meanwhile(watch):
            space.run(*SEND)
        assert cuts == 3
        assert reckon(space, server.inbox, 200) == {"accepted": 200}


def test_a_database_server_that_takes_the_connection_and_says_nothing_is_not_waited_for_long(
    space: Space, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("newsletter.store.database.CONNECT_TIMEOUT", 2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        space.replace("database", f"postgresql://postgres@127.0.0.1:{silent.getsockname()[1]}/nothing")
        done = space.run("campaigns", "list", code=2)
    assert "the database server cannot be reached" in done.stderr
    assert "timeout" in done.stderr


async def test_a_run_that_stands_still_inside_a_transaction_holds_up_nobody_for_long(
    postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a process that is stopped, or a machine that is gone without a word, would."""
    monkeypatch.setattr("newsletter.store.database.LONGEST_SILENCE", 500)
    async with await Database.open(postgres.new_database(), tmp_path) as database:
        campaign = await frozen(database, 3)
        ledger = await run(database, campaign)
        stopped = database._sync_engine.connect()
        assert not ledger._halted(stopped), "it holds the rows of the campaign and of its run"
        assert await asyncio.wait_for(CampaignStore(database, SystemClock()).pause(campaign.id, "now"), 20)
        stopped.invalidate()
        stopped.close()
