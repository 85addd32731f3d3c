"""A subscriber, and the cleaning of what lists say about people.

Names come from forms and spreadsheets and are hostile: control characters,
direction overrides and line breaks are taken out here, at the edge, and the
length is bounded.  What is left is still only text: whoever puts it into HTML
or a header escapes it for that place.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from email_validator import EmailNotValidError, validate_email

MAX_NAME = 100  # characters kept of a name; longer ones are cut, and the import says so
MAX_VALUE = 500  # characters kept of an attribute
MAX_TAG = 60
_SPACES = re.compile(r"\s+")
# Cc control, Cs surrogates, Co private use, Cn unassigned; Cf format except ZWNJ and ZWJ,
# which Persian names and emoji need.  Bidi overrides and isolates are Cf.
_REMOVED = ("Cc", "Cs", "Co", "Cn", "Cf")
_KEPT = "\u200c\u200d"


class Status(StrEnum):
    """Whether somebody may be written to."""

    SUBSCRIBED = "subscribed"
    UNSUBSCRIBED = "unsubscribed"
    BOUNCED = "bounced"  # a server said that there is no such mailbox


@dataclass(frozen=True, slots=True)
class NewSubscriber:
    """One row of a list, cleaned.  Empty values say nothing about the person."""

    email: str
    name: str = ""
    locale: str = ""
    tags: frozenset[str] = frozenset()
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Subscriber:
    """A person on the list, as stored.  ``ref`` is the random name that tokens are made of."""

    id: int
    ref: str
    email: str
    name: str
    locale: str
    status: Status
    tags: frozenset[str]
    attributes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Addressee:
    """As much of a subscriber as their message needs."""

    id: int
    ref: str
    email: str
    name: str
    first_name: str


def clean_text(text: str, limit: int) -> str:
    """One line of visible text in NFC, at most ``limit`` characters."""
    spaced = "".join(" " if char in "\r\n\t\v\f\x85\u2028\u2029" else char for char in text)
    visible = "".join(char for char in spaced if char in _KEPT or unicodedata.category(char) not in _REMOVED)
    return _SPACES.sub(" ", unicodedata.normalize("NFC", visible)).strip()[:limit].strip()


def first_name(name: str, attributes: Mapping[str, str]) -> str:
    """What to greet somebody by: the list's own ``first_name`` column, else the first word of the name."""
    return attributes.get("first_name", "") or name.partition(" ")[0]


def parse_address(text: str) -> str:
    """The address, its domain lower-case and in ASCII.

    Raises ValueError in words for staff: no address, or one that needs
    SMTPUTF8 (RFC 6531), which many servers do not take yet.
    """
    try:
        checked = validate_email(text.strip(), check_deliverability=False, allow_smtputf8=False, strict=True)
    except EmailNotValidError as error:
        raise ValueError(str(error)) from None
    return f"{checked.ascii_local_part}@{checked.ascii_domain}"


def address_key(email: str) -> str:
    """What makes two addresses the same person's: the address without regard to case."""
    return email.casefold()
