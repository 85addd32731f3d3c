"""What one row of a translator's file is, and the three codes by which it finds its way back.

- The *key* is ``<issue>/<locale>/<letters>``; the letters are a hash of the
  message's context and source text, so that it does not depend on any order.
- The *source hash* is a hash of the source text alone.  It shows rows whose
  cells were sorted apart.
- *exported* is the state and a hash of the translation as they were when the
  file was written.  By it an import knows what the volunteer changed, and
  what has been changed in the catalog since.

Hashes are SHA-256, cut, and written in the letters a to p only: a spreadsheet
would take ``12e4`` for a number.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import polib

from newsletter.content.characters import FORBIDDEN
from newsletter.errors import ContentError, Finding, SourceSpan, TranslationError
from newsletter.i18n.catalog import State, index, state
from newsletter.i18n.exchange.words import words_for
from newsletter.i18n.messages import Message

LETTERS = 12  # of a hash: 48 bits, so that 2,000 messages collide with a chance of 1 in 100 million
_HASH = f"[a-p]{{{LETTERS}}}"
KEY = re.compile(r"(?P<issue>[^/\\]+)/(?P<locale>[A-Za-z0-9_-]+)/" + _HASH)
EXPORTED = re.compile(r"(?P<state>translated|fuzzy|missing)-(?P<hash>" + _HASH + ")")
_TO_LETTERS = str.maketrans("0123456789abcdef", "abcdefghijklmnop")
SHOWN = 60  # characters of a text in a message for staff


@dataclass(frozen=True, slots=True)
class Row:
    """One message in a file.  ``number`` counts the rows as the program shows them; the header is row 1."""

    number: int
    key: str
    source_hash: str
    exported: str
    state: str
    context: str
    source: str
    translation: str
    note: str = ""

    @property
    def beginning(self) -> str:
        """The start of the source, by which people find a row that was moved."""
        return shorten(clean(self.source))


@dataclass(frozen=True, slots=True)
class Table:
    """All rows of one issue in one locale, on their way out."""

    issue: str
    source_locale: str
    locale: str
    rows: Sequence[Row]

    def count(self, wanted: State) -> int:
        """How many rows were in a state when the file was written."""
        return sum(1 for row in self.rows if row.exported.startswith(f"{wanted}-"))


def shorten(text: str) -> str:
    """The start of a text on one line."""
    line = " ".join(text.split())
    return line if len(line) <= SHOWN else line[: SHOWN - 1] + "…"


def clean(text: str) -> str:
    """A text as files carry it: line feeds only, and no character that no text may hold."""
    return FORBIDDEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def letters(*parts: str) -> str:
    """A short hash of texts, of letters only."""
    # No text holds a NUL, so the parts cannot run into each other.
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:LETTERS].translate(_TO_LETTERS)


def key_of(issue: str, locale: str, context: str, source: str) -> str:
    """The key of one message."""
    return f"{issue}/{locale}/{letters(context, source)}"


def text_hash(text: str) -> str:
    """The hash of a text.  White space at its ends and tabs do not count: LibreOffice Calc takes tabs away."""
    return letters(clean(text).replace("\t", "").strip())


def snapshot(found: State, translation: str) -> str:
    """State and translation as one code, to tell whether either has changed."""
    return f"{found}-{text_hash(translation)}"


def unusable(where: str, code: str, message: str, hint: str) -> ContentError:
    """The error that a file as a whole is none of ours."""
    return ContentError([Finding(SourceSpan(where, line=0), code, message, hint)])


def table_of(wanted: Iterable[Message], catalog: polib.POFile, *, issue: str, source_locale: str, locale: str) -> Table:
    """One row for each message of the issue, in its order.

    Raises TranslationError when the catalog does not hold all of them: then
    a changed text would go out as a new one, without its old translation.
    """
    known = index(catalog)
    rows: list[Row] = []
    absent: list[Message] = []
    for message in wanted:
        entry = known.get((message.context, message.text))
        if entry is None or entry.obsolete:
            absent.append(message)
        else:
            rows.append(_row(entry, issue, locale, len(rows) + 2))
    if absent:
        texts = "1 text" if len(absent) == 1 else f"{len(absent)} texts"
        raise TranslationError(
            f"the {locale} catalog of '{issue}' lacks {texts}, such as {shorten(absent[0].text)!r}",
            f"run 'newsletter i18n sync {issue}' first",
        )
    return Table(issue, source_locale, locale, rows)


def _row(entry: polib.POEntry, issue: str, locale: str, number: int) -> Row:
    words = words_for(locale)
    context = entry.comment or entry.msgctxt or ""
    if entry.fuzzy and entry.previous_msgid:
        context += f"\n{words.before}: {entry.previous_msgid}"
    found = state(entry)
    return Row(
        number=number,
        key=key_of(issue, locale, entry.msgctxt or "", entry.msgid),
        source_hash=text_hash(entry.msgid),
        exported=snapshot(found, entry.msgstr),
        state=words.states[found],
        context=clean(context),
        source=clean(entry.msgid),
        translation=clean(entry.msgstr),
        note=clean(entry.tcomment),
    )
