"""The words of the templates themselves ("Donate", "Unsubscribe"), by locale, from ``messages.po``.

The built-in catalogs come first, the workspace's own over them.  The message
ids are English, so English needs no catalog.  A word without a translation
raises: a half-translated footer is a half-translated edition.

Values are put in after translation and are never ``%``-formatted as text of
an issue would be; issue text must not come here at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Protocol

from newsletter.errors import TemplateError
from newsletter.i18n.catalog import State, read_catalog
from newsletter.i18n.translate import HOLE
from newsletter.wording import said

SOURCE_LOCALE = "en"
DOMAIN = "messages.po"


class Words(Protocol):
    """Translates one template word and puts values into its ``%(name)s``."""

    def __call__(self, msgid: str, **values: object) -> str:
        """Raises TemplateError for a word that the locale's catalogs do not translate."""
        ...


def template_words(locale: str, folders: Sequence[Path], *, draft: bool = False) -> Words:
    """The function ``_(msgid, **values)`` for one locale; ``folders`` from weakest to strongest.

    For a draft a word without a translation is marked as a hole instead of refused.
    """
    found: dict[str, str] = {}
    for folder in folders:
        found.update(_read(folder / locale / "LC_MESSAGES" / DOMAIN))

    def translate(msgid: str, **values: object) -> str:
        text = found.get(msgid, "")
        if not text and locale.partition("_")[0].partition("-")[0] != SOURCE_LOCALE:
            if not draft:
                raise _untranslated(
                    locale, {msgid, *_all_words(folders)} - {word for word, text in found.items() if text}
                )
            text = HOLE.format(state=State.MISSING, text=msgid)
        text = text or msgid
        for name, value in values.items():
            text = text.replace(f"%({name})s", str(value))
        return text

    return translate


def _untranslated(locale: str, words: set[str]) -> TemplateError:
    """The error that names every word still to be translated, as far as other languages' catalogs know them."""
    told = ", ".join(repr(word) for word in sorted(words))
    return TemplateError(
        said("words of the templates have no translation into '%(locale)s': %(words)s", locale=locale, words=told),
        said("add them to %(file)s", file=f"locales/{locale}/LC_MESSAGES/{DOMAIN}"),
    )


def _all_words(folders: Sequence[Path]) -> set[str]:
    return {word for folder in folders for path in folder.glob(f"*/LC_MESSAGES/{DOMAIN}") for word in _read(path)}


def _read(path: Path) -> dict[str, str]:
    return _read_cached(path, path.stat().st_mtime_ns) if path.is_file() else {}


@cache
def _read_cached(path: Path, _changed: int) -> dict[str, str]:
    catalog = read_catalog(path, "/".join(path.parts[-4:]))  # from ``locales/`` on, as staff know it
    return {entry.msgid: "" if entry.fuzzy else entry.msgstr for entry in catalog if not entry.obsolete}
