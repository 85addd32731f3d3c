"""``/archive/en``, ``/<issue>.en.html`` and what belongs to an edition: feed, flyer, calendar, pictures."""

from __future__ import annotations

import datetime as dt

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from newsletter.i18n.locales import language_tag, own_name
from newsletter.render import feed as atom
from newsletter.render.facts import Ask
from newsletter.render.links import archive_url, feed_url, index_url
from newsletter.render.public import Surroundings, fill_page, fragment
from newsletter.render.sharing import share_text, sms_text, sms_url, whatsapp_url
from newsletter.web.public.archive import Archive, Page
from newsletter.web.public.fresh import FOR_EVER, answer
from newsletter.web.public.guard import POLICY
from newsletter.web.public.pages import locale_of, piece, respond, site_of

PAGE = 20  # editions on one page of the list
FARTHEST = 10_000  # pages; a number beyond is nobody's
NOT_FOUND = 404
BEGINNING = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)  # dates a feed in which nothing is yet
# A letter is laid out by styles in its elements, as mail needs it; nothing else is let in.
LETTER_POLICY = POLICY.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")


def archive_of(request: Request) -> Archive:
    """Who knows the editions."""
    archive: Archive = request.app.state.public.archive
    return archive


async def any_index(request: Request) -> Response:
    """``/archive``: the list in the language of whoever asks."""
    return await _index(request, locale_of(request))


async def index(request: Request) -> Response:
    """``/archive/en``: the editions in one language, the newest first."""
    return await _index(request, _locale(request))


