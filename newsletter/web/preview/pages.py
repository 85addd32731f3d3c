"""Templates as pages, in the language of whoever asks; forms; and what becomes of an error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from newsletter.errors import NewsletterError, UsageError
from newsletter.web.preview.studio import Persona, Place
from newsletter.web.preview.words import choose, names, words_for
from newsletter.web.words import Words

LANGUAGE_COOKIE = "studio-language"
YEAR = 365 * 24 * 3600  # seconds
_HERE = Path(__file__).parent
_JINJA = Environment(
    loader=FileSystemLoader(_HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def language_of(request: Request) -> str:
    """The language that this browser is answered in."""
    return choose(request.headers.get("accept-language", ""), request.cookies.get(LANGUAGE_COOKIE, ""))


def words_of(request: Request) -> Words:
    """The words of that language."""
    folders: Sequence[Path] = request.app.state.catalogs
    language = language_of(request)
    return words_for(language, folders, request.app.state.formats.get(language, ""))


def respond(request: Request, template: str, *, status: int = 200, **values: object) -> Response:
    """A page.  Templates see ``values`` and what every page needs: words, language, links."""
    words = words_of(request)
    page = _JINJA.get_template(template).render(
        _=words,
        ngettext=words.plural,
        words=words,
        language=words.language,
        languages=list(names()),
        here=request.url.path + (f"?{request.url.query}" if request.url.query else ""),
        told=request.state.told,
        issue_url=issue_url,
        place_url=place_url,
        translate_url=translate_url,
        **values,
    )
    headers = {"Content-Language": words.language, "Vary": "Accept-Language, Cookie"}
    return HTMLResponse(page, status, headers)


async def form(request: Request) -> Mapping[str, str]:
    """The fields of a form; of two with one name, the last."""
    body = await request.body()
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))


def see_other(path: str) -> Response:
    """Go on to another page of the studio, as after a form."""
    return RedirectResponse(path if is_own_path(path) else "/", 303)


def is_own_path(path: str) -> bool:
    """Whether this leads to a page of the studio: "//elsewhere" and "/\\elsewhere" do not."""
    return path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()


def issue_url(slug: str, persona: Persona | None = None, **query: str) -> str:
    """The page of an issue, as somebody gets it."""
    pairs = [*persona_query(persona or Persona()), *((key, value) for key, value in query.items() if value)]
    return f"/issues/{quote(slug)}" + (f"?{urlencode(pairs)}" if pairs else "")


def mail_url(slug: str, locale: str, persona: Persona, **query: str) -> str:
    """The frame of one edition."""
    pairs = [*persona_query(persona), *((key, value) for key, value in query.items() if value)]
    return f"/mail/{quote(slug)}/{quote(locale)}" + (f"?{urlencode(pairs)}" if pairs else "")


def persona_query(persona: Persona) -> list[tuple[str, str]]:
    """A persona as the fields of an address."""
    pairs = [] if persona.segments is None else [("as", "some"), *(("in", name) for name in sorted(persona.segments))]
    return pairs if persona == Persona(persona.segments) else [*pairs, ("person", persona.person)]


def persona_of(request: Request) -> Persona:
    """The persona that an address asks for."""
    query = request.query_params
    segments = frozenset(query.getlist("in")) if query.get("as") == "some" else None
    person = query.get("person", "")
    return Persona(segments, person) if person else Persona(segments)


def translate_url(slug: str, locale: str, **query: str) -> str:
    """The translators' page of an edition."""
    pairs = [(key, value) for key, value in query.items() if value]
    return f"/issues/{quote(slug)}/translate/{quote(locale)}" + (f"?{urlencode(pairs)}" if pairs else "")


def place_url(place: Place) -> str:
    """Where something can be seen and mended: the one place that decides it for all lists."""
    folder, slash, name = place.path.rpartition("/issues/")
    if slash and folder and place.locale and name.endswith(".po"):
        line = str(place.line) if place.context and place.line else ""
        return translate_url(name.removesuffix(".po"), place.locale, context=place.context, line=line)
    return f"/files/{quote(place.path)}" + (f"#L{place.line}" if place.line else "")


async def on_error(request: Request, error: Exception) -> Response:
    """What staff can put right, as a page; a thing that does not exist is a 404."""
    assert isinstance(error, NewsletterError)
    status = 404 if isinstance(error, UsageError) else 422
    return respond(request, "problem.html.j2", status=status, error=error)
