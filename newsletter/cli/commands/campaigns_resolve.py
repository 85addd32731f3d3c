"""``newsletter campaigns resolve``: what a person decides of messages in doubt, and of rejected ones."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli.deciding import RETRIED, SAID, Resolution, moves, resolve
from newsletter.cli.output import say
from newsletter.cli.shape import CampaignNumber
from newsletter.cli.wiring import open_house
from newsletter.errors import UsageError

if TYPE_CHECKING:
    from newsletter.cli.wiring import Stores


class Retry(StrEnum):
    """What a person can do for the rejected."""

    RESEND = "resend"


def register(app: typer.Typer) -> None:
    """Add the command to the group."""
    app.command("resolve")(resolve_command)


def resolve_command(
    number: CampaignNumber,
    in_doubt: Annotated[
        Resolution | None,
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
