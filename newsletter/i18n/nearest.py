"""Which of many old texts a new one was made from.

Comparing each with each would be quadratic: one context may hold thousands of
paragraphs.  So the old texts are indexed by their words and word pairs; only
the few that share most of the rare ones are compared letter by letter.
"""

from __future__ import annotations

import difflib
import itertools
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

NEAR = 0.5  # difflib ratio from which an old text counts as an earlier form of a new one
FINALISTS = 4  # old texts that are compared letter by letter
COMMON = 32  # old texts that may share a word before it tells nothing any more
_WORDS = re.compile(r"\w+")


class Nearest:
    """The old texts of one context; each that is taken is given away once."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._left = dict.fromkeys(texts)  # in their order
        self._by_feature: dict[str, list[str]] = defaultdict(list)
        for text in self._left:
            for feature in dict.fromkeys(_features(text)):
                self._by_feature[feature].append(text)

    def __bool__(self) -> bool:
        return bool(self._left)

    def take(self, wanted: str) -> str | None:
        """The closest old text, which is then gone; None if none is near.  Of equals, the first in order."""
        best = self.find(wanted)
        if best is not None:
            del self._left[best]
        return best

    def find(self, wanted: str) -> str | None:
        """The same, and it stays."""
        matcher = difflib.SequenceMatcher(None, b=wanted, autojunk=False)
        best, best_ratio = None, NEAR
        for candidate in self._finalists(wanted):
            matcher.set_seq1(candidate)
            if matcher.real_quick_ratio() < best_ratio or matcher.quick_ratio() < best_ratio:
                continue
            ratio = matcher.ratio()
            if ratio > best_ratio or (best is None and ratio == best_ratio):
                best, best_ratio = candidate, ratio
        return best

    def _finalists(self, wanted: str) -> list[str]:
        if len(self._left) <= FINALISTS:
            return list(self._left)
        shared: dict[str, float] = defaultdict(float)
        for feature in dict.fromkeys(_features(wanted)):
            holders = self._by_feature.get(feature, ())
            if len(holders) <= COMMON:
                for text in holders:
                    shared[text] += 1 / len(holders)
        known = [text for text in shared if text in self._left]
        return sorted(known, key=lambda text: -shared[text])[:FINALISTS]


def _features(text: str) -> Iterator[str]:
    words = _WORDS.findall(text.casefold())
    yield from words
    for first, second in itertools.pairwise(words):
        yield f"{first} {second}"
