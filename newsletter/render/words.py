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

import polib

from newsletter.errors import TemplateError

SOURCE_LOCALE = "en"
DOMAIN = "messages.po"


class Words(Protocol):
    """Translates one template word and puts values into its ``%(name)s``."""

    def __call__(self, msgid: str, **values: object) -> str:
        """Raises TemplateError for a word that the locale's catalogs do not translate."""
        ...


def template_words(locale: str, folders: Sequence[Path]) -> Words:
    """The function ``_(msgid, **values)`` for one locale; ``folders`` from weakest to strongest."""
    found: dict[str, str] = {}
    for folder in folders:
        found.update(_read(folder / locale / "LC_MESSAGES" / DOMAIN))

    def translate(msgid: str, **values: object) -> str:
        text = found.get(msgid, "")
        if not text and locale.partition("_")[0].partition("-")[0] != SOURCE_LOCALE:
            raise TemplateError(
                f"the template word {msgid!r} has no translation into '{locale}'",
                f"add it to locales/{locale}/LC_MESSAGES/{DOMAIN}",
            )
        text = text or msgid
        for name, value in values.items():
            text = text.replace(f"%({name})s", str(value))
        return text

    return translate


def _read(path: Path) -> dict[str, str]:
    return _read_cached(path, path.stat().st_mtime_ns) if path.is_file() else {}


@cache
def _read_cached(path: Path, _changed: int) -> dict[str, str]:
    try:
        catalog = polib.pofile(str(path))
    except (OSError, ValueError, UnicodeError) as error:
        raise TemplateError(f"{path} is broken: {error}", "restore it, or open it in a PO editor") from error
    return {entry.msgid: entry.msgstr for entry in catalog.translated_entries()}
