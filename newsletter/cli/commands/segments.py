"""``newsletter segments``: who a segment picks."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, Annotated

import typer
import yaml

from newsletter.audience.segments import as_data
from newsletter.cli.output import AsJson, say, say_json, table
from newsletter.cli.people import count_editions, first_people
from newsletter.cli.wiring import open_house

if TYPE_CHECKING:
    from newsletter.store.people import Recipient

app = typer.Typer(help="Named rules that pick people from the list.", no_args_is_help=True)


@app.command("list")
def list_command(as_json: AsJson = False) -> None:
    """List the segments with their rules.  Asks no database."""
    rules = {name: as_data(rule) for name, rule in open_house().settings.segments.items()}
    if as_json:
        say_json(rules)
        return
    table(
        ("segment", "rule"),
        (
            (name, yaml.safe_dump(rule, default_flow_style=True, allow_unicode=True, width=math.inf).strip())
            for name, rule in rules.items()
        ),
        none="newsletter.yaml defines none yet",
    )


@app.command("count")
def count_command(
    names: Annotated[list[str] | None, typer.Argument(metavar="SEGMENT", help="Which; all, if none.")] = None,
    as_json: AsJson = False,
) -> None:
    """Count the people in each segment, by the language or languages they would get."""
    house = open_house()
    wanted = house.require_segments(names or house.settings.segments)

    async def run() -> tuple[list[str], dict[str, dict[str, int]]]:
        async with house.stores() as stores:
            return await count_editions(house, stores, {name: house.settings.segments[name] for name in wanted})

    locales, counts = asyncio.run(run())
    if as_json:
        say_json(counts)
        return
    table(
        ("segment", *locales, "people"),
        ((name, *found.values(), sum(found.values())) for name, found in counts.items()),
    )


@app.command("show")
def show_command(
    name: Annotated[str, typer.Argument(metavar="SEGMENT")],
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, help="How many people to list.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List the people in a segment.  Shows addresses."""
    house = open_house()
    house.require_segments([name])

    async def run() -> tuple[list[Recipient], bool]:
        async with house.stores() as stores:
            return await first_people(house, stores, name, limit)

    found, more = asyncio.run(run())
    people = [entry.subscriber for entry in found]
    if as_json:
        say_json([{"email": one.email, "name": one.name, "locale": one.locale} for one in people])
        return
    table(
        ("address", "name", "locale", "tags"),
        ((p.email, p.name, p.locale, ", ".join(sorted(p.tags))) for p in people),
        none=f"nobody is in '{name}'",
    )
    if more:
        say(f"… and more; 'newsletter segments count {name}' counts them")
