"""Where a campaign stands, and what comes next: read from the ledger, which is not changed by it."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

from newsletter import wording
from newsletter.cli.output import iso
from newsletter.cli.report import Counts, by_state, counts_table, number_of
from newsletter.cli.wiring import House, Stores
from newsletter.delivery.states import CampaignStatus, State
from newsletter.errors import UsageError
from newsletter.store.campaigns import Campaign, Run

MOST_DOMAINS = 10  # that are shown by name; the rest is summed
_GOT = re.compile(r"who got (\d+)(?: in (\S+))?")
_MISSED = re.compile(r"who missed (\d+)")


@dataclass(frozen=True, slots=True)
class View:
    """A campaign at one moment: its numbers by edition and by mail domain, and who is sending it."""

    campaign: Campaign
    editions: Counts
    domains: Counts
    runs: list[Run]
    next_due: dt.datetime | None

    def count(self, *states: State) -> int:
        """How many recipients are in one of the states; without any, how many there are."""
        return number_of(self.editions, *states)

    @property
    def people(self) -> int:
        """All recipients."""
        return self.count()

    @property
    def moving(self) -> int:
        """Those of whom something can still change by itself."""
        return self.count(State.PENDING, State.SENDING, State.DEFERRED)

    @property
    def ended(self) -> bool:
        """Whether nothing of it moves, also when no run has written that down yet."""
        return self.campaign.status.ended or (self.campaign.status is CampaignStatus.RUNNING and not self.moving)


async def find(stores: Stores, number: int) -> Campaign:
    """One campaign by its number.  Raises UsageError."""
    campaign = await stores.campaigns.get(number)
    if campaign is None:
        message = wording.said("there is no campaign %(number)s", number=number)
        raise UsageError(message, wording.said("'newsletter campaigns list' lists them"))
    return campaign


async def view(stores: Stores, number: int) -> View:
    """A campaign as it stands now.  Raises UsageError if there is none of this number."""
    campaigns = stores.campaigns
    campaign = await find(stores, number)
    return View(
        campaign,
        await campaigns.counts(number),
        await campaigns.domain_counts(number),
        await campaigns.runs(number),
        await campaigns.next_due(number),
    )


def largest(domains: Counts, most: int = MOST_DOMAINS) -> tuple[Counts, int, dict[State, int]]:
    """The largest mail domains, the largest first; how many others there are; and their numbers together."""
    names = sorted(domains, key=lambda name: (-sum(domains[name].values()), name))
    others: dict[State, int] = {}
    for name in names[most:]:
        for state, number in domains[name].items():
            others[state] = others.get(state, 0) + number
    return {name: domains[name] for name in names[:most]}, len(names[most:]), others


def counts_tables(now: View) -> list[tuple[tuple[str, ...], list[tuple[str | int, ...]]]]:
    """The numbers by edition and by mail domain, as columns and rows."""
    domains, number, others = largest(now.domains)
    if number:
        domains = {**domains, "1 other" if number == 1 else f"{number:,} others": others}
    return [counts_table("edition", dict(sorted(now.editions.items()))), counts_table("mail domain", domains)]


def repeat(campaign: Campaign) -> str:
    """The command that goes on with a campaign."""
    words = ["newsletter send", campaign.slug]
    for name in campaign.segments:
        if got := _GOT.fullmatch(name):
            words.append(f"--got {got[1]}{f' --edition {got[2]}' if got[2] else ''}")
        elif missed := _MISSED.fullmatch(name):
            words.append(f"--missed {missed[1]}")
        else:
            words.append(f"--segment {name}")
    return " ".join(words)


def whom(campaign: Campaign) -> tuple[str, ...]:
    """Whom it is for, each a segment's name or a sentence."""
    return tuple(map(_whom, campaign.segments))


def _whom(name: str) -> str:
    if got := _GOT.fullmatch(name):
        if not got[2]:
            return wording.said("those who got campaign %(number)s", number=got[1])
        return wording.said("those who got campaign %(number)s in %(locale)s", number=got[1], locale=got[2])
    if missed := _MISSED.fullmatch(name):
        return wording.said("those who missed campaign %(number)s", number=missed[1])
    return name


