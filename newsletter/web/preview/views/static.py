"""``/static/<name>``: the studio's own styles and scripts, which are read once and lie in memory."""

from __future__ import annotations

from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_FOLDER = Path(__file__).parents[1] / "static"
_KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_FILES = {file.name: file.read_bytes() for file in _FOLDER.iterdir() if file.suffix in _KINDS}


async def static(request: Request) -> Response:
    """One of them."""
    name = request.path_params["name"]
    if name not in _FILES:
        raise HTTPException(404)
    # The browser asks each time: an update of the program must not meet yesterday's script.
    return Response(_FILES[name], media_type=_KINDS[Path(name).suffix], headers={"Cache-Control": "no-cache"})


ROUTES = [Route("/static/{name}", static)]
