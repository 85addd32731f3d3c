"""Whom a proxy speaks for: believed of those that are named, and told where it cannot be known.

Behind a proxy that is not believed, all readers are one client, and share the
forms that one may fill in (``buckets.py``).  That somebody who is no proxy
sends such a header is told the same: who asks is never written down.  Staff
are told once by ``serve``, and by ``doctor``, which asks as readers do and
finds the reason in the answer of ``/health``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, cast

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

if TYPE_CHECKING:
    from uvicorn._types import ASGI3Application

FOR_WHOM = "X-Forwarded-For"  # the one that is read
UNCLEAR = "Newsletter-Readers"  # the header in which ``/health`` says why it cannot be known who asks
SIGNS = (FOR_WHOM, "Forwarded", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP")  # RFC 7239, and habits


class Unclear(StrEnum):
    """Why it cannot be known who asks."""

    UNNAMED = "unnamed"  # a proxy is not among those that are named
    SILENT = "silent"  # one that is does not say for whom it asks


SHARED = "so all readers count as one, and a few forms shut out the rest"
WORDS = {  # what is wrong, and what to do
    Unclear.UNNAMED: (
        f"somebody passes requests on who is not named, {SHARED}",
        "if it is your web server, start with --proxy and its address: docs/public-pages.md",
    ),
    Unclear.SILENT: (
        f"your web server does not say for whom it asks, {SHARED}",
        "let it set X-Forwarded-For, as docs/going-live.md shows",
    ),
}


class Proxies:
    """The ASGI layer below everything: ``named`` proxies are believed; ``on_unclear`` is told each reason once."""

    def __init__(self, app: ASGIApp, named: Sequence[str], on_unclear: Callable[[Unclear], None]) -> None:
        self._believing = ProxyHeadersMiddleware(cast("ASGI3Application", app), list(named))
        self._on_unclear = on_unclear
        self._told: set[Unclear] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request; its client is then the reader, as far as that is known."""
        if scope["type"] == "http":
            why = self._look(Headers(scope=scope), (scope["client"] or ("",))[0])
            if why and why not in self._told:
                self._told.add(why)
                self._on_unclear(why)
            scope["state"] = {**scope.get("state", {}), "unclear": why}
        await cast("ASGIApp", self._believing)(scope, receive, send)

    def _look(self, headers: Headers, peer: str) -> Unclear | None:
        if not any(sign in headers for sign in SIGNS):
            return None
        named = peer in self._believing.trusted_hosts
        if named and FOR_WHOM in headers:
            return None
        return Unclear.SILENT if named else Unclear.UNNAMED
