"""``/issues/<slug>/send``, ``/campaigns`` and ``/campaigns/<number>``: planning, starting and watching campaigns."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from newsletter.errors import NewsletterError, UsageError
from newsletter.web.preview.campaigns import Campaigning, Watched
from newsletter.web.preview.pages import form, respond, see_other
from newsletter.wording import said

MINUTE, HOUR = 60, 3600  # seconds
LONGEST = 10  # digits that no number of a campaign has


async def start_page(request: Request) -> Response:
    """Whom a campaign would reach, and the form that starts it."""
    chosen = tuple(dict.fromkeys(request.query_params.getlist("segment")))
    missed = _number(request.query_params.get("missed", ""))
    page = await _desk(request).start_page(request.path_params["slug"], chosen, missed)
    return respond(request, "send.html.j2", page=page, chosen=chosen, refused=None)


async def start(request: Request) -> Response:
    """Start it, if the number that was typed is the number of people."""
    slug, given = request.path_params["slug"], await form(request)
    desk, chosen = _desk(request), tuple(given.get("segments", "").split())
    typed = "".join(given.get("people", "").split()).replace(",", "").replace(".", "")
    missed = _number(given.get("missed", ""))
    try:
        at = given.get("at", "").replace("T", " ") if "later" in given else ""
        if "later" in given and not at:
            raise UsageError(said("Say when it should start."))
        number = await desk.start(slug, chosen, int(typed) if typed.isdecimal() else -1, at, missed)
    except NewsletterError as error:
        page = await desk.start_page(slug, chosen, missed)
        return respond(request, "send.html.j2", status=409, page=page, chosen=chosen, refused=error)
    return see_other(f"/campaigns/{number}")


async def every(request: Request) -> Response:
    """All campaigns."""
    return respond(request, "campaigns.html.j2", campaigns=await _desk(request).all())


async def watch(request: Request) -> Response:
    """One campaign."""
    return _watched(request, await _desk(request).watch(request.path_params["number"]), None)


async def unreached(request: Request) -> Response:
    """Whose copy was not accepted, as a piece of the page."""
    number = request.path_params["number"]
    people, more = await _desk(request).unreached(number)
    return respond(request, "campaign-people.html.j2", number=number, people=people, more=more)


async def decide(request: Request) -> Response:
    """Pause it, let it go on, cancel the rest, or decide of those in doubt."""
    number, given = request.path_params["number"], await form(request)
    desk = _desk(request)
    try:
        match given.get("do"):
            case "pause":
                await desk.pause(number)
            case "resume":
                await desk.resume(number)
            case "cancel" if given.get("sure"):
                await desk.cancel(number)
            case "resolve":
                await desk.resolve(number, given.get("verdict", ""))
            case _:
                raise UsageError(said("Nothing was decided."))
    except NewsletterError as error:
        return _watched(request, await desk.watch(number), error)
    return see_other(f"/campaigns/{number}")


def _watched(request: Request, watched: Watched, refused: NewsletterError | None) -> Response:
    status = 409 if refused else 200
    return respond(
        request, "campaign.html.j2", status=status, watched=watched, refused=refused, minute=MINUTE, hour=HOUR
    )


def _number(text: str) -> int:
    """The number of a campaign; 0 for none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < LONGEST else 0


def _desk(request: Request) -> Campaigning:
    desk: Campaigning = request.app.state.studio.campaigns
    return desk


ROUTES = [
    Route("/issues/{slug}/send", start_page),
    Route("/issues/{slug}/send", start, methods=["POST"]),
    Route("/campaigns", every),
    Route("/campaigns/{number:int}", watch),
    Route("/campaigns/{number:int}/people", unreached),
    Route("/campaigns/{number:int}", decide, methods=["POST"]),
]
