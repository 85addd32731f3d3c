"""Who read an edition over: what the page for it shows, and who tells it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from newsletter.web.preview.studio import Approved


@dataclass(frozen=True, slots=True)
class Approvable:
    """One edition that can be approved.

    ``print`` tells what it says now; "" if it cannot be approved, for which
    ``obstacles`` are the reasons.
    """

    locale: str
    language: str
    is_source: bool
    messages: int
    approved: Approved | None
    print: str
    obstacles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ApprovalPage:
    """All editions of an issue.  ``who`` is the name that the machine knows somebody by."""

    slug: str
    required: bool
    who: str
    editions: tuple[Approvable, ...]


class Approving(Protocol):
    """Reads and writes approvals, as ``newsletter i18n approve`` does."""

    async def page(self, slug: str) -> ApprovalPage:
        """How each edition stands."""
        ...

    async def approve(self, slug: str, locale: str, by: str, seen: str) -> None:
        """Approve what has the print ``seen``.  Raises UsageError if the edition is another by now."""
        ...

    async def withdraw(self, slug: str, locale: str) -> None:
        """Take the approval back.  Raises UsageError if there is none."""
        ...
