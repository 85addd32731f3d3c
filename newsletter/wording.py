"""Sentences that remember how they were made, so that they can be said in another language.

What the checks find is told in English, on the command line and in reports.
The studio says it in Spanish too.  So a check does not write an f-string but
``said("the source has %(here)s", here=…)``: a ``str`` like any other, of which
the studio knows what to look up in its catalog and what to fill in.  Whoever
knows nothing of it sees the English.

Values are filled in once, in one pass: what stands in them is never taken for
a place to be filled.  A value that was said itself is translated too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import reduce

_WITH_LINES = "%(what)s%(lines)s"
_PLACE = re.compile(r"%\((?P<name>\w+)\)s")
_ESCAPED_JOINER = re.compile(r"(?<!\\)((?:\\\\)*)\\u(200[cd])")


class Said(str):
    """A sentence in English, with its ``pattern`` and ``values``."""

    __slots__ = ("pattern", "values")
    pattern: str
    values: Mapping[str, object]

    def told(self, translate: Callable[[str], str]) -> str:
        """The sentence with every pattern in it translated."""
        values = {name: v.told(translate) if isinstance(v, Said) else v for name, v in self.values.items()}
        return fill(translate(self.pattern), values)

    def patterns(self) -> frozenset[str]:
        """Every pattern in it that has words: its own, and those of its values."""
        inner = (value.patterns() for value in self.values.values() if isinstance(value, Said))
        return frozenset({self.pattern} if has_words(self.pattern) else ()).union(*inner)


def said(pattern: str, **values: object) -> Said:
    """A sentence in English; ``%(name)s`` in it is replaced by a value."""
    made = Said(fill(pattern, values))
    made.pattern, made.values = pattern, values
    return made


def recalled(text: str, patterns: Sequence[str]) -> str:
    """The sentence that ``text`` was before it was stored, if one of the ``patterns`` made it; else the text.

    So are its values.  Patterns with most words of their own come first into question.
    """
    for pattern in sorted(patterns, key=lambda pattern: -len(_PLACE.sub("", pattern))):
        between, names = _PLACE.split(pattern)[::2], _PLACE.findall(pattern)
        if found := re.fullmatch("(.+?)".join(map(re.escape, between)), text, re.DOTALL):
            values = {name: recalled(value, patterns) for name, value in zip(names, found.groups(), strict=True)}
            return said(pattern, **values)
    return text


def has_words(pattern: str) -> bool:
    """Whether there is anything to translate in it besides its values."""
    return any(map(str.isalpha, _PLACE.sub("", pattern)))


def joined(parts: Sequence[str]) -> str:
    """Parts of a sentence one after the other, each of which may have been said."""
    return reduce(lambda first, rest: said("%(first)s, %(rest)s", first=first, rest=rest), parts) if parts else ""


def with_lines(what: str, lines: Sequence[str]) -> Said:
    """A sentence, and below it lines that show more of it."""
    return said(_WITH_LINES, what=what, lines="".join(f"\n  {line}" for line in lines))


def headline(text: str) -> str:
    """The sentence without such lines."""
    what = text.values["what"] if isinstance(text, Said) and text.pattern == _WITH_LINES else None
    return what if isinstance(what, str) else text.partition("\n")[0] if "\n" in text else text


def quoted(text: str) -> str:
    """A text in quotation marks: what nobody can see in it is an escape, but not what joins emoji and letters."""
    return _ESCAPED_JOINER.sub(lambda found: found[1] + chr(int(found[2], 16)), repr(text))


def places_in(pattern: str) -> list[str]:
    """The names of its places."""
    return _PLACE.findall(pattern)


def fill(pattern: str, values: Mapping[str, object]) -> str:
    """The pattern with its values; a place without one stays as it is."""
    return _PLACE.sub(lambda found: str(values.get(found["name"], found.group())), pattern)