async def _index(request: Request, locale: str) -> Response:
    archive, site = archive_of(request), site_of(request)
    asked = request.query_params.get("page", "1")
    number = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < len(str(FARTHEST)) else 0
    shelf = await archive.shelf(locale, PAGE, PAGE * (max(number, 1) - 1))
    last = max(1, -(-shelf.total // PAGE))
    if not 1 <= number <= last:
        raise HTTPException(NOT_FOUND)
    now = archive.now()
    return respond(
        request,
        "archive.html.j2",
        locale=locale,
        entries=[(one, [(ask, ask.is_over(now)) for ask in one.edition.facts.asks]) for one in shelf.pages],
        number=number,
        last=last,
        canonical=index_url(site.letterhead, locale),
        feed=feed_url(site.letterhead, locale),
        others=[(language_tag(other), index_url(site.letterhead, other)) for other in site.locales],
    )


async def edition(request: Request) -> Response:
    """``/<issue>.en.html``: one edition as everybody may read it, as it is at this moment."""
    archive, page = archive_of(request), await _page(request)
    if isinstance(page, Response):
        return page
    html = fill_page(page.edition.html, archive.now(), _surroundings(request, page))
    headers = {"Content-Security-Policy": LETTER_POLICY, "Content-Language": language_tag(page.edition.locale)}
    return answer(request, html.encode(), "text/html; charset=utf-8", headers=headers)


def _surroundings(request: Request, page: Page) -> Surroundings:
    site, found = site_of(request), page.edition
    letterhead, locale = site.letterhead, found.locale
    address = archive_url(letterhead, found.slug, locale)
    others = [(other, own_name(other), archive_url(letterhead, found.slug, other)) for other in page.locales]
    values = {
        "edition": found,
        "address": address,
        "feed": feed_url(letterhead, locale),
        "languages": [(other, language_tag(other), name, url) for other, name, url in others],
        "default": next((url for other, _name, url in others if other == site.locales[0]), address),
        "index": f"/archive/{locale}",
        "flyers": [(paper, f"/flyer/{found.slug}.{locale}.{paper}.pdf") for paper in ("letter", "a4")],
        "whatsapp": whatsapp_url(share_text(found.subject, found.facts, address, archive_of(request).now()).text),
        "sms": sms_url(sms_text(found.subject, address).text),
    }
    head, top, end = (piece(request, f"edition-{part}.html.j2", locale, **values) for part in ("head", "top", "end"))
    return Surroundings("", head, top, end)


async def feed(request: Request) -> Response:
    """``/archive/en.atom``: the newest editions of one language, whole."""
    archive, site, locale = archive_of(request), site_of(request), _locale(request)
    letterhead, now = site.letterhead, archive.now()
    shelf = await archive.shelf(locale, atom.LONGEST, whole=True)
    media = f"{letterhead.public_url}/"
    entries = [
        atom.Entry(
            title=page.edition.subject,
            summary=" · ".join((page.edition.preheader, *_over(page, now))),
            html=fragment(fill_page(page.edition.html, now, Surroundings(media))),
            page=archive_url(letterhead, page.edition.slug, locale),
            updated=page.published_at,
            others=tuple(
                (other, archive_url(letterhead, page.edition.slug, other)) for other in page.locales if other != locale
            ),
        )
        for page in shelf.pages
    ]
    name = letterhead.name(locale)
    channel = atom.Channel(name, name, locale, feed_url(letterhead, locale), index_url(letterhead, locale))
    ended = [ask.ends_at for page in shelf.pages for ask in page.edition.facts.asks if ask.ends_at and ask.is_over(now)]
    changed = max([await archive.changed_at(locale) or BEGINNING, *ended])
    return answer(request, atom.atom_feed(channel, entries, BEGINNING), atom.MEDIA_TYPE, changed=changed)


def _over(page: Page, now: dt.datetime) -> list[str]:
    """What can no longer be done."""
    asks: list[Ask] = [ask for ask in page.edition.facts.asks if ask.is_over(now)]
    return [f"{ask.title}: {ask.over}" for ask in asks]


async def flyer(request: Request) -> Response:
    """``/flyer/<issue>.en.a4.pdf``: one page to print."""
    page = await _page(request)
    if isinstance(page, Response):
        return page
    made = await archive_of(request).flyer(page, request.path_params["paper"])
    if made is None:
        raise HTTPException(NOT_FOUND)
    return answer(request, made, "application/pdf")


async def calendar(request: Request) -> Response:
    """``/calendar/<issue>.<block>.en.ics``: one event, for a calendar."""
    page = await _page(request)
    if isinstance(page, Response):
        return page
    text = await archive_of(request).calendar(page, request.path_params["block"])
    if not text:
        raise HTTPException(NOT_FOUND)
    return answer(request, text.encode(), "text/calendar; charset=utf-8; method=PUBLISH")


async def media(request: Request) -> Response:
    """``/media/<name>``: a picture of a mail, also for programs that show mail in a page of their own."""
    picture = await archive_of(request).picture(request.path_params["name"])
    if picture is None:
        raise HTTPException(NOT_FOUND)
    headers = {"Cross-Origin-Resource-Policy": "cross-origin"}
    return answer(request, picture.content, picture.media_type, keep=FOR_EVER, headers=headers)


def _locale(request: Request) -> str:
    """The language in the address, just as the settings write it; 404 for any other."""
    locale: str = request.path_params["locale"]
    if locale not in site_of(request).locales:
        raise HTTPException(NOT_FOUND)
    return locale


async def _page(request: Request) -> Page | Response:
    """The edition in the address; or a page that leads to other languages of it, or to the list of all.

    Nobody is led on to another language unasked: who follows a link to the
    Spanish edition is told in Spanish that there is only an English one.  A
    tag that is written otherwise, or names a region, means its language.
    """
    archive, site, slug = archive_of(request), site_of(request), request.path_params["slug"]
    locale = site.offered(request.path_params["locale"])
    if locale and (found := await archive.page(slug, locale)):
        return found
    known = await archive.languages(slug)
    others = [
        (language_tag(other), own_name(other), one.edition, archive_url(site.letterhead, slug, other))
        for other in site.locales
        if other in known and (one := await archive.page(slug, other))
    ]
    return respond(request, "not-archived.html.j2", status=NOT_FOUND, locale=locale, others=others, personal=True)


ROUTES = [
    Route("/archive", any_index),
    Route("/archive/{locale}.atom", feed),
    Route("/archive/{locale}", index),
    Route("/flyer/{slug}.{locale}.{paper}.pdf", flyer),
    Route("/calendar/{slug}.{block}.{locale}.ics", calendar),
    Route("/media/{name}", media),
    Route("/{slug}.{locale}.html", edition),
]
