"""The public pages as one ASGI application: ``make_app(site, public, clock, buckets, on_fault)``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Match, Route
from starlette.types import ASGIApp, Scope

from newsletter.clock import Clock
from newsletter.web.public.archive import Archive
from newsletter.web.public.buckets import Buckets
from newsletter.web.public.guard import Guard, sorry
from newsletter.web.public.joining import Joining
from newsletter.web.public.pages import respond
from newsletter.web.public.readers import Readers
from newsletter.web.public.site import Site
from newsletter.web.public.views import archive, health, join, leave, prefer, static

ROUTES = [route for view in (archive, join, leave, prefer, health, static) for route in view.ROUTES]
NOT_FOUND = 404


class Public(Protocol):
    """Everything behind the pages, a desk for each subject."""

    @property
    def readers(self) -> Readers:
        """Who somebody is, and what they choose."""
        ...

    @property
    def joining(self) -> Joining:
        """Forms, and who confirms them."""
        ...

    @property
    def archive(self) -> Archive:
        """Past editions."""
        ...

    async def healthy(self) -> bool:
        """Whether the database answers."""
        ...


def make_app(
    site: Site, public: Public, clock: Clock, buckets: Buckets, on_fault: Callable[[BaseException], None]
) -> ASGIApp:
    """All pages.  ``buckets`` say how often one client may fill in a form.

    ``on_fault`` is told of errors of ours, none of which a reader sees.
    """
    app = Starlette(
        routes=ROUTES,
        exception_handlers={HTTPException: _on_http_error, Exception: _on_fault},
    )
    app.router.redirect_slashes = False  # it would redirect to whatever Host somebody sent
    app.state.site, app.state.public = site, public
    app.state.now, app.state.buckets = clock.now, buckets
    return Guard(app, site.prefix, is_page, on_fault)


def is_page(path: str) -> bool:
    """Whether a view would be asked about this path, whatever it answers."""
    return bool(_fitting({"type": "http", "method": "GET", "path": path}))


def _fitting(scope: Scope) -> list[Route]:
    return [route for route in ROUTES if route.matches(scope)[0] is not Match.NONE]


async def _on_fault(_request: Request, _error: Exception) -> Response:
    return sorry()  # the guard gets the error itself


async def _on_http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code != NOT_FOUND:
        headers = {**(error.headers or {})}
        if "Allow" in headers:  # Starlette names those of the first route that fits (RFC 9110 §10.2.1)
            fitting = _fitting(request.scope)
            headers["Allow"] = ", ".join(sorted(set().union(*(route.methods or () for route in fitting))))
        return PlainTextResponse(f"{error.detail}\n", error.status_code, headers)
    return respond(request, "missing.html.j2", status=NOT_FOUND, personal=True)
