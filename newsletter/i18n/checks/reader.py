"""What reading a text for its values leaves behind: each value, its keys, and how sure it is.

A value has the keys by which it may be recognised in the other language.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import IntEnum

from newsletter.i18n.checks.numerals import IN_WORDS, OPTIONAL
from newsletter.i18n.checks.text import STAND_IN

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


_MARKS = str.maketrans("", "", IN_WORDS + OPTIONAL + STAND_IN)


@dataclass(slots=True)
class Reader:
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
