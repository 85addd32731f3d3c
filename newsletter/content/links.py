"""Which URLs may stand in an issue: http, https, mailto and tel, and only whole ones.

Never fetches anything.  Source: RFC 3986 §3; RFC 6068 (mailto); RFC 3966 (tel).
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from email_validator import EmailNotValidError, validate_email

from newsletter.content.problems import Problem
from newsletter.wording import Said, said

SCHEMES = ("http", "https", "mailto", "tel")
_HOST = re.compile(r"(?=.{1,253}$)([^\W_]([\w-]{0,61}[^\W_])?\.)*[^\W_]([\w-]{0,61}[^\W_])?", re.UNICODE)
_PHONE = re.compile(r"\+?[0-9().\-]{3,}(;[\w=+.\-]+)*")
_FORBIDDEN = re.compile(r"[\s\x00-\x20\x7f<>\"{}|\\^`\ue000-\uf8ff]")


def check_url(url: str) -> list[Problem]:
    """Say what is wrong with a URL that a reader may click; an empty list when nothing is."""

    def bad(message: Said, hint: str = "") -> list[Problem]:
        return [Problem("bad-url", message, hint, needle=url)]

    if not url:
        return bad(said("the URL is empty"), said("write the whole address, e.g. https://example.org/page"))
    if found := _FORBIDDEN.search(url):
        return bad(
            said("the URL %(url)s holds %(what)s, which no URL may", url=repr(url[:80]), what=repr(found.group())),
            said("percent-encode it (a space is %20), and keep reader placeholders out of URLs"),
        )
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        return bad(said("%(url)s is no URL: %(why)s", url=repr(url), why=error))
    if not parts.scheme:
        likely = said("did you mean '%(word)s'?", word=f"https://{url}")
        hint = likely if "." in url.partition("/")[0] else said("write the whole address")
        return bad(said("the URL %(url)s has no scheme", url=repr(url)), hint)
    if parts.scheme not in SCHEMES:
        message = said("links with '%(scheme)s:' are not allowed", scheme=parts.scheme)
        return bad(message, said("allowed are: %(words)s", words=", ".join(SCHEMES)))
    if parts.scheme == "mailto":
        return _check_addresses(parts.path, bad_url=url)
    if parts.scheme == "tel":
        message = said("%(url)s is no telephone link", url=repr(url))
        return [] if _PHONE.fullmatch(parts.path) else bad(message, said("write tel:+18025550100"))
    if parts.username is not None or parts.password is not None:
        return bad(
            said("the URL %(url)s holds a user name", url=repr(url)),
            said("readers would be misled; leave it out"),
        )
    if not parts.hostname or not _HOST.fullmatch(parts.hostname.removesuffix(".")) or port == 0:
        return bad(
            said("the URL %(url)s names no valid host", url=repr(url)), said("write e.g. https://example.org/page")
        )
    return []


def _check_addresses(addresses: str, *, bad_url: str) -> list[Problem]:
    for address in addresses.split(","):
        try:
            validate_email(address, check_deliverability=False)
        except EmailNotValidError as error:
            message = said("%(url)s holds no valid address", url=repr(bad_url))
            return [Problem("bad-url", message, str(error), needle=bad_url)]
    return []
