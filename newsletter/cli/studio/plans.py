"""A campaign before it is started, in the studio: whom it would reach, and what stands against it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from newsletter.cli.starting import Start
from newsletter.cli.studio.mistakes import told
from newsletter.cli.studio.work import Work
from newsletter.cli.studio.workbench import Workbench
from newsletter.cli.wishes import wish_of
from newsletter.errors import NewsletterError, UsageError
from newsletter.i18n.locales import own_names
from newsletter.store.campaigns import Campaign
from newsletter.store.freeze import Missed, Target
from newsletter.web.preview.campaigns import DryRun, StartPage
from newsletter.wording import said

if TYPE_CHECKING:
    from newsletter.cli.wiring import House, Stores

NOBODY_YET = said("there is no list of subscribers yet")
IMPORT = said("'newsletter subscribers import FILE' makes one")
OpenStores = Callable[[], Awaitable["Stores | None"]]


class Plans:
    """Makes the page that is looked at before anything is sent."""

    def __init__(self, bench: Workbench, work: Work, stores: OpenStores) -> None:
        self._bench, self._work, self._stores = bench, work, stores

    async def page(self, slug: str, segments: tuple[str, ...], missed: int) -> StartPage:
        """The numbers."""
        await self._work(lambda: self._bench.load(slug))
        settings = self._bench.house.settings
        return StartPage(
            slug,
            tuple(settings.segments),
            settings.organisation.timezone,
            missed,
            await self._dry_run(slug, segments, missed) if segments or missed else None,
            () if missed else await self._without(slug),
        )

    async def _without(self, slug: str) -> tuple[tuple[int, int], ...]:
        """Of each campaign of an issue that has ended, how many people have no copy; without those of nobody."""
        stores = await self._stores()
        mine = [one for one in await stores.campaigns.all() if one.slug == slug] if stores else []
        found = [(one.id, await without_copy(stores, one)) for one in mine] if stores else []
        return tuple((number, people) for number, people in found if people)

    async def _dry_run(self, slug: str, segments: tuple[str, ...], missed: int) -> DryRun:
        try:
            stores = await self._stores()
            if stores is None:
                raise UsageError(NOBODY_YET, IMPORT)
            house = self._bench.own_house()
            house.require_segments(segments)
            start = start_of(house, slug, segments, missed)
            async with house.stores() as own:
                try:
                    campaign = await start.open_campaign(own)
                except UsageError:
                    if open_one := await start.unfinished(own):
                        return DryRun(segments, unfinished=open_one.id)
                    raise
                if campaign:
                    return DryRun(segments, started=campaign.id)
                prepared = await start.prepare(own, None)
            house.smtp_server()  # better told here than when the number was typed
        except NewsletterError as error:
            return DryRun(segments, obstacles=told(error))
        if prepared is None:
            return DryRun(segments)
        plan = prepared.plan
        by_locale = tuple((locale, own_names(locale), number) for locale, number in sorted(plan.by_locale.items()))
        return DryRun(segments, by_locale, tuple((name, plan.by_segment.get(name, 0)) for name in segments))


def start_of(house: House, slug: str, segments: tuple[str, ...], missed: int, at: str = "") -> Start:
    """What would be started: an issue to segments, or to those who missed a campaign of it."""
    return Start(house, slug, list(segments), wish_of(house, at=at, missed=missed or None))


async def without_copy(stores: Stores, campaign: Campaign) -> int:
    """How many people of a campaign have no copy of its issue; 0 as long as they may still get it."""
    if not campaign.status.ended:
        return 0
    only = Missed(campaign.id)
    return await stores.freezer.count(Target(campaign.slug, (), {}, kind=campaign.kind, only=only))
