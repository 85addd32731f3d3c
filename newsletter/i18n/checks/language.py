"""What the target language asks for: its marks, its spacing."""

from __future__ import annotations

import re
from collections.abc import Iterator

from newsletter.content.problems import Problem
from newsletter.i18n.checks.findings import Check
from newsletter.i18n.checks.text import Pair, shown
from newsletter.wording import said

_OPENING, _CLOSING = re.compile(r"[¿¡]+"), re.compile(r"[?!]+")
_ASIDE = re.compile(r"[(\[]\s*[?!]+\s*[)\]]|\b[A-Z]\w*!(?=[ ,](?:[a-záéíóúñ]|\Z))")
_INVERTED = re.compile(r"[¿¡][^?!¿¡]*[?!]*")
_FINAL = re.compile(r"[\s\"'“”‘’«»()\[\]*_.,;:!?…]+$")
_DOUBLE = re.compile(r"(?<=\S)[ \u00a0]{2,}(?=\S)")


def check_language(pair: Pair) -> Iterator[Problem]:
    """Everything that one text alone tells."""
    yield from _inverted_marks(pair)
    yield from _final_punctuation(pair)
    if _DOUBLE.search(pair.target.raw):
        yield Problem(Check.DOUBLE_SPACE, said("two spaces stand where one is enough"), said("delete one of them"))


def _inverted_marks(pair: Pair) -> Iterator[Problem]:
    source, target = pair.source, pair.target
    if target.language == "es":
        text = target.plain
        if "?" not in text and "!" not in text and "¿" not in text and "¡" not in text:
            return
        # "Yahoo! dice": a name that brings its own mark along.
        text = _ASIDE.sub(lambda found: "" if found[0] in source.plain or found[0][0] in "([" else found[0], text)
        opened, closed = len(_OPENING.findall(text)), len(_CLOSING.findall(text))
        marks_opened = text.count("¿") + text.count("¡")
        marks_closed = text.count("?") + text.count("!")
        if opened < closed and marks_opened < marks_closed:
            message = said("a question or exclamation is closed, and nothing opens it")
            yield Problem(Check.INVERTED_MARKS, message, said("put ¿ or ¡ where it begins"))
        elif opened > closed and marks_opened > marks_closed:
            message = said("a question or exclamation is opened with ¿ or ¡ and never closed")
            yield Problem(Check.INVERTED_MARKS, message, said("put ? or ! where it ends"))
    elif target.language == "en" and ("¿" in target.plain or "¡" in target.plain):
        stray = [mark for mark in _INVERTED.findall(target.plain) if mark not in source.plain]
        if stray:
            message = said("English has no ¿ and no ¡: %(text)s", text=shown(stray[0], 40))
            yield Problem(Check.INVERTED_MARKS, message, said("delete it"))


def _final_punctuation(pair: Pair) -> Iterator[Problem]:
    if len(pair.source.words) < 2 or len(pair.target.words) < 2:  # noqa: PLR2004 - a name ends as it likes
        return
    wanted, got = _final(pair.source.plain), _final(pair.target.plain)
    if wanted != got:
        here, there = (said("with '%(mark)s'", mark=m) if m else said("without a mark") for m in (wanted, got))
        message = said("the source ends %(here)s, the translation %(there)s", here=here, there=there)
        hint = said("end it as the source does, unless the language differs")
        yield Problem(Check.FINAL_PUNCTUATION, message, hint)


def _final(text: str) -> str:
    """The mark that ends a text, whatever quotation marks stand around it; a comma is as good as a colon."""
    found = _FINAL.search(text)
    ending = found.group() if found else ""
    if "…" in ending or "..." in ending:
        return "…"
    return next((mark for mark in "?!.:" if mark in ending.replace(",", ":").replace(";", ":")), "")
