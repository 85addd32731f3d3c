"""``/issues/<slug>/translate/<locale>``: an edition message by message, and the form for one of them."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from newsletter.web.preview.pages import form, respond, see_other, translate_url
from newsletter.web.preview.translating import (
    FUZZY,
    MISSING,
    TRANSLATED,
    Draft,
    Editing,
    Kept,
    Translating,
    Translation,
)

TODO, ALL = "todo", "all"
SHOWN = {
    TODO: (MISSING, FUZZY),
    MISSING: (MISSING,),
    FUZZY: (FUZZY,),
    TRANSLATED: (TRANSLATED,),
    ALL: (MISSING, FUZZY, TRANSLATED),
}


async def edition(request: Request) -> Response:
    """The list of all messages, and the form for the one that is asked for."""
    slug, locale = _names(request)
    desk, query = _desk(request), request.query_params
    if "block" in query:
        key = await desk.nearest(slug, locale, query["block"], query.get("text", ""))
        return see_other(translate_url(slug, locale, m=key))
    page = await desk.edition(slug, locale)
    if "context" in query:
        return see_other(translate_url(slug, locale, m=_in_context(page, query["context"], query.get("line", ""))))
    key = query.get("m", "")
    editing = await desk.editing(slug, locale, key) if key else None
    draft = Draft(editing.item.target, editing.print) if editing else None
    return _page(
        request, page, editing, draft, Kept(saved=bool(query.get("saved")), gone=bool(key) and editing is None)
    )


async def save(request: Request) -> Response:
    """Save a translation and go on; where it cannot be saved, show why, with what was written."""
    slug, locale = _names(request)
    desk, given = _desk(request), await form(request)
    key = given.get("key", "")
    draft = Draft(given.get("text", ""), given.get("print", ""), unsure="unsure" in given)
    kept = await desk.save(slug, locale, key, draft)
    page = await desk.edition(slug, locale)
    show = _shown(given)
    if kept.saved:
        following = page.after(key) if given.get("then") == "next" else page.find(key)
        return see_other(translate_url(slug, locale, m=following.key if following else "", show=show, saved="1"))
    return _page(request, page, await desk.editing(slug, locale, key), draft, kept, status=409)


async def check(request: Request) -> Response:
    """What the checks say of a text that is being written; a piece of the page."""
    slug, locale = _names(request)
    given = await form(request)
    remarks = await _desk(request).check(slug, locale, given.get("key", ""), given.get("text", ""))
    return respond(request, "remarks.html.j2", remarks=remarks, written=bool(given.get("text", "").strip()))


def _page(
    request: Request, page: Translation, editing: Editing | None, draft: Draft | None, kept: Kept, *, status: int = 200
) -> Response:
    show = _shown(request.query_params)
    key = editing.item.key if editing else ""
    return respond(
        request,
        "translate.html.j2",
        status=status,
        page=page,
        editing=editing,
        draft=draft,
        kept=kept,
        show=show,
        shown=[item for item in page.items if item.state in SHOWN[show] or item.key == key],
        following=page.after(key),
        previous=page.before(key) if key else None,
    )


def _shown(given: Mapping[str, str]) -> str:
    show = given.get("show", ALL)
    return show if show in SHOWN else ALL


def _in_context(page: Translation, context: str, line: str) -> str:
    """The message of a finding: the one at its line, else the first of its context with something left to do."""
    found = [item for item in page.items if item.context == context]
    found.sort(key=lambda item: (str(item.line) != line, item.done))
    return found[0].key if found else ""


def _names(request: Request) -> tuple[str, str]:
    return request.path_params["slug"], request.path_params["locale"]


def _desk(request: Request) -> Translating:
    desk: Translating = request.app.state.studio.translation
    return desk


ROUTES = [
    Route("/issues/{slug}/translate/{locale}", edition),
    Route("/issues/{slug}/translate/{locale}", save, methods=["POST"]),
    Route("/issues/{slug}/translate/{locale}/check", check, methods=["POST"]),
]
