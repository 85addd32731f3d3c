"""What became of a campaign: as a table, as JSON, and as the error that a script sees."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from newsletter.cli.output import counted, table
from newsletter.delivery.states import UNDELIVERED, CampaignStatus, State
from newsletter.errors import NotDeliveredError
from newsletter.store.campaigns import Campaign

if TYPE_CHECKING:
    from newsletter.cli.running import Ended
    from newsletter.cli.wiring import House

Counts = dict[str, dict[State, int]]
"""How many deliveries are in which state, by the locale of the edition."""


def numbers(by_locale: dict[str, int]) -> str:
    """ "100 en, 100 es"."""
    return ", ".join(f"{number} {locale}" for locale, number in sorted(by_locale.items()))


def people(number: int) -> str:
    """ "1 person", "2 people"."""
    return counted(number, "person", "people")


def print_counts(counts: Counts) -> None:
    """A table of what became of a campaign, by edition."""
    table(*counts_table("edition", dict(sorted(counts.items()))))


def counts_table(heading: str, counts: Counts) -> tuple[tuple[str, ...], list[tuple[str | int, ...]]]:
    """The columns and rows of such a table: everybody, then a column for each state that occurs."""
    states = [state for state in State if state is State.ACCEPTED or any(state in found for found in counts.values())]
    states.sort(key=lambda state: state is not State.ACCEPTED)
    columns = (heading, "recipients", *(state.replace("_", " ") for state in states))
    return columns, [
        (name or "erased", sum(found.values()), *(found.get(state, 0) for state in states))
        for name, found in counts.items()
    ]


def number_of(counts: Counts, *states: State) -> int:
    """How many deliveries are in one of the states; without any, how many there are."""
    return sum(found.get(state, 0) for found in counts.values() for state in states or State)


def by_state(found: Mapping[State, int]) -> dict[str, int]:
    """Numbers as programs and pages get them."""
    return {state.value: number for state, number in found.items()}


def counts_json(campaign: Campaign, counts: Counts) -> dict[str, object]:
    """The same for programs."""
    editions = {locale: by_state(found) for locale, found in counts.items()}
    return {"issue": campaign.slug, "segments": list(campaign.segments), "editions": editions}


def require_delivered(house: House, counts: Counts, campaign: Campaign, ended: Ended) -> None:
    """Raise NotDeliveredError unless everybody has their copy or has left."""
    cancelled = ended.halted.startswith(f"it is {CampaignStatus.CANCELLED}")
    lacking = (*UNDELIVERED, State.CANCELLED) if cancelled else UNDELIVERED
    missing = {state: number_of(counts, state) for state in lacking}
    if not any(missing.values()):
        return
    told = ", ".join(f"{number} {state.replace('_', ' ')}" for state, number in missing.items() if number)
    hints = []
    if cancelled:
        missed = f"'newsletter send {campaign.slug} --missed {campaign.id}' sends it to those who have none"
        hints.append(f"{ended.halted}, and nobody else gets a copy; {missed}")
    elif ended.halted:
        hints.append(f"{ended.halted}; 'newsletter campaigns resume {campaign.id}' lets it go on")
    elif ended.due:
        when = house.when(ended.due)
        hints.append(f"it goes on after {when}: run the same command again then, or with --wait, or keep a worker up")
    elif missing[State.PENDING]:
        hints.append("run the same command again to go on")
    if missing[State.SENDING]:
        hints.append("another run has those that are sending; if it has died, the same command says so in two minutes")
    if missing[State.REJECTED]:
        hints.append(f"'newsletter campaigns show {campaign.id}' names the rejected and why")
    if missing[State.IN_DOUBT]:
        told_how = f"'newsletter campaigns resolve {campaign.id} --in-doubt …' decides"
        hints.append(f"those in doubt may have their copy, so they are not sent again; {told_how}")
    raise NotDeliveredError(f"'{campaign.slug}' did not reach everybody: {told}", "; ".join(hints))
