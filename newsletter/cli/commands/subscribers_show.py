"""``newsletter subscribers show``: what is known of one person, and why somebody gets no mail."""

from __future__ import annotations

import asyncio
import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import typer

from newsletter.audience.audit import Deed
from newsletter.audience.subscribers import Status, Subscriber
from newsletter.cli.output import AsJson, iso, say, say_json
from newsletter.cli.people import Address, nobody, parsed
from newsletter.cli.wiring import open_house

if TYPE_CHECKING:
    from newsletter.store.people import Dossier


def register(app: typer.Typer) -> None:
    """Add the command to the group."""
    app.command("show")(show_command)


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
