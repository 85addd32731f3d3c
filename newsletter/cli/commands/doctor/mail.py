"""The mail server: whether it can be reached, is who it says, and lets us in."""

from __future__ import annotations

import asyncio
import datetime as dt

from newsletter.cli.commands.doctor.findings import Look, problem, unknown, well
from newsletter.cli.wiring import House
from newsletter.errors import NewsletterError, SettingsError

SOON = dt.timedelta(days=14)  # certificates that are renewed by themselves are so a month before their end
WAIT = 20.0  # seconds for the server to let us in, whatever the settings allow while sending


async def server(house: House) -> list[Look]:
    """Connect, protect and log in as a sending does, once; the name of the certificate is checked by that."""
    if house.settings.smtp is None:
        return [unknown("mail server", "newsletter.yaml names none", "add 'smtp:' before you send")]
    try:
        smtp = house.smtp_server()
    except SettingsError as error:
        return [problem("mail server", f"{one.where}: {one.message}", one.hint) for one in error.findings]
    name = f"{smtp.host}:{smtp.port}"
    try:
        async with asyncio.timeout(WAIT):
            session = await smtp.connect()
    except NewsletterError as error:
        return [problem("mail server", error.message, error.hint)]
    except ConnectionError as error:
        do = "is the server up, and are smtp.host and smtp.port right?"
        return [problem("mail server", f"the mail server cannot be reached: {error}", do)]
    except TimeoutError:
        why = f"could not be checked: {name} did not answer within {WAIT:g} seconds"
        return [unknown("mail server", why, "is there a network? Many providers close port 25; 587 is the usual one")]
    ends = session.certificate_ends
    await session.close()
    login = f", logged in as {smtp.username}" if smtp.username else ""
    looks = [well("mail server", f"{name} answers, {smtp.security}{login}")]
    if ends is not None:
        looks.append(certificate("mail server's certificate", ends, house.clock.now()))
    return looks


def certificate(what: str, ends: dt.datetime, now: dt.datetime) -> Look:
    """Whether a certificate, which is valid now, will be so next week."""
    told = f"valid until {ends:%Y-%m-%d}"
    if ends - now < SOON:
        return problem(what, f"{told}, which is soon", "renew it, or ask its owner; after that day nothing can be sent")
    return well(what, told)
