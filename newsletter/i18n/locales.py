"""Which locale a reader gets, and how a locale is named and written.

A text locale (``es``) decides the words; a formatting locale (``es_US``)
decides dates and money.  Source of names and directions: CLDR, through Babel.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from babel import Locale, UnknownLocaleError


@dataclass(frozen=True, slots=True)
class LocaleChoice:
    """The locale somebody gets, and why, in words for staff."""

    locale: str
    reason: str


def choose_locale(wanted: str, available: Sequence[str]) -> LocaleChoice:
    """Choose one of ``available`` (the first is the default) for what a reader's row says.

    The chain: the same tag (whatever its case, ``-`` or ``_``) → the same
    language without its region → the default.  Source: RFC 4647 §3.4 (lookup).
    """
    default = available[0]
    tag = wanted.strip().replace("_", "-").lower()
    if not tag:
        return LocaleChoice(default, f"no locale given, so the default '{default}'")
    by_tag = {locale.replace("_", "-").lower(): locale for locale in available}
    parts = tag.split("-")
    for length in range(len(parts), 0, -1):
        found = by_tag.get("-".join(parts[:length]))
        if found:
            why = "asks for it" if length == len(parts) else f"asks for '{wanted}', nearest is '{found}'"
            return LocaleChoice(found, why)
    return LocaleChoice(default, f"asks for '{wanted}', which is not offered, so the default '{default}'")


def is_locale(tag: str) -> bool:
    """Whether CLDR knows the tag."""
    try:
        Locale.parse(tag.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return False
    return True


def own_name(locale: str) -> str:
    """The language's name in itself, as a link to it should say: English, español."""
    parsed = Locale.parse(locale.replace("-", "_"))
    return parsed.get_language_name(parsed) or locale


def direction(locale: str) -> str:
    """``ltr`` or ``rtl``."""
    return "rtl" if Locale.parse(locale.replace("-", "_")).text_direction == "rtl" else "ltr"


def language_tag(locale: str) -> str:
    """The BCP 47 tag for ``lang=`` and Content-Language."""
    return locale.replace("_", "-")
