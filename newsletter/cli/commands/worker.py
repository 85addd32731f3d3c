"""``newsletter worker``: delivers what is due, whenever it is due, until it is stopped."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli.logs import AsLogFormat, note, start
from newsletter.cli.loop import run
from newsletter.cli.wiring import House, open_house
from newsletter.errors import StoreAwayError, StoreError, UsageError

if TYPE_CHECKING:
    from newsletter.adapters.pool import SessionPool
    from newsletter.cli.working import Meter

AGAIN = 5.0  # seconds until a database that is away is tried again


def register(app: typer.Typer) -> None:
    """Add the command to the root."""
    app.command("worker")(worker_command)


def worker_command(
    once: Annotated[bool, typer.Option("--once", help="Deliver what is due now, then end; for cron.")] = False,
    metrics: Annotated[
        str,
        typer.Option(
            "--metrics", metavar="HOST:PORT", help="Serve numbers for Prometheus; 9464 for this machine only."
        ),
    ] = "",
    log_format: AsLogFormat = None,
) -> None:
    """Deliver what is due, whenever it is due: queued, scheduled, deferred, held back by limits.

    Ctrl-C or SIGTERM ends it after what is under way.
    """
    house = open_house()
    if metrics and once:
        raise UsageError("--once ends too soon for anybody to read metrics", "leave one of them out")
    start(log_format)
    run(_run(house, metrics, once=once))


async def _run(house: House, metrics: str, *, once: bool) -> None:
    from newsletter.adapters.pool import SessionPool
    from newsletter.cli.running import on_signal
    from newsletter.cli.working import Meter

    # Wrong settings show now, and not when something is due.
    pool = SessionPool(house.smtp_server())
    house.dkim_signer()
    meter = Meter()
    if metrics:
        from newsletter.cli.metrics import Metrics, parse_place

        meter = counted = Metrics(pool)
        counted.serve(*parse_place(metrics))
    stopped = asyncio.Event()
    with on_signal(stopped.set):
        while not stopped.is_set():
            try:
                await _work(house, pool, meter, stopped, once=once)
            except StoreAwayError as error:
                if once:
                    raise
                note("database-away", logging.WARNING, error, seconds=AGAIN)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stopped.wait(), AGAIN)
            else:
                return


async def _work(house: House, pool: SessionPool, meter: Meter, stopped: asyncio.Event, *, once: bool) -> None:
    from newsletter.cli.lock import only_worker
    from newsletter.cli.queues import open_queue
    from newsletter.cli.running import Runner
    from newsletter.cli.working import Worker

    async with house.stores() as stores, contextlib.AsyncExitStack() as held:
        try:
            held.enter_context(only_worker(stores.database.file))
        except StoreError:
            if once:  # cron comes every few minutes, and the last one may still be at it
                note("another-worker-runs")
                return
            hint = "one is enough: it delivers every campaign of this database"
            raise StoreError("another worker runs over this database", hint) from None
        queue = await held.enter_async_context(open_queue(house, stores))
        tokens = await house.tokens(stores.database)
        runner = Runner(house, stores, tokens, pool, meter.ledger_type())
        worker = Worker(runner, pool, queue, meter, stopped)
        await (worker.once() if once else worker.run())
