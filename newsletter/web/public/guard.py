"""What is done with every request before a page sees it, and with every answer after; the outermost layer.

1. The path prefix of the public address is taken off, if the proxy in front
   has left it on; also where the prefix looks like a page of ours, as "/u".
   The Host is not looked at: no link is made of it.
2. A body is read here, whole, and is refused when it is longer than MAX_BODY;
   the request as a whole may take REQUEST_TIME.  How long a client may take
   to say what it wants is the server's matter (``server.py``).
3. Every answer carries a policy that allows nothing but our own style sheet
   and pictures: no script, nothing from elsewhere, no frame around it.
4. A fault of ours is answered with a plain page, and told as the kind of the
   error only: its words may hold an address, and the path holds a token.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from urllib.parse import unquote

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY = 64 * 1024  # bytes; the longest form has a few hundred, and a mail client posts 26
REQUEST_TIME = 30.0  # seconds for everything between the headers of the request and the end of the answer
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), browsing-topics=()",
    "Cache-Control": "no-store",
}


class TooLongError(Exception):
    """A body of more than MAX_BODY."""


class Guard:
    """The ASGI layer that applies all this.

    ``prefix`` is as it stands in links, ``is_page`` tells whether there may be
    a page at a path, ``on_fault`` is told of every error that is ours.
    """

    def __init__(
        self, app: ASGIApp, prefix: str, is_page: Callable[[str], bool], on_fault: Callable[[BaseException], None]
    ) -> None:
        self._app = app
        self._prefix = unquote(prefix)  # paths come decoded
        self._is_page = is_page
        self._on_fault = on_fault

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, one answer."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return  # no websockets here
        scope = {**scope, "path": self._own(scope["path"]), "root_path": ""}
        begun = ended = False
        refusal: Response

        async def with_headers(message: Message) -> None:
            nonlocal begun, ended
            ended = message["type"] == "http.response.body" and not message.get("more_body", False)
            if message["type"] == "http.response.start":
                begun = True
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            async with asyncio.timeout(REQUEST_TIME):
                await self._app(scope, await _read(scope, receive), with_headers)
                return
        except (ClientDisconnect, ConnectionError):
            return  # nobody is left to answer
        except TooLongError:
            refusal = PlainTextResponse("That is too long.\n", 413, {"Connection": "close"})
        except TimeoutError:
            refusal = PlainTextResponse("That took too long.\n", 408, {"Connection": "close"})
        except Exception as error:  # a reader must get an answer, whatever it is
            self._on_fault(error)
            refusal = sorry()
        if ended:
            return
        if begun:
            raise ConnectionError("the answer was cut off")  # the server closes the connection
        await refusal(scope, receive, with_headers)

    def _own(self, path: str) -> str:
        """The path below our prefix, whether the proxy took the prefix off or not.

        A client may name the whole address (RFC 9112 §3.2.2); whose it says it is does not matter.
        """
        if not path.startswith("/"):
            path = "/" + path.partition("://")[2].partition("/")[2]
        if not self._prefix or not f"{path}/".startswith(f"{self._prefix}/"):
            return path
        rest = path[len(self._prefix) :] or "/"
        return path if self._is_page(path) and not self._is_page(rest) else rest


def sorry() -> Response:
    """The answer after a fault of ours."""
    return PlainTextResponse("Something went wrong on our side. Please try again later.\n", 500)


async def _read(scope: Scope, receive: Receive) -> Receive:
    """The whole body, and a ``receive`` that hands it on.  Raises TooLongError as soon as it is too long."""
    length = Headers(scope=scope).get("content-length", "0")
    if not (length.isascii() and length.isdigit()) or len(length) > len(str(MAX_BODY)) or int(length) > MAX_BODY:
        raise TooLongError
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > MAX_BODY:
            raise TooLongError
    handed = False

    async def replay() -> Message:
        nonlocal handed
        if handed:
            return await receive()
        handed = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
