"""The queue of a PostgreSQL database: procrastinate's jobs, as wake-ups for workers on any number of machines.

A job says "deliver a chunk of campaign N".  It is put into the queue in the
transaction that freezes the campaign, and LISTEN/NOTIFY brings it to a worker
at once.  Nothing depends on a job: one that is lost, done twice or left behind
by a dead worker changes nothing in the ledger, and is removed by whoever comes
along.  So the jobs have a schema of their own in the database, which is
dropped and made anew when another version of procrastinate needs another one.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping
from typing import Any, Self

import psycopg
from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.jobs import Job, Status
from procrastinate.manager import JobManager
from procrastinate.schema import SchemaManager

from newsletter.errors import StoreAwayError, StoreError

SCHEMA = "newsletter_jobs"
QUEUE = "newsletter"
TASK = "deliver"
SCHEMA_LOCK = 20_190_604  # the key of the advisory lock while the schema is made; any number
STALLED = 30.0  # seconds without a heartbeat after which a worker's job is removed
POLL = 5.0  # seconds between two looks at the queue, should a notification get lost


async def prepare(connection: Any) -> None:
    """Make procrastinate's tables, unless they are there.  ``connection`` is psycopg's, in a transaction."""
    schema = SchemaManager.get_schema()
    version = hashlib.sha256(schema.encode()).hexdigest()[:16]
    with _in_words():
        if await _version(connection) == version:
            return
        await connection.execute(f"SELECT pg_advisory_xact_lock({SCHEMA_LOCK})")
        if await _version(connection) == version:
            return
        await connection.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
        await connection.execute(f"CREATE SCHEMA {SCHEMA}")
        await connection.execute(f"SET LOCAL search_path TO {SCHEMA}")
        await connection.execute(schema)
        await connection.execute(f"COMMENT ON SCHEMA {SCHEMA} IS '{version}'")


class JobQueue:
    """Jobs in the database at ``url``.  Use as ``async with``, but for ``wake_within``, which needs no opening."""

    def __init__(self, url: str) -> None:
        self._connector = PsycopgConnector(conninfo=url, configure=_use_schema, min_size=1, max_size=4)
        self._app = App(connector=self._connector)

    @property
    def _manager(self) -> JobManager:
        return self._app.job_manager

    async def __aenter__(self) -> Self:
        with _in_words():
            await self._app.open_async()
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self._app.close_async()

    async def wake_within(self, connection: Any, campaign_id: int, number: int) -> None:
        """Put jobs of a new campaign into the queue, as the last step of a transaction; ``connection`` is psycopg's."""
        with _in_words():
            await connection.execute(f"SET LOCAL search_path TO {SCHEMA}")
            jobs = [_job(campaign_id, place) for place in range(number)]
            if jobs:
                await self._manager.batch_defer_jobs_async(jobs, connection=connection)

    async def waiting(self) -> Mapping[int, int]:
        with _in_words():
            jobs = await self._manager.list_jobs_async(queue=QUEUE, status=Status.TODO.value)
        return Counter(_campaign(job) for job in jobs)

    async def wake(self, campaign_id: int, number: int = 1) -> None:
        with _in_words():
            jobs = await self._manager.list_jobs_async(queue=QUEUE, status=Status.TODO.value)
            there = {job.queueing_lock for job in jobs}
            for job in (_job(campaign_id, place) for place in range(number)):
                if job.queueing_lock not in there:
                    with contextlib.suppress(AlreadyEnqueued):  # another worker had the same thought
                        await self._manager.defer_job_async(job)

    async def tidy(self, open_campaigns: Collection[int]) -> None:
        with _in_words():
            await self._manager.prune_stalled_workers(STALLED)
            for job in await self._manager.get_stalled_jobs(queue=QUEUE, seconds_since_heartbeat=STALLED):
                assert job.id is not None
                with contextlib.suppress(ConnectorException):  # another worker was quicker
                    await self._manager.finish_job_by_id_async(job.id, Status.FAILED, delete_job=True)
            for job in await self._manager.list_jobs_async(queue=QUEUE, status=Status.TODO.value):
                if _campaign(job) not in open_campaigns:
                    assert job.id is not None
                    await self._manager.cancel_job_by_id_async(job.id, delete_job=True)

    async def run(self, handle: Callable[[int], Awaitable[None]], stopped: asyncio.Event) -> None:
        async def deliver(campaign: int) -> None:
            await handle(campaign)

        self._app.tasks.pop(TASK, None)
        self._app.task(name=TASK, queue=QUEUE)(deliver)
        working = asyncio.ensure_future(
            self._app.run_worker_async(
                queues=[QUEUE],
                concurrency=1,
                delete_jobs="always",
                install_signal_handlers=False,
                fetch_job_polling_interval=POLL,
                stalled_worker_timeout=STALLED,
            )
        )
        end = asyncio.ensure_future(stopped.wait())
        try:
            with _in_words():
                await asyncio.wait((working, end), return_when=asyncio.FIRST_COMPLETED)
                working.cancel()  # it takes this as the wish to stop, and finishes its job
                with contextlib.suppress(asyncio.CancelledError):
                    await working
        finally:
            end.cancel()


def _job(campaign_id: int, place: int) -> Job:
    """The queueing lock lets one job a place wait, whoever puts it there."""
    return Job(
        queue=QUEUE,
        task_name=TASK,
        lock=None,
        queueing_lock=f"{campaign_id}/{place}",
        task_kwargs={"campaign": campaign_id},
    )


def _campaign(job: Job) -> int:
    campaign = job.task_kwargs["campaign"]
    assert isinstance(campaign, int)
    return campaign


async def _use_schema(connection: Any) -> None:
    await connection.execute(f"SET search_path TO {SCHEMA}")
    await connection.commit()


async def _version(connection: Any) -> str | None:
    # From the table itself: to_regnamespace() may still remember, behind the lock, that there was none before it.
    query = "SELECT obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE nspname = %s"
    found = await (await connection.execute(query, [SCHEMA])).fetchone()
    return None if found is None else found[0]


@contextlib.contextmanager
def _in_words() -> Iterator[None]:
    """A server that is away, or that does not let us: as errors for staff."""
    try:
        yield
    except (psycopg.Error, ConnectorException) as error:
        cause = error.__cause__ if isinstance(error, ConnectorException) else error
        if isinstance(cause, psycopg.errors.InsufficientPrivilege):
            hint = "its owner allows it with: GRANT CREATE ON DATABASE … TO …; docs/workers.md tells more"
            raise StoreError("the database does not let this user make the tables of the queue", hint) from error
        hint = "is the server up, and is 'database' in newsletter.yaml right? Then run the same command again"
        raise StoreAwayError("the queue in the database cannot be reached", hint) from error
