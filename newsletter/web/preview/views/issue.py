"""``/issues/<slug>``: one issue as a reader gets it, in several views; and what is left to do."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from newsletter.web.preview.frames import SANDBOX, hosts
from newsletter.web.preview.pages import form, issue_url, mail_url, persona_of, respond, see_other
from newsletter.web.preview.studio import Persona, Studio

VIEWS = ("editions", "inbox", "text", "source", "archive")
ANYBODY = Persona(frozenset())  # who reads it on the web


async def issue(request: Request) -> Response:
    """The page of an issue."""
    studio: Studio = request.app.state.studio
    slug, persona = request.path_params["slug"], persona_of(request)
    asked = request.query_params.get("view", "")
    view = asked if asked in VIEWS else VIEWS[0]
    shown = ANYBODY if view == "archive" else persona
    page = await studio.issue(slug, shown)
    return respond(
        request,
        "issue.html.j2",
        page=page,
        reader=persona,
        shown=shown,
        view=view,
        sandbox=SANDBOX,
        mail_url=mail_url,
        hosts=hosts,
    )


async def tasks(request: Request) -> Response:
    """What is left to do, as a piece of the issue's page: it takes longer than the page, and must not hold it up."""
    studio: Studio = request.app.state.studio
    slug = request.path_params["slug"]
    return respond(request, "tasks.html.j2", slug=slug, tasks=await studio.tasks(slug))


async def reader(request: Request) -> Response:
    """Show the issue as the subscriber with an address, which shall not stand in the history of the browser."""
    studio: Studio = request.app.state.studio
    given = await form(request)
    ref = await studio.reader_ref(given.get("address", ""))
    return see_other(issue_url(request.path_params["slug"], Persona(None, ref), view=given.get("view", "")))


ROUTES = [
    Route("/issues/{slug}", issue),
    Route("/issues/{slug}/tasks", tasks),
    Route("/issues/{slug}/reader", reader, methods=["POST"]),
]
