"""``/health``: whether pages and database answer; for a proxy or a monitor."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from newsletter.web.public.proxies import UNCLEAR


async def health(request: Request) -> Response:
    """200 or 503, and whether we can tell who asks; nothing else that anybody could learn from."""
    well = await request.app.state.public.healthy()
    why = getattr(request.state, "unclear", None)
    headers = {UNCLEAR: why} if why else {}
    return PlainTextResponse("ok\n" if well else "the database does not answer\n", 200 if well else 503, headers)


ROUTES = [Route("/health", health)]
