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
from newsletter.wording import said

if TYPE_CHECKING:
    from newsletter.cli.wiring import Stores
    from newsletter.delivery.states import State
    from newsletter.store.campaigns import CampaignStore

Number = Annotated[int, typer.Argument(metavar="NUMBER", help="The campaign's number in 'campaigns list'.")]


class Verdict(StrEnum):
    """What a person decides of the messages in doubt."""

    RESEND = "resend"
    ACCEPT = "accept"
    REJECT = "reject"


class Retry(StrEnum):
    """What a person can do for the rejected."""

    RESEND = "resend"


SAID = {
    Verdict.RESEND: said("they are sent again, and somebody may get a second copy"),
    Verdict.ACCEPT: said("they count as having their copy"),
    Verdict.REJECT: said("they count as rejected, and go without"),
}
RETRIED = said("they are tried again, also those of whom a server said that there is no such mailbox")


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
    from newsletter.delivery.states import State

    hint = "--in-doubt resend|accept|reject, or --rejected resend"
    if in_doubt is None and rejected is None:
        raise UsageError("what is decided, and of which?", hint)
    if in_doubt is not None and rejected is not None:
        raise UsageError("decide one thing at a time", hint)
    changed = asyncio.run(with_stores(lambda stores: resolve(stores, number, in_doubt)))
    old, new = moves(in_doubt)
    told = old.replace("_", " ")
    if not changed:
        taken_up = " and not taken up by a later one" if old is State.REJECTED else ""
        say(f"nothing of campaign {number} is {told}{taken_up}, so nothing was changed")
    else:
        say(f"{changed} {told}: now {new}")
        say(f"  {SAID[in_doubt] if in_doubt else RETRIED}")
    for step in asyncio.run(steps(number)):
        say(f"  next: {step}")


def moves(in_doubt: Verdict | None) -> tuple[State, State]:
    """From which state to which a verdict leads; None tries the rejected again."""
    from newsletter.delivery.states import State

    if in_doubt is None:
        return State.REJECTED, State.PENDING
    verdicts = {Verdict.RESEND: State.PENDING, Verdict.ACCEPT: State.ACCEPTED, Verdict.REJECT: State.REJECTED}
    return State.IN_DOUBT, verdicts[in_doubt]


async def resolve(stores: Stores, number: int, in_doubt: Verdict | None) -> int:
    """Decide of those in doubt, or with None try the rejected again; returns how many.  Raises UsageError."""
    from newsletter.cli.standing import find
    from newsletter.delivery.states import CampaignStatus, State

    old, new = moves(in_doubt)
    campaign = await find(stores, number)
    if new is State.PENDING and campaign.status is CampaignStatus.CANCELLED:
        hint = f"'newsletter send {campaign.slug} --missed {number}' sends the issue to those who have no copy of it"
        raise UsageError(f"campaign {number} was cancelled, so that nothing of it is sent again", hint)
    return await change(stores, number, lambda campaigns: campaigns.resolve(number, old, new))


def really_cancel(number: int) -> str:
    """What a person is asked before that."""
    return said("Cancel the rest of campaign %(number)s for good?", number=number)


async def cancel(stores: Stores, number: int) -> int:
    """Let nobody else have a copy; returns how many go without.  Raises UsageError."""
    from newsletter.cli.standing import find

    campaign = await find(stores, number)
    if campaign.status.ended:
        raise UsageError(said("campaign %(number)s has ended; there is nothing to cancel", number=number))
    return await change(stores, number, lambda campaigns: campaigns.cancel(number))


async def change(stores: Stores, number: int, decide: Callable[[CampaignStore], Awaitable[int]]) -> int:
    """Change a campaign after what dead runs left behind has been named."""
    from newsletter.cli.lock import maybe_alone
    from newsletter.cli.standing import find

    await find(stores, number)
    with maybe_alone(stores.database.file) as alone:
        standing = await stores.upkeep.reconcile(number, alone=alone)
        if standing.doubtful:
            hint = f"'newsletter campaigns show {number}' names them; then give the same command again"
            raise UsageError(f"a run died and left {standing.doubtful} more in doubt; nothing was decided yet", hint)
        return await decide(stores.campaigns)


async def with_stores(do: Callable[[Stores], Awaitable[int]]) -> int:
    """Do something with the database of the workspace that the command was called in."""
    async with open_house().stores() as stores:
        return await do(stores)


async def steps(number: int) -> list[str]:
    """What comes next, after a campaign was changed."""
    from newsletter.cli.standing import next_steps, view

    house = open_house()
    async with house.stores() as stores:
        return next_steps(house, await view(stores, number))
