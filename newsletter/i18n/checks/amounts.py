"""Numbers, sums of money and names that hold a number, as they are read in one text.

"$5 million", "50 por ciento", "COVID-19", "the '90s", "2nd".  Source: CLDR (en, es).
"""

from __future__ import annotations

import re
from dataclasses import replace

from newsletter.i18n.checks import ordinals
from newsletter.i18n.checks.findings import Check
from newsletter.i18n.checks.numerals import NUMBER, values
from newsletter.i18n.checks.reader import Key, Reader, Sure, Value
from newsletter.i18n.checks.text import listed
from newsletter.i18n.checks.when import HOURS, times

_CURRENCIES = {
    "USD": r"US\$|U\$S|\$|USD|dollars?|dólar(?:es)?|dolares",
    "EUR": r"€|EUR|euros?",
    "GBP": r"£|GBP|pounds?|libras?",  # of weight too: both languages say the same word
    "MXN": r"MX\$|MXN|pesos?",
}
_SCALES = {"k": 1e3, "thousand": 1e3, "mil": 1e3, "m": 1e6, "million": 1e6, "millón": 1e6, "millones": 1e6}
_SCALES |= {"mil millones": 1e9, "billion": 1e9, "dozen": 12, "docenas": 12}
_SCALES |= {"trillion": 1e12, "billón": 1e12, "billones": 1e12}
_SCALE = {
    "en": r"(?:[ -]?(?P<scale>thousand|million|billion|trillion|dozen)\b|(?P<letter>[kKM])\b)",
    "es": r"(?:\s(?P<scale>mil millones|millones|millón|billones|billón|mil|docenas)\b|(?P<letter>[kKM])\b)",
}
_SYMBOL = "|".join(_CURRENCIES.values())
_BEFORE = r"US\$|U\$S|MX\$|\$|€|£|USD|EUR|GBP|MXN"


def _patterns(language: str) -> dict[str, re.Pattern[str]]:
    number, scale = NUMBER[language], _SCALE[language]
    written = {
        "money": (
            rf"(?=[$€£UMEG])(?P<symbol>(?<![A-Za-z])(?:{_BEFORE}))\s?(?P<number>{number})(?:{scale})?"
            r"(?:(?:\sde)?\s(?P<after>USD|EUR|MXN|dollars|dólares|pesos|euros)\b)?"
        ),
        "money_behind": (
            rf"(?=[\x1a\x1b\d])(?P<number>{number})(?:{scale})?(?:\sde)?[\s-]?(?P<symbol>(?:{_SYMBOL})(?![\w$]))"
        ),
        "cents": rf"(?=[\x1a\x1b\d])(?P<number>{number})\s?(?:cents|centavos|¢)(?!\w)",
        "percent": rf"(?=[\x1a\x1b\d])(?P<number>{number})\s?(?:%|percent\b|per cent\b)",
        "plain": rf"(?<![\w.,]|[\x1a\x1b])(?P<number>{number})(?:{scale})?",
    }
    return {name: re.compile(pattern, re.IGNORECASE) for name, pattern in written.items()}


_PATTERNS = {language: _patterns(language) for language in _SCALE}
_HASHTAG = re.compile(r"(?<![\w&])#(?!\d+\b)\w+")  # "#2" is number two
_PHONE = re.compile(r"(?<![\d.,])(?:\+?1[ .-])?\(?(\d{3})\)?[ .-](\d{3})[ .-](\d{4})(?!\d)")
# H.518, COVID-19, I-89: letters and digits without a space.  Not EUR25, not 6PM, not 1ST.
_NAME = re.compile(
    r"(?<![\w$])(?!(?:USD|EUR|GBP|MXN)\d)(?:[A-Z]{1,6}[.–-]?\d[\w–-]*|\d+(?!(?:AM|PM|ST|ND|RD|TH|H|K|M)\b)[A-Z]\w*)"
)
_DECADE = re.compile(r"(?<![\w$])['’]?((?:\d\d)?(\d0))s\b")
_YEARS = re.compile(r"(?<!\d)((?:19|20)(\d\d))[-–/](\d\d)(?![-/]?\d)")
_LONG = re.compile(r"\d{3}[ .-]\d{4}|\d{4}[-–/]\d")
_SIGNS = re.compile(r"[$€£¢]")
_MONEY_WORDS = frozenset(
    listed(
        "dollar dollars dólar dólares dolares euro euros peso pesos pound pounds libra libras usd eur mxn gbp "
        "cents centavos"
    )
)


def read_names(reader: Reader) -> None:
    """What has digits and is no number, or more than one: hashtags, telephones, spans of years, names, decades."""
    if "#" in reader.text:
        reader.take(_HASHTAG, lambda found: ())
    if _LONG.search(reader.text):
        reader.take(
            _PHONE, lambda found: [reader.reading(Check.NUMBERS, [("phone", "".join(found.groups()))], found[0])]
        )
        reader.take(_YEARS, lambda found: _years(reader, found))
    reader.take(_NAME, lambda found: _name(reader, found))
    if "0s" in reader.text:
        reader.take(_DECADE, lambda found: _decade(reader, found))


