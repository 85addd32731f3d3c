"""Numbers, amounts, dates and times as one text says them: ``read(text) → values``.

Each value has the keys by which it may be recognised in the other language,
and says how sure it is.  Patterns are tried from the most telling to the
barest, and what one has read no other sees.  Only English and Spanish are
read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from enum import IntEnum

from newsletter.i18n.checks import moments, ordinals
from newsletter.i18n.checks.findings import Check
from newsletter.i18n.checks.numerals import IN_WORDS, NUMBER, OPTIONAL, digits, values
from newsletter.i18n.checks.text import STAND_IN, Text, any_of, listed

Key = tuple[str, float | str]


class Sure(IntEnum):
    """How sure it is that a value was read rightly, and must be in the other text too."""

    POSSIBLE = 0
    SAID = 1
    CERTAIN = 2


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a text.  ``weak`` keys count only where nothing else explains the value."""

    code: str
    keys: frozenset[Key]
    shown: str
    sure: Sure
    weak: frozenset[Key]


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
_DIGIT = re.compile(r"[\d\x1a\x1b]")
_LONG = re.compile(r"\d{3}[ .-]\d{4}|\d{4}[-–/]\d")
_SIGNS = re.compile(r"[$€£¢]")
_MONEY_WORDS = frozenset(
    listed(
        "dollar dollars dólar dólares dolares euro euros peso pesos pound pounds libra libras usd eur mxn gbp "
        "cents centavos"
    )
)
_MARKS = str.maketrans("", "", IN_WORDS + OPTIONAL + STAND_IN)
_HOURS = 24


@dataclass(slots=True)
class _Reader:
    """Reads one text; whatever has been read is replaced by as many STAND_INs, so that nothing counts twice."""

    text: str
    language: str
    other: str
    found: list[Value] = field(default_factory=list)
    places: list[int] = field(default_factory=list)  # where each of ``found`` stands
    days: set[tuple[int, int]] = field(default_factory=set)

    def take(self, pattern: re.Pattern[str], read: Callable[[re.Match[str]], Iterable[Value] | None]) -> None:
        """Read every match; None leaves it in place."""

        def replaced(found: re.Match[str]) -> str:
            read_values = read(found)
            if read_values is None:
                return found.group()
            before = len(self.found)
            self.found += read_values
            self.places += [found.start()] * (len(self.found) - before)
            return STAND_IN * len(found[0])

        self.text = pattern.sub(replaced, self.text)

    def reading(self, code: str, keys: Iterable[Key], shown: str, *, weak: Iterable[Key] = ()) -> Value:
        """A value as sure as the marks in what was read say."""
        sure = Sure.POSSIBLE if OPTIONAL in shown else Sure.SAID if IN_WORDS in shown else Sure.CERTAIN
        clean = shown.translate(_MARKS).strip(" ,")
        clean = clean.removesuffix(".") if clean.count(".") == 1 else clean  # the sentence's, not that of "p.m."
        return Value(code, frozenset(keys), clean, sure, frozenset(weak))


def read(text: Text, other: Text) -> tuple[list[Value], set[tuple[int, int]]]:
    """The values of a text, in order, and its days as (month, day).  ``other`` tells "April", the name, from April."""
    language, words = text.language, text.vocabulary
    reader = _Reader(ordinals.compounds_in_digits(digits(text), text), language, other.plain)
    if _DIGIT.search(reader.text):
        _read_digits(reader, words)
    _read_words(reader, text)
    placed = sorted(range(len(reader.places)), key=reader.places.__getitem__)
    return [reader.found[number] for number in placed] + reader.found[len(placed) :], reader.days


def _read_digits(reader: _Reader, words: frozenset[str]) -> None:
    """Everything with a digit, each kind only where something hints at it."""
    language, text = reader.language, reader.text
    if "#" in text:
        reader.take(_HASHTAG, lambda found: ())
    if _LONG.search(text):
        reader.take(
            _PHONE, lambda found: [reader.reading(Check.NUMBERS, [("phone", "".join(found.groups()))], found[0])]
        )
        reader.take(_YEARS, lambda found: _years(reader, found))
    reader.take(_NAME, lambda found: _name(reader, found))
    if "0s" in text:
        reader.take(_DECADE, lambda found: _decade(reader, found))
    if _SIGNS.search(text) or words & _MONEY_WORDS:
        _read_money(reader)
    if "%" in text or "percent" in words or "per" in words:
        reader.take(_PATTERNS[language]["percent"], lambda found: _counted(reader, found, "%"))
    if moments.CLOCK_HINT.search(text):
        if not words.isdisjoint(moments.SPOKEN_WORDS):
            reader.text = moments.spoken_in_digits(reader.text, language)
        reader.take(moments.CLOCK[language], lambda found: _clock(reader, found))
        reader.take(moments.BARE_CLOCK[language], lambda found: _bare_clock(reader, found))
    _read_dates(reader, named=bool(words & moments.MONTH_WORDS[language]))
    reader.take(ordinals.IN_DIGITS, lambda found: [_ordinal(reader, float(found[1]), found[0])])
    reader.take(_PATTERNS[language]["plain"], lambda found: _plain(reader, found))


