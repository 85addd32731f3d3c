"""``newsletter subscribers change``: tags on and off, name, language and further columns of one person."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated

import typer

from newsletter.audience.csvlist import COLUMNS, parse_column
from newsletter.audience.subscribers import MAX_NAME, MAX_VALUE, Change, Subscriber, clean_tags, clean_text
from newsletter.cli.output import AsJson, say, say_json
from newsletter.cli.people import Address, nobody, parsed, parsed_locale
from newsletter.cli.wiring import open_house
from newsletter.errors import UsageError


def register(app: typer.Typer) -> None:
    """Add the command to the group."""
    app.command("change")(change_command)


def change_command(
    address: Address,
    tags: Annotated[list[str] | None, typer.Option("--tag", help="Put this tag on; may be repeated.")] = None,
    untags: Annotated[list[str] | None, typer.Option("--untag", help="Take this tag off; may be repeated.")] = None,
    name: Annotated[str | None, typer.Option("--name", help="Their name; '' for none.")] = None,
    locale: Annotated[str, typer.Option("--locale", help="Their language.")] = "",
    values: Annotated[
        list[str] | None, typer.Option("--set", help="A further column: county=Addison; county= empties it.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Change what is stored of one person.  Shows what they have then."""
    house, email = open_house(), parsed(address)
    change = Change(
        name=None if name is None else clean_text(name, MAX_NAME),
        locale=parsed_locale(locale),
        tags=clean_tags(tags or ()),
        untags=clean_tags(untags or ()),
        attributes=_attributes(values or ()),
    )
    if both := sorted(change.tags & change.untags):
        raise UsageError(f"the tag '{both[0]}' is to be put on and taken off")
    if change == Change():
        raise UsageError("nothing is said of what to change", "--tag, --untag, --name, --locale or --set")

    async def run() -> tuple[Sequence[str], Subscriber]:
        async with house.stores() as stores:
            done = await stores.subscribers.change(email, change)
            found = await stores.subscribers.find(email)
            if done is None or found is None:
                raise nobody(address)
            return done, found

    done, found = asyncio.run(run())
    if as_json:
        facts = {"name": found.name, "locale": found.locale, "tags": sorted(found.tags)}
        say_json({"email": found.email, "changed": done, **facts, "attributes": dict(found.attributes)})
        return
    say(f"{address}: changed {', '.join(done)}" if done else f"{address}: it was so already")
    if change.tags or change.untags:
        say(f"  tags now: {', '.join(sorted(found.tags)) or 'none'}")


def _attributes(pairs: Sequence[str]) -> dict[str, str]:
    values = {}
    for pair in pairs:
        column, equals, value = pair.partition("=")
        name = parse_column(column)
        if not name or not equals:
            raise UsageError(f"'{pair}' sets nothing", "write --set county=Addison, or --set county= to empty it")
        if name in COLUMNS:
            hint = f"use --{name}" if name in ("name", "locale") else "use --tag and --untag" if name == "tags" else ""
            raise UsageError(f"'{name}' is no further column", hint)
        values[name] = clean_text(value, MAX_VALUE)
    return values
