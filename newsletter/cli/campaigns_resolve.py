"""``newsletter campaigns resolve``: what a person decides of messages in doubt, and of rejected ones."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli.output import say
from newsletter.cli.wiring import open_house
from newsletter.errors import UsageError

if TYPE_CHECKING:
    from newsletter.store.campaigns import Campaign, CampaignStore

Number = Annotated[int, typer.Argument(help="The campaign's number in 'campaigns list'.")]


class Verdict(StrEnum):
    """What a person decides of the messages in doubt."""

    RESEND = "resend"
    ACCEPT = "accept"
    REJECT = "reject"


class Retry(StrEnum):
    """What a person can do for the rejected."""

    RESEND = "resend"


_SAID = {
    Verdict.RESEND: "they are sent again, and somebody may get a second copy",
    Verdict.ACCEPT: "they count as having their copy",
    Verdict.REJECT: "they count as rejected, and go without",
}
_RETRIED = "they are tried again, also those of whom a server said that there is no such mailbox"


def register(app: typer.Typer) -> None:
    """Add the command to the group."""
    app.command("resolve")(resolve_command)


def resolve_command(
    number: Number,
    in_doubt: Annotated[
        Verdict | None,
        typer.Option("--in-doubt", help="resend: maybe a second copy; accept: they have it; reject: they go without."),
    ] = None,
    rejected: Annotated[
        Retry | None, typer.Option("--rejected", help="resend: try them again, when the fault was not theirs.")
    ] = None,
) -> None:
    """Decide what becomes of the messages in doubt, or try rejected ones again."""
    from newsletter.delivery.states import CampaignStatus, State

    if (in_doubt is None) == (rejected is None):
        raise UsageError("decide one thing at a time", "--in-doubt resend|accept|reject, or --rejected resend")
    verdicts = {Verdict.RESEND: State.PENDING, Verdict.ACCEPT: State.ACCEPTED, Verdict.REJECT: State.REJECTED}
    old, new = (State.REJECTED, State.PENDING) if in_doubt is None else (State.IN_DOUBT, verdicts[in_doubt])

    def check(campaign: Campaign) -> None:
        if new is State.PENDING and campaign.status is CampaignStatus.CANCELLED:
            hint = "'newsletter send … --again REASON' sends the issue anew, also to those who have it"
            raise UsageError(f"campaign {number} was cancelled, so that nothing of it is sent again", hint)

    changed = asyncio.run(change(number, lambda campaigns: campaigns.resolve(number, old, new), check))
    told = old.replace("_", " ")
    if not changed:
        say(f"nothing of campaign {number} is {told}, so nothing was changed")
    else:
        say(f"{changed} {told}: now {new}")
        say(f"  {_SAID[in_doubt] if in_doubt else _RETRIED}")
    for step in asyncio.run(steps(number)):
        say(f"  next: {step}")


async def change(
    number: int,
    decide: Callable[[CampaignStore], Awaitable[int]],
    check: Callable[[Campaign], None] = lambda _campaign: None,
) -> int:
    """Change a campaign after what dead runs left behind has been named."""
    from newsletter.cli.lock import maybe_alone
    from newsletter.cli.standing import find

    house = open_house()
    async with house.stores() as stores:
        check(await find(stores, number))
        with maybe_alone(stores.database.file) as alone:
            standing = await stores.upkeep.reconcile(number, alone=alone)
            if standing.doubtful:
                hint = f"'newsletter campaigns show {number}' names them; then give the same command again"
                raise UsageError(
                    f"a run died and left {standing.doubtful} more in doubt; nothing was decided yet", hint
                )
            return await decide(stores.campaigns)


async def steps(number: int) -> list[str]:
    """What comes next, after a campaign was changed."""
    from newsletter.cli.standing import next_steps, view

    house = open_house()
    async with house.stores() as stores:
        return next_steps(house, await view(stores, number))
