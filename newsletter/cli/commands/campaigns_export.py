"""``newsletter campaigns export``: every delivery of a campaign as a CSV file.

A cell that a spreadsheet would run as a formula gets an apostrophe in front:
servers' replies and addresses are hostile.
Sources: RFC 4180; OWASP, "CSV Injection".
"""

from __future__ import annotations

import asyncio
import csv
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from newsletter.audience.audit import Deed, Entry
from newsletter.audience.cells import GUARD, guarded
from newsletter.cli.exporting import STDOUT, Force, exporting, tell_written
from newsletter.cli.output import counted, printable
from newsletter.cli.shape import CampaignNumber
from newsletter.cli.wiring import open_house
from newsletter.delivery.states import State

if TYPE_CHECKING:
    from newsletter.store.campaigns import Delivery

COLUMNS = ("address", "edition", "domain", "state", "attempts", "reply", "last change")


def register(app: typer.Typer) -> None:
    """Add the command to the group."""
    app.command("export")(export_command)


def export_command(
    number: CampaignNumber,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The CSV file to write; - for standard output.")],
    states: Annotated[list[State] | None, typer.Option("--state", help="Only this state; may be repeated.")] = None,
    force: Force = False,
) -> None:
    """Write every delivery of a campaign into a CSV file.  It holds addresses: keep it to yourself."""
    from newsletter.cli.standing import find

    house = open_house()
    wanted = states or list(State)

    async def run() -> int:
        async with house.stores() as stores:
            rows = stores.campaigns.deliveries(await find(stores, number), wanted)
            detail = {"states": [state.value for state in wanted]}
            entry = Entry(house.who, Deed.EXPORTED, f"campaign {number}", detail)
            async with exporting(stores, entry, file, force=force) as to:
                return await write_rows(rows, to)

    written = asyncio.run(run())
    if file != STDOUT:
        tell_written(file, counted(written, "row", "rows"))


async def write_rows(rows: AsyncIterator[Delivery], to: TextIO) -> int:
    """Write them one by one, so that any number can be written; returns how many."""
    writer = csv.writer(to, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    number = 0
    async for row in rows:
        number += 1
        changed = row.updated_at.isoformat(timespec="seconds")
        cells = (row.email, row.locale, row.domain, row.state.value, str(row.attempts), row.reply, changed)
        writer.writerow([harmless(cell) for cell in cells])
    return number


def harmless(cell: str) -> str:
    """The text as a spreadsheet may have it: no formula, and nothing that a terminal obeys."""
    text = printable(cell)
    return guarded(text) if guarded(cell) == cell else f"{GUARD}{text}"
