"""``newsletter doctor``: whether this workspace can send, looked at piece by piece, and what to do where not.

Looks, and makes nothing but what a first command would make: the database and
its key.  Each look is one function that returns findings; one that cannot be
made says so.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import typer

from newsletter.cli.output import AsJson, say, say_json, table
from newsletter.cli.wiring import House, open_house
from newsletter.errors import NewsletterError

LOW_DISK = 500 * 1024 * 1024  # bytes; a campaign of 100,000 takes some 50 MB
PRIVATE = 0o077  # the permissions that nobody but the owner may have


class Verdict(StrEnum):
    """What a look found."""

    WELL = "well"
    PROBLEM = "problem"
    UNKNOWN = "not checked"


@dataclass(frozen=True, slots=True)
class Look:
    """One thing that was looked at."""

    what: str
    verdict: Verdict
    found: str
    do: str = ""


def register(app: typer.Typer) -> None:
    """Add the command to the root."""
    app.command("doctor")(doctor_command)


def doctor_command(as_json: AsJson = False) -> None:
    """Check settings, database, keys and mail server, and print the DNS record of the DKIM key."""
    house = open_house()
    looks = asyncio.run(_examine(house))
    if as_json:
        say_json([{"what": look.what, "verdict": look.verdict, "found": look.found, "do": look.do} for look in looks])
    else:
        table(("what", "verdict", "found"), ((look.what, look.verdict, look.found) for look in looks))
        for look in looks:
            if look.do:
                say(f"{look.what}: {look.do}")
    if any(look.verdict is Verdict.PROBLEM for look in looks):
        raise typer.Exit(2)


async def _examine(house: House) -> list[Look]:
    examinations: list[Callable[[House], Awaitable[list[Look]]]] = [_database, _mail_server, _dkim]
    return [
        Look("settings", Verdict.WELL, "newsletter.yaml is read"),
        *[look for each in examinations for look in await each(house)],
    ]


async def _database(house: House) -> list[Look]:
    try:
        async with house.stores() as stores:
            await house.tokens(stores.database)
            file = stores.database.file
    except NewsletterError as error:
        return [Look("database", Verdict.PROBLEM, error.message, error.hint)]
    looks = [Look("database", Verdict.WELL, house.workspace.shown(file) if file else "the server answers")]
    free = shutil.disk_usage(file.parent).free if file else LOW_DISK
    if free < LOW_DISK:
        looks.append(Look("disk", Verdict.PROBLEM, f"{free // 1024**2} MB are free", "free some space before you send"))
    settings = house.settings
    named = [settings.secret_key_file, settings.smtp.password_file if settings.smtp else ""]
    named.append(settings.dkim.key_file if settings.dkim else "")
    private = [*([file] if file else []), *(house.workspace.root / name for name in named if name)]
    looks += [_permissions(house, path) for path in private if path.exists()]
    return looks


def _permissions(house: House, path: Path) -> Look:
    shown = house.workspace.shown(path)
    if path.stat().st_mode & PRIVATE:
        return Look(shown, Verdict.PROBLEM, "others on this machine can read it", f"chmod 600 {shown}")
    return Look(shown, Verdict.WELL, "only its owner can read it")


async def _mail_server(house: House) -> list[Look]:
    from newsletter.delivery.deliver import connect

    if house.settings.smtp is None:
        return [Look("mail server", Verdict.UNKNOWN, "newsletter.yaml names none", "add 'smtp:' before you send")]
    server = house.smtp_server()
    try:
        session = await connect(server)
    except NewsletterError as error:
        return [Look("mail server", Verdict.PROBLEM, error.message, error.hint)]
    await session.close()
    login = f", logged in as {server.username}" if server.username else ""
    return [Look("mail server", Verdict.WELL, f"{server.host}:{server.port} answers, {server.security}{login}")]


async def _dkim(house: House) -> list[Look]:
    try:
        signer = house.dkim_signer()
    except NewsletterError as error:
        return [Look("DKIM", Verdict.PROBLEM, error.message, "docs/going-live.md tells how to make a key")]
    if signer is None:
        return [Look("DKIM", Verdict.UNKNOWN, "no key is set", "fine if your mail server signs; else set 'dkim:'")]
    name, value = signer.dns_record()
    sender = house.settings.sender.address.rpartition("@")[2]
    looks = [
        Look(
            "DKIM", Verdict.WELL, f"signs for {signer.domain}", f"the DNS must hold the TXT record\n  {name}\n  {value}"
        )
    ]
    if sender != signer.domain and not sender.endswith(f".{signer.domain}"):
        found = f"the key signs for {signer.domain}, but mail comes from {sender}"
        looks.append(Look("DKIM alignment", Verdict.PROBLEM, found, "use a key of the sender's own domain (DMARC)"))
    return looks
