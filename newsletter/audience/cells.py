"""Cells of a spreadsheet: what is put in front of a text that would be taken for a formula, and taken away again.

A name such as ``=HYPERLINK(…)`` comes from a form that anybody can fill in,
and would run on the machine of whoever opens the file.  An apostrophe in
front makes it a text.  A text that had apostrophes before such a sign gets one
more, so that the way back is exact.  Source: OWASP, "CSV Injection".
"""

from __future__ import annotations

import re

GUARD = "'"
_RISKY = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")  # the last: full width = + - @
_KEPT_AS_TEXT = re.compile(r'="(.*)"', re.DOTALL)  # how Excel keeps the zeros of 00123


def guarded(text: str) -> str:
    """The text as a spreadsheet may have it."""
    return f"{GUARD}{text}" if text.lstrip(GUARD).startswith(_RISKY) else text


def plain(cell: str) -> str:
    """What a cell says: without guard, without the form in which Excel keeps a text, without spaces at its ends."""
    text = cell.strip()
    if found := _KEPT_AS_TEXT.fullmatch(text):
        return found[1]
    return text[1:] if text.startswith(GUARD) and text.lstrip(GUARD).startswith(_RISKY) else text
