"""One issue to some segments: planned, asked about, frozen, and followed until it is delivered."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import secrets
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache

from newsletter.cli.approving import require_approval
from newsletter.cli.lock import only_run
from newsletter.cli.output import agreed, say, say_json, tell
from newsletter.cli.people import parsed
from newsletter.cli.publishing import Publication, publication
from newsletter.cli.queues import waker
from newsletter.cli.report import counts_json, numbers, people, print_counts, require_delivered
from newsletter.cli.running import Course, Runner, on_signal
from newsletter.cli.standing import repeat
from newsletter.cli.wiring import House, Stores
from newsletter.content.load import LoadedIssue
from newsletter.delivery.deliver import Transport, connect
from newsletter.delivery.message import FrozenEdition, MessageTemplate, Reader
from newsletter.delivery.states import CampaignStatus, Outcome, State
from newsletter.delivery.writer import write_message
from newsletter.errors import NotDeliveredError, UsageError
from newsletter.i18n.translate import limiting_segments
from newsletter.render.facts import Issued
from newsletter.render.rendered import CLIPPED_HINT, clipped
from newsletter.store.campaigns import Campaign
from newsletter.store.freeze import EditionFor, Got, Planned, Schedule, Target
from newsletter.wording import said


async def send_copies(house: House, issue: str, to: str, on_outcome: Callable[[str, Outcome], None]) -> None:
    """Every edition to one address, just as readers get it; the ledger knows nothing of it.

    Raises ContentError or TranslationError, before anything is sent, if an
    edition is not complete, and SettingsError or MailServerError.
    """
    loaded = house.issue(issue)
    editions = [house.frozen(loaded, locale) for locale in house.settings.editions()]
    signer = house.dkim_signer()
    server = house.smtp_server()
    session = await connect(server)
    try:
        for edition in editions:
            message_id = f"<test-{secrets.token_hex(8)}@{edition.sender.domain}>"
            reader = Reader(to, "", "", token="test")  # noqa: S106 - the token of nobody
            mail = write_message(MessageTemplate(edition), reader, message_id, house.clock.now(), signer)
            if not session.open:
                await session.close()
                session = await connect(server)
            on_outcome(edition.locale, await session.send(mail))
    finally:
        await session.close()


async def send_test(house: House, issue: str, to: str, *, as_json: bool) -> None:
    """Send a test and tell what the server says.  Raises NotDeliveredError unless it took every edition."""
    address = parsed(to)
    outcomes: dict[str, dict[str, str]] = {}

    def on_outcome(locale: str, outcome: Outcome) -> None:
        outcomes[locale] = {"state": outcome.state.value, "reply": outcome.reply}
        if not as_json:
            say(f"{locale}: {outcome.state}: {outcome.reply}")

    await send_copies(house, issue, address, on_outcome)
    if as_json:
        say_json({"to": address, "editions": outcomes})
    failed = [locale for locale, outcome in outcomes.items() if outcome["state"] != State.ACCEPTED]
    if failed:
        raise NotDeliveredError(f"not accepted: {', '.join(failed)}", "the server's answer above says why")


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


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person asked for besides issue and segments.

    ``got`` narrows the recipients to those of an earlier campaign, ``again``
    is the reason for a second copy, ``schedule`` a later start.
    """

    got: Got | None = None
    again: str = ""
    schedule: Schedule | None = None


