"""Clock times and dates in English and Spanish text, as patterns that ``when.py`` reads by.

"6 PM", "18:00", "las 6 de la tarde", "6 p. m." are one time; "Monday, June 10"
and "lunes 10 de junio" are one day.  Texts come with numbers in digits
(``numerals.py``).  Source: CLDR (en, es), RAE, Ortografía (2010) on dates and
hours.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from newsletter.i18n.checks.text import listed

NOON, DAY = 12 * 60, 24 * 60  # minutes
_MONTHS = {
    "en": listed("january february march april may june july august september october november december"),
    "es": listed("enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre"),
}
_SHORT = {
    "en": listed("jan feb mar apr may jun jul aug sep oct nov dec"),
    "es": listed("ene feb mar abr may jun jul ago sep oct nov dic"),
}
_WEEKDAYS = {
    "en": listed("monday tuesday wednesday thursday friday saturday sunday"),
    "es": listed("lunes martes miércoles jueves viernes sábado domingo"),
}
MONTHS: Mapping[str, Mapping[str, int]] = {
    language: {
        **{name: number for number, name in enumerate(_SHORT[language], 1)},
        **{name: number for number, name in enumerate(names, 1)},
        **({"sept": 9} | ({"setiembre": 9} if language == "es" else {})),
    }
    for language, names in _MONTHS.items()
}
WEEKDAYS: Mapping[str, Mapping[str, int]] = {
    "en": {form: day for day, name in enumerate(_WEEKDAYS["en"], 1) for form in (name, f"{name}s")}
    | {"mon": 1, "tue": 2, "tues": 2, "wed": 3, "thu": 4, "thur": 4, "thurs": 4, "fri": 5, "sat": 6, "sun": 7},
    "es": {form: day for day, name in enumerate(_WEEKDAYS["es"], 1) for form in (name, f"{name}s")}
    | {"miercoles": 3, "sabado": 6, "sabados": 6, "lun": 1, "mié": 3, "mie": 3, "jue": 4, "vie": 5, "sáb": 6, "dom": 7},
}
# Words without which there is no date, no month, no noon to look for.  "Cinco de Mayo" is English too.
MONTH_WORDS = {"en": frozenset(MONTHS["en"]) | {"mayo"}, "es": frozenset(MONTHS["es"])}
FULL_MONTHS = {"en": frozenset(_MONTHS["en"]), "es": frozenset(_MONTHS["es"]) | {"setiembre"}}
TURN_WORDS = frozenset({"noon", "midday", "midnight", "mediodía", "mediodia", "medianoche", "noche"})
SPOKEN_WORDS = frozenset({"half", "quarter", "media", "cuarto"})
FULL_WEEKDAY = 5  # letters from which a weekday's name is no abbreviation
# English words that name a month only where their neighbours say so.
AMBIGUOUS_MONTHS = frozenset({"may", "march", "august", "mar"})
_BEFORE_A_MONTH = r"(?:in|since|of|until|till|by|last|next|early|late|mid|through|during|from)"

_NAMES = {
    language: {
        "month": "|".join(sorted(MONTHS[language], key=len, reverse=True)),
        "full": "|".join(
            (*_MONTHS[language], *(("setiembre",) if language == "es" else ())),
        ),
    }
    for language in ("en", "es")
}
_DAY = r"(?<![\d.,:/$€£])[\x1a]?(?:3[01]|[12]\d|0?[1-9])(?:st|nd|rd|th|\.?[ºo]\b)?(?![\d:%/]|[.,]\d)"
# Each finds one date, or two of one month: "June 10 and 12", "del 10 al 12 de junio".
DATES: Mapping[str, tuple[re.Pattern[str], ...]] = {
    "en": (
        re.compile(
            rf"\b(?P<month>{_NAMES['en']['month']})\b\.?,? (?:the )?(?P<day>{_DAY})"
            rf"(?:\s*(?:[-–—&]|to|and|or|through)\s*(?P<other>{_DAY})(?!\s*(?:%|\w)))?",
            re.IGNORECASE,
        ),
        re.compile(
            rf"(?=[\x1a\d])(?:(?P<other>{_DAY})\s*(?:[-–—&]|to|and|or|through)\s*)?(?P<day>{_DAY})"
            rf"(?: day)?(?: of)? (?P<month>{_NAMES['en']['month']})\b",
            re.IGNORECASE,
        ),
    ),
    "es": (
        re.compile(
            rf"(?=[\x1a\dp])(?:(?P<other>{_DAY})\s*(?:[-–—]|y|e|o|u|al?)\s*(?:el\s+)?)?"
            rf"\b(?P<day>{_DAY}|primero|1\.?er)\s+(?:de\s+)?(?P<month>{_NAMES['es']['month']})\b",
            re.IGNORECASE,
        ),
        re.compile(rf"\b(?P<month>{_NAMES['es']['full']}) (?P<day>{_DAY})", re.IGNORECASE),
    ),
}
ISO_DATE = re.compile(r"(?<!\d)(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)(?!\d)")
SLASH_DATE = re.compile(r"(?<![\d/])(?P<first>\d{1,2})/(?P<second>\d{1,2})(?:/(?P<year>\d{4}|\d\d))?(?![\d/])")
_SURE_BEFORE = re.compile(rf"\b{_BEFORE_A_MONTH}[ -]$", re.IGNORECASE)
_SURE_BEHIND = re.compile(r"(?:,? | of )\d")
TURNS = {
    "en": re.compile(r"\b(?:(?:12 )?(?P<noon>noon|midday)|(?:12 )?(?P<midnight>midnight))\b", re.IGNORECASE),
    "es": re.compile(r"\b(?:(?P<noon>mediodía|mediodia)|(?P<midnight>medianoche|media noche))\b", re.IGNORECASE),
}
# What a text must hold for a clock time to be in it.
CLOCK_HINT = re.compile(
    r"\d\s*[ap]\.?\s?m\b|\d:\d|\d\s?h|\b(?:clock|half past|quarter|morning|afternoon|evening|night|mañana|madrugada"
    r"|tarde|noche|mediod[ií]a|d[ií]a|y media|y cuarto|menos|para las?)\b",
    re.IGNORECASE,
)

_HALF = r"(?:a\.?\s?m\b\.?|p\.?\s?m\b\.?)"
_PART = {
    "en": rf"(?:\s*{_HALF}|(?:\s*o['’]clock)? (?:in the (?:early )?(?:morning|afternoon|evening)|at night))",
    "es": (
        rf"(?:\s*{_HALF}|(?:\s*(?:en punto|horas|hrs?\.?|h\.?))? (?:de|por|en) la (?:mañana|madrugada|tarde|noche)"
        r"|(?:\s*en punto)? del (?:mediodía|mediodia|día|dia)\b)"
    ),
}
_TO = {"en": r"(?:[-–—]|to|and|until|till|through)", "es": r"(?:[-–—]|a|y|hasta|o)"}
_THE = {"en": "", "es": r"(?:las? )?"}
# What the first hour of a span is not: the day in "el miércoles 11 a las 8:30".
_NO_DAY = {"en": "", "es": r"(?:(?<=\blas )|(?<=\bla )|(?!\x1a?\d\d? a las?\b))"}
_MINUTES = {
    "en": r"(?:[:.](?P<m{n}>[0-5]\d))?",
    "es": r"(?:[:.](?P<m{n}>[0-5]\d)| y (?P<w{n}>media|cuarto|\x1a?\d\d?))?",
}
_HOUR = r"(?<![\d.,:/$€£])[\x1a]?(?P<h{n}>2[0-3]|1\d|0?\d)(?![\d%])"


def _clock(language: str, number: int) -> str:
    return (_HOUR + _MINUTES[language]).replace("{n}", str(number))


# A time with what tells the half of the day, and the hour before it if it is a span: "6-8 PM".
CLOCK = {
    language: re.compile(
        rf"(?=[\x1a\d])(?:{_NO_DAY[language]}{_clock(language, 1)}(?P<p1>{_PART[language]})?"
        rf"\s*{_TO[language]}\s*{_THE[language]})?{_clock(language, 2)}(?P<p2>{_PART[language]})",
        re.IGNORECASE,
    )
    for language in ("en", "es")
}
# A time without it: "18:00", "18 h".
BARE_CLOCK = {
    "en": re.compile(
        r"(?=\d)(?<![\d.,:/$€£])(?P<h>2[0-4]|[01]?\d):(?P<m>[0-5]\d)(?!\d)(?:\s*(?:hours|hrs)\b)?", re.IGNORECASE
    ),
    "es": re.compile(
        r"(?=\d)(?<![\d.,:/$€£])(?P<h>2[0-4]|[01]?\d)(?::(?P<m>[0-5]\d)(?!\d)(?:\s*(?:horas|hrs?|h)\b)?"
        r"|\.(?P<hm>[0-5]\d)\s?h(?:oras|rs?)?\b|\s?h(?:rs?\b)?(?P<hh>[0-5]\d)?\b)",
        re.IGNORECASE,
    ),
}
# "Half past six", "a quarter to seven", "las seis y media", "las siete menos cuarto", "un cuarto para las siete".
_SPOKEN = {
    "en": re.compile(
        r"\b(?:(?P<half>half)|(?:an? )?quarter) (?:(?P<to>to|before|till)|past|after) "
        r"\x1a?(?P<h>1[0-2]|[1-9]|one)\b(?![-:%])",
        re.IGNORECASE,
    ),
    "es": re.compile(
        r"\b(?P<the>las? )\x1a?(?P<h>1[0-2]|[1-9]) (?:(?P<to>menos)|y) (?:(?P<half>media)|cuarto)\b"
        r"|\b(?:un |\x1a1 )?cuarto (?P<to_the>para las? )\x1a?(?P<th>1[0-2]|[1-9])\b",
        re.IGNORECASE,
    ),
}


def spoken_in_digits(text: str, language: str) -> str:
    """The text with times of the clock's face in digits: "6:45" for "a quarter to seven"."""

    def written(found: re.Match[str]) -> str:
        groups = found.groupdict()
        to = groups["to"] or groups.get("to_the")
        hour = int((groups["h"] or groups["th"]).lower().replace("one", "1"))
        hour = (hour - 2) % 12 + 1 if to else hour
        return f"{groups.get('the') or ''}{hour}:{30 if groups['half'] else 45 if to else 15}"

    return _SPOKEN[language].sub(written, text)


def surely_month(found: re.Match[str]) -> bool:
    """Whether "may" or "march" is the month, by what stands beside it."""
    start = found.start()
    before = found.string[max(0, start - 10) : start]
    return bool(_SURE_BEFORE.search(before) or _SURE_BEHIND.match(found.string, found.end()))


def half_of_day(hour: int, part: str) -> tuple[int, ...]:
    """The hours, 0 to 23, that an hour on the clock may be in this part of the day."""
    part = part.lower()
    early = re.match(r"\s*a\.?\s?m", part) or any(word in part for word in ("morning", "mañana", "madrugada"))
    if hour > 12:  # noqa: PLR2004 - "18:00 PM" is its own half
        return (hour % 24,)
    if early:
        # "Las 12 de la mañana" is noon to some and midnight to others.
        return (0, 12) if hour == 12 and "mañana" in part else (hour % 12,)  # noqa: PLR2004
    if "noche" in part or "night" in part:
        return (hour + 12,) if 5 < hour < 12 else (hour % 12, hour % 12 + 12)  # noqa: PLR2004
    if "día" in part or "dia" in part:
        return (12,) if hour == 12 else (hour, hour + 12)  # noqa: PLR2004
    return (hour % 12 + 12,)
