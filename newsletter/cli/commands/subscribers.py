"""``newsletter subscribers``: one person, shown, added, let go, or erased."""

from __future__ import annotations

import asyncio
import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from newsletter.audience.audit import Deed
from newsletter.audience.consent import MAX_SOURCE, Consent, parse_moment
from newsletter.audience.subscribers import (
    MAX_NAME,
    NewSubscriber,
    Status,
    Subscriber,
    clean_tags,
    clean_text,
)
from newsletter.cli.commands import subscribers_change, subscribers_import, subscribers_list
from newsletter.cli.output import AsJson, agreed, iso, say, say_json
from newsletter.cli.people import Address, nobody, parsed, parsed_locale
from newsletter.cli.shape import Yes
from newsletter.cli.wiring import open_house
from newsletter.errors import UsageError

if TYPE_CHECKING:
    from newsletter.store.erasure import Erased
    from newsletter.store.people import Dossier

app = typer.Typer(help="The people on the list.", no_args_is_help=True)
subscribers_import.register(app)
subscribers_list.register(app)
subscribers_change.register(app)


@app.command("show")
def show_command(address: Address, as_json: AsJson = False) -> None:
    """Show one person: what they get, what they agreed to, and what came back of their mail."""
    house, email = open_house(), parsed(address)

    async def run() -> tuple[Subscriber, Dossier]:
        async with house.stores() as stores:
            found = await stores.subscribers.find(email)
            dossier = await stores.people.dossier(email)
            if found is None or dossier is None:
                raise nobody(address)
            return found, dossier

    found, dossier = asyncio.run(run())
    bounced = _bounce(dossier) if found.status is Status.BOUNCED else None
    wordings = {row["hash"]: row["text"] for row in dossier["wordings"]}
    facts: dict[str, object] = {
        "email": found.email,
        "name": found.name,
        "locale": found.locale,
        "status": found.status.value,
        "tags": sorted(found.tags),
        "attributes": dict(found.attributes),
        "declined": found.declined,
        "paused_until": iso(found.paused_until),
        "consents": [
            {
                "source": row["source"],
                "given_at": iso(row["given_at"]),
                "confirmed_at": iso(row["confirmed_at"]),
                "wording": wordings.get(row["wording"]),
            }
            for row in dossier["consents"]
        ],
        "feedback": [
            {
                "campaign": row["campaign_id"],
                "at": iso(row["at"]),
                "verdict": row["verdict"],
                "status": row["status"],
                "diagnostic": row["diagnostic"],
            }
            for row in dossier["feedback"]
        ],
    }
    if bounced:
        facts |= {"bounced_by": bounced.way, "bounced_in": bounced.campaign, "reply": bounced.words}
    if as_json:
        say_json(facts)
        return
    zone = house.zone
    for key, value in facts.items():
        for line in _lines(value, zone) or ([""] if key in ("name", "tags") else []):
            say(f"{key + ':':<13} {line}")
    if bounced:
        _explain(bounced)
    if not dossier["consents"]:
        say("no consent is on record: when and where they agreed, nobody has said")


def _lines(value: object, zone: ZoneInfo) -> list[str]:
    """How a fact is shown: nothing if there is nothing to tell."""
    if isinstance(value, dict):
        return [", ".join(f"{name}={text}" for name, text in value.items())] if value else []
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return [", ".join(_shown(text, zone) for text in one.values() if text) for one in value]
    if isinstance(value, list):
        return [", ".join(value)] if value else []
    return [_shown(value, zone)] if value else []


def _shown(value: object, zone: ZoneInfo) -> str:
    try:
        return dt.datetime.fromisoformat(str(value)).astimezone(zone).strftime("%Y-%m-%d %H:%M")
    except ValueError:
        return " ".join(str(value).split())


@dataclass(frozen=True, slots=True)
class Bounce:
    """Why somebody gets no more mail.

    ``way`` is "refused" (the server said while the mail was handed over that
    there is no such mailbox), "hard" (a mail that came back says so), "soft"
    (the mails of several campaigns came back) or "list" (a list said it when
    it was imported).  ``campaign`` is the one by which it came to this.
    """

    way: str
    campaign: int | None = None
    words: str = ""


def _bounce(dossier: Dossier) -> Bounce:
    """What made somebody bounce, as the audit log has it, with the server's words."""
    found = [row["detail"] for row in dossier["audit"] if row["what"] == Deed.SUPPRESSED]
    entries: list[dict[str, Any]] = [detail for detail in found if isinstance(detail, dict)]
    details = [detail for detail in entries if detail.get("status", Status.BOUNCED) == Status.BOUNCED]
    if not details:
        return Bounce("list")
    way, campaign = details[-1].get("why", "refused"), details[-1].get("campaign")
    table, column = ("deliveries", "reply") if way == "refused" else ("feedback", "diagnostic")
    rows = [row for row in dossier[table] if row["campaign_id"] == campaign and row.get("verdict", way) == way]
    words = [row[column] for row in rows]
    return Bounce(way, campaign, str(words[-1]) if words else "")


def _explain(bounced: Bounce) -> None:
    """What it means to have bounced, and what to do if the server was wrong."""
    told = {
        "refused": f"when campaign {bounced.campaign} was sent, their server said that there is no such mailbox",
        "hard": f"their mail {_of(bounced)}came back: there is no such mailbox",
        "soft": f"their mail of several campaigns in a row came back, up to campaign {bounced.campaign}",
        "list": "the list by which they were added said so",
    }[bounced.way]
    say(f"bounced means here: {told}; so they get no mail")
    if bounced.words:
        say(f"  their server: {' '.join(bounced.words.split())}")
    if bounced.way == "refused":
        again = f"newsletter campaigns resolve {bounced.campaign} --rejected resend"
        say(f"  next: ask them for their new address; if the server was wrong: '{again}'")
        say("  it tries all again who were rejected in that campaign, and puts them back on the list")
    else:
        say("  next: ask them for their new address; if theirs works, they can join again with the form on your pages")


def _of(bounced: Bounce) -> str:
    return f"of campaign {bounced.campaign} " if bounced.campaign else ""


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
        if known is None:
            hint = "they can join again by themselves, with the form on your pages"
            raise UsageError(f"{address} was erased at their own wish", hint)
        hint = f"'newsletter subscribers show {address}' tells more"
        if known.status is not Status.SUBSCRIBED:
            hint = "they can join again by themselves, with the form on your pages"
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
