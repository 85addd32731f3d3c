"""``newsletter campaigns export``: every delivery of a campaign as a CSV file.

A file begins with a byte order mark, without which Excel takes UTF-8 for
another encoding; LibreOffice knows it either way.  Standard output is for
programs, and has none.  A cell that a spreadsheet would run as a formula gets
an apostrophe in front: servers' replies and addresses are hostile.
Sources: RFC 4180; OWASP, "CSV Injection".
"""

from __future__ import annotations

import asyncio
import contextlib
import csv
import os
import secrets
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from newsletter.audience.audit import Deed, Entry
from newsletter.audience.cells import GUARD, guarded
from newsletter.cli.campaigns_resolve import Number
from newsletter.cli.output import counted, printable, tell
from newsletter.cli.wiring import open_house
from newsletter.delivery.states import State
from newsletter.errors import UsageError

if TYPE_CHECKING:
    from newsletter.store.campaigns import Delivery

COLUMNS = ("address", "edition", "domain", "state", "attempts", "reply", "last change")
STDOUT = Path("-")


def register(app: typer.Typer) -> None:
    """Add the command to the group."""
    app.command("export")(export_command)


def export_command(
    number: Number,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The CSV file to write; - for standard output.")],
    states: Annotated[list[State] | None, typer.Option("--state", help="Only this state; may be repeated.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite a file that is there.")] = False,
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
            if file == STDOUT:
                await stores.audit.record(entry)
                return await write_rows(rows, sys.stdout)
            with new_file(file, force=force) as opened:
                await stores.audit.record(entry)
                return await write_rows(rows, opened)

    written = asyncio.run(run())
    if file != STDOUT:
        tell(f"{file}: {counted(written, 'row', 'rows')}")
        tell("  it holds addresses; only you can read it; delete it when it has done its work")


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


@contextlib.contextmanager
def new_file(file: Path, *, force: bool, encoding: str = "utf-8-sig") -> Iterator[TextIO]:
    """A file that its owner alone can read, and that is there when it is whole.  Raises UsageError.

    It is written under another name in the same folder.
    """
    if os.path.lexists(file) and not force:
        raise UsageError(f"{file} is there already", "name another file, or add --force to overwrite it")
    if file.exists() and not file.is_file():
        raise UsageError(f"{file} is no file that can be overwritten", "name another file")
    part = file.with_name(f".{file.name}.{secrets.token_hex(4)}.part")
    try:
        descriptor = os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        try:
            with os.fdopen(descriptor, "w", newline="", encoding=encoding) as opened:
                yield opened
                opened.flush()
                os.fsync(descriptor)
            _rename(part, file, force=force)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {error.strerror}", "name another file") from None


def _rename(part: Path, file: Path, *, force: bool) -> None:
    """Give it its name; not over a file that has come meanwhile."""
    if not force:
        try:
            os.link(part, file)
        except FileExistsError:
            raise
        except OSError:  # a file system without links, as on many a stick
            if os.path.lexists(file):
                raise FileExistsError(17, "it is there already") from None
        else:
            return
    part.replace(file)
