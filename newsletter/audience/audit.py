"""The words of the audit log: what can be done to the list, to campaigns and to approvals."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

# Who acts where no person of the staff does.
READER = "reader"
PROGRAM = "newsletter"  # by itself: a brake, a time that has come
# Whatever looks like an address, in words that staff or servers wrote.
_ADDRESS = re.compile(r"[^\s<>\"'(),;:]+@[^\s<>\"'(),;:]+")


class Deed(StrEnum):
    """One kind of thing that somebody did."""

    IMPORTED = "imported"  # a list
    ADDED = "added"  # one person, by staff
    SIGNED_UP = "signed up"  # confirmed by the reader
    CHANGED = "changed"  # one person: preferences, by the reader; tags and columns, by staff
    UNSUBSCRIBED = "unsubscribed"
    SUPPRESSED = "suppressed"  # bounced or complained
    EXPORTED = "exported"
    ERASED = "erased"
    APPROVED = "approved"  # an edition
    WITHDRAWN = "withdrawn"  # an approval
    STARTED = "started"  # a campaign
    SCHEDULED = "scheduled"
    PAUSED = "paused"
    RESUMED = "resumed"
    CANCELLED = "cancelled"
    RESOLVED = "resolved"
    HIDDEN = "hidden"  # a page of the archive
    SHOWN = "shown"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the log.

    ``who`` is a login name and machine, or "reader", "mailbox" or "newsletter".
    ``about`` names what it was done to, as ``campaign 3`` or ``subscriber
    <ref>``: never an address or a name, since nothing is ever taken out.
    """

    who: str
    what: Deed
    about: str
    detail: Mapping[str, object] = field(default_factory=dict)
    at: dt.datetime | None = None  # None: now


def without_addresses(value: object) -> object:
    """The same detail, with "…" for whatever in its texts looks like an address."""
    match value:
        case str():
            return _ADDRESS.sub("…", value)
        case Mapping():
            return {key: without_addresses(inner) for key, inner in value.items()}
        case list() | tuple():
            return [without_addresses(inner) for inner in value]
        case _:
            return value
