"""Words of pages, from a catalog: one reader of PO files for the studio and for the public pages.

The built-in catalogs come first, the workspace's over them, as with the words
of templates.  The message ids are English, and stand where a translation is
missing: a page is no mail, and half of a page is better than none.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from babel.dates import format_skeleton

from newsletter.errors import ContentError
from newsletter.i18n.catalog import read_catalog
from newsletter.i18n.formats import Formats
from newsletter.wording import Said, fill

SOURCE_LANGUAGE = "en"  # of the message ids
_NO_BREAK = "\u00a0"


@dataclass(frozen=True, slots=True)
class Words:
    """Translates for one language; ``format_locale`` is how it writes dates and numbers, its own way if empty."""

    language: str
    texts: dict[str, tuple[str, ...]]
    format_locale: str = ""

    @property
    def formats(self) -> Formats:
        """How this language writes dates and numbers."""
        return Formats(self.format_locale or self.language)

    def __call__(self, msgid: str, **values: object) -> str:
        """One word or sentence; ``%(name)s`` in it is replaced by a value, after translation."""
        return fill(self._text(msgid), values)

    def _text(self, msgid: str) -> str:
        return self.texts.get(msgid, (msgid,))[0]

    def say(self, text: str) -> str:
        """What another room said (``wording.py``), in this language as far as its words are known."""
        return text.told(self._text) if isinstance(text, Said) else text

    def spoken(self, text: str) -> str:
        """The language that ``say`` says it in."""
        known = isinstance(text, Said) and all(pattern in self.texts for pattern in text.patterns())
        return self.language if known else SOURCE_LANGUAGE

    def plural(self, one: str, many: str, count: int, **values: object) -> str:
        """The form that ``count`` takes; ``%(count)s`` in it is the number, as the language writes it."""
        forms = self.texts.get(one, (one, many))
        text = self.formats.plural(count, forms)
        return fill(text, {"count": self.formats.number(count), **values})

    def short_day(self, date: dt.date) -> str:
        """A day as lists of mails have it: "Jun 3", "3 jun"."""
        return format_skeleton("MMMd", date, locale=self.language)

    def size(self, count: int) -> str:
        """Bytes, for people: "38 KB"."""
        return f"{self.formats.number(max(1, round(count / 1000)))}{_NO_BREAK}KB"


def read_words(domain: str, language: str, folders: Iterable[Path], format_locale: str) -> Words:
    """The words of one language from the catalogs called ``domain``; ``folders`` from the weakest to the strongest."""
    texts: dict[str, tuple[str, ...]] = {}
    for folder in folders:
        path = folder / language / "LC_MESSAGES" / domain
        if path.is_file():
            texts.update(_read(path, path.stat().st_mtime_ns))
    return Words(language, texts, format_locale)


def accepted(header: str) -> Sequence[str]:
    """The language tags of an Accept-Language header, the most wanted first (RFC 9110 §12.5.4)."""
    offers = []
    for part in header.split(","):
        tag, _semicolon, weight = part.strip().partition(";")
        try:
            quality = float(weight.strip().removeprefix("q=") or 1)
        except ValueError:
            quality = 0.0
        if tag.strip() and quality > 0:
            offers.append((-quality, tag.strip()))
    return [tag for _quality, tag in sorted(offers, key=lambda offer: offer[0])]


@cache
def _read(path: Path, _changed: int) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    try:
        catalog = read_catalog(path)
    except ContentError:
        return found  # a broken catalog of the workspace's own; English will do
    for entry in catalog:
        if entry.obsolete or entry.fuzzy:
            continue
        forms = (
            tuple(entry.msgstr_plural[n] for n in sorted(entry.msgstr_plural))
            if entry.msgstr_plural
            else (entry.msgstr,)
        )
        if all(forms):
            found[entry.msgid] = forms
    return found
