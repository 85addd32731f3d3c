"""The bilingual edition: two editions of one issue in one message, in the order of the reader.

Both exist only if they are complete, so neither half is ever a fall-back.
The subject names both, each in its own language; the preheader is the first
half's.  What is rendered is a *letter*: an edition, or two of them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from newsletter.content.placeholders import PLACEHOLDER
from newsletter.i18n.locales import PAIR
from newsletter.i18n.translate import Edition

MAX_SUBJECT = 120  # characters of both subjects together; most mail programs show fewer
_BETWEEN = " / "
_WORD = re.compile(rf"(?:{PLACEHOLDER.pattern}|\S)+")
_LOOSE_END = " ,;:.–—-(¡¿/"


@dataclass(frozen=True, slots=True)
class Bilingual:
    """Two editions of one issue for the same readers."""

    first: Edition
    second: Edition

    @property
    def slug(self) -> str:
        """The issue's."""
        return self.first.slug

    @property
    def locale(self) -> str:
        """The pair, such as ``es+en``."""
        return f"{self.first.locale}{PAIR}{self.second.locale}"

    @property
    def segments(self) -> frozenset[str]:
        """The limiting segments of its readers."""
        return self.first.segments

    @property
    def draft(self) -> bool:
        """Whether a half may have holes."""
        return self.first.draft or self.second.draft


Letter = Edition | Bilingual
"""What one message holds."""


def editions_of(letter: Letter) -> tuple[Edition, ...]:
    """The halves of a letter in the order of reading; an edition alone is its own only one."""
    return (letter.first, letter.second) if isinstance(letter, Bilingual) else (letter,)


def subject_of(letter: Letter) -> str:
    """The subject, with placeholders as they were written.  Of two halves: "Noticias de junio / News of June".

    Both together have at most MAX_SUBJECT characters.  Each is sure of half of
    them, and what one does not need the other may use; a longer one ends at a
    word, with "…".  Two that are the same are said once.
    """
    first, *others = (half.issue.subject for half in editions_of(letter))
    if not others or others == [first]:
        return first
    (second,) = others
    room = MAX_SUBJECT - len(_BETWEEN)
    first = _shortened(first, max(room // 2, room - _length(second)))
    return f"{first}{_BETWEEN}{_shortened(second, room - _length(first))}"


def _length(text: str) -> int:
    """Characters as shown to a reader without a name: a placeholder counts by its fall-back."""
    return len(PLACEHOLDER.sub(lambda found: found["fallback"], text))


def _shortened(text: str, room: int) -> str:
    if _length(text) <= room:
        return text
    end = 0
    for word in _WORD.finditer(text):
        if _length(text[: word.end()]) > room - 1:
            break
        end = word.end()
    # A first word that is too long alone is cut inside; a placeholder never is.
    kept = text[:end] or text[: room - 1].partition("{")[0]
    return f"{kept.rstrip(_LOOSE_END)}…"
