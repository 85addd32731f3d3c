"""What readers say on the public pages: what they want to get."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from newsletter.audience.consent import Agreement
from newsletter.audience.subscribers import Status


@dataclass(frozen=True, slots=True)
class Choices:
    """What a reader chose on the preferences page.

    Of the ``offered`` tags they have those in ``tags``; what else they carry
    is staff's and stays.  ``declined`` is a kind of mail, or "".
    """

    name: str
    locale: str
    tags: frozenset[str]
    offered: frozenset[str]
    declined: str
    paused_until: dt.datetime | None


@dataclass(frozen=True, slots=True)
class SignUp:
    """A form that somebody filled in; the address is checked, the texts are clean."""

    email: str
    name: str
    locale: str
    tags: frozenset[str]
    agreement: Agreement


@dataclass(frozen=True, slots=True)
class Member:
    """As much of a subscriber as a page about leaving needs."""

    locale: str
    status: Status
    declined: str
