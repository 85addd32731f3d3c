"""Campaigns in the studio: planned, started and watched, by the same parts as ``newsletter send`` uses.

One campaign at a time is sent by the studio's process, in the background.  It
holds the lock of a sending, as the command does.  When the studio is closed,
what is under way is finished, and the rest waits for whoever goes on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from newsletter.cli.lock import only_run, worker_is_up
from newsletter.cli.running import Course, Runner
from newsletter.cli.segments import known_segments
from newsletter.cli.sending import Sending
from newsletter.cli.studio_speed import Speed
from newsletter.cli.studio_work import Work
from newsletter.cli.wiring import Stores
from newsletter.cli.workbench import Workbench
from newsletter.delivery.states import CampaignStatus, State
from newsletter.errors import FindingsError, NewsletterError, UsageError
from newsletter.i18n.locales import halves_of, own_name
from newsletter.store.campaigns import Campaign
from newsletter.web.preview.campaigns import CampaignRow, DryRun, StartPage, Watched
from newsletter.web.preview.events import Hub
from newsletter.wording import said

if TYPE_CHECKING:
    from collections.abc import Mapping

TOPIC, CARDS_TOPIC = "sending", "campaigns"
DOMAINS = 15  # of mail that are shown; the others are counted
TICK = 1.0  # seconds between two looks at a campaign that somebody watches
WATCHED = 5.0  # seconds after the last look in which somebody counts as watching
NOBODY_YET = "there is no list of subscribers yet"
OpenStores = Callable[[], Awaitable["Stores | None"]]


class CampaignDesk:
    """Implements ``Campaigning``."""

    def __init__(self, bench: Workbench, work: Work, hub: Hub, stores: OpenStores) -> None:
        self._bench, self._work, self._hub, self._stores = bench, work, hub, stores
        self._starting = asyncio.Lock()
        self._course: Course | None = None
        self._sending: asyncio.Task[None] | None = None
        self._closed = False
        self._number = 0  # of the campaign that is sent here
        self._errors: dict[int, tuple[str, str]] = {}
        self._speeds: dict[int, Speed] = {}
        self._ticking: asyncio.Task[None] | None = None
        self._looked_at = 0.0

    async def close(self) -> None:
        """Finish what is under way."""
        if self._ticking:
            self._ticking.cancel()
        async with self._starting:
            self._closed = True
        if self._course and self._sending and not self._sending.done():
            self._course.stop()
        if self._sending:
            await asyncio.wait([self._sending])

    # Whom it would reach

    async def start_page(self, slug: str, segments: tuple[str, ...]) -> StartPage:
        """The numbers."""
        await self._work(lambda: self._bench.load(slug))
        known = tuple(self._bench.house.settings.segments)
        return StartPage(slug, known, await self._dry_run(slug, segments) if segments else None)

    async def _dry_run(self, slug: str, segments: tuple[str, ...]) -> DryRun:
        try:
            stores = await self._stores()
            if stores is None:
                raise UsageError(NOBODY_YET, "'newsletter subscribers import FILE' makes one")
            house = self._bench.own_house()
            known_segments(house, list(segments))
            async with house.stores() as own:
                sending = Sending(house, slug, list(segments))
                if campaign := await sending.open_campaign(own):
                    return DryRun(segments, started=campaign.id)
                prepared = await sending.prepare(own, None)
        except FindingsError as error:
            found = tuple(
                (said("%(where)s: %(what)s", where=finding.where, what=finding.message), finding.hint)
                for finding in error.findings
            )
            return DryRun(segments, obstacles=found)
        except NewsletterError as error:
            return DryRun(segments, obstacles=((error.message, error.hint),))
        if prepared is None:
            return DryRun(segments)
        plan = prepared.plan
        by_locale = tuple((locale, _language(locale), number) for locale, number in sorted(plan.by_locale.items()))
        return DryRun(segments, by_locale, tuple((name, plan.by_segment.get(name, 0)) for name in segments))

    # Sending

    async def start(self, slug: str, segments: tuple[str, ...], people: int) -> int:
        """Freeze it, and send it."""
        async with self._starting, AsyncExitStack() as exits:
            self._require_idle()
            if await self._stores() is None:
                raise UsageError(NOBODY_YET, "'newsletter subscribers import FILE' makes one")
            house = self._bench.own_house()
            known_segments(house, list(segments))
            if not segments:
                raise UsageError("to whom? choose at least one segment")
            server = house.smtp_server()
            stores = await exits.enter_async_context(house.stores())
            queued = stores.database.file is not None and worker_is_up(stores.database.file)
            if not queued:
                exits.enter_context(only_run(stores.database.file))
            tokens = await house.tokens(stores.database)
            sending = Sending(house, slug, list(segments))
            if before := await sending.open_campaign(stores):
                return before.id
            prepared = await sending.prepare(stores, server)
            reached = prepared.plan.people if prepared else 0
            if prepared is None or reached != people:
                raise UsageError(
                    f"it would reach {reached} people, and {people} was typed", "look at the numbers again"
                )
            campaign = await sending.freeze(stores, prepared)
            if not queued:
                self._follow(Runner(house, stores, tokens, server), campaign, exits.pop_all())
        self._tell()
        return campaign.id

    async def _go_on(self, number: int) -> None:
        """Send what is left of a campaign, unless a worker does."""
        async with self._starting, AsyncExitStack() as exits:
            self._require_idle()
            house = self._bench.own_house()
            stores = await exits.enter_async_context(house.stores())
            if stores.database.file is not None and worker_is_up(stores.database.file):
                return
            exits.enter_context(only_run(stores.database.file))
            tokens = await house.tokens(stores.database)
            campaign = await _find(stores, number)
            self._follow(Runner(house, stores, tokens, house.smtp_server()), campaign, exits.pop_all())

    def _require_idle(self) -> None:
        if self._closed:
            raise UsageError("the studio is being closed")
        if self._sending and not self._sending.done():
            raise UsageError(f"this studio is sending campaign {self._number}", "wait for its end, or pause it")

    def _follow(self, runner: Runner, campaign: Campaign, exits: AsyncExitStack) -> None:
        self._course, self._number = Course(runner, campaign), campaign.id
        self._errors.pop(campaign.id, None)
        self._sending = asyncio.ensure_future(self._send(self._course, campaign.id, exits))

    async def _send(self, course: Course, number: int, exits: AsyncExitStack) -> None:
        async with exits:
            try:
                await course.follow(wait=True)
            except NewsletterError as error:
                self._errors[number] = (error.message, error.hint)
            except Exception:
                self._errors[number] = ("something went wrong in the program itself", "the terminal shows more")
                raise
        self._tell()

    async def pause(self, number: int) -> None:
        """Send nothing more of it."""
        stores = await self._opened()
        await _find(stores, number)
        if not await stores.campaigns.pause(number, "a person paused it in the studio"):
            raise UsageError(f"campaign {number} has nothing to pause")
        if self._is_here(number) and self._course:
            self._course.stop()
        self._tell()

    async def resume(self, number: int) -> None:
        """Let it go on."""
        stores = await self._opened()
        campaign = await _find(stores, number)
        if campaign.status not in (CampaignStatus.PAUSED, CampaignStatus.RUNNING):
            raise UsageError(f"campaign {number} is {campaign.status}; nothing of it can go on")
        if self._is_here(number) and self._sending:
            if campaign.status is CampaignStatus.RUNNING:
                return
            await asyncio.wait([self._sending])  # it was paused just now, and finishes what is under way
        self._require_idle()
        await stores.campaigns.resume(number)
        if not await stores.campaigns.runs(number):
            await self._go_on(number)
        self._tell()

    def _is_here(self, number: int) -> bool:
        return self._number == number and self._sending is not None and not self._sending.done()

    # Watching

    async def all(self) -> tuple[CampaignRow, ...]:
        """Every campaign."""
        stores = await self._stores()
        rows = []
        for campaign in await stores.campaigns.all() if stores else ():
            assert stores is not None
            by_locale = (await stores.campaigns.counts(campaign.id)).values()
            accepted = sum(counts.get(State.ACCEPTED, 0) for counts in by_locale)
            total = sum(sum(counts.values()) for counts in by_locale)
            shown = (campaign.id, campaign.slug, campaign.segments, campaign.frozen_at, campaign.status.value)
            rows.append(CampaignRow(*shown, accepted, total))
        return tuple(rows)

    async def watch(self, number: int) -> Watched:
        """One campaign."""
        stores = await self._opened()
        campaign = await _find(stores, number)
        by_locale = await stores.campaigns.counts(number)
        by_domain = await stores.campaigns.domain_counts(number)
        largest = sorted(by_domain, key=lambda domain: (-sum(by_domain[domain].values()), domain))
        watched = Watched(
            number,
            campaign.slug,
            campaign.segments,
            campaign.status.value,
            campaign.reason,
            campaign.starts_at,
            campaign.frozen_at,
            {locale: _plain(by_locale[locale]) for locale in sorted(by_locale)},
            {domain: _plain(by_domain[domain]) for domain in largest[:DOMAINS]},
            {locale: _language(locale) for locale in by_locale},
            more_domains=max(0, len(largest) - DOMAINS),
            here=self._is_here(number),
            others=tuple(run.name for run in await stores.campaigns.runs(number)),
            error=self._errors.get(number),
        )
        if campaign.status is not CampaignStatus.RUNNING:
            return watched
        self._looked_at = asyncio.get_running_loop().time()
        if self._ticking is None or self._ticking.done():
            self._ticking = asyncio.ensure_future(self._tick())
        return self._speeds.setdefault(number, Speed()).timed(watched, self._looked_at)

    async def _tick(self) -> None:
        """Let pages look again, as long as somebody watches."""
        loop = asyncio.get_running_loop()
        while loop.time() - self._looked_at < WATCHED:
            await asyncio.sleep(TICK)
            self._hub.tell(TOPIC)

    def _tell(self) -> None:
        self._hub.tell(TOPIC)
        self._hub.tell(CARDS_TOPIC)

    async def _opened(self) -> Stores:
        stores = await self._stores()
        if stores is None:
            raise UsageError("nothing was ever sent from here")
        return stores


async def _find(stores: Stores, number: int) -> Campaign:
    campaign = await stores.campaigns.get(number)
    if campaign is None:
        raise UsageError(f"there is no campaign {number}")
    return campaign


def _plain(counts: Mapping[State, int]) -> dict[str, int]:
    return {state.value: number for state, number in counts.items()}


def _language(locale: str) -> str:
    return " + ".join(map(own_name, halves_of(locale)))
