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
    from newsletter.store.campaigns import Campaign, Delivery
    from newsletter.store.ledger import CampaignLedger

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
def show_command(number: Number, as_json: AsJson = False) -> None:
    """Show one campaign, and everybody in it whose copy was not accepted, with the reason.  Shows addresses."""
    from newsletter.cli.report import counts_json, print_counts

    house = open_house()

    async def run() -> tuple[Campaign, Counts, list[Delivery]]:
        async with house.stores() as stores:
            campaign = await _find(stores, number)
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
    changed = asyncio.run(_change(number, lambda ledger: ledger.resolve(old, new)))
    say(f"{changed} {old.replace('_', ' ')}: now {new}")
    if changed and new is State.PENDING:
        say("  next: the same 'newsletter send' as before sends them")


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
    changed = asyncio.run(_change(number, lambda ledger: ledger.cancel()))
    say(f"cancelled for {changed} who had not got their copy yet")


async def _change(number: int, change: Callable[[CampaignLedger], Awaitable[int]]) -> int:
    """Change the ledger of a campaign while nobody is sending."""
    from newsletter.cli.lock import only_run
    from newsletter.store.ledger import CampaignLedger

    house = open_house()
    async with house.stores() as stores:
        campaign = await _find(stores, number)
        with only_run(stores.database.file):
            ledger = CampaignLedger(stores.database, house.clock, campaign, token="a person")  # noqa: S106 - a name
            if doubtful := await ledger.reopen():
                hint = f"'newsletter campaigns show {number}' names them; then give the same command again"
                raise UsageError(f"a run died and left {doubtful} more in doubt, so nothing was decided yet", hint)
            return await change(ledger)


async def _find(stores: Stores, number: int) -> Campaign:
    campaign = next((found for found in await stores.campaigns.list() if found.id == number), None)
    if campaign is None:
        raise UsageError(f"there is no campaign {number}", "'newsletter campaigns list' lists them")
    return campaign
