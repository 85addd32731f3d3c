"""The studio as one ASGI application: ``make_app(studio, hub, door, catalogs)``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response

from newsletter.errors import NewsletterError, UsageError
from newsletter.web.preview import events
from newsletter.web.preview.doing import WholeStudio
from newsletter.web.preview.events import Hub, Since
from newsletter.web.preview.guard import Door, Guard
from newsletter.web.preview.pages import on_error
from newsletter.web.preview.views import (
    approve,
    campaigns,
    files,
    issue,
    mail,
    overview,
    people,
    static,
    translate,
    trial,
)
from newsletter.wording import said

VIEWS = (overview, issue, mail, translate, approve, trial, campaigns, people, files, static, events)


def make_app(
    studio: WholeStudio, hub: Hub, door: Door, catalogs: Sequence[Path], formats: Mapping[str, str] | None = None
) -> Starlette:
    """All pages.

    ``catalogs`` are the folders of words, from the weakest to the strongest;
    ``formats`` is how a language writes dates and numbers, where not its own way.
    """
    app = Starlette(
        routes=[route for view in VIEWS for route in view.ROUTES],
        middleware=[Middleware(Guard, door=door), Middleware(Since, hub=hub)],
        exception_handlers={NewsletterError: on_error, HTTPException: _on_http_error},
    )
    app.state.studio, app.state.hub, app.state.catalogs = studio, hub, tuple(catalogs)
    app.state.formats = formats or {}
    return app


async def _on_http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code != 404:  # noqa: PLR2004 - HTTP's own numbers
        return Response(str(error.detail), error.status_code, error.headers)
    return await on_error(request, UsageError(said("There is no such page.")))
