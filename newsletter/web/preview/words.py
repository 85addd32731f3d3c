"""The studio's own words, from ``studio.po``: which languages it has, and which of them a browser gets.

A catalog of its own: whoever adds a language for readers translates their
words and not the whole studio.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from newsletter.i18n.locales import own_name
from newsletter.web.words import Words, accepted, read_words

DOMAIN = "studio.po"
LANGUAGES = ("en", "es")
DEFAULT = "en"


def words_for(language: str, folders: Sequence[Path], format_locale: str = "") -> Words:
    """The words of one language; ``folders`` from the weakest to the strongest."""
    return read_words(DOMAIN, language, folders, format_locale)


def choose(header: str, wanted: str = "") -> str:
    """The language for a browser: the one that somebody chose, else the best of Accept-Language."""
    if wanted in LANGUAGES:
        return wanted
    tags = (tag.lower().partition("-")[0] for tag in accepted(header))
    return next((tag for tag in tags if tag in LANGUAGES), DEFAULT)


def names() -> Iterable[tuple[str, str]]:
    """Each language with its own name for itself."""
    return [(language, own_name(language)) for language in LANGUAGES]
