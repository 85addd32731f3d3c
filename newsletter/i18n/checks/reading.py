"""How easily an edition reads: Flesch's reading ease for English, Fernández Huerta's for Spanish.

From about 0 (a contract) to 100 (a letter to a child); newspapers lie near 60.
Sources: Flesch, "A new readability yardstick" (1948); Fernández Huerta,
"Medidas sencillas de lecturabilidad" (1959), its sentence term as corrected by
Law (2011).  Syllables are counted by the vowels that are heard, which is exact
in Spanish but for a few hiatuses, and near enough in English.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from newsletter.i18n.checks.text import Text

WORDS_KEPT = 20_000  # whose syllables are counted once
ENOUGH = 100  # words from which a score means anything

_ENGLISH_NUCLEUS = re.compile(r"[aeiouy]+")
_SILENT = re.compile(r"(?:[^laeiouy]es|[^dt]ed|[^l]e)$")
# One nucleus: an open vowel with its unstressed close neighbours, or close vowels alone.  "ía", "ea" are two.
_SPANISH_NUCLEUS = re.compile(r"[iuüy]?[aeoáéó][iuy]?(?![íú])|[íú]|[iuü]+|y\b")


@lru_cache(WORDS_KEPT)
def english_syllables(word: str) -> int:
    """About how many syllables an English word has; at least one."""
    lower = word.lower()
    number = len(_ENGLISH_NUCLEUS.findall(lower))
    return max(1, number - (number > 1 and _SILENT.search(lower) is not None))


@lru_cache(WORDS_KEPT)
def spanish_syllables(word: str) -> int:
    """How many syllables a Spanish word has; at least one."""
    lower = re.sub(r"qu|gu(?=[eéií])", "k", word.lower())
    return max(1, len(_SPANISH_NUCLEUS.findall(lower)))


def reading_ease(texts: Iterable[Text], language: str) -> float | None:
    """The score of all texts together; None for a language without a formula, or too few words."""
    ways = {"en": (english_syllables, 206.835, 84.6, 1.015), "es": (spanish_syllables, 206.84, 60.0, 1.02)}
    if language not in ways:
        return None
    syllables_of, base, by_syllables, by_words = ways[language]
    words = sentences = syllables = 0
    for text in texts:
        words += len(text.words)
        syllables += sum(map(syllables_of, text.lowered))
        sentences += max(1, len(text.sentences)) if text.words else 0
    if words < ENOUGH:
        return None
    return base - by_syllables * syllables / words - by_words * words / sentences
