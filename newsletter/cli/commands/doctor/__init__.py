"""``newsletter doctor``: whether this workspace can send, looked at piece by piece, and what to do where not.

Looks, and makes nothing but what a first command would make: the database and
its key.  Each check is one function that returns what it found (``machine``,
``mail``, ``records``, ``pages``).  All run at once, each for so many seconds at
most.  What could not be looked at is said, and never guessed.
"""

from __future__ import annotations

import asyncio

import typer

from newsletter.cli.commands.doctor import machine, mail, pages, records
from newsletter.cli.commands.doctor.findings import Check, Look, Verdict, unknown, well
from newsletter.cli.output import AsJson, say, say_json, table
from newsletter.cli.wiring import House, open_house

PATIENCE = 30.0  # seconds for each check

CHECKS: tuple[tuple[str, Check], ...] = (
    ("database", machine.database),
    ("disk", machine.disk),
    ("permissions", machine.permissions),
    ("mail server", mail.server),
    ("SPF", records.spf),
    ("DKIM", records.dkim),
    ("DMARC", records.dmarc),
    ("reverse name", records.reverse),
    ("public pages", pages.pages),
)


def register(app: typer.Typer) -> None:
    """Add the command to the root."""
    app.command("doctor")(doctor_command)


def doctor_command(as_json: AsJson = False) -> None:
    """Check settings, database, files, mail server, DNS records and public pages.  Sends nothing."""
    looks = asyncio.run(examine(open_house()))
    if as_json:
        say_json([{"what": look.what, "verdict": look.verdict, "found": look.found, "do": look.do} for look in looks])
    else:
        table(("what", "verdict", "found"), ((look.what, look.verdict, look.found) for look in looks))
        for look in looks:
            if look.do:
                say(f"{look.what}: {look.do}")
    if any(look.verdict is Verdict.PROBLEM for look in looks):
        raise typer.Exit(2)


async def examine(house: House) -> list[Look]:
    """Every check's looks, in their order."""
    found = await asyncio.gather(*(_patiently(what, check, house) for what, check in CHECKS))
    return [well("settings", "newsletter.yaml is read"), *(look for some in found for look in some)]


async def _patiently(what: str, check: Check, house: House) -> list[Look]:
    from newsletter.adapters.names import NoAnswerError

    try:
        async with asyncio.timeout(PATIENCE):
            return await check(house)
    except NoAnswerError as error:
        return [unknown(what, f"could not be checked: {error}")]
    except TimeoutError:
        return [unknown(what, f"could not be checked: no answer within {PATIENCE:g} seconds")]
