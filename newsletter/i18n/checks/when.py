"""Times of the day, dates, months and weekdays, as they are read in one text by the patterns of ``moments.py``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from newsletter.i18n.checks import moments
from newsletter.i18n.checks.findings import Check
from newsletter.i18n.checks.numerals import IN_WORDS
from newsletter.i18n.checks.reader import Key, Reader, Sure, Value
from newsletter.i18n.checks.text import Text, any_of

HOURS = 24


def times(hours: Iterable[int], minutes: int) -> list[Key]:
    """The keys of a time that may be in any of the hours."""
    return [("time", (hour * 60 + minutes) % moments.DAY) for hour in hours]


def read_clocks(reader: Reader, words: frozenset[str]) -> None:
    """Times in digits; ``words`` are those of the text."""
    if not moments.CLOCK_HINT.search(reader.text):
        return
    if not words.isdisjoint(moments.SPOKEN_WORDS):
        reader.text = moments.spoken_in_digits(reader.text, reader.language)
    reader.take(moments.CLOCK[reader.language], lambda found: _clock(reader, found))
    reader.take(moments.BARE_CLOCK[reader.language], lambda found: _bare_clock(reader, found))


def read_dates(reader: Reader, words: frozenset[str]) -> None:
    """Dates with digits; ``words`` are those of the text."""
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
    for pattern in moments.DATES[reader.language] if words & moments.MONTH_WORDS[reader.language] else ():
        reader.take(pattern, by_name)


def read_names(reader: Reader, text: Text) -> None:
    """Months, weekdays and noon, which stand in words."""
    language = reader.language

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
    if text.vocabulary & moments.TURN_WORDS:
        reader.take(moments.TURNS[language], turn)


def _clock(reader: Reader, found: re.Match[str]) -> list[Value]:
    read = []
    for place in ("1", "2"):
        if found[f"h{place}"] is None:
            continue
        hour, minutes = int(found[f"h{place}"]), _minutes(found, place)
        part = found[f"p{place}"]
        hours = moments.half_of_day(hour, part) if part else (hour % HOURS, (hour + 12) % HOURS)
        read.append(reader.reading(Check.TIMES, times(hours, minutes), found[0]))
    # What is said in words tells the time as surely as digits do, once the half of the day is there.
    return [replace(value, sure=Sure.CERTAIN) for value in read]


def _minutes(found: re.Match[str], place: str) -> int:
    groups = found.groupdict()
    word = (groups.get(f"w{place}") or "").strip(IN_WORDS)
    return {"media": 30, "cuarto": 15}.get(word) or int(word or groups[f"m{place}"] or 0)


def _bare_clock(reader: Reader, found: re.Match[str]) -> list[Value]:
    groups = found.groupdict()
    hour = int(groups["h"])
    minutes = int(groups["m"] or groups.get("hm") or groups.get("hh") or 0)
    sure_half = hour > 12 or groups["h"].startswith("0") or groups["m"] is None  # noqa: PLR2004 - 24-hour clock
    hours = (hour,) if sure_half else (hour, hour + 12)
    weak: list[Key] = [("n", float(hour))] if not minutes else []
    return [reader.reading(Check.TIMES, times(hours, minutes), found[0], weak=weak)]


def _named(reader: Reader, value: Value, name: str, *, doubtful: bool) -> Value:
    """A month or weekday; only possible if it may be somebody's name: "April", "Julio", "Domingo"."""
    person = name[0].isupper() and (reader.language == "es" or re.search(rf"\b{name}\b", reader.other))
    return replace(value, sure=Sure.POSSIBLE) if doubtful or person else value
