"""``newsletter i18n approve``: somebody has read an edition over."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from newsletter.cli.approving import approve_edition, record_approval, withdraw_approval
from newsletter.cli.output import AsJson, say, say_json
from newsletter.cli.shape import IssueName
from newsletter.cli.wiring import open_house


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
    loaded = house.issue(issue)
    shown = house.workspace.shown(house.workspace.approval(loaded.slug, locale))
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
