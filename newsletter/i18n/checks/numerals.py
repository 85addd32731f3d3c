"""Numbers said in words → digits, so that "three months" and "3 meses" can be compared.

``digits`` marks what it has written: IN_WORDS before a number that was said in
words, OPTIONAL before one that a language may also say otherwise ("both").
"One", "un" and "una" are mostly articles or pronouns and stay as they are.

Also the value of a number in digits, which depends on the language: "1.300" is
1.3 in English and thirteen hundred in Spanish, where "1,300" may be either,
since its readers live in countries of both customs.  Source of the forms: RAE, Ortografía
(2010), chapter VIII; CLDR's decimal and group symbols for en, es, es_US, es_MX.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from newsletter.i18n.checks.text import Text

IN_WORDS, OPTIONAL = "\x1a", "\x1b"  # control characters, which no text may hold
# A number in digits as regular expression, with its mark.  Narrow spaces set off thousands; in Spanish, any space.
# Bounded, so that a text of nothing but digits and dots is read in time that grows with its length.
NUMBER = {
    language: rf"[\x1a\x1b]?(?:\d{{1,3}}(?:[{spaces}]\d{{3}}){{1,5}}(?!\d)|\d{{1,20}})(?:[.,]\d{{1,20}}){{0,6}}"
    for language, spaces in (("en", r"\u00a0\u202f\u2009"), ("es", r"\u00a0\u202f\u2009 "))
}

_TEN, _HUNDRED = 10, 100


@dataclass(frozen=True, slots=True)
class _Language:
    """How one language builds its numerals."""

    small: Mapping[str, int]  # 1 to 99, each in one word
    hundreds: Mapping[str, int]  # in one word, or what multiplies by a hundred
    scales: Mapping[str, int]  # what multiplies all before it
    joiner: str  # the word between parts
    joins_units: bool  # "treinta y uno"; English has "a hundred and one" instead
    ones: frozenset[str]
    one_oclock: tuple[str, ...]  # where a "one" tells the time
    phrases: Mapping[str, str]  # what is replaced before anything else, by pattern
    in_phrases: frozenset[str]  # words without which there is no phrase
    words: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "words", frozenset({*self.small, *self.hundreds, *self.scales}))


def numbered(words: str, first: int, step: int = 1) -> dict[str, int]:
    """Words, and variants of them behind a slash, with their numbers in a row."""
    return {word: first + step * place for place, variants in enumerate(words.split()) for word in variants.split("/")}


_ENGLISH = _Language(
    small={
        **numbered(
            "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
            "seventeen eighteen nineteen",
            1,
        ),
        **numbered("twenty thirty forty fifty sixty seventy eighty ninety", 20, 10),
    },
    hundreds={"hundred": 100},
    scales={"thousand": 1_000, "million": 1_000_000, "billion": 10**9, "trillion": 10**12, "dozen": 12},
    joiner="and",
    joins_units=False,
    ones=frozenset({"one"}),
    one_oclock=("one o’clock", "one o'clock", "one in the", "one p", "one a"),
    in_phrases=frozenset({"half", "both", "couple", "pair", "twice", "double", "cinco", "decade", "century"}),
    phrases={
        r"\bhalf a million\b": "\x1a500000",
        r"\b(?:a million and a half|one and a half million)\b": "\x1a1500000",
        r"\bhalf a dozen\b": "\x1a6",
        r"\b(?:both|a couple|a pair|twice|double)\b": "\x1b2",
        r"\ba decade\b": "\x1b10 years",
        r"\ba century\b": "\x1b100 years",
        r"\b(?:half)\b": "half",
        r"\bcinco de mayo\b": "May 5",
        r"\bone (?=o['’]clock|in the (?:morning|afternoon)|[ap]\.?m\b)": "\x1a1 ",
    },
)
_SPANISH = _Language(
    small={
        **numbered(
            "uno/una/un/ún dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince "
            "dieciséis/dieciseis diecisiete dieciocho diecinueve veinte veintiuno/veintiuna/veintiún/veintiun "
            "veintidós/veintidos veintitrés/veintitres veinticuatro veinticinco veintiséis/veintiseis "
            "veintisiete veintiocho veintinueve",
            1,
        ),
        **numbered("treinta cuarenta cincuenta sesenta setenta ochenta noventa", 30, 10),
    },
    hundreds={
        "cien": 100,
        "ciento": 100,
        **numbered(
            "doscientos/doscientas trescientos/trescientas cuatrocientos/cuatrocientas quinientos/quinientas "
            "seiscientos/seiscientas setecientos/setecientas ochocientos/ochocientas novecientos/novecientas",
            200,
            100,
        ),
    },
    scales={
        "mil": 1_000,
        "millón": 1_000_000,
        "millon": 1_000_000,
        "millones": 1_000_000,
        "billón": 10**12,
        "billones": 10**12,
        "docena": 12,
        "docenas": 12,
    },
    joiner="y",
    joins_units=True,
    ones=frozenset({"uno", "una", "un", "ún"}),
    one_oclock=("la una",),
    in_phrases=frozenset(
        {"medio", "media", "ambos", "ambas", "par", "doble", "ciento", "cien", "mil", "millón", "década", "siglo"}
    ),
    phrases={
        r"\bmedio millón\b": "\x1a500000",
        r"\bun millón y medio\b": "\x1a1500000",
        r"\bmedia docena\b": "\x1a6",
        r"\bmil y un[ao]?\b": "\x1a1001",
        r"\b(?:amb[oa]s|un par|el doble)\b": "\x1b2",
        r"\buna década\b": "\x1b10 años",
        r"\bun siglo\b": "\x1b100 años",
        r"\bla una(?= (?:de la|y|en punto)\b)": "la \x1a1",
        r"\bpor ciento\b": "%",
        r"\b(?:cien por cien|ciento por ciento)\b": "\x1a100 %",
    },
)
_LANGUAGES = {"en": _ENGLISH, "es": _SPANISH}
KNOWN = frozenset(_LANGUAGES)


def digits(text: Text) -> str:
    """The text with every number that it says in words written in digits, each with its mark."""
    ways = _LANGUAGES[text.language]
    plain = text.plain
    if text.vocabulary & ways.in_phrases or any(phrase in plain for phrase in ways.one_oclock):
        for pattern, written in ways.phrases.items():
            plain = re.sub(pattern, written, plain, flags=re.IGNORECASE)
    words = text.those_in(ways.words)
    if all(word.lower() in ways.ones for word in words):
        return plain
    return _run_of(words, ways.joiner).sub(lambda found: _written(found, ways), plain)


@lru_cache(1_000)
def _run_of(words: tuple[str, ...], joiner: str) -> re.Pattern[str]:
    """Finds runs of these numerals: "one hundred and twenty-five"."""
    word = "|".join(sorted(words, key=len, reverse=True))
    return re.compile(rf"\b(?:{word})(?:(?:[ -]|\s+{joiner}\s+)(?:{word}))*\b")


def _written(found: re.Match[str], ways: _Language) -> str:
    pieces = re.findall(r"[^\W\d_]+|[\s-]+", found.group())
    first = pieces[0].lower()
    if first in ways.scales:
        before = found.string[max(0, found.start() - 3) : found.start()].lower()
        if re.search(r"\d\s$", before):
            return found.group()  # "70 mil" is read with its digits
        if len(pieces) == 1 and re.search(r"\ban? $|^a $", before):
            return f"{IN_WORDS}{ways.scales[first]}"  # "a million"
    return "".join(_numbers(pieces, ways))


def _numbers(pieces: list[str], ways: _Language) -> Iterable[str]:
    """The pieces with each run of words that is one number written as such."""
    run: list[str] = []
    total = current = 0
    pending: list[str] = []  # what stands between the last word of the run and this one

    def close() -> str:
        if not run:
            return ""
        # "One" alone is an article, "million" alone says no number.
        no_number = len(run) == 1 and (run[0] in ways.ones or (run[0] in ways.scales and run[0] != "mil"))
        return said if no_number else f"{IN_WORDS}{total + current}"

    said = ""
    for piece in pieces:
        word = piece.lower()
        if not word.strip(" -\t\n\u00a0") or word == ways.joiner:
            pending.append(piece)
            continue
        joined = any(gap.lower() == ways.joiner for gap in pending)
        fits, total_new, current_new = _add(word, total, current, ways, joined=joined, begun=bool(run))
        if not fits:
            yield close()
            yield "".join(pending)
            run, said = [], ""
            _fits, total_new, current_new = _add(word, 0, 0, ways, joined=False, begun=False)
        total, current = total_new, current_new
        run.append(word)
        said += ("".join(pending) if len(run) > 1 else "") + piece
        pending = []
    yield close()
    yield "".join(pending)


def _add(word: str, total: int, current: int, ways: _Language, *, joined: bool, begun: bool) -> tuple[bool, int, int]:
    """Whether a word goes on with the number so far, and the number with it."""
    if word in ways.scales:
        if joined:
            return False, 0, ways.scales[word]
        number = (current or 1) * ways.scales[word]
        return (not begun or current > 0 or total > ways.scales[word]), total + number, 0
    if word in ways.hundreds:
        value = ways.hundreds[word]
        if not ways.joins_units and 0 < current < _HUNDRED and not joined:
            return True, total, current * value
        return (not begun or (current == 0 and total > 0 and not joined)), total, value
    value = ways.small[word]
    if not begun:
        return True, 0, value
    tens = current % _HUNDRED
    if tens == 0 and (current > 0 or total > 0):
        return (ways.joins_units is False or not joined), total, current + value
    fits = tens >= 2 * _TEN and tens % _TEN == 0 and value < _TEN and joined is ways.joins_units
    return fits, total, current + value


_NO_DIGITS = str.maketrans("", "", f"{IN_WORDS}{OPTIONAL}\u00a0\u202f\u2009 ")


def values(written: str, language: str) -> frozenset[float]:
    """What a number in digits may be worth; two values where customs differ.

    Empty for digits that are no number: "10,25,50" or "1.2.3".
    """
    text = written.translate(_NO_DIGITS)
    if text.isdecimal():
        return frozenset({float(text)})
    last = max(text.rfind("."), text.rfind(","))
    whole, fraction = text[:last], text[last + 1 :]
    mark, others = text[last], set(re.findall(r"[.,]", whole))
    grouped = re.fullmatch(r"\d{1,3}(?:([.,])\d{3})*", whole) is not None
    if others - {mark}:
        return frozenset({_float(whole, fraction)}) if grouped and len(others) == 1 else frozenset()
    if others:
        return frozenset({_float(whole + fraction)}) if grouped and len(fraction) == 3 else frozenset()  # noqa: PLR2004
    if len(fraction) != 3 or not re.fullmatch(r"[1-9]\d{0,2}", whole):  # noqa: PLR2004 - a group has three digits
        return frozenset({_float(whole, fraction)})
    thousands, decimal = _float(whole + fraction), _float(whole, fraction)
    if language == "en":
        return frozenset({thousands if mark == "," else decimal})
    if fraction.endswith("0"):
        return frozenset({thousands})  # nobody writes out a decimal's last zero
    return frozenset({thousands, decimal} if mark == "," else {thousands})


def _float(whole: str, fraction: str = "0") -> float:
    return round(float(f"{re.sub(r'[.,]', '', whole)}.{fraction}"), 6)
