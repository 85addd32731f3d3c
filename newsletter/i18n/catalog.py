"""Issue catalogs: PO files with the state of every message.

Written without wrapping, line numbers or dates that change by themselves, in
source order, so that one edit is a small diff and any PO editor may be used.
Source of the format: the GNU gettext manual, "The Format of PO Files".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

import polib

from newsletter.content.source import find_invisible
from newsletter.content.syntax import find_conflicts
from newsletter.errors import ContentError, Finding, SourceSpan
from newsletter.wording import places_in, quoted, said

GENERATOR = "newsletter"
SOURCE_HEADER = "X-Source-Language"
HINT = "open it in a PO editor, or restore it from git"
# How a line begins that carries a text: the mark of an obsolete or earlier one, if any, then a keyword or the text.
_CARRIES_TEXT = re.compile(r'\s*(?:#(?:~\|?|\|)\s*)?(?:msg(?:id|str|ctxt|id_plural)\b(?:\[\d*\])?\s*|(?="))')
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"\s*')


class State(StrEnum):
    """What can be said of one message's translation."""

    TRANSLATED = "translated"
    FUZZY = "fuzzy"
    MISSING = "missing"


def catalog_path(locales: Path, locale: str, slug: str) -> Path:
    """Where the catalog of one issue and locale lies."""
    return issue_folder(locales, locale) / f"{slug}.po"


def issue_folder(locales: Path, locale: str) -> Path:
    """Where the issues' catalogs of one locale lie."""
    return locales / locale / "LC_MESSAGES" / "issues"


def read_catalog(path: Path, shown: str | None = None) -> polib.POFile:
    """Read a catalog; an absent file is an empty catalog.  Raises ContentError for a broken one."""
    if not path.exists():
        return polib.POFile(wrapwidth=0)
    where = shown or str(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
        if findings := [*find_invisible(text, where), *find_conflicts(text, where), *_badly_quoted(text, where)]:
            raise ContentError(findings)
        # The line feed keeps polib from taking the text for a file's name.
        catalog = polib.pofile(f"{text}\n", wrapwidth=0)
    except UnicodeDecodeError:
        finding = Finding(SourceSpan(where), "not-utf-8", said("the catalog is not UTF-8"), said("save it as UTF-8"))
        raise ContentError([finding]) from None
    except (OSError, ValueError, UnicodeError, IndexError) as error:
        line = next((int(word) for word in str(error).replace(")", " ").split() if word.isdigit()), 1)
        message = said("the catalog is broken: %(why)s", why=str(error).splitlines()[0])
        raise ContentError([Finding(SourceSpan(where, line), "broken-catalog", message, HINT)]) from None
    if findings := list(_doubles(catalog, where)):
        raise ContentError(findings)
    return catalog


def _badly_quoted(text: str, where: str) -> Iterator[Finding]:
    """Texts whose quotation marks do not fit; polib would cut off their last letter without a word."""
    for number, line in enumerate(text.split("\n"), 1):
        start = _CARRIES_TEXT.match(line)
        if start and not _QUOTED.fullmatch(line, start.end()):
            hint = said('every text ends with a quotation mark; one inside a text is written \\"')
            message = said("the quotation marks of this text do not fit")
            yield Finding(SourceSpan(where, number, start.end() + 1), "broken-catalog", message, hint)


def _doubles(catalog: polib.POFile, where: str) -> Iterator[Finding]:
    """Messages that stand there twice, as after a merge in git; only one of the translations could be used."""
    lines = {("", ""): 1}  # the header, which polib has taken out
    for entry in catalog:
        if entry.obsolete:
            continue
        line = entry.linenum or 1
        first = lines.setdefault((entry.msgctxt or "", entry.msgid), line)
        if first != line:
            values = {"text": quoted(entry.msgid[:40]), "line": first}
            message = said("the message %(text)s stands here and in line %(line)s", **values)
            yield Finding(SourceSpan(where, line), "broken-catalog", message, said("keep one of them"))


def check_places(catalog: polib.POFile, where: str) -> Iterator[Finding]:
    """Places for values, ``%(name)s``, that a translated word of the program has and its original has not."""
    for entry in catalog:
        known = set(places_in(entry.msgid + (entry.msgid_plural or "")))
        for text in () if entry.obsolete or entry.fuzzy else [entry.msgstr, *entry.msgstr_plural.values()]:
            for name in sorted(set(places_in(text)) - known):
                told = said("there is no value '%(name)s' for this text", name=name)
                hint = said("known are: %(words)s", words=", ".join(sorted(known))) if known else said("take it out")
                yield Finding(SourceSpan(where, entry.linenum or 1), "unknown-placeholder", told, hint)


def write_catalog(catalog: polib.POFile, path: Path) -> None:
    """Write a catalog, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".po.partial")
    partial.write_text(f"{catalog}".rstrip("\n") + "\n", encoding="utf-8")
    partial.replace(path)


def new_header(slug: str, source_locale: str, locale: str, plural_forms: str) -> dict[str, str]:
    """The header of a new catalog.  It holds no date and no name, so that it never changes by itself."""
    return {
        "Project-Id-Version": slug,
        "Language": locale,
        SOURCE_HEADER: source_locale,
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
