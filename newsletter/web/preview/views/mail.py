"""``/mail/<slug>/<locale>``: one edition for a frame, or its source as a file; and the pictures in it."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from newsletter.web.preview.frames import Look, framed, policy
from newsletter.web.preview.pages import persona_of
from newsletter.web.preview.studio import Mail, Studio

DAY = 24 * 3600  # seconds


async def frame(request: Request) -> Response:
    """The HTML of an edition, in the look that is asked for."""
    mail = await _mail(request)
    asked = request.query_params.get("look", "")
    look = Look(asked) if asked in set(Look) else Look.LIGHT
    return HTMLResponse(framed(mail.framed, look), headers={"Content-Security-Policy": policy(mail.framed, look)})


async def source(request: Request) -> Response:
    """The whole message as a file, which mail programs open."""
    mail, params = await _mail(request), request.path_params
    name = f"{params['slug']}.{params['locale']}.eml".encode("ascii", "replace").decode()
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(mail.source, media_type="message/rfc822", headers=headers)


async def picture(request: Request) -> Response:
    """A picture of a mail.  Its name holds a hash of its content, so browsers may keep it."""
    studio: Studio = request.app.state.studio
    found = await studio.picture(request.path_params["name"])
    if found is None:
        raise HTTPException(404)
    headers = {"Cache-Control": f"private, max-age={DAY}, immutable"}
    return Response(found.data, media_type=found.media_type, headers=headers)


async def _mail(request: Request) -> Mail:
    studio: Studio = request.app.state.studio
    params = request.path_params
    edition = await studio.mail(params["slug"], params["locale"], persona_of(request))
    if edition.mail is None:
        raise HTTPException(404)
    return edition.mail


ROUTES = [
    Route("/mail/{slug}/{locale}", frame),
    Route("/mail/{slug}/{locale}/source", source),
    Route("/media/{name}", picture),
]
