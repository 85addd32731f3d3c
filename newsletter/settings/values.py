"""The kinds of values that settings have: locales, zones, addresses, URLs.  Each says what is wrong with one."""

import zoneinfo
from typing import Annotated
from urllib.parse import quote, unquote, urlsplit

import idna
from pydantic import (
    AfterValidator,
    Discriminator,
    StringConstraints,
    Tag,
)

from newsletter.audience.subscribers import MAX_TAG, parse_address
from newsletter.content.links import check_url
from newsletter.content.problems import Problem, raise_problems
from newsletter.errors import Level, did_you_mean
from newsletter.i18n.checks.findings import Check, Severity, severity_of
from newsletter.i18n.locales import is_locale
from newsletter.render.quality.remarks import GUARDS, Quality
from newsletter.wording import said

MAX_PUBLIC_URL = 200  # characters; List-Unsubscribe must fit into a line of 998 (RFC 5322 §2.1.1)


def _locale(tag: str) -> str:
    if not is_locale(tag):
        message = said("'%(tag)s' is no locale", tag=tag)
        raise_problems([Problem("unknown-locale", message, said("write e.g. en, es or pt_BR"), tag)])
    return tag


def timezone_name(name: str) -> str:
    """The name of a time zone that exists."""
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        hint = did_you_mean(name, zoneinfo.available_timezones())
        hint = hint if hint.startswith("did") else said("use an IANA name such as America/New_York")
        raise_problems([Problem("bad-timezone", said("unknown time zone '%(zone)s'", zone=name), hint, name)])
    return name


def _address(text: str) -> str:
    try:
        return parse_address(text)
    except ValueError as error:
        message = said("'%(address)s' is no address: %(why)s", address=text, why=error)
        raise_problems([Problem("bad-address", message, "", text)])
        raise


def check_public_url(url: str) -> str:
    """The address as mail needs it: in ASCII, and such that a path can follow."""
    problems = check_url(url)
    parts = urlsplit(url) if not problems else None
    if parts and parts.scheme not in ("https", "http"):
        problems = [Problem("bad-url", said("'%(url)s' is no web address", url=url), said("write https://…"), url)]
    elif parts and (parts.query or parts.fragment or "?" in url or "#" in url):
        message = said("'%(url)s' ends in a query, so that no page can lie below it", url=url)
        problems = [Problem("bad-url", message, "", url)]
    elif parts and len(url) > MAX_PUBLIC_URL:
        message = said("the address is longer than %(most)s characters", most=MAX_PUBLIC_URL)
        problems = [Problem("bad-url", message, "", url)]
    elif parts and not all(map(_is_folder, parts.path.rstrip("/").split("/")[1:])):
        message = said("'%(url)s' has a path that mail programs and browsers read differently", url=url)
        problems = [Problem("bad-url", message, said("write plain names, as https://example.org/letters"), url)]
    raise_problems(problems)
    assert parts is not None
    try:
        host = idna.encode(parts.hostname or "", uts46=True).decode()
    except idna.IDNAError as error:
        message = said("'%(url)s' names no valid host: %(why)s", url=url, why=error)
        raise_problems([Problem("bad-url", message, "", url)])
        raise
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{host}{port}{quote(parts.path, safe='/%~')}".rstrip("/")


def _is_folder(segment: str) -> bool:
    """Whether a piece of a path is a name like any other, which nobody on the way tidies up."""
    name = unquote(segment)
    return name not in ("", ".", "..") and name.isprintable() and not set(name) & set("/\\")


def check_database(url: str) -> str:
    """The address of a database of a kind that is known."""
    if not url.startswith(("sqlite:///", "postgresql://")):
        hint = said("write sqlite:///var/newsletter.db, or postgresql://user@host/name")
        message = said("'%(url)s' is no database that this version knows", url=url)
        raise_problems([Problem("bad-database", message, hint, url)])
    return url


def check_severity(levels: dict[str, Level]) -> dict[str, Level]:
    """Levels of checks that exist, none of which makes less of what guards the readers."""
    known = {*map(str, Check), *map(str, Quality)}
    problems = []
    for code, level in levels.items():
        if code not in known:
            message = said("there is no check '%(check)s'", check=code)
            problems.append(Problem("unknown-check", message, did_you_mean(code, known), code))
        elif level is not Level.ERROR and code in set(Check) and severity_of(code) is not Severity.WARNING:
            message = said("'%(check)s' keeps wrong translations from readers, and cannot be made less of", check=code)
            hint = said("take it out")
            if severity_of(code) is Severity.UNLESS_WAIVED:
                hint = said(
                    "'newsletter i18n waive ISSUE %(check)s …' lets one finding pass, with a reason", check=code
                )
            problems.append(Problem("guarded-check", message, hint, code))
        elif level is not Level.ERROR and code in GUARDS:
            message = said("'%(check)s' is what every mail must have, and cannot be made less of", check=code)
            problems.append(Problem("guarded-check", message, said("take it out"), code))
    raise_problems(problems)
    return levels


Locale = Annotated[str, StringConstraints(strict=True), AfterValidator(_locale)]
Address = Annotated[str, StringConstraints(strict=True), AfterValidator(_address)]

Domain = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+(\.[a-z0-9-]+)+$", max_length=253)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
# As an import reads them: in small letters, and without what stands between two of them in a cell.
TagName = Annotated[
    str, StringConstraints(strip_whitespace=True, to_lower=True, max_length=MAX_TAG, pattern=r"^[^,;|]+$")
]
# Tagged, so that a wrong type is one mistake and not one for each form the name may have.
NameByLocale = Annotated[
    Annotated[Name, Tag("one")] | Annotated[dict[Locale, Name], Tag("by-locale")],
    Discriminator(lambda value: "by-locale" if isinstance(value, dict) else "one"),
]
