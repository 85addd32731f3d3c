"""Templates as pages, in the language of whoever asks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import quote, urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from newsletter.audience.consent import wording_hash
from newsletter.i18n.locales import direction
from newsletter.web.public.site import Site, language_of
from newsletter.web.words import Words

LANGUAGE_FIELD = "lang"
DONE = "done"  # in the address of a page that says what was done, for whoever switches its language
_JINJA = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def site_of(request: Request) -> Site:
    """Whose page it is."""
    site: Site = request.app.state.site
    return site


def wanted_language(request: Request) -> str:
    """The language that somebody chose on the page before: one of ours, or ""."""
    return site_of(request).offered(request.query_params.get(LANGUAGE_FIELD, ""))


def locale_of(request: Request, reader: str = "") -> str:
    """The language of the page: chosen, else the ``reader``'s own locale, else the browser's."""
    header = request.headers.get("accept-language", "")
    return site_of(request).choose(wanted_language(request), reader, header)


def own_url(request: Request) -> Callable[..., str]:
    """What makes an address of a page of ours: the path prefix before it, the chosen language and ``query`` behind."""
    site, wanted = site_of(request), wanted_language(request)

    def url(path: str, **query: str) -> str:
        pairs = {LANGUAGE_FIELD: language_of(wanted) if wanted else "", **query}
        told = urlencode({key: value for key, value in pairs.items() if value})
        # With two slashes at its beginning it would be the address of another host.
        return f"{site.prefix}/{quote(path.lstrip('/'))}" + (f"?{told}" if told else "")

    return url


def token_of(request: Request) -> str:
    """The token in the path, without what a mail client took for a part of the link."""
    token: str = request.path_params["token"]
    return token.rstrip(".,;:!?)>]}'\"")


def masked(email: str) -> str:
    """An address that its owner knows again, and nobody learns to whom a mail with the link was passed on."""
    local, _at, domain = email.rpartition("@")
    return f"{local[:1]}•••@{domain}"


def snippet(site: Site, locale: str, trap: str) -> str:
    """The form to join, as plain HTML for another website."""
    words = site.words(locale)
    wording = consent_wording(words, site)
    return _JINJA.get_template("snippet.html.j2").render(
        _=words,
        letterhead=site.letterhead,
        lang=language_of(locale),
        locale=locale,
        editions=site.language_names(site.editions),
        interests=site.interests_in(locale),
        wording=wording,
        shown=wording_hash(wording),
        trap=trap,
    )


def consent_wording(words: Words, site: Site) -> str:
    """What somebody agrees to who joins; kept with the consent, to the letter."""
    return words(
        "Yes, I would like e-mails from %(organisation)s: news, calls to action and appeals for donations."
        " I can unsubscribe at any time with the link in every e-mail.",
        organisation=site.letterhead.name(words.language),
    )


def piece(request: Request, template: str, locale: str, **values: object) -> str:
    """A part of a page that is not made of ``base.html.j2``."""
    site = site_of(request)
    words = site.words(locale)
    return _JINJA.get_template(template).render(
        _=words,
        lang=language_of(locale),
        dir=direction(locale),
        organisation=site.letterhead.name(locale),
        own=lambda path: f"{site.prefix}{quote(path)}",
        **values,
    )


def respond(
    request: Request,
    template: str,
    *,
    status: int = 200,
    locale: str = "",
    personal: bool = False,
    path: str = "",
    query: Mapping[str, str] | None = None,
    **values: object,
) -> Response:
    """A page.  Templates see ``values`` and what every page needs: words, language, links.

    ``locale`` is that of the reader, if one is known.  A ``personal`` page is
    found by no search engine.  ``path`` and ``query`` are where a GET shows the
    same page in another language, if not where it was asked for.
    """
    site, url = site_of(request), own_url(request)
    chosen = locale_of(request, locale)
    words = site.words(chosen)
    if query is None:
        query = {} if path else {key: value for key, value in request.query_params.items() if key != LANGUAGE_FIELD}
    page = _JINJA.get_template(template).render(
        _=words,
        ngettext=words.plural,
        words=words,
        formats=words.formats,
        locale=chosen,
        lang=language_of(chosen),
        dir=direction(chosen),
        organisation=site.letterhead.name(chosen),
        letterhead=site.letterhead,
        contact=site.contact,
        interests=site.interests_in(chosen),
        languages=[
            (
                other,
                language_of(other),
                name,
                url(path or request.scope["path"], **{**query, LANGUAGE_FIELD: language_of(other)}),
            )
            for other, name in site.language_names()
        ],
        url=url,
        personal=personal,
        masked=masked,
        language_field=LANGUAGE_FIELD,
        chosen_language=language_of(wanted_language(request)) if wanted_language(request) else "",
        **values,
    )
    headers = {"Content-Language": language_of(chosen), "Vary": "Accept-Language"}
    if personal:
        headers["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    return HTMLResponse(page, status, headers)
