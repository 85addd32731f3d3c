"""``/static/<name>``: the style sheet and pictures, which lie in memory, and the colours of the theme."""

from __future__ import annotations

from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from newsletter.web.public.fresh import answer
from newsletter.web.public.pages import site_of

KEPT = 3600  # seconds that a browser may keep a style sheet before it asks again
THEME = "theme.css"
_FOLDER = Path(__file__).parents[1] / "static"
_KINDS = {".css": "text/css", ".svg": "image/svg+xml", ".png": "image/png"}
_FILES = {file.name: file.read_bytes() for file in _FOLDER.iterdir() if file.suffix in _KINDS}


async def static(request: Request) -> Response:
    """One of them."""
    name = request.path_params["name"]
    content = site_of(request).colours.encode() if name == THEME else _FILES.get(name)
    if content is None:
        raise HTTPException(404)
    return answer(request, content, _KINDS[Path(name).suffix], keep=f"public, max-age={KEPT}")


ROUTES = [Route("/static/{name}", static)]
