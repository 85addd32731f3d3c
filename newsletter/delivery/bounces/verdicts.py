"""What a returned mail can say: its sort, what became of each address, and which of our mails it is about."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

MAX_DIAGNOSTIC = 300  # characters kept of a server's words
_ADDRESS = re.compile(r"[^\s<>()\[\]\"',;:=]{0,80}(?:@|\uff20|%40|&#64;|\(a\)|=40)[^\s<>()\[\]\"',;]*", re.IGNORECASE)
_LOCAL = re.compile(r"[\w.+-]{3,64}")
_LONG = re.compile(r"[\w.+=/-]{40,}")
HIDDEN = "\N{HORIZONTAL ELLIPSIS}"


class Kind(StrEnum):
    """What is to follow for one address.  Which is which: ``words.py``."""

    HARD = "hard"  # no such mailbox: write no more
    SOFT = "soft"  # not now: count
    SENDER = "sender"  # something about us or the message: tell staff, suppress nobody
    COMPLAINT = "complaint"  # the reader called it spam: write no more
    UNSUBSCRIBE = "unsubscribe"  # the reader asked to be left out


class Sort(StrEnum):
    """What a mail is, as a whole.  Only of *other* is nothing understood: a person may have written it."""

    FAILURE = "failure"
    COMPLAINT = "complaint"
    UNSUBSCRIBE = "unsubscribe"
    NOTICE = "notice"  # delayed, relayed, delivered, read: nothing failed
    AUTOMATIC = "automatic"  # vacation, receipt, challenge
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one address.

    ``address`` is "" where the mail does not name it.  ``status`` is an
    enhanced code such as ``5.1.1`` (RFC 3463 §2), or "".  ``diagnostic`` is
    what the server said, one line without addresses.
    """

    kind: Kind
    address: str = ""
    status: str = ""
    diagnostic: str = ""


@dataclass(frozen=True, slots=True)
class Origin:
    """What ties a returned mail to one of ours; each is "" if it is not there, and none is checked yet.

    ``message_id`` is that of the mail that came back, with its brackets.
    ``delivery_token`` stood in the address that the mail was sent to (VERP);
    ``reader_token`` in its List-Unsubscribe, or in the request.
    """

    message_id: str = ""
    delivery_token: str = ""
    reader_token: str = ""


@dataclass(frozen=True, slots=True)
class Returned:
    """One mail that came back, read.

    ``key`` is the same when the same mail is read again, also by another way.
    """

    key: str
    sort: Sort
    verdicts: tuple[Verdict, ...] = ()
    origin: Origin = Origin()


def scrub(text: str, *addresses: str) -> str:
    """A server's words, fit to be kept: one printable line, without addresses, tokens, or what stands before the @.

    ``addresses`` are those that the words are about, whose left side servers like to repeat alone.
    """
    text = _ADDRESS.sub(HIDDEN, text[: 8 * MAX_DIAGNOSTIC])
    for address in addresses:
        local = address.rpartition("@")[0]
        if _LOCAL.fullmatch(local):
            text = re.sub(rf"(?<!\w){re.escape(local)}(?!\w)", HIDDEN, text, flags=re.IGNORECASE)
    text = _LONG.sub(HIDDEN, text)
    text = "".join(char if char.isprintable() else " " for char in text)
    return " ".join(text.split())[:MAX_DIAGNOSTIC].strip()
