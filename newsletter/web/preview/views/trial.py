"""``/issues/<slug>/test``: every edition to an address of one's own."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from newsletter.errors import UsageError
from newsletter.web.preview.pages import form, issue_url, respond, see_other
from newsletter.web.preview.trying import Trying


async def page(request: Request) -> Response:
    """The addresses, and what became of the newest test."""
    return respond(request, "trial.html.j2", page=await _desk(request).page(request.path_params["slug"]), refused=None)


async def start(request: Request) -> Response:
    """Begin a test."""
    slug, given = request.path_params["slug"], await form(request)
    try:
        await _desk(request).start(slug, given.get("to", ""))
    except UsageError as error:
        return respond(request, "trial.html.j2", status=409, page=await _desk(request).page(slug), refused=error)
    return see_other(f"{issue_url(slug)}/test")


def _desk(request: Request) -> Trying:
    desk: Trying = request.app.state.studio.trials
    return desk


ROUTES = [Route("/issues/{slug}/test", page), Route("/issues/{slug}/test", start, methods=["POST"])]
