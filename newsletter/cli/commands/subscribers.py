"""``newsletter subscribers``: one person, added, let go, or erased."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.audience.consent import MAX_SOURCE, Consent, parse_moment
from newsletter.audience.subscribers import (
    MAX_NAME,
    NewSubscriber,
    Status,
    clean_tags,
    clean_text,
)
from newsletter.cli.commands import subscribers_change, subscribers_import, subscribers_list, subscribers_show
from newsletter.cli.output import AsJson, agreed, say, say_json
from newsletter.cli.people import Address, nobody, parsed, parsed_locale
from newsletter.cli.shape import Yes
from newsletter.cli.wiring import open_house
from newsletter.errors import UsageError

if TYPE_CHECKING:
    from newsletter.store.erasure import Erased

app = typer.Typer(help="The people on the list.", no_args_is_help=True)
subscribers_import.register(app)
subscribers_list.register(app)
subscribers_change.register(app)
subscribers_show.register(app)


@app.command("add")
def add_command(
    address: Address,
    source: Annotated[str, typer.Option("--consent-source", help="Where they agreed: 'form at the June meeting'.")],
    date: Annotated[
        str, typer.Option("--consent-date", metavar="DAY", help="When they agreed: 2026-06-10; today, if left out.")
    ] = "",
    name: Annotated[str, typer.Option("--name", help="Their name.")] = "",
    locale: Annotated[str, typer.Option("--locale", help="Their language; the default one, if left out.")] = "",
    tags: Annotated[list[str] | None, typer.Option("--tag", help="A tag; may be repeated.")] = None,
    as_json: AsJson = False,
) -> None:
    """Add one person who has agreed to get mail."""
    house, email = open_house(), parsed(address)
    now = house.clock.now()
    told = clean_text(source, MAX_SOURCE)
    if not told:
        raise UsageError("where did they agree?", "--consent-source 'form at the June meeting'")
    try:
        moment = parse_moment(date, house.zone, now) if date else now
        person = NewSubscriber(
            email,
            clean_text(name, MAX_NAME),
            parsed_locale(locale),
            clean_tags(tags or ()),
            consent=Consent(told, moment),
        )
    except ValueError as error:
        raise UsageError(str(error)) from None

    async def run() -> None:
        async with house.stores() as stores:
            tokens = await house.tokens(stores.database)
            if await stores.subscribers.add(person, tokens.address_hashes):
                return
            known = await stores.subscribers.find(email)
        again = "they can join again by themselves, with the form on your pages"
        if known is None:
            raise UsageError(f"{address} was erased at their own wish", again)
        more = f"'newsletter subscribers show {address}' tells more"
        hint = more if known.status is Status.SUBSCRIBED else again
        raise UsageError(f"{address} is on the list already, as {known.status}", hint)

    asyncio.run(run())
    if as_json:
        say_json({"email": email, "status": Status.SUBSCRIBED.value})
    else:
        say(f"{address} is on the list")


@app.command("unsubscribe")
def unsubscribe_command(address: Address, as_json: AsJson = False) -> None:
    """Let somebody leave, at once, also in the middle of a sending."""
    house, email = open_house(), parsed(address)

    async def run() -> None:
        async with house.stores() as stores:
            if not await stores.subscribers.unsubscribe(email):
                raise nobody(address)

    asyncio.run(run())
    if as_json:
        say_json({"email": email, "status": Status.UNSUBSCRIBED.value})
    else:
        say(f"{address} has left and will get no more mail")


@app.command("erase")
def erase_command(
    address: Address,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Erase one person for good; a keyed hash is left, by which no later import brings them back."""
    house, email = open_house(), parsed(address)
    if not agreed(f"Erase all that is stored of {address}, for good?", "erase", yes=yes):
        say("nothing was erased")
        return

    async def run() -> Erased:
        async with house.stores() as stores:
            tokens = await house.tokens(stores.database)
            done = await stores.eraser.erase(email, tokens.address_hashes)
            if done is None:
                raise nobody(address)
            return done

    done = asyncio.run(run())
    if as_json:
        say_json(
            {"erased": done.person, "forms": done.signups, "deliveries": done.deliveries, "clean": done.clean},
        )
        return
    say(f"all that was stored of {address} is erased; a hash is left, by which no import brings them back")
    if not done.clean:
        say("  a program is reading the database, so its log still holds old bytes; the next quiet moment clears them")
    say("  next: delete them from your own files too: lists, exports, and the mailbox; copies keep them until they go")
