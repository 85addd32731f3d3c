"""``/issues/<slug>/approve``: who read each edition over, and the word that somebody has."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from newsletter.errors import UsageError
from newsletter.web.preview.approving import Approving
from newsletter.web.preview.pages import form, issue_url, respond, see_other


async def page(request: Request) -> Response:
    """Every edition with its approval."""
    slug = request.path_params["slug"]
    return respond(request, "approve.html.j2", page=await _desk(request).page(slug), refused=None)


async def approve(request: Request) -> Response:
    """Approve an edition, or take its approval back."""
    slug = request.path_params["slug"]
    desk, given = _desk(request), await form(request)
    locale = given.get("locale", "")
    try:
        if "withdraw" in given:
            await desk.withdraw(slug, locale)
        else:
            await desk.approve(slug, locale, given.get("by", ""), given.get("print", ""))
    except UsageError as error:
        return respond(request, "approve.html.j2", status=409, page=await desk.page(slug), refused=error)
    return see_other(f"{issue_url(slug)}/approve")


def _desk(request: Request) -> Approving:
    desk: Approving = request.app.state.studio.approvals
    return desk


ROUTES = [
    Route("/issues/{slug}/approve", page),
    Route("/issues/{slug}/approve", approve, methods=["POST"]),
]
