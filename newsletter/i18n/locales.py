"""Which locale a reader gets, and how a locale is named and written.

A text locale (``es``) decides the words; a formatting locale (``es_US``)
decides dates and money.  A *pair* (``es+en``) is no locale of its own: it asks
for both editions in one message, in this order.

Source of names, aliases, scripts and directions: CLDR, through Babel; of the
chain by which a reader's wish meets what is offered: RFC 4647 §3.4 (lookup).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from babel import Locale, UnknownLocaleError
from babel.core import get_global

PAIR = "+"  # between the two locales of a pair
SCRIPT_LETTERS = 4  # Hant, Latn, Cyrl


_TAG = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*")


@dataclass(frozen=True, slots=True)
class LocaleChoice:
    """The locale or pair somebody gets, and why, in words for staff."""

    locale: str
    reason: str


@dataclass(frozen=True, slots=True)
class Offer:
    """What a workspace offers: its ``locales``, the first of them the default, and pairs by segment.

    Who is in a segment of ``bilingual`` gets its pair; of several, the first.
    """

    locales: tuple[str, ...]
    bilingual: Mapping[str, str]

    def choose(self, wanted: str, segments: Collection[str]) -> LocaleChoice:
        """Choose for what a reader's row says, and for the segments they are in.

        A pair in the row goes before the segment's: whoever asked for an order has it.
        """
        own = choose_locale(wanted, self.locales)
        if PAIR not in own.locale:
            for name, pair in self.bilingual.items():
                if name in segments:
                    return LocaleChoice(pair, f"is in '{name}', which gets both")
        return own


def choose_locale(wanted: str, available: Sequence[str]) -> LocaleChoice:
    """Choose one of ``available`` (the first is the default), or a pair of them, for what a reader's row says.

    The chain for one locale: the same tag (whatever its case, ``-`` or ``_``,
    an old name such as ``iw`` for ``he``, a script that goes without saying) →
    the same, cut from its end (``es-MX`` → ``es``; RFC 4647 §3.4) → the same
    language and script elsewhere (``es`` → ``es-MX``) → the default.  A pair
    goes through the chain half by half; what is not offered of it falls away.
    """
    default = available[0]
    asked = [half for half in halves_of(wanted.strip()) if half.strip()]
    if not asked:
        return LocaleChoice(default, f"no locale given, so the default '{default}'")
    found = [locale for half in asked if (locale := lookup(half, available))]
    halves = list(dict.fromkeys(found))[:2]
    if not halves:
        return LocaleChoice(default, f"asks for '{wanted}', which is not offered, so the default '{default}'")
    locale = PAIR.join(halves)
    if len(halves) < len(asked):
        return LocaleChoice(locale, f"asks for '{wanted}', of which '{locale}' is offered")
    if _plain(wanted) == _plain(locale):
        return LocaleChoice(locale, "asks for both" if len(halves) > 1 else "asks for it")
    if [_canonical(half) for half in asked] == [_canonical(half) for half in halves]:
        return LocaleChoice(locale, f"asks for '{wanted}', which is '{locale}'")
    return LocaleChoice(locale, f"asks for '{wanted}', nearest is '{locale}'")


def halves_of(locale: str) -> tuple[str, ...]:
    """The locales of a pair, in their order; a single locale alone."""
    return tuple(locale.split(PAIR))


def lookup(wanted: str, available: Sequence[str]) -> str:
    """What of ``available`` the chain finds for one locale; "" if nothing."""
    by_tag: dict[str, str] = {}
    for locale in available:
        by_tag.setdefault(_canonical(locale), locale)
    tag = _canonical(wanted)
    parts = tag.split("-")
    while parts:
        if found := by_tag.get("-".join(parts)):
            return found
        parts.pop()
        if parts and len(parts[-1]) == 1:  # "x" in es-x-farm only introduces what was cut
            parts.pop()
    return next((locale for known, locale in by_tag.items() if _family(known) == _family(tag)), "")


def _plain(tag: str) -> str:
    return tag.strip().replace("_", "-").lower()


def current_tag(tag: str) -> str:
    """A tag in small letters with ``-``, its language by today's name: ``iw_IL`` → ``he-il``, ``spa`` → ``es``."""
    language, *rest = _plain(tag).split("-")
    renamed = str(get_global("language_aliases").get(language, language)).lower().split("_")
    return "-".join([*renamed, *rest])


@lru_cache(4096)  # tags come from lists, and from whoever asks a public page
def _canonical(tag: str) -> str:
    """A tag by which two names of the same can be compared: the script stands in it only if it is not the usual one.

    ``zh-TW`` and ``zh-Hant-TW`` → ``zh-hant-tw``; ``es-Latn-MX`` → ``es-mx``.
    """
    language, *rest = current_tag(tag).split("-")
    likely = get_global("likely_subtags")
    usual = _script(likely.get(language, ""))
    if rest and len(rest[0]) == SCRIPT_LETTERS and rest[0].isalpha():
        script, *rest = rest
    else:
        script = _script(likely.get(f"{language}_{rest[0].upper()}", "")) if rest else ""
    return "-".join([language, *([script] if script and script != usual else []), *rest])


def _script(likely: str) -> str:
    """The script in ``zh_Hant_TW``, in small letters."""
    return next((part.lower() for part in likely.split("_")[1:] if len(part) == SCRIPT_LETTERS), "")


def _family(canonical: str) -> tuple[str, str]:
    language, *rest = canonical.split("-")
    return language, rest[0] if rest and len(rest[0]) == SCRIPT_LETTERS and rest[0].isalpha() else ""


def is_locale(tag: str) -> bool:
    """Whether CLDR knows the tag."""
    if not _TAG.fullmatch(tag):
        return False  # Babel would drop what follows a dot or an @
    try:
        Locale.parse(tag.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return False
    return True


def own_name(locale: str) -> str:
    """The language's name in itself, as a link to it should say: English, español."""
    parsed = Locale.parse(locale.replace("-", "_"))
    return parsed.get_language_name(parsed) or locale


def own_names(locale: str) -> str:
    """The names of an edition's languages in themselves: English, or español + English."""
    return f" {PAIR} ".join(map(own_name, halves_of(locale)))


def direction(locale: str) -> str:
    """``ltr`` or ``rtl``."""
    return "rtl" if Locale.parse(locale.replace("-", "_")).text_direction == "rtl" else "ltr"


def language_tag(locale: str) -> str:
    """The BCP 47 tag for ``lang=``."""
    return locale.replace("_", "-")


def content_language(locale: str) -> str:
    """What Content-Language says of an edition or a pair: ``es``, or ``es, en``.  Source: RFC 3282 §2."""
    return ", ".join(language_tag(half) for half in halves_of(locale))
