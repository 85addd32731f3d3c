"""How a reader of one locale writes dates, times, zones, money, counts and lists.

All from CLDR through Babel, in the formatting locale ("$25" is right in
``es_US`` and not in ``es``).  Ours is one rule that CLDR's list patterns lack:
Spanish *y* becomes *e* before an i-sound and *o* becomes *u* before an
o-sound.  Source: RAE, Ortografía (2010), and Nueva gramática §31.1.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from babel import Locale
from babel.dates import format_date, format_interval, format_time, get_timezone_name
from babel.lists import format_list
from babel.numbers import format_currency, format_decimal, get_currency_symbol

# hierro, hiato: the i is part of a diphthong, so the conjunction stays "y".
_I_SOUND = re.compile(r"(?:i|í|hi|hí)(?![aeoáéó])", re.IGNORECASE)
_O_SOUND = re.compile(r"(?:o|ó|ho|hó)|8|11(?!\d)", re.IGNORECASE)


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
        return format_interval(starts, ends, "hm", tzinfo=starts.tzinfo, locale=self._babel)

    def zone(self, moment: dt.datetime) -> str:
        """The zone in words, for readers who may live in another: "Eastern Time"."""
        return get_timezone_name(moment.tzinfo, width="long", locale=self._babel)

    def number(self, value: int) -> str:
        """A count: "1,300"."""
        return format_decimal(value, locale=self._babel)

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
