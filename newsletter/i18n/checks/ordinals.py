"""Ordinals in English and Spanish text: "5th", "5.º", "fifth", "quinto", "twenty-fifth", "siglo XXI".

Texts come with numbers in digits (``numerals.py``).  Source of the forms: RAE,
Ortografía (2010), chapter VIII.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from newsletter.i18n.checks.numerals import numbered
from newsletter.i18n.checks.text import Text

IN_DIGITS = re.compile(
    r"(?<![\w.,])(\d+)(?:(?:st|nd|rd|th)\b|\.?[ºª°]|\.?(?:er|ero|era|ro|ra|do|da|to|ta|mo|ma|vo|va|no|na)\b)",
    re.IGNORECASE,
)
# Below it they say much else: "second" of a minute, "third party", "cuarto" for a room or a quarter.
SURELY_ORDINAL = 5
_UNITS: Mapping[str, Mapping[str, int]] = {
    "en": numbered("first second third fourth fifth sixth seventh eighth ninth", 1),
    "es": numbered(
        "primero/primera/primer/primeros/primeras segundo/segunda tercero/tercera/tercer cuarto/cuarta "
        "quinto/quinta sexto/sexta séptimo/séptima octavo/octava noveno/novena",
        1,
    ),
}
_TENS: Mapping[str, Mapping[str, int]] = {
    "en": numbered("twentieth thirtieth fortieth fiftieth", 20, 10),
    "es": numbered(
        "vigésimo/vigésima trigésimo/trigésima cuadragésimo/cuadragésima quincuagésimo/quincuagésima", 20, 10
    ),
}
WORDS: Mapping[str, Mapping[str, int]] = {
    "en": {
        **_UNITS["en"],
        **numbered(
            "tenth eleventh twelfth thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth", 10
        ),
        **_TENS["en"],
    },
    "es": {
        **_UNITS["es"],
        **numbered("décimo/décima undécimo/undécima duodécimo/duodécima decimotercero/decimotercera/decimotercer", 10),
        **numbered(
            "decimocuarto/decimocuarta decimoquinto/decimoquinta decimosexto/decimosexta decimoséptimo/decimoséptima "
            "decimoctavo/decimoctava decimonoveno/decimonovena",
            14,
        ),
        **_TENS["es"],
    },
}
_KNOWN = {language: frozenset(words) for language, words in WORDS.items()}
_COMPOUND = {
    "en": re.compile(rf"\x1a(?P<tens>[2-9]0)-(?P<unit>{'|'.join(_UNITS['en'])})\b", re.IGNORECASE),
    "es": re.compile(rf"\b(?P<tens>{'|'.join(_TENS['es'])}) (?P<unit>{'|'.join(_UNITS['es'])})\b", re.IGNORECASE),
}
_CENTURY = re.compile(r"\bsiglos? ([IVX]+)(?: y ([IVX]+))?\b")
_ROMAN = {"I": 1, "V": 5, "X": 10}


def compounds_in_digits(plain: str, text: Text) -> str:
    """The text with "twenty-fifth" and "vigésimo quinto" as "25th"."""
    language = text.language
    if language == "es" and text.vocabulary.isdisjoint(_TENS["es"]):
        return plain

    def written(found: re.Match[str]) -> str:
        tens, unit = found["tens"].lower(), found["unit"].lower()
        return f"{(_TENS[language].get(tens) or int(tens)) + _UNITS[language][unit]}th"

    return _COMPOUND[language].sub(written, plain)


def in_words(text: Text) -> Iterator[tuple[str, int]]:
    """Each ordinal that is one word, with its number."""
    words = WORDS[text.language]
    for word in text.vocabulary & _KNOWN[text.language]:
        yield word, words[word]


def centuries(text: Text) -> Iterator[tuple[str, int]]:
    """The numbers of "siglo XXI", "siglos XIX y XX"."""
    if text.vocabulary.isdisjoint(("siglo", "siglos")):
        return
    for found in _CENTURY.finditer(text.plain):
        for roman in filter(None, found.groups()):
            numbers = [_ROMAN[letter] for letter in roman]
            signed = [-n if any(n < after for after in numbers[place + 1 :]) else n for place, n in enumerate(numbers)]
            yield found[0], sum(signed)
