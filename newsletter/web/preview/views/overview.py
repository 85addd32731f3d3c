"""``/``: all issues; and the choice of the language."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from newsletter.web.preview.pages import LANGUAGE_COOKIE, YEAR, form, respond, see_other
from newsletter.web.preview.studio import Studio
from newsletter.web.preview.words import LANGUAGES


async def overview(request: Request) -> Response:
    """All issues, the newest first."""
    studio: Studio = request.app.state.studio
    return respond(request, "overview.html.j2", overview=await studio.overview())


async def language(request: Request) -> Response:
    """Remember the language that somebody chose, and go back."""
    given = await form(request)
    answer = see_other(given.get("back", "/"))
    if given.get("language") in LANGUAGES:
        answer.set_cookie(LANGUAGE_COOKIE, given["language"], max_age=YEAR, httponly=True, samesite="strict")
    return answer


ROUTES = [Route("/", overview), Route("/language", language, methods=["POST"])]
