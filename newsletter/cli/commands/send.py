"""``newsletter send``: freeze a campaign and deliver it, or go on with one."""

from __future__ import annotations

from typing import Annotated

import typer

from newsletter.cli.loop import run
from newsletter.cli.output import AsJson
from newsletter.cli.shape import IssueName, Yes
from newsletter.cli.wiring import open_house
from newsletter.cli.wishes import GRACE, wish_of
from newsletter.errors import UsageError

MOST_WORKERS = 16


def register(app: typer.Typer) -> None:
    """Add the command to the root."""
    app.command("send")(send_command)


def send_command(
    issue: IssueName,
    segment: Annotated[list[str] | None, typer.Option("--segment", "-s", help="To whom; may be repeated.")] = None,
    yes: Yes = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="List who would get what, and send nothing.")] = False,
    to: Annotated[
        str, typer.Option("--to", metavar="ADDRESS", help="Send every edition to this address, as a test.")
    ] = "",
    at: Annotated[
        str, typer.Option("--at", metavar="TIME", help="Freeze now, start then: '2026-12-01 09:00', organisation time.")
    ] = "",
    grace: Annotated[
        str, typer.Option("--grace", metavar="SPAN", help="How late --at may start: 30m, 2h, 1d.")
    ] = GRACE,
    got: Annotated[
        int | None,
        typer.Option("--got", metavar="CAMPAIGN", help="Only who got this earlier campaign; for a correction."),
    ] = None,
    edition: Annotated[str, typer.Option("--edition", metavar="LOCALE", help="With --got: only this edition.")] = "",
    missed: Annotated[
        int | None,
        typer.Option("--missed", metavar="CAMPAIGN", help="Only who was to get this campaign, and has no copy."),
    ] = None,
    again: Annotated[
        str | None, typer.Option("--again", metavar="REASON", help="Send also to people who had this issue; say why.")
    ] = None,
    workers: Annotated[
        int,
        typer.Option(
            "--workers", metavar="N", min=1, max=MOST_WORKERS, help="How many processes of this machine send."
        ),
    ] = 1,
    queue: Annotated[bool, typer.Option("--queue", help="Only freeze; a running 'newsletter worker' sends.")] = False,
    wait: Annotated[
        bool, typer.Option("--wait", help="Stay until all is done: the time to start, limits, deferred messages.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Send an issue: each person of the segments gets one copy, in their language.

    The same command again goes on with a sending that was interrupted, and
    never sends a second copy.
    """
    from newsletter.cli.commands.sending import Sending, send_test

    house = open_house()
    if to and (
        segment
        or dry_run
        or wait
        or at
        or got is not None
        or missed is not None
        or edition
        or again is not None
        or queue
    ):
        raise UsageError("--to sends a test to one address; it goes with --json only", "leave one of them out")
    if to:
        run(send_test(house, issue, to, as_json=as_json))
        return
    if not segment and got is None and missed is None:
        known = ", ".join(house.settings.segments) or "none yet; define them in newsletter.yaml"
        raise UsageError("to whom? Name at least one segment", f"--segment NAME; known are: {known}")
    if queue and (wait or workers > 1):
        raise UsageError("with --queue, this command does not send", "leave --wait and --workers out")
    wish = wish_of(house, at=at, grace=grace, got=got, edition=edition, missed=missed, again=again)
    sending = Sending(house, issue, segment or [], wish)
    if dry_run:
        run(sending.dry_run(as_json=as_json))
    else:
        run(sending.run(yes=yes, as_json=as_json, wait=wait, workers=workers, queue=queue))
