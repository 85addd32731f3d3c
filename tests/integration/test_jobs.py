"""The queue in PostgreSQL: part of the freezing's transaction, invisible to our migrations, and never in the way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from functools import partialmethod
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from psycopg_pool import AsyncConnectionPool
from sqlalchemy.ext.asyncio import AsyncConnection

from newsletter.adapters import jobs
from newsletter.adapters.jobs import SCHEMA, JobQueue, prepare
from newsletter.clock import SystemClock
from newsletter.errors import AudienceError, StoreAwayError, StoreError
from newsletter.store.database import Database
from newsletter.store.freeze import Freezer, Target
from newsletter.store.tables import metadata
from tests.integration.ledger import EVERYBODY, edition_for, frozen
from tests.integration.postgres import Postgres

TARGET = Target("july", ("everybody",), EVERYBODY)


@pytest.fixture
def database_url(postgres: Postgres) -> str:
    """Only there is a queue."""
    return postgres.new_database()


@pytest.fixture
async def queue(database: Database, database_url: str) -> AsyncIterator[JobQueue]:
    await make_tables(database)
    async with JobQueue(database_url) as opened:
        yield opened


async def make_tables(database: Database) -> None:
    async with database.write() as connection:
        await prepare((await connection.get_raw_connection()).driver_connection)


def also(queue: JobQueue, number: int) -> Callable[[AsyncConnection, int], object]:
    async def wake(connection: AsyncConnection, campaign_id: int) -> None:
        raw = await connection.get_raw_connection()
        await queue.wake_within(raw.driver_connection, campaign_id, number)

    return wake


async def rows(database: Database, query: str) -> list[tuple[object, ...]]:
    async with database.write() as connection:
        await connection.execute(sa.text(f"SET LOCAL search_path TO public, {SCHEMA}"))
        return [tuple(row) for row in await connection.execute(sa.text(query))]


async def test_jobs_come_with_the_campaign_or_not_at_all(database: Database, queue: JobQueue) -> None:
    await frozen(database, 3)  # the list
    freezer = Freezer(database, SystemClock(), ("en", "es"))

    async def fail(connection: AsyncConnection, campaign_id: int) -> None:
        await also(queue, 2)(connection, campaign_id)  # type: ignore[misc]
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        await freezer.freeze(TARGET, edition_for, also=fail)
    assert await queue.waiting() == {}
    with pytest.raises(AudienceError):
        await freezer.freeze(TARGET, edition_for, {"en": 99}, also=also(queue, 2))  # type: ignore[arg-type]
    assert await queue.waiting() == {}
    campaign = await freezer.freeze(TARGET, edition_for, also=also(queue, 2))  # type: ignore[arg-type]
    assert await queue.waiting() == {campaign.id: 2}
    # Whoever uses the connection next finds our own tables.
    assert await rows(database, "select count(*) from campaigns") == [(2,)]


async def test_the_queue_is_no_matter_of_our_migrations(database: Database, queue: JobQueue) -> None:
    async with database.read() as connection:

        def compare(sync: sa.Connection) -> list[object]:
            return list(compare_metadata(MigrationContext.configure(sync), metadata))

        assert await connection.run_sync(compare) == []


async def test_many_may_make_the_tables_at_once(database: Database) -> None:
    await asyncio.gather(*(make_tables(database) for _ in range(4)))
    assert await rows(database, f"select count(*) from {SCHEMA}.procrastinate_jobs") == [(0,)]


async def test_tables_of_another_version_are_made_anew(database: Database, queue: JobQueue, database_url: str) -> None:
    await queue.wake(1)
    await make_tables(database)
    assert await queue.waiting() == {1: 1}, "they fit, so they stay"
    async with database.write() as connection:
        await connection.execute(sa.text(f"COMMENT ON SCHEMA {SCHEMA} IS 'older'"))
    await make_tables(database)
    async with JobQueue(database_url) as anew:
        assert await anew.waiting() == {}
        await anew.wake(1)
        assert await anew.waiting() == {1: 1}


async def test_so_many_wait_and_no_more(queue: JobQueue) -> None:
    await queue.wake(7, 3)
    await asyncio.gather(*(queue.wake(7, 5) for _ in range(3)))
    await queue.wake(7, 1)
    await queue.wake(8)
    assert await queue.waiting() == {7: 5, 8: 1}


async def test_a_job_is_handled_at_once_and_leaves_nothing_behind(queue: JobQueue, database: Database) -> None:
    handled: list[int] = []
    stopped = asyncio.Event()

    async def handle(campaign_id: int) -> None:
        handled.append(campaign_id)
        if len(handled) == 3:
            stopped.set()

    running = asyncio.ensure_future(queue.run(handle, stopped))
    await asyncio.sleep(0.5)  # it has found nothing, and listens
    began = asyncio.get_running_loop().time()
    await queue.wake(1)
    await queue.wake(2, 2)
    await asyncio.wait_for(running, 10)
    assert asyncio.get_running_loop().time() - began < jobs.POLL, "it was notified"
    assert handled == [1, 2, 2]
    assert await rows(database, f"select count(*) from {SCHEMA}.procrastinate_jobs") == [(0,)]
    assert await rows(database, f"select count(*) from {SCHEMA}.procrastinate_events") == [(0,)]
    assert await rows(database, f"select count(*) from {SCHEMA}.procrastinate_workers") == [(0,)]


async def test_asked_to_end_the_job_under_way_is_finished(queue: JobQueue) -> None:
    began, stopped, ended = asyncio.Event(), asyncio.Event(), False

    async def handle(_campaign_id: int) -> None:
        nonlocal ended
        began.set()
        await asyncio.sleep(0.5)
        ended = True

    await queue.wake(1, 2)
    running = asyncio.ensure_future(queue.run(handle, stopped))
    await began.wait()
    stopped.set()
    await asyncio.wait_for(running, 10)
    assert ended
    assert await queue.waiting() == {1: 1}


async def test_what_a_dead_worker_left_is_removed(queue: JobQueue, database: Database) -> None:
    await queue.wake(1, 2)
    # A worker took a job, and was never heard of again.
    await rows(database, f"insert into {SCHEMA}.procrastinate_workers default values returning id")
    taken = "set status = 'doing', worker_id = 1 where queueing_lock = '1/0'"
    await rows(database, f"update {SCHEMA}.procrastinate_jobs {taken} returning 1")
    await queue.tidy([1])
    assert await rows(database, f"select count(*) from {SCHEMA}.procrastinate_jobs") == [(2,)], "it may be alive"
    await rows(
        database,
        f"update {SCHEMA}.procrastinate_workers set last_heartbeat = now() - interval '1 hour' returning 1",
    )
    await asyncio.gather(queue.tidy([1]), queue.tidy([1]))
    assert await queue.waiting() == {1: 1}
    assert await rows(database, f"select count(*) from {SCHEMA}.procrastinate_jobs") == [(1,)]
    await queue.tidy([2])
    assert await rows(database, f"select count(*) from {SCHEMA}.procrastinate_jobs") == [(0,)]


async def test_a_user_who_may_not_make_the_tables_is_told_what_to_do(
    postgres: Postgres, database_url: str, tmp_path: Path
) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("DROP ROLE IF EXISTS news")
        connection.execute("CREATE ROLE news LOGIN")
        connection.execute("GRANT CREATE ON SCHEMA public TO news")
    async with await Database.open(database_url.replace("postgres@", "news@"), tmp_path) as database:
        with pytest.raises(StoreError, match="does not let this user") as caught:
            await make_tables(database)
    assert "GRANT CREATE ON DATABASE" in caught.value.hint
    assert not isinstance(caught.value, StoreAwayError)


async def test_a_server_that_is_away_is_called_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # procrastinate leaves the pool its own patience, which is half a minute.
    monkeypatch.setattr(AsyncConnectionPool, "open", partialmethod(AsyncConnectionPool.open, timeout=0.5))
    queue = JobQueue(f"postgresql://postgres@/nothing?host={tmp_path}")
    with pytest.raises(StoreAwayError):
        async with asyncio.timeout(60):
            await queue.__aenter__()
