"""Follows web addresses as a careful stranger would: asks for each once, keeps nothing, enters no private network.

A link in an issue may have come from anywhere, and the machine that follows it
may stand where strangers must not reach.  So every name is resolved here, each
of its addresses must be public, and the connection goes to the address that was
looked at (a name that changes its address in between gains nothing).  Redirects
are followed by the same rules.  No cookies, no proxy, no credentials, no body.

What cannot be known is not guessed: where nothing at all answers, the network
is missing, not the pages.
"""

from __future__ import annotations

import asyncio
import http.cookiejar
import ipaddress
import socket
import ssl
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

import httpx

from newsletter import __version__

TIMEOUT = 10.0  # seconds for each step of one request
MOST_TIME = 30.0  # seconds for one link with all its redirects
AT_ONCE = 8  # requests
MAX_HOPS = 6
MAX_ADDRESSES = 3  # of one name that are tried
_TRY_GET = frozenset({400, 403, 404, 405, 406, 501})  # what servers say to HEAD that would answer GET
_GONE = frozenset({404, 410})
_PERMANENT = frozenset({301, 308})


class Verdict(StrEnum):
    """What became of one link."""

    FINE = "fine"
    MOVED = "moved"
    DEAD = "dead"
    PRIVATE = "private"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Answer:
    """The verdict on one address, in words; ``silent`` if nobody answered at all."""

    verdict: Verdict
    said: str = ""
    silent: bool = False


class _RefusedError(Exception):
    """A way that is not gone on."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.said)
        self.answer = answer


async def follow(urls: Iterable[str], own: Collection[str] = ()) -> dict[str, Answer]:
    """Every address with what became of it.  ``own`` are hosts (``name`` or ``name:port``) that may be private."""
    jar = http.cookiejar.CookieJar(http.cookiejar.DefaultCookiePolicy(allowed_domains=[]))
    gate = asyncio.Semaphore(AT_ONCE)
    async with httpx.AsyncClient(
        verify=ssl.create_default_context(),
        trust_env=False,
        timeout=TIMEOUT,
        cookies=jar,
        headers={"User-Agent": f"newsletter/{__version__} (looks whether links work)", "Accept": "*/*"},
    ) as client:

        async def one(url: str) -> Answer:
            async with gate:
                try:
                    async with asyncio.timeout(MOST_TIME):
                        return await _follow(client, url, own)
                except TimeoutError:
                    return Answer(Verdict.UNKNOWN, f"no answer within {MOST_TIME:.0f} seconds", silent=True)
                except _RefusedError as refused:
                    return refused.answer

        wanted = list(dict.fromkeys(urls))
        answers = dict(zip(wanted, await asyncio.gather(*map(one, wanted)), strict=True))
    if any(not answer.silent and answer.verdict is not Verdict.PRIVATE for answer in answers.values()):
        return answers
    # Nobody answered: that a name does not exist means nothing then.
    return {url: replace(a, verdict=Verdict.UNKNOWN) if a.silent else a for url, a in answers.items()}


async def _follow(client: httpx.AsyncClient, text: str, own: Collection[str]) -> Answer:
    url = _parsed(text)
    moved = False
    for hop in range(MAX_HOPS):
        status, target = await _ask(client, url, own)
        if status in _GONE:
            return Answer(Verdict.DEAD, f"the site says {status}, there is no such page")
        if target is None or not 300 <= status < 400:  # noqa: PLR2004 - a redirect
            break
        moved |= status in _PERMANENT and hop == 0
        url = _parsed(str(url.join(target)))
    else:
        return Answer(Verdict.DEAD, f"it leads on more than {MAX_HOPS} times")
    if status >= 400:  # noqa: PLR2004 - no success
        return Answer(Verdict.UNKNOWN, f"the site says {status} to a program; open it in a browser")
    if moved and _plain(str(url)) != _plain(text):
        return Answer(Verdict.MOVED, f"it has moved for good to {url}")
    return Answer(Verdict.FINE)


def _parsed(text: str) -> httpx.URL:
    try:
        url = httpx.URL(text)
    except (httpx.InvalidURL, UnicodeError, ValueError):
        raise _RefusedError(Answer(Verdict.DEAD, f"{text[:80]} is no address")) from None
    if url.scheme not in {"http", "https"} or not url.host:
        raise _RefusedError(Answer(Verdict.DEAD, f"it leads to {text[:80]}, which is no web page"))
    return url


async def _ask(client: httpx.AsyncClient, url: httpx.URL, own: Collection[str]) -> tuple[int, str | None]:
    """The status of one page, and where it leads on."""
    problem = Answer(Verdict.UNKNOWN, "nobody answers there", silent=True)
    for address in (await _addresses(url, own))[:MAX_ADDRESSES]:
        try:
            status, target = await _request(client, "HEAD", url, address)
            return await _request(client, "GET", url, address) if status in _TRY_GET else (status, target)
        except (httpx.TransportError, httpx.InvalidURL, ssl.SSLError) as error:
            reason: BaseException | None = error
            while reason is not None and not isinstance(reason, ssl.SSLCertVerificationError):
                reason = reason.__cause__ or reason.__context__
            if reason is not None:
                said = f"browsers warn of its certificate: {getattr(reason, 'verify_message', reason)}"
                raise _RefusedError(Answer(Verdict.DEAD, said)) from None
            said = (
                "no answer in time" if isinstance(error, httpx.TimeoutException) else f"nobody answers there: {error}"
            )
            silent = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
            problem = Answer(Verdict.UNKNOWN, said, silent=silent)
    raise _RefusedError(problem)


async def _request(client: httpx.AsyncClient, method: str, url: httpx.URL, address: str) -> tuple[int, str | None]:
    """One request to one address of the host; the body is not read."""
    bare = url.copy_with(host=address, userinfo=b"", fragment=None)
    named = {"Host": url.netloc.decode("ascii")}
    extensions = {"sni_hostname": url.raw_host.decode("ascii")}
    async with client.stream(method, bare, headers=named, extensions=extensions) as answer:
        return answer.status_code, answer.headers.get("Location")


async def _addresses(url: httpx.URL, own: Collection[str]) -> list[str]:
    """The addresses of a host, all of them public or all of them ours."""
    host, port = url.raw_host.decode("ascii"), url.port or (443 if url.scheme == "https" else 80)
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        unsure = isinstance(error, socket.gaierror) and error.errno == socket.EAI_AGAIN
        said = f"the name {url.host} cannot be looked up" if unsure else f"there is no site {url.host}"
        answer = Answer(Verdict.UNKNOWN if unsure else Verdict.DEAD, said, silent=True)
        raise _RefusedError(answer) from None
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not {host, f"{host}:{port}"} & set(own):
        for address in addresses:
            if not _is_public(address):
                said = f"{url.host} is in a private network, where readers cannot go"
                raise _RefusedError(Answer(Verdict.PRIVATE, said))
    return addresses


def _is_public(address: str) -> bool:
    ip = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(ip, "ipv4_mapped", None) or getattr(ip, "sixtofour", None)
    return ip.is_global and not ip.is_multicast and (mapped is None or mapped.is_global)


def _plain(url: str) -> str:
    """An address without what no reader would call another page."""
    return url.partition("#")[0].removeprefix("https://").removeprefix("http://").removeprefix("www.").rstrip("/")
