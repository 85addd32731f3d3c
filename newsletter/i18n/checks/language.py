"""What the target language asks for: that it is that language, its marks, its spacing.

Each rule holds back where it cannot be sure: a name, a hashtag or a number may
be the same in both languages.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from newsletter.content.problems import Problem
from newsletter.i18n.checks.findings import Check
from newsletter.i18n.checks.text import STAND_IN, Pair, Text, listed, shown
from newsletter.wording import said

# Words by which a language is known.  None of a list stands in another list.
_FUNCTION_WORDS = {
    "en": frozenset(
        listed(
            """
            the and of to for with that this is are was were we you your our they their have has had from at by will it
            on not be or as but his her what who when how can if there all more than which been would about into out up
            us them these those my
            """
        )
    ),
    "es": frozenset(
        listed(
            """
            el la los las de del que y en por para con una un se su al lo más nos como pero este esta está son fue hay
            te tu le les sus ser es ya o si sin sobre también cuando donde desde hasta nuestra nuestro nuestras nuestros
            ha han muy mi porque quien entre todo toda todos todas
            """
        )
    ),
}
# Single words that stand alone as titles and on buttons; not those that both languages share ("Total", "Video").
_TITLES = {
    "en": frozenset(
        listed(
            """
            victory donate news read sign share join welcome hello help act now today tomorrow thanks thank events event
            letter letters call write watch learn more here give support friends friend dear story stories yes meeting
            march register volunteer freedom justice dignity milk work workers farmworkers update updates please save
            together home upcoming congratulations hurry petition subscribe
            """
        )
    ),
    "es": frozenset(
        listed(
            """
            victoria dona donar noticias lee firma comparte únete bienvenidos bienvenido bienvenida hola ayuda actúa
            ahora hoy mañana gracias eventos evento carta cartas llama escribe mira aprende aquí apoya amigos amiga
            querida querido historia historias sí reunión marcha libertad justicia dignidad leche trabajo trabajadores
            juntos juntas casa petición felicidades suscríbete
            """
        )
    ),
}
_CONNECTORS = frozenset({"and", "of", "the", "for", "at", "on", "y", "de", "del", "la", "el", "los", "las"})
_HASHTAG = re.compile(r"#\w+")
_MIN_FOREIGN = 5  # function words of the source language from which a text counts as written in it
_MIN_SENTENCE = 4  # words of a sentence that may count as left untranslated

_OPENING, _CLOSING = re.compile(r"[¿¡]+"), re.compile(r"[?!]+")
_ASIDE = re.compile(r"[(\[]\s*[?!]+\s*[)\]]|\b[A-Z]\w*!(?=[ ,](?:[a-záéíóúñ]|\Z))")
_INVERTED = re.compile(r"[¿¡][^?!¿¡]*[?!]*")
_FINAL = re.compile(r"[\s\"'“”‘’«»()\[\]*_.,;:!?…]+$")
_DOUBLE = re.compile(r"(?<=\S)[ \u00a0]{2,}(?=\S)")


def check_language(pair: Pair, kept: re.Pattern[str] | None = None) -> Iterator[Problem]:
    """Everything that one text alone tells.  ``kept`` finds what the glossary keeps as it is."""
    yield from _untranslated(pair, kept)
    yield from _inverted_marks(pair)
    yield from _final_punctuation(pair)
    if _DOUBLE.search(pair.target.raw):
        yield Problem(Check.DOUBLE_SPACE, said("two spaces stand where one is enough"), said("delete one of them"))


def _untranslated(pair: Pair, kept: re.Pattern[str] | None) -> Iterator[Problem]:
    source, target = pair.source, pair.target
    if source.language == target.language or not target.words:
        return
    hint = said(
        "translate it; if it is right as it is, waive it with a reason, or put the term into locales/glossary.csv"
    )
    if source.lowered == target.lowered:
        if _is_text(source, target.language, kept):
            yield Problem(Check.UNTRANSLATED, said("the translation is the source text"), hint)
        return
    foreign = _FUNCTION_WORDS.get(source.language, frozenset())
    own = _FUNCTION_WORDS.get(target.language, frozenset())
    words = target.lowered
    number = sum(word in foreign for word in words)
    if number >= _MIN_FOREIGN and own and number > 2 * sum(word in own for word in words):
        message = said("it reads as if it were still in the source language '%(code)s'", code=source.language)
        yield Problem(Check.UNTRANSLATED, message, hint)
        return
    if number < 2 or not foreign:  # noqa: PLR2004 - a sentence has two at least
        return
    originals = set(source.sentences)
    for sentence in target.sentences:
        found = [word.strip(",.;:") for word in sentence.lower().split()] if sentence in originals else []
        if len(found) >= _MIN_SENTENCE and sum(word in foreign for word in found) > 1:
            message = said("a sentence is the source's own: %(text)s", text=shown(sentence, 60))
            yield Problem(Check.UNTRANSLATED, message, hint)
            return


def _is_text(source: Text, target_language: str, kept: re.Pattern[str] | None) -> bool:
    """Whether a text has words that another language would say otherwise, besides names and terms that are kept."""
    plain = _HASHTAG.sub(" ", source.plain.replace(STAND_IN, " "))
    if kept is not None:
        plain = kept.sub(" ", plain)
    words = re.findall(r"[^\W\d_]+(?:['’][^\W\d_]+)*", plain)
    common = _FUNCTION_WORDS.get(source.language, frozenset()) | _TITLES.get(source.language, frozenset())
    shared = _FUNCTION_WORDS.get(target_language, frozenset()) | _TITLES.get(target_language, frozenset())
    telling = {word.lower() for word in words if word.lower() in common and word.lower() not in shared}
    if len(words) <= 1 or telling - _CONNECTORS:
        return bool(telling)
    # "Bread and Puppet" is a name; "cows and dogs" is none.
    small = [word for word in words if word.islower() and word not in shared | _CONNECTORS]
    return len(small) + bool(telling) > 1 and bool(small)


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
