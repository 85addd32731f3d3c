"""``newsletter subscribers``: lists in, people out."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.audience.csvlist import read_list
from newsletter.audience.subscribers import Status, parse_address
from newsletter.cli.output import AsJson, say, say_json, tell
from newsletter.cli.wiring import House, open_house
from newsletter.errors import UsageError

if TYPE_CHECKING:
    from newsletter.store.subscribers import ImportReport

SHOWN = 50  # bad rows printed; --json has all

app = typer.Typer(help="The people on the list.", no_args_is_help=True)


@app.command("import")
def import_command(
    file: Annotated[
        Path, typer.Argument(metavar="FILE.csv", help="Columns: email, name, locale, tags, and any other.")
    ],
    as_json: AsJson = False,
) -> None:
    """Add and update people from a CSV file; rows that cannot go in are listed with the reason."""
    report = asyncio.run(import_list(open_house(), file))
    bad = [{"line": row.line, "reason": row.reason} for row in report.bad]
    if as_json:
        notices = [{"line": line, "notice": notice} for line, notice in report.notices]
        say_json(
            {
                "added": report.added,
                "changed": report.changed,
                "unchanged": report.unchanged,
                "left": report.left,
                "bounced": report.bounced,
                "bad": bad,
                "notices": notices,
            }
        )
    else:
        print_report(report, file)
    if report.bad:
        raise typer.Exit(1)


async def import_list(house: House, file: Path) -> ImportReport:
    """Import one file; AudienceError if it is no list at all."""
    async with house.stores() as stores:
        return await stores.subscribers.import_rows(read_list(file))


def print_report(report: ImportReport, file: Path) -> None:
    """Tell what an import did."""
    say(f"{file}: {report.added} added, {report.changed} changed, {report.unchanged} as they were")
    if report.left:
        say(f"  {report.left} of them unsubscribed earlier and stay so")
    if report.bounced:
        say(f"  {report.bounced} bounced: their server says that there is no such mailbox; they get no mail")
        say("  next: 'newsletter subscribers show ADDRESS' tells what the server said, and what to do if it was wrong")
    for line, notice in report.notices[:SHOWN]:
        say(f"  line {line}: {notice}")
    for row in report.bad[:SHOWN]:
        tell(f"  line {row.line} did not go in: {row.reason}")
    if len(report.bad) > SHOWN:
        tell(f"  … and {len(report.bad) - SHOWN} more; --json lists them all")
    if report.bad:
        rows = "this row" if len(report.bad) == 1 else f"these {len(report.bad)} rows"
        tell(f"  hint: mend {rows} and import the file again")


@app.command("show")
def show_command(
    address: Annotated[str, typer.Argument(help="The address of one person.")], as_json: AsJson = False
) -> None:
    """Show what is stored of one person."""
    house, email = open_house(), _parsed(address)

    async def run() -> None:
        async with house.stores() as stores:
            found = await stores.subscribers.find(email)
            if found is None:
                raise UsageError(f"nobody on the list has the address '{address}'")
            bounced = await stores.campaigns.last_rejection(found.id) if found.status is Status.BOUNCED else None
        facts: dict[str, object] = {
            "email": found.email,
            "name": found.name,
            "locale": found.locale,
            "status": found.status.value,
            "tags": sorted(found.tags),
            "attributes": dict(found.attributes),
        }
        if bounced:
            facts |= {"bounced_in": bounced[0], "reply": bounced[1]}
        if as_json:
            say_json(facts)
            return
        for key, value in facts.items():
            shown = ", ".join(value) if isinstance(value, list) else value
            if isinstance(value, dict):
                shown = ", ".join(f"{name}={text}" for name, text in value.items())
            say(f"{key + ':':<12} {shown}")
        if found.status is Status.BOUNCED:
            _explain(bounced)

    asyncio.run(run())


def _explain(bounced: tuple[int, str] | None) -> None:
    """What it means to have bounced, and what to do if the server was wrong."""
    say("bounced means: their server says that there is no such mailbox, so they get no mail")
    if bounced:
        again = f"newsletter campaigns resolve {bounced[0]} --rejected resend"
        say(f"  next: ask them for their new address; if the server was wrong: '{again}'")
        say("  it tries all again who were rejected in that campaign, and puts them back on the list")


@app.command("unsubscribe")
def unsubscribe_command(address: Annotated[str, typer.Argument(help="The address of one person.")]) -> None:
    """Let somebody leave, at once, also in the middle of a sending."""
    house, email = open_house(), _parsed(address)

    async def run() -> None:
        async with house.stores() as stores:
            if not await stores.subscribers.unsubscribe(email):
                raise UsageError(f"nobody on the list has the address '{address}'")
        say(f"{address} has left and will get no more mail")

    asyncio.run(run())


def _parsed(address: str) -> str:
    """An address of somebody on the list, in the form in which lists are stored."""
    try:
        return parse_address(address, international=True)
    except ValueError as error:
        raise UsageError(f"'{address}' is no address: {error}") from None
