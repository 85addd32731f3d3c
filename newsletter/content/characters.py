"""Characters that may stand in no text: those that cannot be seen, and those that would mislead.

Control characters; the line breaks that only Unicode knows, at which programs
disagree about where a line ends; bidi overrides and isolates; private use, of
which marks are made (``placeholders.py``); surrogates and non-characters,
which no mail can carry.  Tab and line feed are welcome.
"""

from __future__ import annotations

import re

from newsletter.content.problems import Problem
from newsletter.wording import said

FORBIDDEN = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ue000-\uf8ff\ufffe\uffff]"
)
CODE = "invisible-character"
HINT = said("delete it; it often comes with pasted text")


def complaint(character: str) -> str:
    """What to say of one such character, which must not be shown itself."""
    return said("the invisible character %(code)s may not stand here", code=f"U+{ord(character):04X}")


def check_characters(text: str) -> list[Problem]:
    """Report the first forbidden character of a text."""
    found = FORBIDDEN.search(text)
    return [Problem(CODE, complaint(found.group()), HINT)] if found else []