def _name(reader: _Reader, found: re.Match[str]) -> list[Value]:
    name = found[0].replace("–", "-").rstrip("-")
    number = re.search(r"\d+", name)
    weak: list[Key] = [("n", float(number.group()))] if number else []
    return [reader.reading(Check.NUMBERS, [("name", name)], found[0], weak=weak)]


def _decade(reader: _Reader, found: re.Match[str]) -> list[Value]:
    value = reader.reading(Check.NUMBERS, [("n", float(found[1])), ("n", float(found[2]))], found[0])
    return [replace(value, sure=Sure.SAID)]


def _scaled(reader: _Reader, number: str, scale: str) -> frozenset[float]:
    factor = _SCALES.get(" ".join(scale.lower().split()), 1)
    return frozenset(round(value * factor, 2) for value in values(number, reader.language))


def _read_money(reader: _Reader) -> None:
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


def _counted(reader: _Reader, found: re.Match[str], unit: str) -> list[Value]:
    numbers = values(found["number"], reader.language)
    keys = [(unit, number) for number in numbers]
    return [reader.reading(Check.NUMBERS, keys, found[0], weak=[("n", number) for number in numbers])]


def _times(hours: Iterable[int], minutes: int) -> list[Key]:
    return [("time", (hour * 60 + minutes) % moments.DAY) for hour in hours]


def _clock(reader: _Reader, found: re.Match[str]) -> list[Value]:
    read = []
    for place in ("1", "2"):
        if found[f"h{place}"] is None:
            continue
        hour, minutes = int(found[f"h{place}"]), _minutes(found, place)
        part = found[f"p{place}"]
        hours = moments.half_of_day(hour, part) if part else (hour % _HOURS, (hour + 12) % _HOURS)
        read.append(reader.reading(Check.TIMES, _times(hours, minutes), found[0]))
    # What is said in words tells the time as surely as digits do, once the half of the day is there.
    return [replace(value, sure=Sure.CERTAIN) for value in read]


def _minutes(found: re.Match[str], place: str) -> int:
    groups = found.groupdict()
    word = (groups.get(f"w{place}") or "").strip(IN_WORDS)
    return {"media": 30, "cuarto": 15}.get(word) or int(word or groups[f"m{place}"] or 0)


def _bare_clock(reader: _Reader, found: re.Match[str]) -> list[Value]:
    groups = found.groupdict()
    hour = int(groups["h"])
    minutes = int(groups["m"] or groups.get("hm") or groups.get("hh") or 0)
    sure_half = hour > 12 or groups["h"].startswith("0") or groups["m"] is None  # noqa: PLR2004 - 24-hour clock
    hours = (hour,) if sure_half else (hour, hour + 12)
    weak: list[Key] = [("n", float(hour))] if not minutes else []
    return [reader.reading(Check.TIMES, _times(hours, minutes), found[0], weak=weak)]