def read_units(reader: Reader, words: frozenset[str]) -> None:
    """Sums of money and percentages; ``words`` are those of the text."""
    if _SIGNS.search(reader.text) or words & _MONEY_WORDS:
        _read_money(reader)
    if "%" in reader.text or "percent" in words or "per" in words:
        reader.take(_PATTERNS[reader.language]["percent"], lambda found: _counted(reader, found, "%"))


def read_numbers(reader: Reader) -> None:
    """What is left: ordinals and bare numbers."""
    reader.take(ordinals.IN_DIGITS, lambda found: [ordinal(reader, float(found[1]), found[0])])
    reader.take(_PATTERNS[reader.language]["plain"], lambda found: _plain(reader, found))


def ordinal(reader: Reader, number: float, shown: str) -> Value:
    """ "2nd", "segunda": a number that may be a plain one in the other language."""
    return reader.reading(Check.NUMBERS, [("ordinal", number), ("n", number)], shown)


def _name(reader: Reader, found: re.Match[str]) -> list[Value]:
    name = found[0].replace("–", "-").rstrip("-")
    number = re.search(r"\d+", name)
    weak: list[Key] = [("n", float(number.group()))] if number else []
    return [reader.reading(Check.NUMBERS, [("name", name)], found[0], weak=weak)]


def _decade(reader: Reader, found: re.Match[str]) -> list[Value]:
    value = reader.reading(Check.NUMBERS, [("n", float(found[1])), ("n", float(found[2]))], found[0])
    return [replace(value, sure=Sure.SAID)]


def _years(reader: Reader, found: re.Match[str]) -> list[Value]:
    first, second = float(found[1]), float(found[1][:2] + found[3])
    return [
        reader.reading(Check.NUMBERS, [("n", first)], found[0]),
        reader.reading(Check.NUMBERS, [("n", second), ("n", float(found[3]))], found[0]),
    ]


def _scaled(reader: Reader, number: str, scale: str) -> frozenset[float]:
    factor = _SCALES.get(" ".join(scale.lower().split()), 1)
    return frozenset(round(value * factor, 2) for value in values(number, reader.language))


def _read_money(reader: Reader) -> None:
    def read(found: re.Match[str]) -> list[Value] | None:
        symbol = found.groupdict().get("after") or found["symbol"]
        number, scale = found["number"], found["scale"] or found["letter"] or ""
        code = next(code for code, forms in _CURRENCIES.items() if re.fullmatch(forms, symbol, re.IGNORECASE))
        amounts = _scaled(reader, number, scale)
        weak = [("n", amount) for amount in amounts | (_scaled(reader, number, "") if scale else frozenset())]
        value = reader.reading(Check.AMOUNTS, [(code, amount) for amount in amounts], found[0], weak=weak)
        # "$0" may be "nada", "$1" may be "cada dólar"; another sum in its place is still told.
        return [replace(value, sure=min(value.sure, Sure.SAID)) if amounts <= {0.0, 1.0} else value]

    def cents(found: re.Match[str]) -> list[Value]:
        amounts = [("USD", round(value / 100, 2)) for value in values(found["number"], reader.language)]
        return [reader.reading(Check.AMOUNTS, amounts, found[0])]

    patterns = _PATTERNS[reader.language]
    reader.take(patterns["money"], read)
    reader.take(patterns["money_behind"], read)
    if "cent" in reader.text or "¢" in reader.text:
        reader.take(patterns["cents"], cents)


def _counted(reader: Reader, found: re.Match[str], unit: str) -> list[Value]:
    numbers = values(found["number"], reader.language)
    keys = [(unit, number) for number in numbers]
    return [reader.reading(Check.NUMBERS, keys, found[0], weak=[("n", number) for number in numbers])]


def _plain(reader: Reader, found: re.Match[str]) -> list[Value]:
    written, scale = found["number"], found["scale"] or found["letter"] or ""
    numbers = _scaled(reader, written, scale)
    if not numbers:
        # "10,25,50": a list without spaces.
        parts = [float(part) for part in re.findall(r"\d+", written)]
        return [reader.reading(Check.NUMBERS, [("n", part)], written) for part in parts]
    weak: set[Key] = set()
    behind = found.string[found.end() : found.end() + 10]
    years = (
        10 if behind.startswith((" decades", " décadas")) else 100 if behind.startswith((" centur", " siglos")) else 0
    )
    for number in numbers:
        if number <= HOURS and not scale and number.is_integer():
            weak |= set(times((int(number) % HOURS, (int(number) + 12) % HOURS), 0))
        if number in (8, 15) and behind.startswith(" días"):
            weak.add(("n", number // 7))  # "ocho días" is a week, "quince días" are two
        if years:
            weak.add(("n", number * years))  # "two decades" may be "veinte años"
    if scale:
        weak |= {("n", number) for number in _scaled(reader, written, "")}
    value = reader.reading(Check.NUMBERS, [("n", number) for number in numbers], found[0], weak=weak)
    # Every language has its own ways to say one.
    return [replace(value, sure=Sure.POSSIBLE) if numbers == {1.0} else value]
