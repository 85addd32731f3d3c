"""``newsletter bounces``: read what comes back, and tell what it says."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli.commands import bounces_report
from newsletter.cli.output import AsJson, err, report_error, tell
from newsletter.cli.wiring import House, open_house
from newsletter.errors import NewsletterError, UsageError

if TYPE_CHECKING:
    from newsletter.cli.commands.intake import Intake

TRY_LATER = 75  # EX_TEMPFAIL of sysexits.h: the mail server keeps the mail and tries again

app = typer.Typer(help="Mail that comes back: bounces, complaints, requests to unsubscribe.", no_args_is_help=True)
bounces_report.register(app)


@app.command("fetch")
def fetch_command(as_json: AsJson = False) -> None:
    """Read the mailbox of the settings.  What was understood is moved or flagged, the rest stays."""
    house = open_house()
    asyncio.run(_fetch(house)).report(as_json=as_json)


async def _fetch(house: House) -> Intake:
    from rich.progress import track

    from newsletter.cli.commands.intake import intake

    server = house.imap_server()
    async with intake(house) as taking:
        with server.open() as box:
            for folder in server.folders:
                numbers = await asyncio.to_thread(box.select, folder)
                for number in track(numbers, folder, console=err, disable=not err.is_terminal, transient=True):
                    data = await asyncio.to_thread(box.read, number)
                    if data is not None:
                        taken = await taking.take(data)
                        await asyncio.to_thread(box.handled if taken.understood else box.left, number)
        return taking


@app.command("read")
def read_command(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder with a mail in each file.")],
    as_json: AsJson = False,
) -> None:
    """Read a folder of mails, such as *.eml files or a Maildir's cur/.  The files stay as they are."""
    if not folder.is_dir():
        raise UsageError(f"there is no folder {folder}", "name one that holds a mail in each file")
    from newsletter.cli.commands.intake import intake

    async def run() -> Intake:
        async with intake(open_house()) as taking:
            for file in sorted(path for path in folder.iterdir() if path.is_file()):
                await taking.take(_bytes_of(file))
            return taking

    asyncio.run(run()).report(as_json=as_json)


def _bytes_of(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}", "what was read before it is stored") from None


@app.command("pipe")
def pipe_command(
    recipient: Annotated[
        str,
        typer.Option(
            "--recipient", metavar="ADDRESS", envvar="ORIGINAL_RECIPIENT", help="The address that the mail was sent to."
        ),
    ] = "",
) -> None:
    """Take one mail on standard input, for an alias of a mail server.

    Exits with 75 on any trouble, so that the server keeps the mail and tries
    again.  What is not understood is kept in var/returned/ for people.
    """
    try:
        asyncio.run(_pipe(open_house(), sys.stdin.buffer.read(), recipient))
    except NewsletterError as error:
        report_error(error)
        sys.exit(TRY_LATER)
    except Exception as error:  # whatever it is, the mail must not be lost
        tell(f"error: the mail could not be taken: {type(error).__name__}")
        sys.exit(TRY_LATER)


async def _pipe(house: House, data: bytes, recipient: str) -> None:
    from newsletter.cli.commands.intake import intake, keep

    async with intake(house) as taking:
        if not (await taking.take(data, recipient)).understood:
            await asyncio.to_thread(keep, house.workspace.root, data)
