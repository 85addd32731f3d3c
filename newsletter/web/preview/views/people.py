"""``/people``: how many there are; and, only when somebody asks, who."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from newsletter.web.preview.pages import respond
from newsletter.web.preview.people import Counting


async def people(request: Request) -> Response:
    """The numbers."""
    return respond(request, "people.html.j2", people=await _desk(request).count())


async def listed(request: Request) -> Response:
    """The people of a segment, as a piece of the page."""
    found = await _desk(request).listed(request.path_params["segment"])
    return respond(request, "people-listed.html.j2", listed=found)


def _desk(request: Request) -> Counting:
    desk: Counting = request.app.state.studio.people
    return desk


ROUTES = [Route("/people", people), Route("/people/{segment}", listed)]
