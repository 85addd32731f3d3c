"""Issue catalogs: PO files with the state of every message.

Written without wrapping, line numbers or dates that change by themselves, in
source order, so that one edit is a small diff and any PO editor may be used.
Source of the format: the GNU gettext manual, "The Format of PO Files".
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

import polib

from newsletter.errors import ContentError, Finding, SourceSpan

GENERATOR = "newsletter"


class State(StrEnum):
    """What can be said of one message's translation."""

    TRANSLATED = "translated"
    FUZZY = "fuzzy"
    MISSING = "missing"


def catalog_path(locales: Path, locale: str, slug: str) -> Path:
    """Where the catalog of one issue and locale lies."""
    return locales / locale / "LC_MESSAGES" / "issues" / f"{slug}.po"


def read_catalog(path: Path, shown: str | None = None) -> polib.POFile:
    """Read a catalog; an absent file is an empty catalog.  Raises ContentError for a broken one."""
    if not path.exists():
        return polib.POFile(wrapwidth=0)
    where = shown or str(path)
    try:
        catalog = polib.pofile(path.read_text(encoding="utf-8-sig"), wrapwidth=0)
    except UnicodeDecodeError:
        finding = Finding(SourceSpan(where), "not-utf-8", "the catalog is not UTF-8", "save it as UTF-8")
        raise ContentError([finding]) from None
    except (OSError, ValueError, UnicodeError, IndexError) as error:
        line = next((int(word) for word in str(error).replace(")", " ").split() if word.isdigit()), 1)
        message = f"the catalog is broken: {str(error).splitlines()[0]}"
        hint = "open it in a PO editor, or restore it from git"
        raise ContentError([Finding(SourceSpan(where, line), "broken-catalog", message, hint)]) from None
    return catalog


def write_catalog(catalog: polib.POFile, path: Path) -> None:
    """Write a catalog, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".po.partial")
    partial.write_text(f"{catalog}\n".replace("\n\n\n", "\n\n"), encoding="utf-8")
    partial.replace(path)


def new_header(slug: str, source_locale: str, locale: str, plural_forms: str) -> dict[str, str]:
    """The header of a new catalog.  It holds no date and no name, so that it never changes by itself."""
    return {
        "Project-Id-Version": slug,
        "Language": locale,
        "X-Source-Language": source_locale,
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=UTF-8",
        "Content-Transfer-Encoding": "8bit",
        "Plural-Forms": plural_forms,
        "X-Generator": GENERATOR,
    }


def state(entry: polib.POEntry | None) -> State:
    """The state of one message; an entry that is not there is missing."""
    if entry is None or entry.obsolete or not entry.msgstr.strip():
        return State.MISSING
    return State.FUZZY if entry.fuzzy else State.TRANSLATED


def index(catalog: polib.POFile) -> dict[tuple[str, str], polib.POEntry]:
    """The entries by (context, source text); a living entry goes before an obsolete one."""
    entries = sorted(catalog, key=lambda entry: not entry.obsolete)
    return {(entry.msgctxt or "", entry.msgid): entry for entry in entries}
