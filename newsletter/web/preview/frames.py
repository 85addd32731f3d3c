"""A mail's HTML, made fit for a frame of the studio, in one of several looks.

The HTML of a mail is not trusted: templates are anybody's, and a mail may one
day hold more than we mean it to.  Three walls stand around it, and each would
do alone:

- its policy allows no script, no form, no frame and no request but for the
  pictures that it shows;
- ``sandbox`` without ``allow-scripts``, in the frame's attribute and in the
  policy, so that the address opened by itself is as tame as the frame;
- nothing of the studio can be changed by a GET.

``allow-same-origin`` stays, so that the studio's script may measure the page
in the frame: where its blocks begin, and how high it is.  That is no hole
while scripts are off; the two together would be one, since a script could
then take the sandbox off.  Links open in a tab of their own, without opener.

The looks do not ask the browser for dark mode but rewrite the mail's own
media queries, so that whoever works by night sees the light look as it is.
"""

from __future__ import annotations

import re
from enum import StrEnum
from urllib.parse import urlsplit

SANDBOX = "allow-same-origin allow-popups allow-popups-to-escape-sandbox"


class Look(StrEnum):
    """How a mail client shows a mail."""

    LIGHT = "light"
    DARK = "dark"  # a client that asks the mail for its dark colours
    INVERTED = "inverted"  # a client that turns light colours dark itself, and asks nothing
    NO_PICTURES = "no-pictures"


_SCHEME = re.compile(r"\(\s*prefers-color-scheme\s*:\s*(?P<scheme>light|dark)\s*\)", re.IGNORECASE)
_DECLARED = re.compile(r"(?<=[\s;{\"-])(color-scheme(?:s)?\"?\s*(?:content=\"|:)\s*)light dark", re.IGNORECASE)
_ALWAYS, _NEVER = "(min-width: 0px)", "(max-width: 0px)"
_PICTURE = re.compile(r"<img\b[^>]*?\bsrc=\"(?P<src>https?://[^\"]+)\"", re.IGNORECASE)
_HEAD = re.compile(r"<head\b[^>]*>", re.IGNORECASE)
_IN_PAGE = re.compile(r"(<a\b)(?=[^>]*\bhref=\"#)", re.IGNORECASE)
# What Gmail for iOS and Outlook for Windows do, as near as a filter comes: light and dark change places, hues stay.
_INVERT = (
    "<style>html{background:#fff;filter:invert(.92) hue-rotate(180deg)}img{filter:invert(1) hue-rotate(180deg)}</style>"
)
_BASE = '<base target="_blank"><style>html{overflow:hidden}</style>'


def framed(html: str, look: Look) -> str:
    """The page of a mail in one look."""
    wanted = "dark" if look is Look.DARK else "light"
    page = _SCHEME.sub(lambda found: _ALWAYS if found["scheme"].lower() == wanted else _NEVER, html)
    page = _DECLARED.sub(lambda found: found[1] + wanted, page)
    page = _IN_PAGE.sub(r'\1 target="_self"', page)
    added = _BASE + (_INVERT if look is Look.INVERTED else "")
    return _HEAD.sub(lambda found: found.group() + added, page, count=1)


def policy(html: str, look: Look) -> str:
    """The Content-Security-Policy of that page: its own pictures, inline styles, and nothing else."""
    pictures = "'none'" if look is Look.NO_PICTURES else f"'self' {hosts(html)}".strip()
    return (
        f"default-src 'none'; img-src {pictures}; style-src 'unsafe-inline'; "
        f"base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox {SANDBOX}"
    )


def hosts(html: str) -> str:
    """The hosts of pictures that lie elsewhere, as readers' mail clients will ask them; a space between each two."""
    origins = set()
    for found in _PICTURE.finditer(html):
        try:
            parts = urlsplit(found["src"])
            port = f":{parts.port}" if parts.port else ""
        except ValueError:
            continue
        if re.fullmatch(r"[a-z0-9.-]+", parts.hostname or ""):
            origins.add(f"{parts.scheme}://{parts.hostname}{port}")
    return " ".join(sorted(origins))
