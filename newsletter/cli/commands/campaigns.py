"""``newsletter campaigns``: what was sent to whom, and who is still without a copy."""

from __future__ import annotations

import asyncio
import textwrap
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli.commands import campaigns_export, campaigns_resolve, campaigns_watch
from newsletter.cli.commands.campaigns_resolve import steps, with_stores
from newsletter.cli.deciding import cancel, really_cancel
from newsletter.cli.output import AsJson, agreed, iso, say, say_json, table
from newsletter.cli.shape import CampaignNumber, Yes
from newsletter.cli.wiring import open_house
from newsletter.errors import UsageError

if TYPE_CHECKING:
    from newsletter.cli.standing import View
    from newsletter.store.campaigns import CampaignStore, Delivery

LINE = 80  # characters of a reason that the list gives; 'show' tells all of it
SHOWN = 50  # people without a copy that are named; --all and --json name everybody

app = typer.Typer(help="Past and present sendings.", no_args_is_help=True)
campaigns_watch.register(app)
campaigns_export.register(app)
campaigns_resolve.register(app)


@app.command("list")
def list_command(as_json: AsJson = False) -> None:
    """List every campaign, the newest first."""
    from newsletter.cli.standing import next_steps, status, view, view_json
    from newsletter.delivery.states import State

    house = open_house()

    async def run() -> list[View]:
        async with house.stores() as stores:
            return [await view(stores, found.id) for found in await stores.campaigns.all()]

    found = asyncio.run(run())
    if as_json:
        say_json([view_json(house, now) for now in found])
        return
    table(
        ("number", "issue", "segments", "frozen", "status", "people", "accepted"),
        (
            (
                now.campaign.id,
                now.campaign.slug,
                ", ".join(now.campaign.segments),
                f"{now.campaign.frozen_at.astimezone(house.zone):%Y-%m-%d}",
                now.campaign.status.value,
                now.people,
                now.count(State.ACCEPTED),
            )
            for now in found
        ),
        none="no campaign yet: 'newsletter send' begins one",
    )
    for now in found:
        if now.campaign.reason:
            say(textwrap.shorten(f"{now.campaign.id}: {status(now.campaign)}", LINE, placeholder=" …"))
        if not now.ended or now.count(State.IN_DOUBT):
            say(f"{now.campaign.id}: {'; '.join(next_steps(house, now)[:1])}")


@app.command("show")
def show_command(
    number: CampaignNumber,
    everybody: Annotated[
        bool, typer.Option("--all", help=f"Name everybody without a copy, not only the first {SHOWN}.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show one campaign, and everybody in it whose copy was not accepted, with the reason.  Shows addresses."""
    from newsletter.cli.standing import counts_tables, facts, next_steps, view, view_json
    from newsletter.delivery.states import State

    house = open_house()

    async def run() -> tuple[View, list[Delivery]]:
        async with house.stores() as stores:
            now = await view(stores, number)
            limit = None if everybody or as_json else SHOWN
            rows = stores.campaigns.deliveries(now.campaign, worst_first=True, limit=limit)
            return now, [row async for row in rows]

    now, without = asyncio.run(run())
    if as_json:
        say_json({**view_json(house, now), "not_accepted": [_delivery_json(row) for row in without]})
        return
    say(f"{now.campaign.slug} to {', '.join(now.campaign.segments)}")
    for name, fact in facts(house, now):
        say(f"  {name + ':':<10} {fact}")
    for columns, rows in counts_tables(now):
        say("")
        table(columns, rows)
    for step in next_steps(house, now):
        say(f"next: {step}")
    if without:
        say("")
        table(
            ("address", "edition", "state", "attempts", "the server's last words"),
            ((r.email, r.locale, r.state.replace("_", " "), r.attempts, r.reply) for r in without),
        )
    if more := now.people - now.count(State.ACCEPTED) - len(without):
        say(f"… and {more:,} more; --all lists them, 'newsletter campaigns export {number} FILE' writes them to a file")


def _delivery_json(row: Delivery) -> dict[str, object]:
    return {
        "email": row.email,
        "edition": row.locale,
        "domain": row.domain,
        "state": row.state.value,
        "attempts": row.attempts,
        "reply": row.reply,
        "due_at": iso(row.due_at),
        "updated_at": row.updated_at.isoformat(),
    }


@app.command("pause")
def pause_command(
    number: CampaignNumber,
    reason: Annotated[str, typer.Option("--reason", help="Why; 'campaigns show' tells it.")] = "a person paused it",
) -> None:
    """Send nothing more of a campaign until it is resumed.  What is under way is finished."""
    if asyncio.run(_decide(number, lambda campaigns: campaigns.pause(number, reason))):
        say(f"campaign {number} is paused; 'newsletter campaigns resume {number}' lets it go on")
    else:
        raise UsageError(
            f"campaign {number} has nothing to pause", "'newsletter campaigns list' tells where each stands"
        )


@app.command("resume")
def resume_command(number: CampaignNumber) -> None:
    """Let a paused campaign go on."""
    if not asyncio.run(_decide(number, lambda campaigns: campaigns.resume(number))):
        raise UsageError(f"campaign {number} is not paused", "'newsletter campaigns list' tells where each stands")
    say(f"campaign {number} may go on")
    for step in asyncio.run(steps(number)):
        say(f"  next: {step}")


@app.command("cancel")
def cancel_command(number: CampaignNumber, yes: Yes = False) -> None:
    """Let nobody else have a copy.  What was accepted cannot be called back, and this cannot be undone."""
    if not agreed(really_cancel(number), "cancel", yes=yes):
        say("nothing was cancelled")
        return
    changed = asyncio.run(with_stores(lambda stores: cancel(stores, number)))
    say(f"cancelled for {changed} who had not got their copy yet")


async def _decide(number: int, decide: Callable[[CampaignStore], Awaitable[bool]]) -> bool:
    """Change the status of a campaign, also of one that is being sent."""
    from newsletter.cli.standing import find

    house = open_house()
    async with house.stores() as stores:
        await find(stores, number)
        return await decide(stores.campaigns)
