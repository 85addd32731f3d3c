"""``/files/<path>``: a file that staff write, with the lines numbered, so that a finding can lead to its place."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from newsletter.web.preview.pages import respond
from newsletter.web.preview.studio import Studio


async def file(request: Request) -> Response:
    """One file.  The studio decides which may be seen."""
    studio: Studio = request.app.state.studio
    return respond(request, "file.html.j2", file=await studio.file(request.path_params["path"]))


ROUTES = [Route("/files/{path:path}", file)]
