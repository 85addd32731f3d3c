"""Numbers, amounts, dates and times as one text says them: ``read(text) → values``.

Patterns are tried from the most telling to the barest, and what one has read
no other sees.  Only English and Spanish are read.
"""

from __future__ import annotations

import re
from dataclasses import replace

from newsletter.i18n.checks import amounts, ordinals, when
from newsletter.i18n.checks.numerals import digits
from newsletter.i18n.checks.reader import Reader, Sure, Value
from newsletter.i18n.checks.text import Text

_DIGIT = re.compile(r"[\d\x1a\x1b]")


def read(text: Text, other: Text) -> tuple[list[Value], set[tuple[int, int]]]:
    """The values of a text, in order, and its days as (month, day).  ``other`` tells "April", the name, from April."""
    reader = Reader(ordinals.compounds_in_digits(digits(text), text), text.language, other.plain)
    if _DIGIT.search(reader.text):
        words = text.vocabulary
        amounts.read_names(reader)
        amounts.read_units(reader, words)
        when.read_clocks(reader, words)
        when.read_dates(reader, words)
        amounts.read_numbers(reader)
    when.read_names(reader, text)
    placed = sorted(range(len(reader.places)), key=reader.places.__getitem__)
    return [reader.found[number] for number in placed] + _ordinals(reader, text), reader.days


def _ordinals(reader: Reader, text: Text) -> list[Value]:
    """Ordinals and centuries in words, of which it is not known where they stand."""
    found = []
    for word, number in ordinals.in_words(text):
        sure = Sure.SAID if number >= ordinals.SURELY_ORDINAL else Sure.POSSIBLE
        found.append(replace(amounts.ordinal(reader, number, word), sure=sure))
    for shown, number in ordinals.centuries(text):
        found.append(replace(amounts.ordinal(reader, number, shown), sure=Sure.POSSIBLE))
    return found
