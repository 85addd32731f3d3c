"""``newsletter campaigns``: what was sent to whom, and who is still without a copy."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli.output import AsJson, say, say_json, table
from newsletter.cli.wiring import open_house
from newsletter.errors import UsageError

if TYPE_CHECKING:
    from newsletter.cli.report import Counts
    from newsletter.store.campaigns import Campaign, Delivery

app = typer.Typer(help="Past and present sendings.", no_args_is_help=True)


@app.command("list")
def list_command(as_json: AsJson = False) -> None:
    """List every campaign, the newest first."""
    from newsletter.cli.report import counts_json
    from newsletter.delivery.states import State

    house = open_house()

    async def run() -> list[tuple[Campaign, Counts]]:
        async with house.stores() as stores:
            return [(found, await stores.campaigns.counts(found)) for found in await stores.campaigns.list()]

    found = asyncio.run(run())
    if as_json:
        say_json([{"number": campaign.id, **counts_json(campaign, counts)} for campaign, counts in found])
        return
    table(
        ("number", "issue", "segments", "frozen", "recipients", "accepted"),
        (
            (
                campaign.id,
                campaign.slug,
                ", ".join(campaign.segments),
                campaign.frozen_at.astimezone().strftime("%Y-%m-%d %H:%M"),
                sum(sum(by_state.values()) for by_state in counts.values()),
                sum(by_state.get(State.ACCEPTED, 0) for by_state in counts.values()),
            )
            for campaign, counts in found
        ),
    )


@app.command("show")
def show_command(
    number: Annotated[int, typer.Argument(help="The campaign's number in 'campaigns list'.")], as_json: AsJson = False
) -> None:
    """Show one campaign, and everybody in it whose copy was not accepted, with the reason.  Shows addresses."""
    from newsletter.cli.report import counts_json, print_counts

    house = open_house()

    async def run() -> tuple[Campaign, Counts, list[Delivery]]:
        async with house.stores() as stores:
            campaign = next((found for found in await stores.campaigns.list() if found.id == number), None)
            if campaign is None:
                raise UsageError(f"there is no campaign {number}", "'newsletter campaigns list' lists them")
            counts = await stores.campaigns.counts(campaign)
            return campaign, counts, [row async for row in stores.campaigns.unsettled(campaign)]

    campaign, counts, unsettled = asyncio.run(run())
    if as_json:
        rows = [
            {
                "email": row.email,
                "edition": row.locale,
                "state": row.state,
                "attempts": row.attempts,
                "reply": row.reply,
            }
            for row in unsettled
        ]
        say_json({"number": campaign.id, **counts_json(campaign, counts), "not_accepted": rows})
        return
    say(f"{campaign.slug} to {', '.join(campaign.segments)}")
    print_counts(counts)
    if unsettled:
        say("")
        table(
            ("address", "edition", "state", "attempts", "the server's last words"),
            ((r.email, r.locale, r.state.replace("_", " "), r.attempts, r.reply) for r in unsettled),
        )
