"""``/static/<name>``: the style sheet and pictures, which lie in memory, and the colours of the theme."""

from __future__ import annotations

import hashlib
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from newsletter.web.public.pages import site_of

KEPT = 3600  # seconds that a browser may keep a style sheet before it asks again
THEME = "theme.css"
_FOLDER = Path(__file__).parents[1] / "static"
_KINDS = {".css": "text/css", ".svg": "image/svg+xml", ".png": "image/png"}
_FILES = {file.name: file.read_bytes() for file in _FOLDER.iterdir() if file.suffix in _KINDS}


async def static(request: Request) -> Response:
    """One of them; 304 for whoever has it already (RFC 9110 §13.1.2)."""
    name = request.path_params["name"]
    content = site_of(request).colours.encode() if name == THEME else _FILES.get(name)
    if content is None:
        raise HTTPException(404)
    tag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
    headers = {"Cache-Control": f"public, max-age={KEPT}", "ETag": tag}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=_KINDS[Path(name).suffix], headers=headers)


ROUTES = [Route("/static/{name}", static)]
