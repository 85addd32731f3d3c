"""``newsletter audit``: who did what to the list, to campaigns and to approvals."""

from __future__ import annotations

import asyncio
import datetime as dt
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from newsletter.cli.output import AsJson, iso, say, say_json, table
from newsletter.cli.wiring import Stores, open_house
from newsletter.errors import UsageError

if TYPE_CHECKING:
    from newsletter.audience.audit import Entry


LONGEST = 60  # characters of a detail in the table
HASH = re.compile(r"\b[0-9a-f]{40,}\b")
OF_A_HASH = 12  # characters of it, which tell one from another


def register(app: typer.Typer) -> None:
    """Add the command to the root."""
    app.command("audit")(audit_command)


def audit_command(
    since: Annotated[str, typer.Option("--since", metavar="DAY", help="Only from this day on: 2026-06-01.")] = "",
    about: Annotated[
        str,
        typer.Option(
            "--about", metavar="WHAT", help="Only what was done to this: 'campaign 3', 'list', or the address of one."
        ),
    ] = "",
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=1, help="How many entries, the newest first.")
    ] = 100,
    as_json: AsJson = False,
) -> None:
    """Show who did what to the list, to campaigns and to approvals, the newest first.  Shows no addresses."""
    house = open_house()
    start = _day(since, house.zone) if since else None

    async def run() -> list[Entry]:
        async with house.stores() as stores:
            subject = await _subject(stores, about)
            return [entry async for entry in stores.audit.newest(limit + 1, since=start, about=subject)]

    found = asyncio.run(run())
    shown, more = found[:limit], len(found) > limit
    if as_json:
        say_json([_as_json(entry) for entry in shown])
        return
    rows = ((_when(entry, house.zone), entry.who, entry.what, entry.about, _words(entry.detail)) for entry in shown)
    table(("when", "who", "did what", "to what", "more"), rows, none="no entry fits")
    if more:
        say("… and older ones; --limit shows more")


async def _subject(stores: Stores, about: str) -> str:
    """What entries call it: of an address, the random name of its owner."""
    if "@" not in about:
        return about
    found = await stores.subscribers.find(about.strip())
    if found is None:
        raise UsageError("nobody on the list has this address", "after an erasure, nothing tells whose an entry was")
    return f"subscriber {found.ref}"


def _day(text: str, zone: ZoneInfo) -> dt.datetime:
    try:
        moment = dt.datetime.fromisoformat(text.strip())
    except ValueError:
        raise UsageError(f"'{text}' is no day", "write --since 2026-06-01") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def _when(entry: Entry, zone: ZoneInfo) -> str:
    return entry.at.astimezone(zone).strftime("%Y-%m-%d %H:%M") if entry.at else ""


def _words(detail: Mapping[str, object]) -> str:
    """The detail in a line; what is nested, long or a hash is whole in ``--json``."""
    told = {
        key: " and ".join(map(str, value)) if isinstance(value, Mapping | list) else str(value)
        for key, value in detail.items()
    }
    return ", ".join(f"{key}: {_short(value)}" for key, value in told.items() if value not in ("", "0", "None"))


def _short(value: str) -> str:
    value = HASH.sub(lambda found: f"{found[0][:OF_A_HASH]}…", value)
    return value if len(value) <= LONGEST else f"{value[: LONGEST - 1]}…"


def _as_json(entry: Entry) -> dict[str, object]:
    return {
        "at": iso(entry.at),
        "who": entry.who,
        "what": entry.what,
        "about": entry.about,
        "detail": dict(entry.detail),
    }
