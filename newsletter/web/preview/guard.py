"""Who may ask the studio anything at all; the outermost layer of the application.

The studio shows drafts and can change files, and every web page that somebody
has open can send requests to 127.0.0.1.  So, in this order:

1. The Host must be one of ours.  A foreign page whose name was made to point
   to 127.0.0.1 (DNS rebinding) still sends its own name.
2. What changes something must come from a page of ours: its Origin is the
   address that was asked, or the browser says so itself in Sec-Fetch-Site.
   Neither header: no browser of today, so no.
3. Beyond this machine a password is asked for (HTTP Basic, RFC 7617).

Every answer carries a policy that allows nothing from elsewhere.  A handler
that needs another one, as the frames of mails do, sets it itself.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import hmac
import ipaddress
from dataclasses import dataclass

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SAFE = ("GET", "HEAD")
HTTP = 80  # the port of an address that names none
WRONG_PASSWORD_COSTS = 0.5  # seconds, one guess after the other
MAX_BODY = 256 * 1024  # bytes of a form; the longest holds one translation
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; frame-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # "no-referrer" would take the Origin off our own forms too
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True, slots=True)
class Door:
    """Where the studio listens.

    ``names`` are the host names, in small letters and without a port, that it
    is asked by.  With ``any_address`` a bare IP address will do as well: no
    rebinding can fake one.  A ``password`` of "" asks for none.
    """

    port: int
    names: frozenset[str]
    any_address: bool = False
    password: str = ""

    def knows(self, host: str) -> bool:
        """Whether a Host header names this door."""
        name, port = _split(host)
        if (port or HTTP) != self.port:
            return False
        if name in self.names:
            return True
        try:
            return self.any_address and bool(ipaddress.ip_address(name.strip("[]")))
        except ValueError:
            return False

    def opens_to(self, authorization: str) -> bool:
        """Whether this header holds the password; any user name will do."""
        scheme, _space, encoded = authorization.partition(" ")
        if scheme.lower() != "basic":
            return False
        try:
            _name, _colon, given = base64.b64decode(encoded, validate=True).partition(b":")
        except binascii.Error:
            return False
        return hmac.compare_digest(hashlib.sha256(given).digest(), hashlib.sha256(self.password.encode()).digest())


class Guard:
    """The ASGI layer that applies all this."""

    def __init__(self, app: ASGIApp, door: Door) -> None:
        self._app = app
        self._door = door
        self._guessing = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or let through and see to the headers."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return  # no websockets here

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in {**HEADERS, "Content-Security-Policy": POLICY}.items():
                    headers.setdefault(name, value)
            await send(message)

        refusal = await self._refusal(scope)
        await (refusal or self._app)(scope, receive, with_headers)

    async def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not self._door.knows(hosts[0]):
            return PlainTextResponse("This is not a name of the studio.\n", 421)
        if scope["method"] not in SAFE and not _is_ours(headers, hosts[0]):
            return PlainTextResponse("This request comes from another site.\n", 403)
        if scope["method"] not in SAFE and not _is_short(headers):
            return PlainTextResponse("That is too long.\n", 413)
        if self._door.password and not self._door.opens_to(headers.get("authorization", "")):
            if "authorization" in headers:
                async with self._guessing:
                    await asyncio.sleep(WRONG_PASSWORD_COSTS)
            challenge = {"WWW-Authenticate": 'Basic realm="newsletter studio", charset="UTF-8"'}
            return PlainTextResponse("The studio asks for a password.\n", 401, challenge)
        return None


def _is_ours(headers: Headers, host: str) -> bool:
    origin, site = headers.get("origin"), headers.get("sec-fetch-site")
    if origin is None and site is None:
        return False
    return origin in (None, f"http://{host}") and site in (None, "same-origin")


def _is_short(headers: Headers) -> bool:
    length = headers.get("content-length", "")
    return length.isdigit() and int(length) <= MAX_BODY


def _split(host: str) -> tuple[str, int]:
    """The name and the port of a Host header; port 0 where it names none."""
    name, colon, port = host.rpartition(":")
    if not colon or (host.startswith("[") and host.endswith("]")):
        return host.lower(), 0
    return name.lower(), int(port) if port.isascii() and port.isdigit() else -1
