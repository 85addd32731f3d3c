"""Campaigns in the studio: planned, started, watched and decided, by the same parts as the commands use.

They are sent by the studio's process, in the background (``courses.py``).  When the studio is closed,
what is under way is finished, and the rest waits for whoever goes on.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from newsletter.cli.deciding import RETRIED, SAID, Resolution, cancel, really_cancel, resolve
from newsletter.cli.lock import only_run, worker_is_up
from newsletter.cli.report import Counts, by_state, number_of
from newsletter.cli.running import Runner
from newsletter.cli.standing import find, largest, whom
from newsletter.cli.starting import Start
from newsletter.cli.studio.courses import Courses
from newsletter.cli.studio.plans import IMPORT, NOBODY_YET, OpenStores, Plans, start_of, without_copy
from newsletter.cli.studio.reasons import PAUSED_HERE, advice_on, reason_again
from newsletter.cli.studio.speed import Speed
from newsletter.cli.studio.work import Work
from newsletter.cli.studio.workbench import Workbench
from newsletter.cli.wiring import Stores
from newsletter.delivery.states import CampaignStatus, State
from newsletter.errors import StoreError, UsageError
from newsletter.i18n.locales import own_names
from newsletter.store.campaigns import Campaign
from newsletter.web.preview.campaigns import UNREACHED, CampaignRow, Decision, StartPage, Unreached, Watched, standing
from newsletter.web.preview.events import Hub
from newsletter.wording import said

if TYPE_CHECKING:
    from newsletter.adapters.smtp import SmtpServer

TOPIC, CARDS_TOPIC = "sending", "campaigns"
DOMAINS = 15  # of mail that are shown; the others are counted
NAMED = 50  # people whose copy was not accepted
TICK = 1.0  # seconds between two looks at a campaign that somebody watches
WATCHED = 5.0  # seconds after the last look in which somebody counts as watching
RETRY = "retry"  # what is said to try the rejected again
_ADDRESS = re.compile(r"[^\s<>()\[\]\"',;:@]+@([\w.-]+)")


class CampaignDesk:
    """Implements ``Campaigning``."""

    def __init__(self, bench: Workbench, work: Work, hub: Hub, stores: OpenStores) -> None:
        self._bench, self._hub, self._stores = bench, hub, stores
        self._plans = Plans(bench, work, stores)
        self._starting = asyncio.Lock()
        self._courses = Courses(self._tell)
        self._closed = False
        self._speeds: dict[int, Speed] = {}
        self._ticking: asyncio.Task[None] | None = None
        self._looked_at = 0.0

    async def close(self) -> None:
        """Finish what is under way."""
        if self._ticking:
            self._ticking.cancel()
        async with self._starting:
            self._closed = True
        await self._courses.close()

    # Whom it would reach

    async def start_page(self, slug: str, segments: tuple[str, ...], missed: int = 0) -> StartPage:
        """The numbers."""
        return await self._plans.page(slug, segments, missed)

    # Sending

    async def start(self, slug: str, segments: tuple[str, ...], people: int, at: str, missed: int = 0) -> int:
        """Freeze it, and send it now or at its time."""
        async with self._starting, AsyncExitStack() as exits:
            self._require_idle()
            if await self._stores() is None:
                raise UsageError(NOBODY_YET, IMPORT)
            house = self._bench.own_house()
            house.require_segments(segments)
            if not (segments or missed):
                raise UsageError(said("to whom? choose at least one segment"))
            server = house.smtp_server()
            stores = await exits.enter_async_context(house.stores())
            start = start_of(house, slug, segments, missed, at)
            queued = _worker_is_up(stores)
            async with self._courses.turn:
                with contextlib.nullcontext() if queued else only_run(stores.database.file):
                    tokens = await house.tokens(stores.database)
                    if before := await start.open_campaign(stores):
                        return before.id
                    campaign = await _frozen(start, stores, server, people)
            if not queued:
                self._courses.follow(Runner(house, stores, tokens, server), campaign, exits.pop_all())
        self._tell()
        return campaign.id

    async def _go_on(self, number: int) -> None:
        """Send what is left of a campaign, unless a worker does."""
        async with self._starting, AsyncExitStack() as exits:
            self._require_idle()
            house = self._bench.own_house()
            stores = await exits.enter_async_context(house.stores())
            if _worker_is_up(stores):
                return
            tokens = await house.tokens(stores.database)
            campaign = await find(stores, number)
            self._courses.follow(Runner(house, stores, tokens, house.smtp_server()), campaign, exits.pop_all())

    def _require_idle(self) -> None:
        if self._closed:
            raise UsageError(said("the studio is being closed"))
        if sending := self._courses.sending:
            raise UsageError(
                said("this studio is sending campaign %(number)s", number=sending),
                said("wait for its end, or pause it"),
            )

    async def pause(self, number: int) -> None:
        """Send nothing more of it."""
        stores = await self._opened()
        await find(stores, number)
        if not await stores.campaigns.pause(number, str(PAUSED_HERE)):
            raise UsageError(said("campaign %(number)s has nothing to pause", number=number))
        self._courses.stop(number)
        self._tell()

    async def resume(self, number: int) -> None:
        """Let it go on."""
        stores = await self._opened()
        campaign = await find(stores, number)
        if campaign.status.ended:
            raise UsageError(said("campaign %(number)s has ended; nothing of it can go on", number=number))
        if self._courses.of(number)[0]:
            if campaign.status is not CampaignStatus.PAUSED:
                return
            await self._courses.ended(number)  # it was paused just now, and finishes what is under way
        self._require_idle()
        await stores.campaigns.resume(number)
        if not await stores.campaigns.runs(number):
            await self._go_on(number)
        self._tell()

    async def cancel(self, number: int) -> None:
        """Let nobody else have a copy."""
        await cancel(await self._opened(), number)
        self._courses.stop(number)
        self._tell()

    async def resolve(self, number: int, verdict: str) -> None:
        """Decide of those in doubt, or try the rejected again."""
        if verdict not in (*Resolution, RETRY):
            raise UsageError(said("there is no decision '%(verdict)s'", verdict=verdict))
        changed = await resolve(await self._opened(), number, None if verdict == RETRY else Resolution(verdict))
        if not changed:
            raise UsageError(said("there is nothing more to decide in campaign %(number)s", number=number))
        self._tell()

    # Watching

    async def all(self) -> tuple[CampaignRow, ...]:
        """Every campaign."""
        stores = await self._stores()
        return tuple([await self._row(stores, one) for one in await stores.campaigns.all()]) if stores else ()

    async def newest(self) -> dict[str, CampaignRow]:
        """The newest of each issue; none if the database is away, which keeps nobody from looking at an issue."""
        found: dict[str, CampaignRow] = {}
        with contextlib.suppress(StoreError):
            stores = await self._stores()
            for campaign in await stores.campaigns.all() if stores else ():
                if stores and campaign.slug not in found:
                    found[campaign.slug] = await self._row(stores, campaign)
        return found

    async def _row(self, stores: Stores, campaign: Campaign) -> CampaignRow:
        counts = await stores.campaigns.counts(campaign.id)
        here, due, behind = self._courses.of(campaign.id)
        sent = here or (campaign.status is CampaignStatus.RUNNING and bool(await stores.campaigns.runs(campaign.id)))
        return CampaignRow(
            campaign.id,
            campaign.slug,
            whom(campaign),
            campaign.frozen_at.astimezone(self._zone),
            standing(campaign.status.value, sent=sent, waits=bool(due) or behind),
            number_of(counts, State.ACCEPTED),
            number_of(counts, State.IN_DOUBT),
            number_of(counts),
            reason_again(_without_addresses(campaign.reason)),
            campaign.starts_at and campaign.starts_at.astimezone(self._zone),
        )

    async def watch(self, number: int) -> Watched:
        """One campaign."""
        stores = await self._opened()
        campaign = await find(stores, number)
        by_locale = await stores.campaigns.counts(number)
        domains, more_domains, _others = largest(await stores.campaigns.domain_counts(number), DOMAINS)
        here, due, behind = self._courses.of(number)
        error = self._courses.errors.get(number)
        if error and error[0] == campaign.reason:
            error = None  # that is why it is paused, which is told with what to do
        reason = reason_again(_without_addresses(campaign.reason))
        next_due = await stores.campaigns.next_due(number)
        watched = Watched(
            number,
            campaign.slug,
            whom(campaign),
            campaign.status.value,
            reason,
            advice_on(reason),
            campaign.starts_at and campaign.starts_at.astimezone(self._zone),
            campaign.frozen_at.astimezone(self._zone),
            {locale: by_state(by_locale[locale]) for locale in sorted(by_locale)},
            {domain: by_state(counts) for domain, counts in domains.items()},
            {locale: own_names(locale) for locale in by_locale},
            more_domains=more_domains,
            here=here,
            due=due and due.astimezone(self._zone),
            behind=behind,
            others=tuple(run.name for run in await stores.campaigns.runs(number)),
            next_due=next_due and next_due.astimezone(self._zone),
            error=error and (_without_addresses(error[0]), _without_addresses(error[1])),
            decisions=_decisions(campaign, by_locale),
            really_cancel="" if campaign.status.ended else really_cancel(number),
            without=await without_copy(stores, campaign),
        )
        if campaign.status is not CampaignStatus.RUNNING:
            return watched
        self._looked_at = asyncio.get_running_loop().time()
        if self._ticking is None or self._ticking.done():
            self._ticking = asyncio.ensure_future(self._tick())
        return self._speeds.setdefault(number, Speed()).timed(watched, self._looked_at)

    async def unreached(self, number: int) -> tuple[Sequence[Unreached], bool]:
        """Who they are."""
        stores = await self._opened()
        states = [State(name) for name in UNREACHED]
        rows = stores.campaigns.deliveries(await find(stores, number), states, worst_first=True, limit=NAMED + 1)
        found = [Unreached(row.email, row.locale, row.state.value, row.reply) async for row in rows]
        return found[:NAMED], len(found) > NAMED

    async def _tick(self) -> None:
        """Let pages look again, as long as somebody watches."""
        loop = asyncio.get_running_loop()
        while loop.time() - self._looked_at < WATCHED:
            await asyncio.sleep(TICK)
            self._hub.tell(TOPIC)

    def _tell(self) -> None:
        self._hub.tell(TOPIC)
        self._hub.tell(CARDS_TOPIC)

    @property
    def _zone(self) -> ZoneInfo:
        return self._bench.house.zone

    async def _opened(self) -> Stores:
        stores = await self._stores()
        if stores is None:
            raise UsageError(said("nothing was ever sent from here"))
        return stores


async def _frozen(start: Start, stores: Stores, server: SmtpServer, people: int) -> Campaign:
    """A new campaign, if it reaches as many as somebody typed.  Raises UsageError."""
    prepared = await start.prepare(stores, server)
    reached = prepared.plan.people if prepared else 0
    if prepared is None or reached != people:
        typed = said("no number") if people < 0 else str(people)
        message = said("it would reach %(reached)s people, and %(typed)s was typed", reached=reached, typed=typed)
        raise UsageError(message, said("look at the numbers again"))
    return await start.freeze(stores, prepared)


def _decisions(campaign: Campaign, by_locale: Counts) -> tuple[Decision, ...]:
    """What a person may decide now."""
    cancelled = campaign.status is CampaignStatus.CANCELLED
    found = []
    if doubtful := number_of(by_locale, State.IN_DOUBT):
        choices = tuple((one.value, SAID[one]) for one in Resolution if not (cancelled and one is Resolution.RESEND))
        found.append(Decision(State.IN_DOUBT.value, doubtful, choices))
    if (rejected := number_of(by_locale, State.REJECTED)) and not cancelled:
        found.append(Decision(State.REJECTED.value, rejected, ((RETRY, RETRIED),)))
    return tuple(found)


def _worker_is_up(stores: Stores) -> bool:
    """Whether a worker on this machine will send what is frozen; over PostgreSQL nobody knows."""
    return stores.database.file is not None and worker_is_up(stores.database.file)


def _without_addresses(text: str) -> str:
    """What a server said, without whom it concerns: an address is shown to those who ask for it."""
    return _ADDRESS.sub(r"…@\1", text) if _ADDRESS.search(text) else text
