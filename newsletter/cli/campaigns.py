"""``newsletter campaigns``: what was sent to whom, and who is still without a copy."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli.output import AsJson, confirm, say, say_json, table
from newsletter.cli.wiring import open_house
from newsletter.errors import UsageError

if TYPE_CHECKING:
    from newsletter.cli.report import Counts
    from newsletter.cli.wiring import Stores
    from newsletter.store.campaigns import Campaign, CampaignStore, Delivery

app = typer.Typer(help="Past and present sendings.", no_args_is_help=True)


class Retry(StrEnum):
    """What a person can do for the rejected."""

    RESEND = "resend"


Number = Annotated[int, typer.Argument(help="The campaign's number in 'campaigns list'.")]


class Verdict(StrEnum):
    """What a person decides of the messages in doubt."""

    RESEND = "resend"
    ACCEPT = "accept"
    REJECT = "reject"


@app.command("list")
def list_command(as_json: AsJson = False) -> None:
    """List every campaign, the newest first."""
    from newsletter.cli.report import counts_json
    from newsletter.delivery.states import State

    house = open_house()

    async def run() -> list[tuple[Campaign, Counts]]:
        async with house.stores() as stores:
            return [(found, await stores.campaigns.counts(found.id)) for found in await stores.campaigns.all()]

    found = asyncio.run(run())
    if as_json:
        say_json([{"number": campaign.id, **counts_json(campaign, counts)} for campaign, counts in found])
        return
    table(
        ("number", "issue", "segments", "frozen", "status", "recipients", "accepted"),
        (
            (
                campaign.id,
                campaign.slug,
                ", ".join(campaign.segments),
                campaign.frozen_at.astimezone().strftime("%Y-%m-%d %H:%M"),
                f"{campaign.status}: {campaign.reason}" if campaign.reason else campaign.status,
                sum(sum(by_state.values()) for by_state in counts.values()),
                sum(by_state.get(State.ACCEPTED, 0) for by_state in counts.values()),
            )
            for campaign, counts in found
        ),
    )


@app.command("show")
def show_command(number: Number, as_json: AsJson = False) -> None:
    """Show one campaign, and everybody in it whose copy was not accepted, with the reason.  Shows addresses."""
    from newsletter.cli.report import counts_json, print_counts

    house = open_house()

    async def run() -> tuple[Campaign, Counts, list[Delivery]]:
        async with house.stores() as stores:
            campaign = await _find(stores, number)
            counts = await stores.campaigns.counts(campaign.id)
            return campaign, counts, [row async for row in stores.campaigns.deliveries(campaign)]

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


@app.command("resolve")
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

    if (in_doubt is None) == (rejected is None):
        raise UsageError("decide one thing at a time", "--in-doubt resend|accept|reject, or --rejected resend")
    verdicts = {Verdict.RESEND: State.PENDING, Verdict.ACCEPT: State.ACCEPTED, Verdict.REJECT: State.REJECTED}
    old, new = (State.REJECTED, State.PENDING) if in_doubt is None else (State.IN_DOUBT, verdicts[in_doubt])
    changed = asyncio.run(_change(number, lambda campaigns: campaigns.resolve(number, old, new)))
    say(f"{changed} {old.replace('_', ' ')}: now {new}")
    if changed and new is State.PENDING:
        say("  next: the same 'newsletter send' as before sends them")


@app.command("pause")
def pause_command(
    number: Number,
    reason: Annotated[str, typer.Option("--reason", help="Why; 'campaigns list' shows it.")] = "a person paused it",
) -> None:
    """Send nothing more of a campaign until it is resumed.  What is under way is finished."""
    if asyncio.run(_decide(number, lambda campaigns: campaigns.pause(number, reason))):
        say(f"campaign {number} is paused; 'newsletter campaigns resume {number}' lets it go on")
    else:
        raise UsageError(
            f"campaign {number} has nothing to pause", "'newsletter campaigns list' tells where each stands"
        )


@app.command("resume")
def resume_command(number: Number) -> None:
    """Let a paused campaign go on."""
    if not asyncio.run(_decide(number, lambda campaigns: campaigns.resume(number))):
        raise UsageError(f"campaign {number} is not paused", "'newsletter campaigns list' tells where each stands")
    say(f"campaign {number} may go on")
    say("  next: a running worker sends it, or the same 'newsletter send' as before")


@app.command("cancel")
def cancel_command(
    number: Number, yes: Annotated[bool, typer.Option("--yes", help="Do not ask; for scripts.")] = False
) -> None:
    """Let nobody else have a copy.  What was accepted cannot be called back, and this cannot be undone."""
    if not yes and not sys.stdin.isatty():
        raise UsageError("nobody is there to be asked", "add --yes to cancel without being asked")
    if not yes and not confirm(f"Cancel the rest of campaign {number} for good?"):
        say("nothing was cancelled")
        return
    changed = asyncio.run(_change(number, lambda campaigns: campaigns.cancel(number)))
    say(f"cancelled for {changed} who had not got their copy yet")


async def _change(number: int, change: Callable[[CampaignStore], Awaitable[int]]) -> int:
    """Change a campaign after what dead runs left behind has been named."""
    from newsletter.cli.lock import maybe_alone

    house = open_house()
    async with house.stores() as stores:
        await _find(stores, number)
        with maybe_alone(stores.database.file) as alone:
            standing = await stores.upkeep.reconcile(number, alone=alone)
            if standing.doubtful:
                hint = f"'newsletter campaigns show {number}' names them; then give the same command again"
                raise UsageError(
                    f"a run died and left {standing.doubtful} more in doubt; nothing was decided yet", hint
                )
            return await change(stores.campaigns)


async def _decide(number: int, decide: Callable[[CampaignStore], Awaitable[bool]]) -> bool:
    """Change the status of a campaign, also of one that is being sent."""
    house = open_house()
    async with house.stores() as stores:
        await _find(stores, number)
        return await decide(stores.campaigns)


async def _find(stores: Stores, number: int) -> Campaign:
    campaign = await stores.campaigns.get(number)
    if campaign is None:
        raise UsageError(f"there is no campaign {number}", "'newsletter campaigns list' lists them")
    return campaign
