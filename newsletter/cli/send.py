"""``newsletter send``: freeze a campaign and deliver it, or go on with one."""

from __future__ import annotations

import datetime as dt
import re
import zoneinfo
from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli.loop import run
from newsletter.cli.output import AsJson
from newsletter.cli.wiring import House, open_house
from newsletter.errors import UsageError

if TYPE_CHECKING:
    from newsletter.cli.sending import Wish

MOST_WORKERS = 16
_GRACE = re.compile(r"(\d{1,3})\s*(m|h|d)")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


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
    at: Annotated[
        str, typer.Option("--at", metavar="TIME", help="Freeze now, start then: '2026-12-01 09:00', organisation time.")
    ] = "",
    grace: Annotated[str, typer.Option("--grace", metavar="SPAN", help="How late --at may start: 30m, 2h, 1d.")] = "1h",
    got: Annotated[
        int, typer.Option("--got", metavar="CAMPAIGN", help="Only who got this earlier campaign; for a correction.")
    ] = 0,
    edition: Annotated[str, typer.Option("--edition", metavar="LOCALE", help="With --got: only this edition.")] = "",
    again: Annotated[
        str, typer.Option("--again", metavar="REASON", help="Send also to people who had this issue; say why.")
    ] = "",
    workers: Annotated[
        int, typer.Option("--workers", min=1, max=MOST_WORKERS, help="How many processes of this machine send.")
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
    from newsletter.cli.sending import Sending, send_test

    house = open_house()
    if to and (segment or dry_run or wait or at or got or again or queue):
        raise UsageError("--to sends a test to one address; it goes with --json only", "leave one of them out")
    if to:
        run(send_test(house, issue, to, as_json=as_json))
        return
    if not segment and not got:
        known = ", ".join(house.settings.segments) or "none yet; define them in newsletter.yaml"
        raise UsageError("to whom? Name at least one segment", f"--segment NAME; known are: {known}")
    if queue and (wait or workers > 1):
        raise UsageError("with --queue, this command does not send", "leave --wait and --workers out")
    wish = _wish(house, at=at, grace=grace, got=got, edition=edition, again=again)
    sending = Sending(house, issue, segment or [], wish)
    if dry_run:
        run(sending.dry_run(as_json=as_json))
    else:
        run(sending.run(yes=yes, as_json=as_json, wait=wait, workers=workers, queue=queue))


def _wish(house: House, *, at: str, grace: str, got: int, edition: str, again: str) -> Wish:
    """The options in the words of the store.  Raises UsageError."""
    from newsletter.cli.sending import Wish
    from newsletter.store.freeze import Got, Schedule

    if edition and not got:
        raise UsageError("--edition narrows --got", "add --got with the number of the campaign that they got")
    if edition and edition not in house.settings.editions():
        raise UsageError(f"there is no edition '{edition}'", f"known are: {', '.join(house.settings.editions())}")
    schedule = None
    if at:
        starts_at = _moment(at, house)
        if starts_at <= house.clock.now():
            raise UsageError(f"'{at}' is past", "name a later time, or leave --at out to send now")
        schedule = Schedule(starts_at, starts_at + _span(grace))
    return Wish(Got(got, edition) if got else None, again.strip(), schedule)


def _moment(text: str, house: House) -> dt.datetime:
    """A time in the organisation's zone, unless it says its own."""
    try:
        moment = dt.datetime.fromisoformat(text.strip())
    except ValueError:
        raise UsageError(f"'{text}' is no time", "write it like '2026-12-01 09:00'") from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zoneinfo.ZoneInfo(house.settings.organisation.timezone))
        there = moment.astimezone(dt.UTC).astimezone(moment.tzinfo)
        if there.replace(tzinfo=None) != moment.replace(tzinfo=None):
            raise UsageError(f"'{text}' does not exist: the clocks are put forward then", "name a later time")
    return moment


def _span(text: str) -> dt.timedelta:
    found = _GRACE.fullmatch(text.strip())
    if not found:
        raise UsageError(f"'{text}' is no span of time", "write it like 30m, 2h or 1d")
    return dt.timedelta(**{_UNITS[found[2]]: int(found[1])})
