"""Whether the whole text is translated: nothing is left in the source language, and nothing is left out.

Each rule holds back where it cannot be sure: names, slogans and what is quoted
or emphasised may be the same in both languages, and one language says in few
words what the other says in many.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import SequenceMatcher

from newsletter.content.problems import Problem
from newsletter.i18n.checks.findings import Check
from newsletter.i18n.checks.text import STAND_IN, WORD, Pair, Text, listed, shown
from newsletter.wording import said

# Words by which a language is known.  None of a list stands in another list.
_FUNCTION_WORDS = {
    "en": frozenset(
        listed(
            """
            the and of to for with that this is are was were we you your our they their have had from at by will it
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
_MIN_RUN = 4  # words in a row, as they stand in the source, that may count as left untranslated
_MIN_SENTENCE = 3  # the same, of a whole sentence
# Slogans and titles stay as they are: what is quoted or emphasised, and in English what is marked as Spanish.
_ON_PURPOSE = re.compile(r"“[^”]*”|«[^»]*»|\"[^\"]*\"|(?<![*\w])\*(?!\*)[^*]+\*(?!\*)|(?<![_\w])_(?!_)[^_]+_(?!_)")
_SPANISH = re.compile(r"[¿¡][^?!]*[?!]")

# Characters of a translation for each of its source below which something is missing, if it has fewer sentences too:
# Spanish takes more room than English.  By how many sentences the source has, since two are easily made one.
_ROOM = {("en", "es"): 1.0, ("es", "en"): 0.8}
_SHORT = 0.9
_SHORT_OF_TWO = 0.75


def check_complete(pair: Pair, kept: re.Pattern[str] | None) -> Iterator[Problem]:
    """What is not translated.  ``kept`` finds what the glossary keeps as it is."""
    if pair.source.language == pair.target.language or not pair.target.words:
        return
    yield from _untranslated(pair, kept)
    yield from _shortened(pair)


def _untranslated(pair: Pair, kept: re.Pattern[str] | None) -> Iterator[Problem]:
    source, target = pair.source, pair.target
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
    left = _left(source, target, foreign, kept) if foreign else ""
    if left:
        message = said("these words are the source's own: %(text)s", text=shown(left, 60))
        yield Problem(Check.UNTRANSLATED, message, hint)


def _left(source: Text, target: Text, foreign: frozenset[str], kept: re.Pattern[str] | None) -> str:
    """Words in a row that stand in the source too, and are no name and no slogan; empty if there are none."""
    titles = _TITLES.get(source.language, frozenset())
    if target.vocabulary.isdisjoint(foreign) and target.vocabulary.isdisjoint(titles):
        return ""
    telling = foreign | titles
    shared = _FUNCTION_WORDS.get(target.language, frozenset()) | _TITLES.get(target.language, frozenset())
    patterns = [_ON_PURPOSE, *([_SPANISH] if target.language == "en" else []), *([kept] if kept else [])]
    purpose = [" ".join(WORD.findall(text)) for pattern in patterns for text in pattern.findall(target.raw)]

    def speaks(words: list[str], known: frozenset[str], wanted: int) -> bool:
        told = sum(word.lower() in known and word.lower() not in shared for word in words)
        small = any(word.islower() and word not in foreign for word in words)
        return told >= wanted and small and not any(" ".join(words) in text for text in purpose)

    for sentence in target.sentences if len(source.sentences) > 1 else ():
        words = WORD.findall(sentence)
        if sentence in source.sentences and len(words) >= _MIN_SENTENCE and speaks(words, telling, 1):
            return sentence
    if len(target.vocabulary & foreign) > 1:  # a clause has two at least
        rows = SequenceMatcher(None, source.lowered, target.lowered, autojunk=False)
        for _start, start, size in rows.get_matching_blocks():
            words = target.words[start : start + size]
            if size >= _MIN_RUN and speaks(words, foreign, 2):
                return " ".join(words)
    return ""


def _shortened(pair: Pair) -> Iterator[Problem]:
    """Fewer sentences, and so much less text that one of them must be missing."""
    source, target = pair.source, pair.target
    length = _ROOM.get((source.language, target.language), 0) * len(source.plain)
    if len(target.plain) >= _SHORT * length or source.blocks != target.blocks:  # a dropped item is told by its markup
        return
    here, there = len(source.sentences), len(target.sentences)
    least = _SHORT if here > 2 else _SHORT_OF_TWO  # noqa: PLR2004
    if there < here and len(target.plain) < least * length:
        message = said(
            "the source has %(here)s sentences, the translation %(there)s, and it is much shorter",
            here=here,
            there=there,
        )
        hint = said("see whether a sentence is missing; if all is said, waive it with a reason")
        yield Problem(Check.SHORTENED, message, hint)


def _is_text(source: Text, target_language: str, kept: re.Pattern[str] | None) -> bool:
    """Whether a text has words that another language would say otherwise, besides names and terms that are kept."""
    plain = _HASHTAG.sub(" ", source.plain.replace(STAND_IN, " "))
    if kept is not None:
        plain = kept.sub(" ", plain)
    words = WORD.findall(plain)
    common = _FUNCTION_WORDS.get(source.language, frozenset()) | _TITLES.get(source.language, frozenset())
    shared = _FUNCTION_WORDS.get(target_language, frozenset()) | _TITLES.get(target_language, frozenset())
    telling = {word.lower() for word in words if word.lower() in common and word.lower() not in shared}
    if len(words) <= 1 or telling - _CONNECTORS:
        return bool(telling)
    # "Bread and Puppet" is a name; "cows and dogs" is none.
    small = [word for word in words if word.islower() and word not in shared | _CONNECTORS]
    return len(small) + bool(telling) > 1 and bool(small)
