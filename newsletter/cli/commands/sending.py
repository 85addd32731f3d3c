"""``newsletter send`` on a terminal: planned, asked about, frozen, and followed until it is delivered."""

from __future__ import annotations

import contextlib
import json
import sys

from newsletter.cli.copies import send_copies
from newsletter.cli.lock import LEFT_OVER, only_run
from newsletter.cli.output import agreed, say, say_json, tell
from newsletter.cli.people import parsed
from newsletter.cli.report import counts_json, numbers, people, print_counts, require_delivered
from newsletter.cli.running import Course, Runner, on_signal
from newsletter.cli.standing import repeat
from newsletter.cli.starting import Start
from newsletter.cli.wiring import House, Stores
from newsletter.cli.wishes import Wish
from newsletter.delivery.deliver import Transport
from newsletter.delivery.states import CampaignStatus, Outcome, State
from newsletter.errors import NotDeliveredError
from newsletter.store.campaigns import Campaign
from newsletter.store.freeze import Planned, Schedule, Target


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


class Sending:
    """One issue to some segments, with all that is told and asked meanwhile."""

    def __init__(self, house: House, issue: str, segments: list[str], wish: Wish | None = None) -> None:
        self._house = house
        self._start = Start(house, issue, segments, wish)

    async def dry_run(self, *, as_json: bool) -> None:
        """List everybody with edition and reason.  One line a person, so that any number can be listed."""
        async with self._house.stores() as stores:
            campaign = await self._start.open_campaign(stores)
            if campaign:
                counts = await stores.campaigns.counts(campaign.id)
                if as_json:
                    say_json(counts_json(campaign, counts))
                    return
                say("this campaign has started: its recipients are frozen, and it reaches nobody new")
                print_counts(counts)
                return
            target, plan = await self._start.rehearse(stores)

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
            with contextlib.nullcontext() if queue else only_run(stores.database.file, LEFT_OVER):
                tokens = await self._house.tokens(stores.database)
                campaign = await self._start.open_campaign(stores)
                if campaign:
                    self._tell_open(campaign)
                else:
                    campaign = await self._freeze(stores, None if queue else server, yes=yes)
                if campaign is None:
                    if as_json:
                        say_json({"issue": self._start.slug, "segments": self._start.segments, "editions": {}})
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
        schedule = self._start.wish.schedule
        if schedule and (ended is None or ended.due == schedule.starts_at):
            self._tell_schedule(campaign, schedule)
        elif ended is None:
            self._tell_queued(campaign)
        else:
            require_delivered(self._house, counts, campaign, ended)

    def _tell_open(self, campaign: Campaign) -> None:
        frozen = f"campaign {campaign.id}, frozen on {self._house.when(campaign.frozen_at)}"
        if campaign.status is CampaignStatus.FINISHED:
            tell(f"{frozen}, is finished: this command sends nothing more of it")
            tell("  hint: for people who joined since, name another set of segments that holds them")
        elif campaign.status is CampaignStatus.CANCELLED:
            tell(f"{frozen}, was cancelled: this command sends nothing more of it")
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

    def _list(self, planned: Planned, target: Target, *, as_json: bool) -> None:
        person = planned.recipient.subscriber
        picked_by = sorted(planned.recipient.segments.intersection(self._start.segments)) or self._start.names
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

    async def _freeze(self, stores: Stores, server: Transport | None, *, yes: bool) -> Campaign | None:
        prepared = await self._start.prepare(stores, server)
        if prepared is None:
            tell("nobody to send to: the segments are empty, or everybody in them has had this issue")
            return None
        plan = prepared.plan
        tell(f"'{self._start.slug}' to {', '.join(self._start.names)}: {people(plan.people)}")
        tell(f"  {numbers(plan.by_locale)}")
        schedule = self._start.wish.schedule
        when = f"at {self._house.when(schedule.starts_at)}" if schedule else "now"
        if not agreed(f"Send to {people(plan.people)} {when}?", "send", yes=yes):
            tell("nothing was sent")
            return None
        return await self._start.freeze(stores, prepared)
