"""``/u/<token>``: leaving, by one click of a mail client or by a button.

A POST says what is to be done and is always answered with 200, whoever it is
for: RFC 8058 §3.1 wants no cookie, no redirect and no second step.  A GET
shows buttons and changes nothing.
Source: RFC 8058; RFC 2369 §3.2.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from newsletter.audience.choices import Member
from newsletter.audience.consent import Agreement
from newsletter.audience.subscribers import Subscriber
from newsletter.content.schema import MailKind
from newsletter.web.public.forms import is_one_click, read_form
from newsletter.web.public.pages import DONE, locale_of, respond, site_of, token_of
from newsletter.web.public.readers import Readers
from newsletter.web.public.site import language_of

EVERYTHING = ""


async def page(request: Request) -> Response:
    """What can be left, and the buttons for it; or what was done, as far as that still holds."""
    reader = await _readers(request).find(token_of(request))
    if reader is None:
        return respond(request, "unknown.html.j2", status=404, personal=True)
    query = request.query_params
    return _shown(request, reader, _kind(query.get("of", "")), query.get(DONE, ""))


async def leave(request: Request) -> Response:
    """Leave, or with the field ``undo`` take it back.  Whatever else is posted, or nothing, means: everything."""
    token, form = token_of(request), await read_form(request)
    if is_one_click(form):
        return _told(request, await _readers(request).leave(token, EVERYTHING, way="one-click"))
    kind = _kind(form.get("what"))
    if "undo" in form:
        words = site_of(request).words(locale_of(request))
        agreement = Agreement(words("Put me back on the list"), "page to unsubscribe")
        member = await _readers(request).stay(token, kind, agreement)
        done = "stayed"
    else:
        member = await _readers(request).leave(token, kind, way="page")
        done = "left"
    if member is None:
        return respond(request, "unknown.html.j2", personal=True)
    return _shown(request, member, kind, done)


def _told(request: Request, member: Member | None) -> Response:
    """The answer to a mail client, which shows it to nobody: a few words, for hundreds may come in a second."""
    words = site_of(request).words(locale_of(request, member.locale if member else ""))
    if member is None:
        text = f"{words('We cannot tell whose link this is')}. {words('Write to us')}: {site_of(request).contact}\n"
    else:
        text = f"{words('You are off the list')}.\n"
    return PlainTextResponse(text, headers={"Content-Language": language_of(words.language)})


def _shown(request: Request, reader: Subscriber | Member, kind: str, done: str = "") -> Response:
    return respond(
        request,
        "leave.html.j2",
        locale=reader.locale,
        personal=True,
        query={"of": kind, DONE: done},
        reader=reader,
        kind=kind,
        done=done,
        token=token_of(request),
    )


def _kind(text: str) -> str:
    """A kind of mail that somebody may do without; everything, for any other word."""
    return text if text in {kind.value for kind in MailKind} else EVERYTHING


def _readers(request: Request) -> Readers:
    readers: Readers = request.app.state.public.readers
    return readers


ROUTES = [Route("/u/{token}", page), Route("/u/{token}", leave, methods=["POST"])]
