"""``newsletter send``: freeze a campaign and deliver it, or go on with one."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli.loop import run
from newsletter.cli.output import AsJson
from newsletter.cli.shape import IssueName
from newsletter.cli.wiring import House, open_house
from newsletter.errors import UsageError

if TYPE_CHECKING:
    from newsletter.cli.sending import Wish

MOST_WORKERS = 16
GRACE = "1h"
_GRACE = re.compile(r"(\d{1,3})\s*(m|h|d)")
_TIME_OF_DAY = re.compile(r"\d[T ]\d\d")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def register(app: typer.Typer) -> None:
    """Add the command to the root."""
    app.command("send")(send_command)


def send_command(
    issue: IssueName,
    segment: Annotated[list[str] | None, typer.Option("--segment", "-s", help="To whom; may be repeated.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; for scripts.")] = False,
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
    from newsletter.cli.sending import Sending, send_test

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


def wish_of(
    house: House,
    *,
    at: str = "",
    grace: str = GRACE,
    got: int | None = None,
    edition: str = "",
    missed: int | None = None,
    again: str | None = None,
) -> Wish:
    """The options in the words of the store.  Raises UsageError."""
    from newsletter.cli.sending import Wish
    from newsletter.store.freeze import Got, Missed, Schedule

    if edition and got is None:
        raise UsageError("--edition narrows --got", "add --got with the number of the campaign that they got")
    if edition and edition not in house.settings.editions():
        raise UsageError(f"there is no edition '{edition}'", f"known are: {', '.join(house.settings.editions())}")
    if missed is not None and (got is not None or again is not None):
        raise UsageError("--missed is for people who have no copy", "leave --got and --again out")
    if again is not None and not again.strip():
        raise UsageError("people who had this issue get it again only for a reason", 'write it down: --again "why"')
    if grace != GRACE and not at:
        raise UsageError("--grace says how late --at may start", "add --at, or leave --grace out")
    schedule = None
    if at:
        starts_at = _moment(at, house)
        if starts_at <= house.clock.now():
            raise UsageError(f"'{at}' is past", "name a later time, or leave --at out to send now")
        schedule = Schedule(starts_at, _later(starts_at, grace))
    only = Missed(missed) if missed is not None else None if got is None else Got(got, edition)
    return Wish(only, (again or "").strip(), schedule)


def _moment(text: str, house: House) -> dt.datetime:
    """A time in the organisation's zone, unless it says its own; in UTC."""
    hint = "write day and time, like '2026-12-01 09:00'"
    try:
        said = dt.datetime.fromisoformat(text.strip())
        if not _TIME_OF_DAY.search(text):
            raise UsageError(f"'{text}' says no time of day", hint)
        zone = said.tzinfo or house.zone
        moment = said.replace(tzinfo=zone).astimezone(dt.UTC)
        there = moment.astimezone(zone)
    except (ValueError, OverflowError):  # OverflowError: at an end of the calendar
        raise UsageError(f"'{text}' is no time", hint) from None
    if there.replace(tzinfo=None) != said.replace(tzinfo=None):
        raise UsageError(f"'{text}' does not exist: the clocks are put forward then", "name a later time")
    return moment


def _later(moment: dt.datetime, span: str) -> dt.datetime:
    """So much later."""
    found = _GRACE.fullmatch(span.strip())
    try:
        if found:
            return moment + dt.timedelta(**{_UNITS[found[2]]: int(found[1])})
    except OverflowError:  # after the end of the calendar
        pass
    raise UsageError(f"'{span}' is no span of time", "write it like 30m, 2h or 1d")