def _read_dates(reader: _Reader, *, named: bool) -> None:
    names = moments.MONTHS[reader.language]

    def by_name(found: re.Match[str]) -> list[Value] | None:
        if found["month"] in moments.AMBIGUOUS_MONTHS and reader.language == "en":
            return None  # "our 1st march"
        month = names[found["month"].lower()]
        read = [reader.reading(Check.DATES, [("month", month)], found["month"])]
        for written in sorted({"day", "other"} & found.groupdict().keys(), key=found.start):
            if found[written]:
                number = re.search(r"\d+", found[written])
                day = int(number.group()) if number else 1
                reader.days.add((month, day))
                read.append(replace(reader.reading(Check.DATES, [("n", float(day))], found[0]), sure=Sure.CERTAIN))
        return read

    def iso(found: re.Match[str]) -> list[Value]:
        month, day = int(found["month"]), int(found["day"])
        keys: list[Key] = [("month", month), ("n", float(day)), ("n", float(found["year"]))]
        return [reader.reading(Check.DATES, [key], found[0]) for key in keys]

    def slash(found: re.Match[str]) -> list[Value]:
        # 6/10 is June 10 or October 6, and 1/2 a half: it can confirm, and says nothing by itself.
        numbers = float(found["first"]), float(found["second"])
        keys: list[Key] = [(kind, number) for number in numbers for kind in ("n", "month", "slash")]
        read = [replace(reader.reading(Check.DATES, [key], found[0]), sure=Sure.POSSIBLE) for key in keys]
        year = found["year"]
        if year and len(year) > 2:  # noqa: PLR2004 - "19" may be a day
            read.append(reader.reading(Check.NUMBERS, [("n", float(year))], year))
        return read

    if "-" in reader.text:
        reader.take(moments.ISO_DATE, iso)
    if "/" in reader.text:
        reader.take(moments.SLASH_DATE, slash)
    for pattern in moments.DATES[reader.language] if named else ():
        reader.take(pattern, by_name)


def _years(reader: _Reader, found: re.Match[str]) -> list[Value]:
    first, second = float(found[1]), float(found[1][:2] + found[3])
    return [
        reader.reading(Check.NUMBERS, [("n", first)], found[0]),
        reader.reading(Check.NUMBERS, [("n", second), ("n", float(found[3]))], found[0]),
    ]


def _ordinal(reader: _Reader, number: float, shown: str) -> Value:
    return reader.reading(Check.NUMBERS, [("ordinal", number), ("n", number)], shown)


def _plain(reader: _Reader, found: re.Match[str]) -> list[Value]:
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
        if number <= _HOURS and not scale and number.is_integer():
            weak |= set(_times((int(number) % _HOURS, (int(number) + 12) % _HOURS), 0))
        if number in (8, 15) and behind.startswith(" días"):
            weak.add(("n", number // 7))  # "ocho días" is a week, "quince días" are two
        if years:
            weak.add(("n", number * years))  # "two decades" may be "veinte años"
    if scale:
        weak |= {("n", number) for number in _scaled(reader, written, "")}
    value = reader.reading(Check.NUMBERS, [("n", number) for number in numbers], found[0], weak=weak)
    # Every language has its own ways to say one.
    return [replace(value, sure=Sure.POSSIBLE) if numbers == {1.0} else value]


def _read_words(reader: _Reader, text: Text) -> None:
    """Months, weekdays, noon and ordinals, which stand in words."""
    language, words = reader.language, text.vocabulary

    def month(found: re.Match[str]) -> list[Value]:
        name = found[0]
        value = reader.reading(Check.DATES, [("month", moments.MONTHS[language][name.lower()])], name)
        doubtful = language == "en" and name.lower() in moments.AMBIGUOUS_MONTHS and not moments.surely_month(found)
        return [_named(reader, value, name, doubtful=doubtful)]

    def weekday(found: re.Match[str]) -> list[Value]:
        name = found[0]
        value = reader.reading(Check.DATES, [("weekday", moments.WEEKDAYS[language][name.lower()])], name)
        return [_named(reader, value, name, doubtful=len(name) < moments.FULL_WEEKDAY)]

    def turn(found: re.Match[str]) -> list[Value]:
        minutes = moments.NOON if found["noon"] else 0
        return [replace(reader.reading(Check.TIMES, [("time", minutes)], found[0]), sure=Sure.SAID)]

    if names := text.those_in(moments.FULL_MONTHS[language]):
        reader.take(any_of(names), month)
    if names := text.those_in(moments.WEEKDAYS[language]):
        reader.take(any_of(names), weekday)
    if words & moments.TURN_WORDS:
        reader.take(moments.TURNS[language], turn)
    for word, number in ordinals.in_words(text):
        sure = Sure.SAID if number >= ordinals.SURELY_ORDINAL else Sure.POSSIBLE
        reader.found.append(replace(_ordinal(reader, number, word), sure=sure))
    for shown, number in ordinals.centuries(text):
        reader.found.append(replace(_ordinal(reader, number, shown), sure=Sure.POSSIBLE))


def _named(reader: _Reader, value: Value, name: str, *, doubtful: bool) -> Value:
    """A month or weekday; only possible if it may be somebody's name: "April", "Julio", "Domingo"."""
    person = name[0].isupper() and (reader.language == "es" or re.search(rf"\b{name}\b", reader.other))
    return replace(value, sure=Sure.POSSIBLE) if doubtful or person else value
