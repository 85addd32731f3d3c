"""``newsletter segments``: who a segment picks."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer
import yaml

from newsletter.audience.segments import as_data
from newsletter.cli.output import AsJson, say, say_json, table
from newsletter.cli.wiring import House, open_house
from newsletter.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from newsletter.audience.segments import Rule
    from newsletter.cli.wiring import Stores
    from newsletter.store.people import Recipient

app = typer.Typer(help="Named rules that pick people from the list.", no_args_is_help=True)


def known_segments(house: House, names: list[str]) -> list[str]:
    """The same names.  UsageError for one that the settings do not define."""
    for name in names:
        if name not in house.settings.segments:
            known = did_you_mean(name, house.settings.segments) or "newsletter.yaml defines none yet"
            raise UsageError(f"unknown segment '{name}'", known)
    return names


async def count_editions(
    house: House, stores: Stores, rules: Mapping[str, Rule]
) -> tuple[list[str], dict[str, dict[str, int]]]:
    """How many people of each rule would get which edition; and every edition that there is, the pairs last."""
    offer, known = house.settings.offer(), house.settings.segments
    counted = await stores.subscribers.count({**known, **rules}, list(rules), tuple(offer.bilingual))
    chosen = {
        name: [(offer.choose(row_locale, within).locale, number) for (row_locale, within), number in found.items()]
        for name, found in counted.items()
    }
    pairs = sorted({locale for found in chosen.values() for locale, _number in found} - set(offer.locales))
    locales = [*offer.locales, *pairs]
    counts = {name: dict.fromkeys(locales, 0) for name in chosen}
    for name, found in chosen.items():
        for locale, number in found:
            counts[name][locale] += number
    return locales, counts


async def first_people(house: House, stores: Stores, name: str, limit: int) -> tuple[list[Recipient], bool]:
    """The first people of a segment, and whether there are more."""
    found: list[Recipient] = []
    async for recipient in stores.subscribers.recipients(house.settings.segments, [name]):
        found.append(recipient)
        if len(found) > limit:
            break
    return found[:limit], len(found) > limit


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
    wanted = known_segments(house, names or list(house.settings.segments))

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
    known_segments(house, [name])

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
