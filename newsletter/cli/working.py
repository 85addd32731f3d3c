"""What a worker does: it looks what is due, and delivers it chunk by chunk, until it is told to stop.

Two tasks.  One *looks*: it reconciles campaigns (dead runs, deferred messages
that come due, scheduled starts, ends) and wakes.  The other is woken, and
*delivers* one chunk after the other.  On SQLite both are in this process, and
the file lock is held while a chunk is delivered; on PostgreSQL any worker may
be woken, and leases tell who is alive.  What fails is tried again later,
since nobody watches a worker; only wrong settings end it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from newsletter.adapters.pool import SessionPool
from newsletter.audience.audit import PROGRAM
from newsletter.cli.lock import only_run
from newsletter.cli.logs import note
from newsletter.cli.queues import CHUNK, Queue, wake_ups
from newsletter.cli.running import Runner
from newsletter.cli.wiring import Stores
from newsletter.delivery.desk import Desk, Result
from newsletter.delivery.states import CampaignStatus
from newsletter.errors import MailServerError, SendingStoppedError, SettingsError, StoreError
from newsletter.store.campaigns import Campaign
from newsletter.store.ledger import CampaignLedger

LOOK = 3.0  # seconds between two looks at what has something to do
THOROUGH = 30.0  # seconds after which a campaign is reconciled although nothing seems to call for it
FIRST_PAUSE, LONGEST_PAUSE = 2.0, 60.0  # seconds after a failure: mail server, database, or a fault of ours
MOST_FAULTS = 3  # of the program itself in a row, until the campaign waits for a person


class Meter:
    """Is told what happens; ``cli/metrics.py`` counts it."""

    def result(self, result: Result) -> None:
        """A message has an outcome."""

    def alive(self) -> None:
        """The worker has looked around."""

    def ledger_type(self) -> type[CampaignLedger]:
        """The ledger that runs use."""
        return CampaignLedger

    async def ledger(self, stores: Stores, seen: Collection[int], open_campaigns: Collection[int]) -> None:
        """Now is the time to read how far the campaigns are."""


@dataclass(slots=True)
class Worker:
    """Delivers the campaigns of one database.  ``runner.server`` is ``pool``."""

    runner: Runner
    pool: SessionPool
    queue: Queue
    meter: Meter
    stopped: asyncio.Event
    fatal: SettingsError | None = None
    _desk: Desk | None = None
    _last_look: dict[int, float] = field(default_factory=dict)  # by campaign, on the loop's clock
    _held_until: dict[int, float] = field(default_factory=dict)  # by limits, on the same clock
    _held_back: dict[int, int] = field(default_factory=dict)  # how many were pending when the limits held
    _status: dict[int, CampaignStatus] = field(default_factory=dict)  # what was last said in the log
    _known: set[int] = field(default_factory=set)  # campaigns of which dead runs were looked for with the lock held
    _waits_for_lock: bool = False
    _failures: int = 0  # in a row, of any kind and campaign
    _faults: Counter[int] = field(default_factory=Counter)  # of the program itself in a row, by campaign

    async def run(self) -> None:
        """Until ``stopped``; what is under way is finished.  Raises SettingsError."""
        note("started")
        ending = asyncio.ensure_future(self._stop_when_told())
        looking = asyncio.ensure_future(self._keep_looking())
        try:
            while not self.stopped.is_set():
                try:
                    await self.queue.run(self._handle, self.stopped)
                except StoreError as error:
                    note("database-away", logging.WARNING, error)
                except Exception as error:
                    note("fault", logging.ERROR, error)
                if not self.stopped.is_set():
                    await self._wait(FIRST_PAUSE)
            await looking
        finally:
            for task in (looking, ending):
                task.cancel()
            await self.pool.close()
        note("stopped")
        if self.fatal is not None:
            raise self.fatal

    async def once(self) -> None:
        """Deliver what is due now.  Raises MailServerError, StoreError, SettingsError after everything was tried."""
        ending = asyncio.ensure_future(self._stop_when_told())
        failed: MailServerError | None = None
        try:
            open_campaigns = await self._stores.upkeep.open_campaigns()
            for number in open_campaigns:
                try:
                    await self.look(number)
                    while await self.deliver(number):
                        pass
                    await self.look(number)
                except SendingStoppedError as error:
                    note("campaign-stopped", logging.ERROR, error, campaign=number)
                except MailServerError as error:
                    failed = error
            await self.queue.tidy(open_campaigns)
        finally:
            ending.cancel()
            await self.pool.close()
        if failed is not None:  # its words may be the server's, and this goes into a log
            hint = "'newsletter doctor' tells why; then run it again"
            raise MailServerError(
                "the mail server cannot be reached, so not everything was delivered", hint
            ) from failed

    async def _stop_when_told(self) -> None:
        await self.stopped.wait()
        if self._desk is not None:
            self._desk.stop()

    # Looking

    async def _keep_looking(self) -> None:
        while not self.stopped.is_set():
            try:
                await self._look_around()
                self.meter.alive()
            except StoreError as error:
                note("database-away", logging.WARNING, error)
                await self._wait(FIRST_PAUSE)
            except Exception as error:
                note("fault", logging.ERROR, error)
                await self._wait(FIRST_PAUSE)
            await self.pool.sweep()
            await self._wait(LOOK)

    async def _look_around(self) -> None:
        waiting = await self.queue.waiting()
        open_campaigns = await self._stores.upkeep.open_campaigns()
        for number in open_campaigns:
            campaign = await self._stores.campaigns.get(number)
            if campaign is not None and self._calls_for_a_look(campaign, waiting.get(number, 0)):
                await self.look(number)
        for number, status in list(self._status.items()):
            if not status.ended and number not in open_campaigns:  # somebody else ended it
                campaign = await self._stores.campaigns.get(number)
                if campaign is not None:
                    self._say(number, campaign.status)
        await self.meter.ledger(self._stores, list(self._status), open_campaigns)
        await self.queue.tidy(open_campaigns)

    def _calls_for_a_look(self, campaign: Campaign, waiting: int) -> bool:
        """To count what is pending takes long in a large campaign, so not at every look."""
        now = _now()
        if now - self._last_look.get(campaign.id, -THOROUGH) >= THOROUGH:
            return True
        match campaign.status:
            case CampaignStatus.RUNNING:
                return not waiting and not self._held(campaign.id)
            case CampaignStatus.SCHEDULED:
                return campaign.starts_at is not None and campaign.starts_at <= self.runner.house.clock.now()
            case _:
                return False

    async def look(self, number: int) -> None:
        """Bring one campaign up to date, and wake workers if something of it can be sent.  Raises StoreError."""
        self._last_look[number] = _now()
        found = await self._stores.upkeep.reconcile(number)
        if found.doubtful:
            note("in-doubt", logging.WARNING, campaign=number, messages=found.doubtful)
        self._say(number, found.status)
        if self._held(number) and found.pending > self._held_back.setdefault(number, found.pending):
            self._held_until.pop(number)  # others have come due, whom the limits may not concern
        if found.status is CampaignStatus.RUNNING and found.pending and not self._held(number):
            await self.queue.wake(number, wake_ups(found.pending))

    def _held(self, number: int) -> bool:
        """Whether limits allow nothing of a campaign just now, as far as this worker knows."""
        return self._held_until.get(number, 0.0) > _now()

    def _say(self, number: int, status: CampaignStatus) -> None:
        if self._status.get(number) is not status:
            self._status[number] = status
            note("campaign", campaign=number, status=status)

    # Delivering

    async def _handle(self, number: int) -> None:
        """One wake-up; never raises."""
        try:
            if await self.deliver(number):
                await self.queue.wake(number)
            elif not self.stopped.is_set():
                await self.look(number)
        except SendingStoppedError as error:
            note("campaign-stopped", logging.ERROR, error, campaign=number)
        except SettingsError as error:
            self.fatal = error
            self.stopped.set()
        except (MailServerError, StoreError) as error:
            event = "mail-server-away" if isinstance(error, MailServerError) else "database-away"
            await self._pause_after(event, error, number)
        except Exception as error:
            self._faults[number] += 1
            if self._faults[number] >= MOST_FAULTS:
                await self._give_up(number, error)
            await self._pause_after("fault", error, number)
        else:
            self._failures = self._faults[number] = 0

    async def _pause_after(self, event: str, error: Exception, number: int) -> None:
        self._failures += 1
        pause = min(FIRST_PAUSE * 2 ** min(self._failures - 1, 10), LONGEST_PAUSE)
        note(event, logging.WARNING, error, campaign=number, seconds=pause)
        await self._wait(pause)

    async def _give_up(self, number: int, error: Exception) -> None:
        """A fault of the program comes back every time: better wait for a person than try it on everybody."""
        self._faults[number] = 0
        with contextlib.suppress(StoreError):
            await self._stores.campaigns.pause(
                number, f"newsletter itself failed ({type(error).__name__})", who=PROGRAM
            )

    async def deliver(self, number: int) -> bool:
        """One chunk of a campaign; whether there may be more.  Raises MailServerError, StoreError, SettingsError."""
        campaign = await self._stores.campaigns.get(number)
        if campaign is None or campaign.status is not CampaignStatus.RUNNING:
            return False
        if self._held(number) or self.stopped.is_set():
            return False
        with contextlib.ExitStack() as held:
            try:
                held.enter_context(only_run(self._stores.database.file))
            except StoreError:
                if not self._waits_for_lock:
                    self._waits_for_lock = True
                    note("another-sending-runs", campaign=number)
                return False
            self._waits_for_lock = False
            if self._stores.database.file is not None and number not in self._known:
                self._known.add(number)
                await self._stores.upkeep.reconcile(number, alone=True)
            pending = await self._stores.upkeep.pending(number, CHUNK)
            return bool(pending) and await self._deliver(campaign, pending)

    async def _deliver(self, campaign: Campaign, pending: int) -> bool:
        ledger = self.runner.ledger(campaign)
        self._desk = desk = Desk(ledger, left=CHUNK)
        outcomes: Counter[str] = Counter()

        def on_result(result: Result) -> None:
            outcomes[result.outcome.state.value] += 1
            self.meter.result(result)

        began = time.monotonic()
        try:
            if not self.stopped.is_set():  # since the look at it above
                async with self.runner.run(ledger):
                    await self.runner.hand_over(campaign, desk, self.runner.connections(pending), on_result)
        finally:
            self._desk = None
            halted = {"halted": True} if desk.halted else {}
            if outcomes or halted:
                note("delivered", campaign=campaign.id, **outcomes, seconds=time.monotonic() - began, **halted)
        if desk.resume_in is not None:
            self._held_until[campaign.id] = _now() + desk.resume_in
            self._held_back.pop(campaign.id, None)
            note("held-by-limits", campaign=campaign.id, seconds=desk.resume_in)
        return desk.left <= 0 and not desk.halted

    @property
    def _stores(self) -> Stores:
        return self.runner.stores

    async def _wait(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.stopped.wait(), seconds)


_now: Callable[[], float] = time.monotonic
