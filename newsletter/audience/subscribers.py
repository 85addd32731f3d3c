"""A subscriber, and the cleaning of what lists say about people.

Names come from forms and spreadsheets and are hostile: control characters,
direction overrides and line breaks are taken out here, at the edge, and the
length is bounded.  What is left is still only text: whoever puts it into HTML
or a header escapes it for that place.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from email_validator import EmailNotValidError, validate_email

from newsletter.audience.consent import Consent

MAX_NAME = 100  # characters kept of a name; longer ones are cut, and the import says so
MAX_VALUE = 500  # characters kept of an attribute
MAX_TAG = 60
FIRST_NAME = "first_name"  # the attribute that a list may say a first name in
_MARKS = re.compile(r"[,;|]")  # between tags
_SPACES = re.compile(r"\s+")
# Cc control, Cs surrogates, Co private use, Cn unassigned; Cf format except ZWNJ and ZWJ,
# which Persian names and emoji need.  Bidi overrides and isolates are Cf.
_REMOVED = ("Cc", "Cs", "Co", "Cn", "Cf")
_KEPT = "\u200c\u200d"
MAX_LOCAL_BYTES = 64  # before the @; RFC 5321 §4.5.3.1.1
MAX_ADDRESS_BYTES = 254  # RFC 5321 §4.5.3.1.3, less the angle brackets
_LETTERS_AND_DIGITS = ("Ll", "Lu", "Lo", "Lm", "Mn", "Mc", "Nd")  # RFC 8264 §9.1
# Letters and marks that show nothing (Default_Ignorable_Code_Point): two addresses would look the same.
_UNSEEN = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]")


class Status(StrEnum):
    """Whether somebody may be written to."""

    SUBSCRIBED = "subscribed"
    UNSUBSCRIBED = "unsubscribed"
    BOUNCED = "bounced"  # there is no such mailbox, or it was out of reach for too long
    COMPLAINED = "complained"  # somebody marked a mail of ours as spam
    ERASED = "erased"  # all that is left is a keyed hash, by which a later list does not bring them back


@dataclass(frozen=True, slots=True)
class NewSubscriber:
    """One row of a list, cleaned.  Empty values say nothing about the person."""

    email: str
    name: str = ""
    locale: str = ""
    tags: frozenset[str] = frozenset()
    attributes: Mapping[str, str] = field(default_factory=dict)
    consent: Consent | None = None
    # What they are and chose if they are new; nobody's choice is changed by a list.
    status: Status = Status.SUBSCRIBED
    declined: str = ""
    paused_until: dt.datetime | None = None


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
    declined: str = ""  # the kind of mail that they do not want (content.schema.MailKind)
    paused_until: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """What staff want to be different about one person.

    ``tags`` are put on and ``untags`` taken off; a name of None, a locale of
    "" and attributes that are not named stay; an attribute of "" goes.
    """

    name: str | None = None
    locale: str = ""
    tags: frozenset[str] = frozenset()
    untags: frozenset[str] = frozenset()
    attributes: Mapping[str, str] = field(default_factory=dict)


class Addressee(NamedTuple):
    """As much of a subscriber as their message needs."""

    id: int
    ref: str
    email: str
    name: str
    first_name: str


def clean_text(text: str, limit: int) -> str:
    """One line of visible text in NFC, at most ``limit`` characters."""
    if text.isprintable() and "  " not in text and unicodedata.is_normalized("NFC", text):
        return text[:limit].strip()  # as nearly all texts are; no printable character is among the removed
    spaced = "".join(" " if char in "\r\n\t\v\f\x85\u2028\u2029" else char for char in text)
    visible = "".join(char for char in spaced if char in _KEPT or unicodedata.category(char) not in _REMOVED)
    return _SPACES.sub(" ", unicodedata.normalize("NFC", visible)).strip()[:limit].strip()


def clean_tags(tags: Iterable[str]) -> frozenset[str]:
    """Tags as they are stored: in small letters, none empty.  A text may name several, as a cell of a list does.

    Exports of other programs put each in quotes: ``"board","supporter"``.
    """
    named = (tag.strip().strip('"') for text in tags for tag in _MARKS.split(text))
    return frozenset(filter(None, (clean_text(tag, MAX_TAG).lower() for tag in named)))


def first_name(name: str, own: str | None) -> str:
    """What to greet somebody by: their ``own`` attribute FIRST_NAME, else the first word of the name."""
    return own or name.partition(" ")[0]


def parse_address(text: str, *, international: bool = False) -> str:
    """The address: its domain lower-case and in ASCII, what stands before the @ in NFC.

    With ``international`` letters beyond ASCII may stand before the @.  Such
    an address is reached through servers that know SMTPUTF8 only, so that our
    own addresses should not be so.  Raises ValueError in words for staff.
    Source: RFC 6531 §3.3; RFC 6532 §3.1 (NFC).
    """
    try:
        checked = validate_email(text.strip(), check_deliverability=False, allow_smtputf8=international, strict=True)
    except EmailNotValidError as error:
        raise ValueError(str(error)) from None
    address = f"{checked.local_part}@{checked.ascii_domain}"
    if not address.isascii():
        _check_letters(checked.local_part, address)
    return address


def _check_letters(local: str, address: str) -> None:
    """ValueError unless what stands before the @ can be read, and be told from other addresses.

    The rules of mail allow any character beyond ASCII.  Symbols, look-alikes
    of ASCII and letters that show nothing come from tricks or from a list
    that was read in a wrong encoding.  Source: RFC 8264 §4.2 (IdentifierClass).
    """
    bad = sorted({char for char in local if not char.isascii() and not _is_plain_letter(char)})
    if bad:
        names = ", ".join(unicodedata.name(char, f"U+{ord(char):04X}") for char in bad)
        raise ValueError(
            f"before the @ stands {names}, but beyond ASCII only plain letters and digits may; "
            "was the list saved in another encoding?"
        )
    if len(local.encode()) > MAX_LOCAL_BYTES:
        raise ValueError(f"what stands before the @ has more than {MAX_LOCAL_BYTES} bytes in UTF-8")
    if len(address.encode()) > MAX_ADDRESS_BYTES:
        raise ValueError(f"the address has more than {MAX_ADDRESS_BYTES} bytes")


def _is_plain_letter(char: str) -> bool:
    plain = unicodedata.normalize("NFKC", char)  # a wide or raised form of an ASCII letter becomes that letter
    imitates = plain != char and plain.isascii()
    return unicodedata.category(char) in _LETTERS_AND_DIGITS and not _UNSEEN.match(char) and not imitates


def address_key(email: str) -> str:
    """What makes two addresses the same person's: the address without regard to case and to how accents are coded.

    Source: Unicode §3.13, D145 (canonical caseless matching).
    """
    if email.isascii():
        return email.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", email).casefold())


def erased_key(keyed_hash: str) -> str:
    """What stands for the address of somebody who was erased; ``keyed_hash`` is ``Tokens.address_hashes``'."""
    return f"erased:{keyed_hash}"
