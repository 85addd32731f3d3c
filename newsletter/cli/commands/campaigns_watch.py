"""``newsletter campaigns watch``: how a campaign goes, live, wherever it is being sent from.

It only reads.  Whoever sends decides; a campaign whose sender died is not
given up by somebody who looks on.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import time
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import typer

from newsletter.cli.output import AsJson, out, printable, say, table
from newsletter.cli.shape import CampaignNumber
from newsletter.cli.wiring import House, open_house

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.progress import Progress, TaskID

    from newsletter.cli.standing import View

LIVE = 1.0  # seconds between two looks on a terminal
LINES = 5.0  # seconds between two lines where nobody looks on
SHARE = 10  # a look takes at most this part of the time, however large the campaign


def register(app: typer.Typer) -> None:
    """Add the command to the group."""
    app.command("watch")(watch_command)


def watch_command(number: CampaignNumber, as_json: AsJson = False) -> None:
    """Show how a campaign goes until it ends or is paused.  Ctrl-C ends only the watching.

    Where standard output is no terminal, a line every few seconds; with
    --json, one JSON object a line.
    """
    house = open_house()
    if as_json or not sys.stdout.isatty():
        asyncio.run(_lines(house, number, as_json=as_json))
    else:
        asyncio.run(_live(house, number))


async def _lines(house: House, number: int, *, as_json: bool) -> None:
    from newsletter.cli.standing import view_json

    async for now in _looks(house, number, LINES):
        if as_json:
            sys.stdout.write(json.dumps(view_json(house, now), ensure_ascii=False) + "\n")
        else:
            sys.stdout.write(f"{house.clock.now().astimezone(house.zone):%H:%M:%S} {printable(_line(now))}\n")
        sys.stdout.flush()


async def _live(house: House, number: int) -> None:
    from rich.live import Live

    from newsletter.cli.progress import bar
    from newsletter.cli.standing import counts_tables, next_steps, status

    shown = bar(out)
    task = shown.add_task("", total=None)
    now = None
    with Live(console=out, transient=True, auto_refresh=False) as live:
        async for now in _looks(house, number, LIVE):
            live.update(_screen(now, shown, task), refresh=True)
    if now is None:
        return
    say(f"{now.campaign.slug} to {', '.join(now.campaign.segments)}: {status(now.campaign)}")
    for columns, rows in counts_tables(now):
        table(columns, rows)
    for step in next_steps(house, now):
        say(f"next: {step}")


async def _looks(house: House, number: int, pause: float) -> AsyncIterator[View]:
    """The campaign again and again, until nothing of it moves, it is paused, or somebody has seen enough."""
    from newsletter.cli.running import on_signal
    from newsletter.cli.standing import view
    from newsletter.delivery.states import CampaignStatus

    enough = asyncio.Event()
    async with house.stores() as stores:
        with on_signal(enough.set):
            while not enough.is_set():
                began = time.monotonic()
                now = await view(stores, number)
                yield now
                if now.ended or now.campaign.status is CampaignStatus.PAUSED:
                    return
                took = time.monotonic() - began
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(enough.wait(), max(pause, SHARE * took))


def _screen(now: View, shown: Progress, task: TaskID) -> RenderableType:
    """What stands on the terminal for a second."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    from newsletter.cli.standing import counts_tables, status

    shown.update(task, total=now.people, completed=now.people - now.moving, description=now.campaign.slug)
    parts: list[RenderableType] = [Text(printable(f"campaign {now.campaign.id}: {status(now.campaign)}")), shown]
    for columns, rows in counts_tables(now):
        grid = Table(box=None, pad_edge=False, header_style="bold")
        for place, column in enumerate(columns):
            grid.add_column(column, justify="right" if place else "left")
        for row in rows:
            grid.add_row(*(Text(printable(str(cell))) for cell in row))
        parts += [Text(""), grid]
    by = ", ".join(run.name for run in now.runs) or "nobody just now"
    parts += [Text(""), Text(printable(f"sent by {by}; Ctrl-C ends only this view"))]
    return Group(*parts)


def _line(now: View) -> str:
    """ "running, 60 of 100: 58 accepted, 2 rejected"."""
    from newsletter.cli.standing import status
    from newsletter.delivery.states import State

    counts = [(state, now.count(state)) for state in State]
    told = ", ".join(f"{number} {state.replace('_', ' ')}" for state, number in counts if number)
    return f"{status(now.campaign)}, {now.people - now.moving} of {now.people}: {told or 'nobody'}"
