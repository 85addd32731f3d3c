"""Delivering one campaign in this process: the ledger, the messages, the mail server and the brake put together.

``newsletter send`` and ``newsletter worker`` both end up here.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import os
import secrets
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field

from newsletter.adapters.signing import signing
from newsletter.audience.audit import PROGRAM
from newsletter.audience.tokens import Tokens
from newsletter.cli.output import tell
from newsletter.cli.parts import deliver_in_parts
from newsletter.cli.progress import progress
from newsletter.cli.wiring import House, Stores
from newsletter.delivery.brake import Brake
from newsletter.delivery.branch import HeadOffice
from newsletter.delivery.deliver import Counter, Transport, deliver
from newsletter.delivery.desk import Desk, OnResult
from newsletter.delivery.states import CampaignStatus
from newsletter.delivery.writer import MessageWriter, ReturnPath
from newsletter.errors import MailServerError, SendingStoppedError, StoreError
from newsletter.store.campaigns import Campaign
from newsletter.store.ledger import CampaignLedger
from newsletter.store.upkeep import Reconciled
from newsletter.wording import said

LONG_RUN = 1000  # messages from which on a second process is worth its start
LOOK_AGAIN = 60.0  # seconds between two looks at a campaign that waits
LINES = os.name == "posix"  # elsewhere no event loop can listen to the pipe of a parent: one process does it all
TOKEN_BYTES = 9  # random bytes in the name of a run


@dataclass(frozen=True, slots=True)
class Runner:
    """What a process needs to deliver any campaign of its workspace."""

    house: House
    stores: Stores
    tokens: Tokens
    server: Transport
    ledger_type: type[CampaignLedger] = CampaignLedger  # a worker may time it
    # By campaign.  A worker makes many short runs, which only together tell how often sending fails.
    brakes: dict[int, Brake] = field(default_factory=dict)

    def ledger(self, campaign: Campaign, token: str = "") -> CampaignLedger:
        """A new run's view of a campaign; or with its ``token``, that of a run which another process began."""
        token = token or secrets.token_hex(TOKEN_BYTES)  # never with a hyphen at its head: a part gets it as a word
        limits = self.house.sending_limits()
        return self.ledger_type(self.stores.database, self.house.clock, campaign.id, token, limits)

    def connections(self, pending: int) -> int:
        """How many connections a run has use for: one a message, and no more than the settings want."""
        smtp = self.house.settings.smtp
        return min(smtp.connections if smtp else 1, pending)

    @contextlib.asynccontextmanager
    async def run(self, ledger: CampaignLedger) -> AsyncIterator[None]:
        """Have the ledger know that this run is alive, as long as the block lasts.  Raises StoreError."""
        await ledger.begin(f"{socket.gethostname()}, process {os.getpid()}")
        try:
            yield
        finally:
            with contextlib.suppress(StoreError):  # the lease runs out by itself
                await asyncio.shield(ledger.end())

    async def hand_over(
        self, campaign: Campaign, counter: Counter, connections: int, on_result: OnResult, *, sign_apart: bool = False
    ) -> None:
        """Deliver what the counter gives until there is no more, or it is stopped.

        With ``sign_apart``, another core signs, which is worth its start in a long run only.
        A run that would do harm pauses the campaign.  Raises MailServerError, StoreError.
        """
        editions = await self.stores.campaigns.editions(campaign.id)
        house, sender = self.house, self.house.settings.sender
        path = ReturnPath(sender.bounces, self.tokens, campaign.id) if sender.verp and sender.bounces else None
        brake = self.brakes.setdefault(campaign.id, Brake(connections, self.house.settings.limits.pause_at_failures))
        try:
            async with signing(house.dkim_signer(), connections, apart=sign_apart) as sign:
                write = MessageWriter(campaign.ref, editions, self.tokens, house.clock, sign, path)
                await deliver(counter, self.server, write, connections, on_result, brake, write.prepare)
        except MailServerError as error:
            self.brakes.pop(campaign.id)  # somebody looks into it; then it may try anew
            if isinstance(error.__cause__, ConnectionError):
                raise  # it may be back in a minute
            await self.stores.campaigns.pause(campaign.id, str(error.message), who=PROGRAM)
            then = said("'newsletter campaigns resume %(number)s', and send again", number=campaign.id)
            hint = said("%(first)s; then %(rest)s", first=error.hint, rest=then) if error.hint else then
            raise SendingStoppedError(error.message, hint) from error


