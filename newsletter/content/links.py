"""Which URLs may stand in an issue: http, https, mailto and tel, and only whole ones.

Never fetches anything.  Source: RFC 3986 §3; RFC 6068 (mailto); RFC 3966 (tel).
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from email_validator import EmailNotValidError, validate_email

from newsletter.content.problems import Problem

SCHEMES = ("http", "https", "mailto", "tel")
_HOST = re.compile(r"(?=.{1,253}$)([^\W_]([\w-]{0,61}[^\W_])?\.)*[^\W_]([\w-]{0,61}[^\W_])?", re.UNICODE)
_PHONE = re.compile(r"\+?[0-9().\-]{3,}(;[\w=+.\-]+)*")
_FORBIDDEN = re.compile(r"[\s\x00-\x20\x7f<>\"{}|\\^`\ue000-\uf8ff]")


def check_url(url: str) -> list[Problem]:
    """Say what is wrong with a URL that a reader may click; an empty list when nothing is."""

    def bad(message: str, hint: str = "") -> list[Problem]:
        return [Problem("bad-url", message, hint, needle=url)]

    if not url:
        return bad("the URL is empty", "write the whole address, e.g. https://example.org/page")
    if found := _FORBIDDEN.search(url):
        return bad(
            f"the URL {url[:80]!r} holds {found.group()!r}, which no URL may",
            "percent-encode it (a space is %20), and keep reader placeholders out of URLs",
        )
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        return bad(f"{url!r} is no URL: {error}")
    if not parts.scheme:
        hint = f"did you mean 'https://{url}'?" if "." in url.partition("/")[0] else "write the whole address"
        return bad(f"the URL {url!r} has no scheme", hint)
    if parts.scheme not in SCHEMES:
        return bad(f"links with '{parts.scheme}:' are not allowed", f"allowed are: {', '.join(SCHEMES)}")
    if parts.scheme == "mailto":
        return _check_addresses(parts.path, bad_url=url)
    if parts.scheme == "tel":
        return [] if _PHONE.fullmatch(parts.path) else bad(f"{url!r} is no telephone link", "write tel:+18025550100")
    if parts.username is not None or parts.password is not None:
        return bad(f"the URL {url!r} holds a user name", "readers would be misled; leave it out")
    if not parts.hostname or not _HOST.fullmatch(parts.hostname.removesuffix(".")) or port == 0:
        return bad(f"the URL {url!r} names no valid host", "write e.g. https://example.org/page")
    return []


def _check_addresses(addresses: str, *, bad_url: str) -> list[Problem]:
    for address in addresses.split(","):
        try:
            validate_email(address, check_deliverability=False)
        except EmailNotValidError as error:
            return [Problem("bad-url", f"{bad_url!r} holds no valid address", str(error), needle=bad_url)]
    return []
