"""How a reader of one locale writes dates, times, zones, money, counts and lists.

All from CLDR through Babel, in the formatting locale ("$25" is right in
``es_US`` and not in ``es``).  Ours is one rule that CLDR's list patterns lack:
Spanish *y* becomes *e* before an i-sound and *o* becomes *u* before an
o-sound, as the word is spoken: "$80" is "ochenta dólares".  Source: RAE,
Diccionario panhispánico de dudas, "y²" and "o²".
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from gettext import c2py
from typing import Literal

from babel import Locale
from babel.dates import format_date, format_interval, format_time, get_timezone_name
from babel.lists import format_list
from babel.messages.plurals import get_plural
from babel.numbers import format_currency, format_decimal, get_currency_symbol
from babel.units import format_unit

# Marks before a word or number ("«", "¿", "$") are not spoken, or not there.
# hierro, ion, Iulia: the i is part of a diphthong, so the conjunction stays "y"; in Híades it is not.
# Yvonne: before a consonant y is a vowel; yeso, yo: before a vowel it is none.
_I_SOUND = re.compile(r"\W*(?:h?i(?![aeouáéóú])|h?í|y[^\W\d_aeiouáéíóúü])", re.IGNORECASE)
# ocho, ochenta, ochocientos and their thousands; once, once mil, once millones, but ciento diez and mil cien.
_O_SOUND = re.compile(r"\W*(?:h?[oó]|8|11(?:\d{3})*(?!\d))", re.IGNORECASE)


def opening(text: str) -> str:
    """The text as it stands where it begins a line of its own: with a capital, "Lunes, 10 de junio de 2019"."""
    return text[:1].upper() + text[1:]


def tied(text: str, most: int) -> str:
    """The text with its last two words kept on one line, if they are short: none is left alone there.

    Of more than ``most`` letters they stay apart: a narrow screen would tear them where letters are enlarged.
    """
    before, _, last = text.rpartition(" ")
    one_before = before.rpartition(" ")[2]
    short = one_before and last and len(one_before) + len(last) < most
    return before + "\u00a0" + last if short else text  # joined so that Markup stays Markup


@dataclass(frozen=True, slots=True)
class Formats:
    """The formatter of one locale.  ``locale`` is the formatting locale, e.g. ``es_US``."""

    locale: str

    @property
    def _babel(self) -> Locale:
        return Locale.parse(self.locale.replace("-", "_"))

    def date(self, date: dt.date) -> str:
        """A whole date: "June 3, 2019", "3 de junio de 2019"."""
        return format_date(date, "long", locale=self._babel)

    def day(self, date: dt.date) -> str:
        """A date with its weekday: "Monday, June 10, 2019", "lunes, 10 de junio de 2019"."""
        return format_date(date, "full", locale=self._babel)

    def hours(self, starts: dt.datetime, ends: dt.datetime | None) -> str:
        """The time of day, or the span of it: "6:00 – 8:00 PM".  Aware times of one zone."""
        if ends is None:
            return format_time(starts, "short", tzinfo=starts.tzinfo, locale=self._babel)
        # CLDR's skeletons ask for 12 or 24 hours; the locale's own short time tells which it uses.
        skeleton = "Hm" if "H" in self._babel.time_formats["short"].pattern else "hm"
        return format_interval(starts, ends, skeleton, tzinfo=starts.tzinfo, locale=self._babel)

    def clock(self, time: dt.time) -> str:
        """A time of day: "12:30 PM"."""
        return format_time(time, "short", locale=self._babel)

    def minutes(self, number: int) -> str:
        """A length of time, which stays on one line: "14 minutes", "14 minutos"."""
        return format_unit(number, "duration-minute", "long", locale=self._babel).replace(" ", "\u00a0")

    def zone(self, moment: dt.datetime) -> str:
        """The zone in words, for readers who may live in another: "Eastern Time".

        A zone that never changes its clocks is named as such, "Mountain Standard
        Time" for Phoenix: its neighbours' "Mountain Time" is another in summer.
        """
        start_of_year = moment.replace(month=1, day=1)
        if start_of_year.utcoffset() == start_of_year.replace(month=7).utcoffset():
            return get_timezone_name(moment, width="long", zone_variant="standard", locale=self._babel)
        return get_timezone_name(moment.tzinfo, width="long", locale=self._babel)

    def number(self, value: int) -> str:
        """A count: "1,300"."""
        return format_decimal(value, locale=self._babel)

    def plural(self, number: int, forms: Sequence[str]) -> str:
        """The form that a number takes, of those the language has in gettext's order: (one, other) in Spanish."""
        rule = get_plural(self.locale.replace("-", "_"))
        return forms[min(c2py(rule.plural_expr)(number), len(forms) - 1)]

    def money(self, amount: int, currency: str) -> str:
        """A whole amount: "$25"; a foreign currency shows its code or symbol as CLDR has it."""
        symbol_first = self._babel.currency_formats["standard"].pattern.lstrip("\u200f\u200e").startswith("¤")
        symbol = get_currency_symbol(currency, locale=self._babel)
        gap = "\u00a0" if symbol[-1:].isalpha() or not symbol_first else ""
        pattern = f"¤{gap}#,##0" if symbol_first else f"#,##0{gap}¤"
        return format_currency(amount, currency, pattern, locale=self._babel, currency_digits=False)

    def list(self, items: Sequence[str], style: Literal["standard", "or"] = "standard") -> str:
        """Items as one phrase: "Ana e Inés", "$10, $25 o $50"."""
        phrase = format_list(list(items), style=style, locale=self._babel)
        if self._babel.language != "es" or len(items) < 2:  # noqa: PLR2004 - nothing to join
            return phrase
        word, sound, other = (" o ", _O_SOUND, " u ") if style == "or" else (" y ", _I_SOUND, " e ")
        last = items[-1]
        if sound.match(last) and phrase.endswith(word + last):
            return phrase.removesuffix(word + last) + other + last
        return phrase
