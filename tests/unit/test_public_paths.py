"""Pages below a path: found whether or not the proxy takes it off, also if it is that of a page."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from starlette.types import Message, Receive, Scope, Send

from newsletter.web.public.app import ROUTES, is_page
from newsletter.web.public.guard import Guard

PAGES = {
    "/archive": "/archive",
    "/archive/{locale}.atom": "/archive/en.atom",
    "/archive/{locale}": "/archive/en",
    "/flyer/{slug}.{locale}.{paper}.pdf": "/flyer/june.en.a4.pdf",
    "/calendar/{slug}.{block}.{locale}.ics": "/calendar/june.meeting.en.ics",
    "/media/{name}": "/media/0123456789abcdef.jpg",
    "/{slug}.{locale}.html": "/june.en.html",
    "/subscribe": "/subscribe",
    "/subscribe/sent": "/subscribe/sent",
    "/c/{token}": "/c/abc.def",
    "/u/{token}": "/u/abc.def",
    "/p/{token}": "/p/abc.def",
    "/health": "/health",
    "/static/{name}": "/static/public.css",
}
PREFIXES = sorted(
    {
        "",
        "/letters",
        "/our/letters",
        "/año",
        "/u/x",
        *PAGES.values(),
        *(f"/{page.split('/')[1]}" for page in PAGES.values()),
    }
)


async def asked(prefix: str, path: str) -> str:
    """Which page is asked for behind the guard."""
    seen = ""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal seen
        seen = scope["path"]

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(_message: Message) -> None:
        raise AssertionError

    def on_fault(error: BaseException) -> None:
        raise error

    await Guard(app, quote(prefix), is_page, on_fault)({"type": "http", "path": path, "headers": []}, receive, send)
    return seen


def test_every_page_is_tried() -> None:
    assert {route.path for route in ROUTES} == set(PAGES)


@pytest.mark.parametrize("prefix", PREFIXES)
async def test_page_below_any_path_is_found_with_and_without_it(prefix: str) -> None:
    for page in PAGES.values():
        assert await asked(prefix, prefix + page) == page, "the proxy leaves it on"
        assert await asked(prefix, page) == page, "the proxy takes it off"


async def test_path_of_another_is_left_alone() -> None:
    assert await asked("/letters", "/lettersx/subscribe") == "/lettersx/subscribe"
    assert await asked("/letters", "/letters") == "/"
    assert await asked("/letters", "http://evil.example/letters/health") == "/health"
    assert await asked("/letters", "/letters/nothing") == "/nothing"
