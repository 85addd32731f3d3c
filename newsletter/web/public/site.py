"""Whose pages these are, and where: what every page needs and no request changes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit

from newsletter.i18n.locales import PAIR, current_tag, halves_of, is_locale, language_tag, lookup, own_name
from newsletter.render.theme import FONT_STACKS, Letterhead
from newsletter.web.words import Words, accepted, read_words

DOMAIN = "public.po"
LONGEST_TAG = 35  # characters of a language tag that everybody must be able to read; RFC 5646 §4.4.1


@dataclass(frozen=True)
class Site:
    """The organisation, its languages and its addresses.

    ``formats`` are the formatting locales by locale, ``catalogs`` the folders
    of words from the weakest to the strongest, ``contact`` the address for
    questions.  ``editions`` are the locales and pairs that can be chosen,
    ``interests`` the tags that can, each with its name by locale.  Links are
    made of ``letterhead.public_url``, never of what a request says of itself.
    """

    letterhead: Letterhead
    formats: Mapping[str, str]
    catalogs: Sequence[Path]
    contact: str
    timezone: dt.tzinfo
    editions: Sequence[str]
    interests: Mapping[str, Mapping[str, str]]
    confirm_days: int

    @property
    def locales(self) -> tuple[str, ...]:
        """The languages that readers can get, the default first."""
        return self.letterhead.locales

    @cached_property
    def prefix(self) -> str:
        """The path that comes before every page of ours: "" or "/letters"."""
        return urlsplit(self.letterhead.public_url).path.rstrip("/")

    def words(self, locale: str) -> Words:
        """The words of one language."""
        return read_words(DOMAIN, locale, self.catalogs, self.formats.get(locale, locale))

    def offered(self, tag: str) -> str:
        """The language of ours that a tag from outside names, whatever its case or region; "" if none."""
        return lookup(tag, self.locales) if len(tag) <= LONGEST_TAG and is_locale(tag) else ""

    def choose(self, wanted: str, reader: str, header: str) -> str:
        """The language of a page: what the address asks for, else the reader's own, else the best of the browser's."""
        for tag in (wanted, halves_of(reader)[0], *accepted(header[:200])):
            if locale := self.offered(tag):
                return locale
        return self.locales[0]

    def language_names(self, editions: Sequence[str] = ()) -> list[tuple[str, str]]:
        """Each language, or each of ``editions`` (which may be pairs), with its own name for itself, as a title."""
        return [
            (edition, f" {PAIR} ".join(_capital(own_name(half)) for half in halves_of(edition)))
            for edition in editions or self.locales
        ]

    def interests_in(self, locale: str) -> list[tuple[str, str]]:
        """The tags that can be chosen, each with its name in one language."""
        return [(tag, names[locale]) for tag, names in self.interests.items()]

    @cached_property
    def colours(self) -> str:
        """The theme as a style sheet of custom properties: light, and dark for those who ask for it."""
        theme = self.letterhead.theme
        names = ("primary", "accent", "paper", "ground", "ink")
        light = {name: getattr(theme, name) for name in names}
        dark = {name: getattr(theme, f"{name}_dark") for name in names}
        # The header keeps its colours by night, as that of the mails does.
        fixed = {
            "banner": theme.primary,
            "on-banner": theme.paper,
            "highlight": theme.highlight,
            "stripe": theme.accent,
            "heading-font": FONT_STACKS[theme.heading_font],
            "text-font": FONT_STACKS[theme.text_font],
        }
        return (
            f":root {{{_properties({**fixed, **light})}}}\n"
            f"@media (prefers-color-scheme: dark) {{ :root {{{_properties(dark)}}} }}\n"
        )


def stored(edition: str) -> str:
    """A locale or pair as the list keeps it: in small letters, by today's name."""
    return PAIR.join(map(current_tag, halves_of(edition)))


def language_of(locale: str) -> str:
    """``lang=`` of a page."""
    return language_tag(halves_of(locale)[0])


def _properties(values: Mapping[str, str]) -> str:
    return " ".join(f"--{name}: {value};" for name, value in values.items())


def _capital(word: str) -> str:
    return word[:1].upper() + word[1:]
