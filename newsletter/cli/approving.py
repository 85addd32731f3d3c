"""Approvals of editions: given, taken back, and asked for before anything is sent.

``newsletter i18n approve`` and the studio give them; ``send`` and ``check`` ask for them.
"""

from __future__ import annotations

import getpass

from newsletter.audience.audit import Deed, Entry
from newsletter.cli.newsroom import Newsroom
from newsletter.cli.wiring import House
from newsletter.content.load import LoadedIssue
from newsletter.errors import TranslationError, UsageError
from newsletter.i18n.approvals import (
    Approval,
    ApprovalState,
    Seal,
    approval_state,
    approve,
    read_approval,
    take_seal,
    write_approval,
)
from newsletter.i18n.locales import halves_of
from newsletter.wording import said, with_lines

SHOWN = 10  # changes that an error lists; as many fill half a screen


def approve_edition(house: Newsroom, loaded: LoadedIssue, locale: str, by: str, seen: Seal | None = None) -> Approval:
    """Record that somebody has read an edition over; what they saw was ``seen``, if that is known.

    Raises TranslationError or ContentError if it is not complete, UsageError if it is not what they saw.
    """
    now = seal_of(house, loaded, locale)
    if seen is not None and seen != now:
        raise UsageError(f"the {locale} edition of '{loaded.slug}' has changed just now", "read it over again")
    approval = approve(now, by.strip() or user_name(), house.clock.now())
    write_approval(approval, house.workspace.approval(loaded.slug, locale))
    return approval


def withdraw_approval(house: Newsroom, slug: str, locale: str) -> None:
    """Take an approval back.  UsageError if there is none."""
    path = house.workspace.approval(slug, locale)
    try:
        path.unlink()
    except FileNotFoundError:
        hint = f"there is no {house.workspace.shown(path)}"
        raise UsageError(f"the {locale} edition of '{slug}' is not approved", hint) from None


async def record_approval(house: House, slug: str, locale: str, by: str = "") -> None:
    """Note that an edition was approved by somebody, or, without a name, that an approval was taken back."""
    deed = Deed.APPROVED if by else Deed.WITHDRAWN
    async with house.stores() as stores:
        detail = {"by": by} if by else {}
        await stores.audit.record(Entry(house.who, deed, f"the {locale} edition of '{slug}'", detail))


def seal_of(house: Newsroom, loaded: LoadedIssue, locale: str, *, draft: bool = False) -> Seal:
    """What an edition says now.  Raises TranslationError or ContentError unless a draft will do."""
    return take_seal(loaded, house.edition(loaded, locale, draft=draft), house.catalog(loaded.slug, locale))


def approval_of(house: Newsroom, slug: str, locale: str) -> Approval | None:
    """The approval of an edition, valid or not.  Raises ContentError for a file that cannot be read."""
    path = house.workspace.approval(slug, locale)
    return read_approval(path, house.workspace.shown(path))


def approval_state_of(house: Newsroom, loaded: LoadedIssue, locale: str) -> ApprovalState:
    """Whether an edition is approved as it is now.  Raises ContentError for a file that cannot be read."""
    return approval_state(approval_of(house, loaded.slug, locale), seal_of(house, loaded, locale, draft=True))


def require_approval(house: Newsroom, loaded: LoadedIssue, locale: str) -> None:
    """Raise TranslationError unless the settings ask for no approval, or the edition (each half of a pair) has one."""
    if not house.settings.approval_required:
        return
    for half in halves_of(locale):
        found = approval_state_of(house, loaded, half)
        if found.valid:
            continue
        again = f"newsletter i18n approve {loaded.slug} --locale {half}"
        if found.approval is None:
            hint = said("read it over; then '%(command)s'", command=again)
            message = said("nobody has approved the %(locale)s edition of '%(slug)s'", locale=half, slug=loaded.slug)
            raise TranslationError(message, hint)
        values = {"locale": half, "slug": loaded.slug, "who": found.approval.by}
        what = said(
            "the %(locale)s edition of '%(slug)s' has changed since %(who)s approved it on %(day)s",
            day=house.when(found.approval.at),
            **values,
        )
        lines = list(found.changes[:SHOWN])
        if len(found.changes) > SHOWN:
            lines.append(f"… and {len(found.changes) - SHOWN} more")
        raise TranslationError(with_lines(what, lines), said("read it over again; then '%(command)s'", command=again))


def user_name() -> str:
    """Whoever is logged in on this machine."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        raise UsageError("who approves it?", "add --by NAME") from None
