"""A campaign before it is frozen: whom it would reach, with which editions, and whether anything stands against it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

from newsletter.cli.approving import require_approval
from newsletter.cli.output import tell
from newsletter.cli.publishing import Publication, frozen_edition, publication
from newsletter.cli.queues import waker
from newsletter.cli.standing import find, repeat
from newsletter.cli.wiring import House, Stores
from newsletter.cli.wishes import Wish
from newsletter.content.load import LoadedIssue
from newsletter.delivery.deliver import Transport, connect
from newsletter.delivery.message import FrozenEdition
from newsletter.delivery.states import CampaignStatus
from newsletter.errors import UsageError
from newsletter.i18n.translate import limiting_segments
from newsletter.render.facts import Issued
from newsletter.render.rendered import CLIPPED_HINT, clipped
from newsletter.store.campaigns import Campaign
from newsletter.store.freeze import EditionFor, Got, Missed, Planned, Target
from newsletter.wording import said


@dataclass(slots=True)
class Plan:
    """Who a campaign would reach, in numbers, and which editions it needs."""

    by_locale: dict[str, int] = field(default_factory=dict)
    by_segment: dict[str, int] = field(default_factory=dict)  # whoever is in several counts in each
    needed: set[tuple[str, frozenset[str]]] = field(default_factory=set)

    @property
    def people(self) -> int:
        """Everybody."""
        return sum(self.by_locale.values())

    def add(self, planned: Planned, target: Target) -> None:
        """Count one more recipient."""
        sees = planned.recipient.segments & target.limiting
        for name in planned.recipient.segments.intersection(target.segments):
            self.by_segment[name] = self.by_segment.get(name, 0) + 1
        self.by_locale[planned.locale] = self.by_locale.get(planned.locale, 0) + 1
        self.needed.add((planned.locale, sees))


@dataclass(frozen=True, slots=True)
class Prepared:
    """A campaign that could be frozen now: whom it is for, how many they are, and the maker of its editions."""

    target: Target
    plan: Plan
    edition_for: EditionFor
    publication: Publication


class Start:
    """One issue to some segments.

    The issue, its catalogs and the settings are read only to start a campaign;
    one that was started is frozen and goes on without them.
    """

    def __init__(self, house: House, issue: str, segments: list[str], wish: Wish | None = None) -> None:
        self._house = house
        self._issue = issue
        self.slug = house.workspace.slug(issue)
        self.segments = sorted(set(segments))
        self.wish = wish or Wish()

    async def open_campaign(self, stores: Stores) -> Campaign | None:
        """The campaign to go on with; None if a new one is to be started.

        Raises UsageError if it must not do what was wished.
        """
        wish = self.wish
        match wish.only:
            case Got() as got:
                await _require_campaign(stores, got)
            case Missed(number):
                await self._require_own(stores, number)
        if wish.again:
            await self._require_ended(stores)
            return None
        campaign = await stores.campaigns.find(self.slug, self.names)
        if isinstance(wish.only, Missed) and (campaign is None or campaign.status.ended):
            await self._require_ended(stores)
            return None  # whoever has missed that one too, or whose copy came back since
        if campaign is None or wish.schedule is None:
            return campaign
        if campaign.status is CampaignStatus.SCHEDULED and campaign.starts_at == wish.schedule.starts_at:
            return campaign
        hint = f"'newsletter campaigns show {campaign.id}' tells more; without --at, this command goes on with it"
        raise UsageError(f"campaign {campaign.id} is just this, and is {campaign.status}: nothing was scheduled", hint)

    async def _require_own(self, stores: Stores, number: int) -> None:
        """The campaign that people missed must be one of this issue; UsageError if not."""
        missed = await find(stores, number)
        if missed.slug != self.slug:
            hint = said("--missed sends people the issue that they have missed; name that one")
            told = said(
                "campaign %(number)s was '%(other)s', not '%(slug)s'", number=number, other=missed.slug, slug=self.slug
            )
            raise UsageError(told, hint)

    async def _require_ended(self, stores: Stores) -> None:
        """People would get two copies at about the same time, if one were still on its way."""
        if campaign := await self.unfinished(stores):
            values = {"number": campaign.id, "status": campaign.status, "command": repeat(campaign)}
            told = said("campaign %(number)s of this issue is not finished: it is %(status)s", **values)
            hint = said("'%(command)s' goes on with it, 'newsletter campaigns cancel %(number)s' ends it", **values)
            raise UsageError(told, hint)

    async def unfinished(self, stores: Stores) -> Campaign | None:
        """The newest campaign of the issue that has not ended."""
        mine = (one for one in await stores.campaigns.all() if one.slug == self.slug)
        return next((one for one in mine if not one.status.ended), None)

    @property
    def names(self) -> list[str]:
        """Whom it is for, as the campaign keeps it."""
        return [*self.segments, *([str(self.wish.only)] if self.wish.only else [])]

    def _target(self) -> tuple[LoadedIssue, Target]:
        """What a new campaign sends, and whom it is for."""
        house = self._house
        house.require_segments(self.segments)
        loaded = house.issue(self._issue)
        limiting = limiting_segments(loaded.issue)
        rules, wish = house.settings.segments, self.wish
        kind = loaded.issue.mail_kind
        return loaded, Target(self.slug, tuple(self.segments), rules, limiting, kind, wish.only, wish.again)

    def _editions(self, loaded: LoadedIssue, issued: Mapping[str, Issued]) -> EditionFor:
        """The maker of its editions."""
        house = self._house

        @cache
        def edition_for(locale: str, sees: frozenset[str]) -> FrozenEdition:
            edition = frozen_edition(house, loaded, locale, sees, issued)
            require_approval(house, loaded, locale)
            return edition

        return edition_for

    async def rehearse(self, stores: Stores) -> tuple[Target, Plan]:
        """Whom it would reach.  Every edition is made, and raises what keeps it back."""
        loaded, target = self._target()
        plan = await self._plan(stores, target)
        _make_editions(plan, self._editions(loaded, {}))
        return target, plan

    async def prepare(self, stores: Stores, server: Transport | None) -> Prepared | None:
        """All that can go wrong before anything is frozen; None if there is nobody to send to.

        With a server, a connection is tried too.  Raises what editions, keys and servers raise.
        """
        loaded, target = self._target()
        plan = await self._plan(stores, target)
        if not plan.people:
            return None
        public = publication(self._house, loaded, plan.by_locale, await stores.archive.issued(self.slug))
        edition_for = self._editions(loaded, public.issued)
        _make_editions(plan, edition_for)
        self._house.dkim_signer()
        if server is not None:
            await (await connect(server)).close()  # a wrong password shows before anything is frozen
        return Prepared(target, plan, edition_for, public)

    async def freeze(self, stores: Stores, prepared: Prepared) -> Campaign:
        """Start the campaign.  Raises AudienceError if it would reach others by now."""
        plan, schedule = prepared.plan, self.wish.schedule
        wake = None if schedule else await waker(self._house, stores, plan.people)
        also = prepared.publication.storing(self.slug, self._starts_at(), wake)
        return await stores.freezer.freeze(
            prepared.target, prepared.edition_for, plan.by_locale, schedule=schedule, also=also
        )

    def _starts_at(self) -> dt.datetime:
        return self.wish.schedule.starts_at if self.wish.schedule else self._house.clock.now()

    async def _plan(self, stores: Stores, target: Target) -> Plan:
        plan = Plan()

        async def each(planned: Planned) -> None:
            plan.add(planned, target)

        await stores.freezer.plan(target, each)
        return plan


async def _require_campaign(stores: Stores, got: Got) -> None:
    """The campaign whose people are meant, and its edition, must be there; UsageError if not."""
    earlier = await find(stores, got.campaign)
    editions = await stores.campaigns.counts(earlier.id)
    if got.locale and got.locale not in editions:
        hint = f"its editions are: {', '.join(sorted(editions))}"
        raise UsageError(f"campaign {earlier.id} has no edition '{got.locale}'", hint)
    if earlier.status in (CampaignStatus.RUNNING, CampaignStatus.SCHEDULED):
        tell(f"warning: campaign {earlier.id} is not finished; whoever gets it from now on is not among these people")
        tell(f"  hint: 'newsletter campaigns pause {earlier.id}' first, and go on with it afterwards")


def _make_editions(plan: Plan, edition_for: EditionFor) -> None:
    """Render what the plan needs, so that an incomplete translation shows before anything is asked or sent."""
    for locale, sees in sorted(plan.needed, key=lambda pair: (pair[0], sorted(pair[1]))):
        edition = edition_for(locale, sees)
        if too_long := clipped(locale, edition.html):
            tell(f"warning: {too_long}\n  hint: {CLIPPED_HINT}")
