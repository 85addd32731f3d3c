"""Anchors before the blocks of a page, for whoever shows it beside another edition; never in a mail.

The preview asks for them, measures where each block begins and what it
weighs, and takes them out again: what is left is the mail to the byte
(``tests/unit/test_anchors.py``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from markupsafe import Markup

_ANCHOR = re.compile(r'<a data-block="(?P<block>[^"]*)" data-locale="(?P<locale>[^"]*)"></a>')
# Between two sections MJML joins the conditional comments of Outlook, unless something stands there.
_WITH_SEAM = re.compile(rf"(?:<!\[endif\]-->\n?)?{_ANCHOR.pattern}\n?(?:<!--\[if mso \| IE\]>\n?)?")
_END = "</body>"


def anchor(block: str, locale: str) -> Markup:
    """The mark before a block of one half of a letter."""
    return Markup('<a data-block="{}" data-locale="{}"></a>').format(block, locale)


def without_anchors(html: str) -> str:
    """The page as it is sent."""
    return _WITH_SEAM.sub("", html)


def block_sizes(html: str) -> Iterator[tuple[str, int]]:
    """Each block of an anchored page with the bytes up to the next one; the last one's include the footer."""
    found = list(_ANCHOR.finditer(html))
    ends = [*(anchor.start() for anchor in found), html.rfind(_END) if _END in html else len(html)]
    for anchored, (_start, end) in zip(found, pairwise(ends), strict=True):
        yield anchored["block"], len(html[anchored.end() : end].encode())
