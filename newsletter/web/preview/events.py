"""How pages hear that something changed: one hub, and ``/events`` as server-sent events.

The hub counts changes by topic.  A page is told the topic and nothing else,
and asks for its own address again; so whatever is missed or told twice does
no harm, and a slow page hears of ten changes once.
Source: HTML Living Standard, "Server-sent events".
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

HEARTBEAT = 15.0  # seconds after which a silent stream shows that it is alive
RETRY = 400  # milliseconds after which a browser asks again for a stream that broke
FILES, CARDS = "files", "cards"


class Hub:
    """Tells every open page of changes.  Lives on one event loop."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._changed = asyncio.Event()
        self._closed = False

    def tell(self, topic: str) -> None:
        """Something of this topic changed: FILES, CARDS (the list of issues), or a page's own word."""
        self._counts[topic] += 1
        self._wake()

    @property
    def told(self) -> int:
        """How much was told so far: a page remembers it from before it was made."""
        return self._counts.total()

    def close(self) -> None:
        """End every stream, so that the server can stop."""
        self._closed = True
        self._wake()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def changes(self, since: int | None = None) -> AsyncIterator[list[str]]:
        """The topics that changed since the last turn; [] when nothing did for a while.

        First all topics, if anything was told after ``told`` was ``since``: a
        page that hears late does not know of which it has missed something.
        """
        seen = self._counts.copy()
        if since is not None and since != self.told:
            yield list(seen)
        while not self._closed:
            changed = self._changed
            if seen == self._counts:
                try:
                    await asyncio.wait_for(changed.wait(), HEARTBEAT)
                except TimeoutError:
                    yield []
                    continue
            topics = [topic for topic, count in self._counts.items() if count != seen[topic]]
            seen = self._counts.copy()
            if topics:
                yield topics


async def events(request: Request) -> Response:
    """The stream of changes for one page."""
    hub: Hub = request.app.state.hub

    since = request.query_params.get("since", "")

    async def stream() -> AsyncIterator[str]:
        yield f"retry: {RETRY}\n\n"
        async for topics in hub.changes(int(since) if since.isdecimal() else None):
            yield "".join(f"event: {topic}\ndata:\n\n" for topic in topics) or ": still here\n\n"

    return StreamingResponse(stream(), media_type="text/event-stream")


class Since:
    """The ASGI layer that notes how much was told before a page was made."""

    def __init__(self, app: ASGIApp, hub: Hub) -> None:
        self._app = app
        self._hub = hub

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Note it in ``request.state.told``."""
        scope.setdefault("state", {})["told"] = self._hub.told
        await self._app(scope, receive, send)


ROUTES = [Route("/events", events)]
