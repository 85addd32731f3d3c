"""The links that every edition carries: unsubscribe, preferences, the web page, the other languages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from newsletter.i18n.locales import own_name
from newsletter.render.bilingual import Letter, editions_of
from newsletter.render.theme import Letterhead
from newsletter.render.words import Words

# Marks that stand for one reader's own links; the delivery fills them.
UNSUBSCRIBE_FIELD, PREFERENCES_FIELD = "unsubscribe_url", "preferences_url"


@dataclass(frozen=True, slots=True)
class OtherEdition:
    """The same issue in another language, offered in that language."""

    locale: str
    label: str
    url: str


def archive_url(letterhead: Letterhead, slug: str, locale: str) -> str:
    """Where an edition can be read as a web page: ``render --out`` writes the file of that name."""
    return f"{letterhead.public_url}/{slug}.{locale}.html"


def other_editions(letterhead: Letterhead, letter: Letter, words_for: Callable[[str], Words]) -> list[OtherEdition]:
    """Every other language of the workspace, in the order of the settings."""
    here = [edition.locale for edition in editions_of(letter)]
    found = []
    for locale in letterhead.locales:
        if locale not in here:
            words = words_for(locale)
            label = words("Read this in %(language)s", language=own_name(locale))
            found.append(OtherEdition(locale, label, archive_url(letterhead, letter.slug, locale)))
    return found
