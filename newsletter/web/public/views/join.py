"""``/subscribe``, ``/subscribe/sent`` and ``/c/<token>``: a form, then a mail, then a button.

The form says the same whether or not somebody has the address already.  The
link in the mail leads to a button, since scanners fetch every link.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from newsletter.audience.choices import SignUp
from newsletter.audience.consent import Agreement, wording_hash
from newsletter.audience.subscribers import MAX_NAME, clean_text, parse_address
from newsletter.web.public.forms import Form, read_form
from newsletter.web.public.joining import Asked, Joined, Joining
from newsletter.web.public.pages import consent_wording, locale_of, respond, site_of, token_of
from newsletter.web.public.site import stored

TRAP = "website"  # a field that no person sees; robots fill in whatever they find
MAX_SOURCE = 60  # characters of the name that an embedded form gives itself
PAGE = "page"
SENT = "/subscribe/sent"
TOO_MANY, UNAVAILABLE = 429, 503
AGAIN = {TOO_MANY: 600, UNAVAILABLE: 3600}  # seconds


async def page(request: Request) -> Response:
    """The empty form."""
    if not _joining(request).open:
        return _later(request, UNAVAILABLE)
    return _form(request, Form())


async def ask(request: Request) -> Response:
    """Take a form in."""
    form = await read_form(request)
    if form.get(TRAP):
        return _sent(request)  # a robot learns nothing
    try:
        email = parse_address(form.get("email"), international=True)
    except ValueError:
        return _form(request, form, wrong=True)
    if not request.app.state.buckets.allow(request.client.host if request.client else ""):
        return _later(request, TOO_MANY)
    site, locale = site_of(request), locale_of(request)
    edition = form.get("edition") if form.get("edition") in site.editions else locale
    source = clean_text(form.get("form"), MAX_SOURCE) or PAGE
    signup = SignUp(
        email=email,
        name=clean_text(form.get("name"), MAX_NAME),
        locale=stored(edition),
        tags=frozenset(form.all("interest")) & frozenset(site.interests),
        agreement=Agreement(
            consent_wording(site.words(locale), site),
            f"form: {source}",
            shown=clean_text(form.get("wording"), len(wording_hash(""))),
        ),
    )
    if not await _joining(request).ask(signup):
        return _later(request, UNAVAILABLE)
    return _sent(request)


async def sent(request: Request) -> Response:
    """The answer to the form once more, for whoever switches its language."""
    return _sent(request)


async def asked(request: Request) -> Response:
    """The button; or what came of it, for whoever switches the language then or follows the link again."""
    found = await _joining(request).asked(token_of(request))
    if not isinstance(found, Asked):
        return _joined(request, found)
    return respond(
        request, "confirm.html.j2", locale=found.locale, personal=True, email=found.email, token=token_of(request)
    )


async def confirm(request: Request) -> Response:
    """The click on it."""
    return _joined(request, await _joining(request).confirm(token_of(request)))


def _joined(request: Request, joined: Joined | None) -> Response:
    if joined is None:
        return respond(request, "expired.html.j2", status=404, personal=True)
    return respond(request, "joined.html.j2", locale=joined.locale, personal=True, token=joined.token)


def _form(request: Request, form: Form, *, wrong: bool = False) -> Response:
    site, locale = site_of(request), locale_of(request)
    wording = consent_wording(site.words(locale), site)
    return respond(
        request,
        "subscribe.html.j2",
        status=422 if wrong else 200,
        given=form,
        wrong=wrong,
        editions=site.language_names(site.editions),
        edition=form.get("edition") if form.get("edition") in site.editions else locale,
        wording=wording,
        shown=wording_hash(wording),
        trap=TRAP,
    )


def _sent(request: Request) -> Response:
    return respond(request, "sent.html.j2", personal=True, path=SENT, days=site_of(request).confirm_days)


def _later(request: Request, status: int) -> Response:
    response = respond(request, "later.html.j2", status=status, personal=True)
    response.headers["Retry-After"] = str(AGAIN[status])
    return response


def _joining(request: Request) -> Joining:
    joining: Joining = request.app.state.public.joining
    return joining


ROUTES = [
    Route("/subscribe", page),
    Route("/subscribe", ask, methods=["POST"]),
    Route(SENT, sent),
    Route("/c/{token}", asked),
    Route("/c/{token}", confirm, methods=["POST"]),
]
