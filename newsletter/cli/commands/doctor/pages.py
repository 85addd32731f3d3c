"""The public pages: whether they answer where mail says they are; and, by their answer, whether the clock is right."""

from __future__ import annotations

import asyncio
import datetime as dt
import http.client
import socket
import ssl
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from newsletter.cli.commands.doctor import network
from newsletter.cli.commands.doctor.findings import Look, problem, unknown, well
from newsletter.cli.commands.doctor.machine import WRONG_CLOCK
from newsletter.cli.commands.doctor.mail import certificate
from newsletter.cli.wiring import House

HEALTH = "/health"
TIMEOUT = 10.0  # seconds
OK = 200


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the status, the moment of the Date header, whose address it was, and its certificate's end.

    ``unclear`` is why the pages cannot tell who asks, a member of ``Unclear``; "" if they can.
    """

    status: int
    unclear: str
    date: dt.datetime | None
    peer: str
    ends: dt.datetime | None


async def pages(house: House) -> list[Look]:
    """Ask ``public_url``/health, as a mail program asks when somebody leaves with one click."""
    from newsletter.web.public.proxies import WORDS, Unclear

    url = house.settings.public_url + HEALTH
    what, do = "public pages", "keep 'newsletter serve' up behind your web server (docs/going-live.md)"
    try:
        answer = await asyncio.to_thread(_get, url)
    except ssl.SSLCertVerificationError as error:
        return [problem(what, f"the certificate of {url} cannot be trusted: {error.verify_message}", "renew it")]
    except ConnectionRefusedError:
        return [problem(what, f"nobody answers at {url}", do), _no_clock()]
    except socket.gaierror as error:
        host = urlsplit(url).hostname or ""
        if not await network.names().addresses(host):
            return [problem(what, f"there is no host {host}", "give it an address in the DNS"), _no_clock()]
        return [unknown(what, f"could not be checked: {host} cannot be looked up: {error.strerror}"), _no_clock()]
    except (OSError, http.client.HTTPException) as error:
        why = str(error) or type(error).__name__
        return [unknown(what, f"could not be checked: {url}: {why}", "is there a network? If so: " + do), _no_clock()]
    if answer.status != OK:
        return [problem(what, f"{url} answers {answer.status}", do), _clock(answer, house)]
    looks = [well(what, f"{url} answers")]
    if answer.unclear in WORDS:
        wrong, do = WORDS[Unclear(answer.unclear)]
        looks.append(problem("web server in front", wrong, do))
    if answer.ends:
        looks.append(certificate("pages' certificate", answer.ends, house.clock.now()))
    elif urlsplit(url).hostname not in ("localhost", "127.0.0.1", "::1"):
        do = "use https: people say there who they are; and mail programs ask nothing else"
        looks.append(problem("pages' certificate", "public_url is not https", do))
    return [*looks, _clock(answer, house)]


def _get(url: str) -> Answer:
    """One GET, without following anywhere.  Raises OSError, HTTPException."""
    from newsletter.web.public.proxies import UNCLEAR

    parts = urlsplit(url)
    secure = parts.scheme == "https"
    kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=TIMEOUT)
    try:
        connection.connect()
        sock = connection.sock
        peer = sock.getpeername()[0]
        found = sock.getpeercert() if isinstance(sock, ssl.SSLSocket) else None
        connection.request("GET", parts.path, headers={"User-Agent": "newsletter doctor"})
        response = connection.getresponse()
        unclear = response.headers.get(UNCLEAR, "")
        return Answer(response.status, unclear, _moment(response.headers.get("Date")), peer, _end(found))
    finally:
        connection.close()


def _end(found: object) -> dt.datetime | None:
    if not isinstance(found, dict) or not isinstance(found.get("notAfter"), str):
        return None
    return dt.datetime.fromtimestamp(ssl.cert_time_to_seconds(found["notAfter"]), dt.UTC)


def _moment(text: str | None) -> dt.datetime | None:
    try:
        moment = parsedate_to_datetime(text or "")
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


def _clock(answer: Answer, house: House) -> Look:
    if answer.date is None or network.is_own(answer.peer):
        return _no_clock()
    off = abs((house.clock.now() - answer.date).total_seconds())
    if off > WRONG_CLOCK:
        return problem("clock", f"this machine's and that of your pages are {off:.0f} seconds apart", "set both by NTP")
    return well("clock", "agrees with that of your pages")


def _no_clock() -> Look:
    why = "no other machine's clock was seen"
    return unknown("clock", why, "'timedatectl' tells whether it is set by the network; signatures need the right time")