class Sending:
    """One issue to some segments.

    The issue, its catalogs and the settings are read only to start a campaign;
    one that was started is frozen and goes on without them.
    """

    def __init__(self, house: House, issue: str, segments: list[str], wish: Wish | None = None) -> None:
        self._house = house
        self._issue = issue
        self._slug = house.workspace.slug(issue)
        self._segments = sorted(set(segments))
        self._wish = wish or Wish()

    async def dry_run(self, *, as_json: bool) -> None:
        """List everybody with edition and reason.  One line a person, so that any number can be listed."""
        async with self._house.stores() as stores:
            campaign = await self.open_campaign(stores)
            if campaign:
                counts = await stores.campaigns.counts(campaign.id)
                if as_json:
                    say_json(counts_json(campaign, counts))
                    return
                say("this campaign has started: its recipients are frozen, and it reaches nobody new")
                print_counts(counts)
                return
            loaded, target = self._target()
            plan = await self._plan(stores, target)
            _make_editions(plan, self._editions(loaded, {}))

            async def each(planned: Planned) -> None:
                self._list(planned, target, as_json=as_json)

            await stores.freezer.plan(target, each)
        if not as_json:
            say(f"{people(plan.people)}{': ' if plan.people else ''}{numbers(plan.by_locale)}. Nothing was sent.")

    async def run(self, *, yes: bool, as_json: bool, wait: bool = False, workers: int = 1, queue: bool = False) -> None:
        """Start or go on.  Raises NotDeliveredError unless everybody has their copy.

        With ``queue``, only freeze: a worker delivers.
        """
        server = self._house.smtp_server()
        async with self._house.stores() as stores:
            with contextlib.nullcontext() if queue else only_run(stores.database.file):
                tokens = await self._house.tokens(stores.database)
                campaign = await self.open_campaign(stores)
                if campaign:
                    self._tell_open(campaign)
                else:
                    campaign = await self._start(stores, None if queue else server, yes=yes)
                if campaign is None:
                    if as_json:
                        say_json({"issue": self._slug, "segments": self._segments, "editions": {}})
                    return
                ended = None
                try:
                    if not queue:
                        course = Course(Runner(self._house, stores, tokens, server), campaign, workers)
                        with on_signal(course.stop):
                            ended = await course.follow(wait=wait)
                finally:
                    counts = await stores.campaigns.counts(campaign.id)
                    if as_json:
                        say_json(counts_json(campaign, counts))
                    else:
                        print_counts(counts)
        if self._wish.schedule and (ended is None or ended.due == self._wish.schedule.starts_at):
            self._tell_schedule(campaign, self._wish.schedule)
        elif ended is None:
            self._tell_queued(campaign)
        else:
            require_delivered(self._house, counts, campaign, ended)

    def _tell_open(self, campaign: Campaign) -> None:
        frozen = f"campaign {campaign.id}, frozen on {self._house.when(campaign.frozen_at)}"
        if campaign.status is CampaignStatus.FINISHED:
            tell(f"{frozen}, is finished: this command sends nothing more of it")
            tell("  hint: for people who joined since, name another set of segments that holds them")
        else:
            tell(f"going on with {frozen}; later edits change nothing of it")

    def _tell_schedule(self, campaign: Campaign, schedule: Schedule) -> None:
        tell(f"campaign {campaign.id} is frozen and starts at {self._house.when(schedule.starts_at)}")
        command = repeat(campaign)
        tell(f"  next: keep a worker up, or run '{command} --wait' before, or '{command}' then")

    def _tell_queued(self, campaign: Campaign) -> None:
        if campaign.status in (CampaignStatus.RUNNING, CampaignStatus.SCHEDULED):
            tell(f"campaign {campaign.id} is frozen; a running 'newsletter worker' sends it")
        else:
            tell(f"campaign {campaign.id} is {campaign.status}, so that no worker sends anything of it")
            tell(f"  next: 'newsletter campaigns show {campaign.id}' tells more")

    async def open_campaign(self, stores: Stores) -> Campaign | None:
        """The campaign that this command goes on with; None if it has to start one.

        Raises UsageError if it must not do what was wished.
        """
        wish = self._wish
        if wish.got:
            await _require_campaign(stores, wish.got)
        if wish.again:
            await self._require_ended(stores)
            return None
        campaign = await stores.campaigns.find(self._slug, self._names)
        if campaign is None or wish.schedule is None:
            return campaign
        if campaign.status is CampaignStatus.SCHEDULED and campaign.starts_at == wish.schedule.starts_at:
            return campaign
        hint = f"'newsletter campaigns show {campaign.id}' tells more; without --at, this command goes on with it"
        raise UsageError(f"campaign {campaign.id} is just this, and is {campaign.status}: nothing was scheduled", hint)

    async def _require_ended(self, stores: Stores) -> None:
        """People would get two copies at about the same time, if one were still on its way."""
        for campaign in await stores.campaigns.all():
            if campaign.slug == self._slug and not campaign.status.ended:
                values = {"number": campaign.id, "status": campaign.status, "command": repeat(campaign)}
                told = said("campaign %(number)s of this issue is not finished: it is %(status)s", **values)
                hint = said("'%(command)s' goes on with it, 'newsletter campaigns cancel %(number)s' ends it", **values)
                raise UsageError(told, hint)

    @property
    def _names(self) -> list[str]:
        return [*self._segments, *([str(self._wish.got)] if self._wish.got else [])]

    def _target(self) -> tuple[LoadedIssue, Target]:
        """What a new campaign sends, and whom it is for."""
        house = self._house
        house.require_segments(self._segments)
        loaded = house.issue(self._issue)
        limiting = limiting_segments(loaded.issue)
        rules, wish = house.settings.segments, self._wish
        kind = loaded.issue.mail_kind
        return loaded, Target(self._slug, tuple(self._segments), rules, limiting, kind, wish.got, wish.again)

    def _editions(self, loaded: LoadedIssue, issued: Mapping[str, Issued]) -> EditionFor:
        """The maker of its editions."""
        house = self._house

        @cache
        def edition_for(locale: str, sees: frozenset[str]) -> FrozenEdition:
            edition = house.frozen(loaded, locale, sees, issued)
            require_approval(house, loaded, locale)
            return edition

        return edition_for

    def _list(self, planned: Planned, target: Target, *, as_json: bool) -> None:
        person = planned.recipient.subscriber
        picked_by = sorted(planned.recipient.segments.intersection(self._segments)) or self._names
        if not as_json:
            say(f"{person.email:<40} {planned.locale:<6} in {', '.join(picked_by)}; {planned.reason}")
            return
        row = {
            "email": person.email,
            "name": person.name,
            "edition": planned.locale,
            "locale_reason": planned.reason,
            "segments": picked_by,
            "sees_blocks_for": sorted(planned.recipient.segments & target.limiting),
        }
        sys.stdout.write(json.dumps(row, ensure_ascii=False) + "\n")

    async def _start(self, stores: Stores, server: Transport | None, *, yes: bool) -> Campaign | None:
        prepared = await self.prepare(stores, server)
        if prepared is None:
            tell("nobody to send to: the segments are empty, or everybody in them has had this issue")
            return None
        plan = prepared.plan
        tell(f"'{self._slug}' to {', '.join(self._names)}: {people(plan.people)}")
        tell(f"  {numbers(plan.by_locale)}")
        start = "now"
        if schedule := self._wish.schedule:
            start = f"at {self._house.when(schedule.starts_at)}"
        if not agreed(f"Send to {people(plan.people)} {start}?", "send", yes=yes):
            tell("nothing was sent")
            return None
        return await self.freeze(stores, prepared)

    async def prepare(self, stores: Stores, server: Transport | None) -> Prepared | None:
        """All that can go wrong before anything is frozen; None if there is nobody to send to.

        With a server, a connection is tried too.  Raises what editions, keys and servers raise.
        """
        loaded, target = self._target()
        plan = await self._plan(stores, target)
        if not plan.people:
            return None
        public = publication(self._house, loaded, plan.by_locale, await stores.archive.issued(self._slug))
        edition_for = self._editions(loaded, public.issued)
        _make_editions(plan, edition_for)
        self._house.dkim_signer()
        if server is not None:
            await (await connect(server)).close()  # a wrong password shows before anything is frozen
        return Prepared(target, plan, edition_for, public)

    async def freeze(self, stores: Stores, prepared: Prepared) -> Campaign:
        """Start the campaign.  Raises AudienceError if it would reach others by now."""
        plan, schedule = prepared.plan, self._wish.schedule
        wake = None if schedule else await waker(self._house, stores, plan.people)
        also = prepared.publication.storing(self._slug, self._starts_at(), wake)
        return await stores.freezer.freeze(
            prepared.target, prepared.edition_for, plan.by_locale, schedule=schedule, also=also
        )

    def _starts_at(self) -> dt.datetime:
        return self._wish.schedule.starts_at if self._wish.schedule else self._house.clock.now()

    async def _plan(self, stores: Stores, target: Target) -> Plan:
        plan = Plan()

        async def each(planned: Planned) -> None:
            plan.add(planned, target)

        await stores.freezer.plan(target, each)
        return plan


async def _require_campaign(stores: Stores, got: Got) -> None:
    """The campaign whose people are meant, and its edition, must be there; UsageError if not."""
    earlier = await stores.campaigns.get(got.campaign)
    if earlier is None:
        raise UsageError(f"there is no campaign {got.campaign}", "'newsletter campaigns list' lists them")
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
