"""The words of the audit log: what can be done to the list, to campaigns and to approvals."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Deed(StrEnum):
    """One kind of thing that somebody did."""

    IMPORTED = "imported"  # a list
    ADDED = "added"  # one person, by staff
    SIGNED_UP = "signed up"  # confirmed by the reader
    CHANGED = "changed"  # preferences
    UNSUBSCRIBED = "unsubscribed"
    SUPPRESSED = "suppressed"  # bounced or complained
    EXPORTED = "exported"
    ERASED = "erased"
    APPROVED = "approved"  # an edition
    STARTED = "started"  # a campaign
    SCHEDULED = "scheduled"
    PAUSED = "paused"
    RESUMED = "resumed"
    CANCELLED = "cancelled"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the log.

    ``who`` is a login name and machine, or "reader", "mailbox" or "worker".
    ``about`` names what it was done to, as ``campaign 3`` or ``subscriber
    <ref>``: never an address or a name, since nothing is ever taken out.
    """

    who: str
    what: Deed
    about: str
    detail: Mapping[str, object] = field(default_factory=dict)
    at: dt.datetime | None = None  # None: now
