"""``newsletter i18n approve``: somebody has read an edition over; and the rule by which ``send`` asks for it."""

from __future__ import annotations

import asyncio
import getpass
from typing import Annotated

import typer

from newsletter.cli.audit import record_approval
from newsletter.cli.output import AsJson, say, say_json
from newsletter.cli.shape import IssueName
from newsletter.cli.wiring import House, open_house
from newsletter.content.load import LoadedIssue
from newsletter.errors import TranslationError, UsageError
from newsletter.i18n.approvals import (
    Approval,
    Seal,
    Standing,
    approval_path,
    approve,
    read_approval,
    standing,
    take_seal,
    write_approval,
)
from newsletter.i18n.catalog import catalog_path, read_catalog
from newsletter.i18n.locales import halves_of
from newsletter.settings import ApprovalRule
from newsletter.wording import said, with_lines

SHOWN = 10  # changes that an error lists; as many fill half a screen


def register(app: typer.Typer) -> None:
    """Add the command to the group."""
    app.command("approve")(approve_command)


def approve_command(
    issue: IssueName,
    locale: Annotated[str, typer.Option("--locale", help="Which language was read over.")],
    by: Annotated[str, typer.Option("--by", metavar="NAME", help="Who did; your user name, if left out.")] = "",
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Take the approval back.")] = False,
    as_json: AsJson = False,
) -> None:
    """Record that somebody has read an edition over; any later change of it makes the approval void."""
    house = open_house()
    house.require_locales([locale])
    loaded = house.load(house.workspace.issue_file(issue))
    path = approval_path(house.workspace.locales, locale, loaded.slug)
    shown = house.workspace.shown(path)
    edition = f"the {locale} edition of '{loaded.slug}'"
    if withdraw:
        withdraw_approval(house, loaded.slug, locale)
        asyncio.run(record_approval(house, loaded.slug, locale))
        told = {"issue": loaded.slug, "locale": locale, "approved": False, "file": shown}
        say_json(told) if as_json else say(f"{edition} is no longer approved")
        return
    approval = approve_edition(house, loaded, locale, by)
    asyncio.run(record_approval(house, loaded.slug, locale, approval.by))
    if as_json:
        told = {"issue": loaded.slug, "locale": locale, "approved": True, "file": shown}
        say_json({**told, "by": approval.by, "at": approval.at.isoformat()})
        return
    say(f"{edition}: {len(approval.messages)} messages approved by {approval.by}")
    say(f"  {shown} records it; keep it under version control with the catalog")


def approve_edition(house: House, loaded: LoadedIssue, locale: str, by: str, seen: Seal | None = None) -> Approval:
    """Record that somebody has read an edition over; what they saw was ``seen``, if that is known.

    Raises TranslationError or ContentError if it is not complete, UsageError if it is not what they saw.
    """
    now = _seal(house, loaded, locale, draft=False)
    if seen is not None and seen != now:
        raise UsageError(f"the {locale} edition of '{loaded.slug}' has changed just now", "read it over again")
    approval = approve(now, by.strip() or user_name(), house.clock.now())
    write_approval(approval, approval_path(house.workspace.locales, locale, loaded.slug))
    return approval


def withdraw_approval(house: House, slug: str, locale: str) -> None:
    """Take an approval back.  UsageError if there is none."""
    path = approval_path(house.workspace.locales, locale, slug)
    try:
        path.unlink()
    except FileNotFoundError:
        hint = f"there is no {house.workspace.shown(path)}"
        raise UsageError(f"the {locale} edition of '{slug}' is not approved", hint) from None


def seal_of(house: House, loaded: LoadedIssue, locale: str) -> Seal:
    """What an edition says now.  Raises TranslationError or ContentError if it cannot be approved as it is."""
    return _seal(house, loaded, locale, draft=False)


def standing_of(house: House, loaded: LoadedIssue, locale: str) -> Standing:
    """Whether an edition is approved as it is now.  Raises ContentError for a file that cannot be read."""
    path = approval_path(house.workspace.locales, locale, loaded.slug)
    approval = read_approval(path, house.workspace.shown(path))
    return standing(approval, _seal(house, loaded, locale, draft=True))


def require_approval(house: House, loaded: LoadedIssue, locale: str) -> None:
    """Raise TranslationError unless the settings ask for no approval, or the edition (each half of a pair) has one."""
    if house.settings.approval is not ApprovalRule.REQUIRED:
        return
    for half in halves_of(locale):
        stands = standing_of(house, loaded, half)
        if stands.valid:
            continue
        again = f"newsletter i18n approve {loaded.slug} --locale {half}"
        if stands.approval is None:
            hint = said("read it over; then '%(command)s'", command=again)
            message = said("nobody has approved the %(locale)s edition of '%(slug)s'", locale=half, slug=loaded.slug)
            raise TranslationError(message, hint)
        values = {"locale": half, "slug": loaded.slug, "who": stands.approval.by}
        what = said(
            "the %(locale)s edition of '%(slug)s' has changed since %(who)s approved it on %(day)s",
            day=house.when(stands.approval.at),
            **values,
        )
        lines = list(stands.changes[:SHOWN])
        if len(stands.changes) > SHOWN:
            lines.append(f"… and {len(stands.changes) - SHOWN} more")
        raise TranslationError(with_lines(what, lines), said("read it over again; then '%(command)s'", command=again))


def _seal(house: House, loaded: LoadedIssue, locale: str, *, draft: bool) -> Seal:
    """What an edition says now.  Raises TranslationError or ContentError unless a draft will do."""
    path = catalog_path(house.workspace.locales, locale, loaded.slug)
    catalog = read_catalog(path, house.workspace.shown(path))
    return take_seal(loaded, house.edition(loaded, locale, draft=draft), catalog)


def user_name() -> str:
    """Whoever is logged in on this machine."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        raise UsageError("who approves it?", "add --by NAME") from None
