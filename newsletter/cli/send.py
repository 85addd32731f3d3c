"""``newsletter send``: freeze a campaign and deliver it, or go on with one."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from newsletter.cli.output import AsJson
from newsletter.cli.wiring import open_house
from newsletter.errors import UsageError


def register(app: typer.Typer) -> None:
    """Add the command to the root."""
    app.command("send")(send_command)


def send_command(
    issue: Annotated[str, typer.Argument(metavar="ISSUE", help="Its slug or file.")],
    segment: Annotated[list[str] | None, typer.Option("--segment", "-s", help="To whom; may be repeated.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; for scripts.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="List who would get what, and send nothing.")] = False,
    to: Annotated[
        str, typer.Option("--to", metavar="ADDRESS", help="Send every edition to this address, as a test.")
    ] = "",
    wait: Annotated[
        bool, typer.Option("--wait", help="Stay, and try deferred messages again when their time has come.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Send an issue: each person of the segments gets one copy, in their language.

    The same command again goes on with a sending that was interrupted, and
    never sends a second copy.
    """
    from newsletter.cli.sending import Sending, send_test

    house = open_house()
    if to and (segment or dry_run or wait):
        raise UsageError("--to sends a test to one address; it goes with --json only", "leave one of them out")
    if to:
        asyncio.run(send_test(house, issue, to, as_json=as_json))
        return
    if not segment:
        known = ", ".join(house.settings.segments) or "none yet; define them in newsletter.yaml"
        raise UsageError("to whom? Name at least one segment", f"--segment NAME; known are: {known}")
    sending = Sending(house, issue, segment)
    asyncio.run(sending.dry_run(as_json=as_json) if dry_run else sending.run(yes=yes, as_json=as_json, wait=wait))