def status(campaign: Campaign) -> str:
    """ "paused: a wrong link"."""
    return f"{campaign.status}: {campaign.reason}" if campaign.reason else campaign.status.value


def facts(house: House, now: View) -> list[tuple[str, str]]:
    """What there is to say of a campaign besides its numbers."""
    campaign = now.campaign
    said = [("status", status(campaign)), ("frozen", house.when(campaign.frozen_at))]
    if campaign.starts_at:
        latest = f", at the latest {house.when(campaign.latest)}" if campaign.latest else ""
        said.append(("starts", f"{house.when(campaign.starts_at)}{latest}"))
    if campaign.again:
        said.append(("again", campaign.again))
    said += [("sent by", f"{run.name}, since {house.when(run.started_at)}") for run in now.runs]
    if now.next_due:
        said.append(("next due", house.when(now.next_due)))
    return said


def next_steps(house: House, now: View) -> list[str]:
    """What happens next, or what a person can do, in words for staff."""
    number, command = now.campaign.id, repeat(now.campaign)
    steps = [step] if (step := _of_the_rest(house, now, command)) else []
    if now.campaign.status is not CampaignStatus.CANCELLED:
        if doubtful := now.count(State.IN_DOUBT):
            told = "1 is in doubt" if doubtful == 1 else f"{doubtful} are in doubt"
            steps.append(f"{told}: a person decides, 'newsletter campaigns resolve {number} --in-doubt …'")
        if rejected := now.count(State.REJECTED):
            told = "1 was rejected" if rejected == 1 else f"{rejected} were rejected"
            again = f"'newsletter campaigns resolve {number} --rejected resend'"
            steps.append(f"{told}, and not tried again; if the fault was not theirs: {again}")
    return steps


def _of_the_rest(house: House, now: View, command: str) -> str:
    """What becomes of those who can still get their copy."""
    campaign = now.campaign
    match campaign.status:
        case CampaignStatus.CANCELLED:
            missed = f"'newsletter send {campaign.slug} --missed {campaign.id}' sends it to those who have no copy"
            return f"nothing more of it is sent; {missed}"
        case CampaignStatus.SCHEDULED if campaign.starts_at:
            at = house.when(campaign.starts_at)
            return f"it starts at {at}: keep a worker up, or run '{command} --wait' before, or '{command}' then"
        case CampaignStatus.PAUSED:
            number = campaign.id
            return (
                f"'newsletter campaigns resume {number}' lets it go on, 'newsletter campaigns cancel {number}' ends it"
            )
    if now.runs:
        return f"it is being sent: 'newsletter campaigns watch {campaign.id}' shows how it goes"
    if now.count(State.PENDING, State.SENDING):
        return f"nobody is sending it: '{command}' goes on, or a running worker"
    if now.next_due:
        at = house.when(now.next_due)
        return f"the next deferred one is due at {at}: '{command}' then, or now with --wait, or a running worker"
    return ""


def view_json(house: House, now: View) -> dict[str, object]:
    """All of it for programs; times in UTC."""
    campaign = now.campaign
    shown, number, others = largest(now.domains)
    return {
        "number": campaign.id,
        "issue": campaign.slug,
        "segments": list(campaign.segments),
        "status": campaign.status.value,
        "reason": campaign.reason,
        "frozen_at": campaign.frozen_at.isoformat(),
        "starts_at": iso(campaign.starts_at),
        "latest_start_at": iso(campaign.latest),
        "again": campaign.again,
        "runs": [{"name": run.name, "started_at": run.started_at.isoformat()} for run in now.runs],
        "next_due": iso(now.next_due),
        "next": next_steps(house, now),
        "editions": {name: by_state(found) for name, found in now.editions.items()},
        "domains": {name: by_state(found) for name, found in shown.items()},
        "other_domains": {"domains": number, **by_state(others)},
    }