@contextlib.contextmanager
def on_signal(stop: Callable[[], None]) -> Iterator[None]:
    """Ctrl-C, a closed terminal, a shutdown: call ``stop``.  A second signal ends the process at once."""
    loop = asyncio.get_running_loop()
    signals = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]

    def handle() -> None:
        stop()
        restore()

    def restore() -> None:
        for number in signals:
            with contextlib.suppress(NotImplementedError):  # Windows has no such handlers
                loop.remove_signal_handler(number)

    for number in signals:
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(number, handle)
    try:
        yield
    finally:
        restore()


@dataclass(frozen=True, slots=True)
class Ended:
    """Why nothing more is sent just now: until ``due``, or because the campaign is ``halted``; or it is all done.

    ``more`` says that something can be sent at once, which has come due during the run or was given back.
    """

    due: dt.datetime | None = None
    halted: str = ""
    more: bool = False


class Course:
    """One campaign, from where it stands as far as it goes, by one run after the other."""

    def __init__(self, runner: Runner, campaign: Campaign, workers: int = 1) -> None:
        self._runner = runner
        self._campaign = campaign
        self._workers = workers
        self._stopped = asyncio.Event()
        self._held_until: dt.datetime | None = None  # by limits

    @property
    def stopped(self) -> bool:
        """Whether it begins nothing more."""
        return self._stopped.is_set()

    def stop(self) -> None:
        """Begin nothing more; what is under way is finished and recorded."""
        tell("stopping: finishing what is under way; the same command goes on later")
        self._stopped.set()

    async def follow(self, *, wait: bool) -> Ended:
        """Deliver what is due; with ``wait`` also what is scheduled, deferred or held back by limits, in its time."""
        told = None
        while True:
            ended = await self._stretch()
            if wait and ended.more and not self._stopped.is_set():
                continue
            if not wait or ended.due is None or self._stopped.is_set():
                return ended
            if told is None or abs((ended.due - told).total_seconds()) > LOOK_AGAIN:
                told = ended.due
                tell(f"waiting until {self._runner.house.when(told)}; Ctrl-C ends this, and loses nothing")
            await self.wait_until(ended.due)
            if self._stopped.is_set():
                return ended

    async def _stretch(self) -> Ended:
        """One run, if there is something to do."""
        found = await self._reconcile()
        if found.status is CampaignStatus.SCHEDULED:
            return Ended(due=found.starts_at)
        now = self._runner.house.clock.now()
        held = self._held_until is not None and now < self._held_until
        if found.status is CampaignStatus.RUNNING and found.pending and not held:
            resume_in = await self._deliver(found.pending)
            now = self._runner.house.clock.now()
            self._held_until = None if resume_in is None else now + dt.timedelta(seconds=resume_in)
            found = await self._reconcile()
        if found.status in (CampaignStatus.PAUSED, CampaignStatus.CANCELLED):
            return Ended(halted=f"it is {found.status}{f': {found.reason}' if found.reason else ''}")
        due = min(filter(None, (self._held_until, found.next_due)), default=None)
        return Ended(due, more=found.pending > 0 and self._held_until is None)

    async def _reconcile(self) -> Reconciled:
        stores = self._runner.stores
        found = await stores.upkeep.reconcile(self._campaign.id, alone=stores.database.file is not None)
        if found.doubtful:
            tell(f"{found.doubtful} were under way when an earlier run ended: in doubt, not sent again")
        return found

    async def _deliver(self, pending: int) -> float | None:
        """One run by this process or by several; returns in how many seconds limits allow more."""
        connections = self._runner.connections(pending)
        ledger = self._runner.ledger(self._campaign)
        # Made before the lease begins, so that none is believed to last longer than the database says.
        office = HeadOffice(ledger, self._stopped) if self._workers > 1 and LINES else None
        desk = office.desk if office else Desk(ledger, stopped=self._stopped)
        with progress(pending) as shown:
            async with self._runner.run(ledger):
                if office:
                    root, part = self._runner.house.workspace.root, [str(self._campaign.id), ledger.token]
                    await deliver_in_parts(root, part, office, connections, self._workers, shown.on_result)
                else:
                    apart = pending >= LONG_RUN
                    await self._runner.hand_over(self._campaign, desk, connections, shown.on_result, sign_apart=apart)
        return desk.resume_in

    async def wait_until(self, due: dt.datetime) -> None:
        """Wait for a moment or for the stop; wake up now and then, since somebody may pause or cancel meanwhile."""
        seconds = (due - self._runner.house.clock.now()).total_seconds()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopped.wait(), min(max(seconds, 0.0), LOOK_AGAIN))
