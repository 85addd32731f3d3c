"""``/p/<token>``: what somebody gets: language, name, interests, which mail, a pause; and coming back."""

from __future__ import annotations

import datetime as dt

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from newsletter.audience.choices import Choices
from newsletter.audience.consent import Agreement
from newsletter.audience.subscribers import MAX_NAME, Status, Subscriber, clean_text
from newsletter.content.schema import MailKind
from newsletter.i18n.locales import choose_locale
from newsletter.web.public.forms import Form, read_form
from newsletter.web.public.pages import DONE, consent_wording, locale_of, respond, site_of, token_of
from newsletter.web.public.readers import Readers
from newsletter.web.public.site import Site, stored

PAUSES = (2, 4, 8, 12)  # weeks
KEEP, NO_PAUSE = "keep", "no"


async def page(request: Request) -> Response:
    """What they get now, and what they have just done about it."""
    return _shown(request, await _readers(request).find(token_of(request)), request.query_params.get(DONE, ""))


async def save(request: Request) -> Response:
    """Keep what the form says; with the field ``back``, put somebody who left on the list again."""
    token, form = token_of(request), await read_form(request)
    reader = await _readers(request).find(token)
    if reader is None:
        return _shown(request, None)
    if "back" in form:
        words = site_of(request).words(locale_of(request, reader.locale))
        wording = consent_wording(words, site_of(request))
        await _readers(request).stay(token, "", Agreement(wording, "page of preferences"))
        return _shown(request, await _readers(request).find(token), "back")
    choices = _choices(site_of(request), reader, form, request.app.state.now())
    return _shown(request, await _readers(request).choose(token, choices), "saved")


def _shown(request: Request, reader: Subscriber | None, done: str = "") -> Response:
    if reader is None:
        return respond(request, "unknown.html.j2", status=404, personal=True)
    site = site_of(request)
    pause = reader.paused_until if reader.paused_until and reader.paused_until > request.app.state.now() else None
    return respond(
        request,
        "prefer.html.j2" if reader.status is Status.SUBSCRIBED else "return.html.j2",
        locale=reader.locale,
        personal=True,
        query={DONE: done},
        reader=reader,
        editions=site.language_names(site.editions),
        edition=choose_locale(reader.locale, site.locales).locale,
        paused_until=pause.astimezone(site.timezone).date() if pause else None,
        pauses=PAUSES,
        wording=consent_wording(site.words(locale_of(request, reader.locale)), site),
        done=done,
        token=token_of(request),
    )


def _choices(site: Site, reader: Subscriber, form: Form, now: dt.datetime) -> Choices:
    """What the form says.  What it says nothing of, or nonsense, stays as it is."""
    edition = form.get("edition")
    chosen = edition in site.editions and edition != choose_locale(reader.locale, site.locales).locale
    which = form.get("which")
    return Choices(
        name=clean_text(form.get("name"), MAX_NAME) if "name" in form else reader.name,
        locale=stored(edition) if chosen else reader.locale,
        tags=frozenset(form.all("interest")),
        offered=frozenset(site.interests) if "interests" in form else frozenset(),
        declined=which if which in ("", *MailKind) and "which" in form else reader.declined,
        paused_until=_pause(form.get("pause"), reader, now),
    )


def _pause(text: str, reader: Subscriber, now: dt.datetime) -> dt.datetime | None:
    if text == NO_PAUSE:
        return None
    weeks = {str(weeks): weeks for weeks in PAUSES}.get(text)
    return now + dt.timedelta(weeks=weeks) if weeks else reader.paused_until


def _readers(request: Request) -> Readers:
    readers: Readers = request.app.state.public.readers
    return readers


ROUTES = [Route("/p/{token}", page), Route("/p/{token}", save, methods=["POST"])]
