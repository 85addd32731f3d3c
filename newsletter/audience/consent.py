"""That somebody agreed to get mail: where, and when.

Whoever writes to many must be able to show it (GDPR Article 7 (1); CASL
section 13), so lists and staff say it, and nothing is made up for them.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass

MAX_SOURCE = 200  # characters kept of where somebody agreed


@dataclass(frozen=True, slots=True)
class Consent:
    """One consent: on which occasion or form it was given, and when."""

    source: str
    given_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Agreement:
    """What somebody agrees to on a page of ours: the words that they read, and where.

    ``given_at`` is when, if not just now.  ``shown`` is the hash of the words
    over the button, as a form tells it: one that was pasted into a website, or
    has been open for long, may still show older ones of ours.
    """

    wording: str
    source: str
    given_at: dt.datetime | None = None
    shown: str = ""


def wording_hash(text: str) -> str:
    """By which a wording is kept once, however many agree to it: SHA-256 in hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def parse_moment(text: str, zone: dt.tzinfo, now: dt.datetime) -> dt.datetime:
    """``2019-06-03`` or ``2019-06-03 14:05`` in ``zone`` → a moment, at midnight if no hour is said.

    ValueError, in words for staff; also for a day that is still to come.
    A date such as 6/3/2019 is refused: half of the world reads another day.
    """
    moment = read_moment(text, zone)
    if moment > now:
        raise ValueError(f"the consent of {text.strip()[:40]} is still to come")
    return moment


def read_moment(text: str, zone: dt.tzinfo) -> dt.datetime:
    """The same for any day, also one that is still to come."""
    try:
        moment = dt.datetime.fromisoformat(text.strip())
        moment = moment if moment.tzinfo else moment.replace(tzinfo=zone)
        return moment.astimezone(dt.UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"'{text.strip()[:40]}' is no date; write it as 2019-06-03") from None
