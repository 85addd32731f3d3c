"""``newsletter archive``: what can be read on the web of past issues, and what is taken off it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import typer

from newsletter.cli.output import AsJson, say, say_json, table
from newsletter.cli.shape import IssueName, OnlyLocales
from newsletter.cli.wiring import House, open_house
from newsletter.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from newsletter.store.archive import Shelved

app = typer.Typer(help="Past issues on the web.", no_args_is_help=True)


@app.command("list")
def list_command(as_json: AsJson = False) -> None:
    """List every page, the newest first, and whether it can be read."""
    house = open_house()
    found = asyncio.run(_shelf(house))
    if as_json:
        say_json(
            [
                {
                    "issue": page.slug,
                    "locale": page.locale,
                    "date": page.date.isoformat(),
                    "subject": page.subject,
                    "campaign": page.campaign_id,
                    "state": _state(page),
                    "url": _url(house, page),
                }
                for page in found
            ]
        )
        return
    table(
        ("issue", "locale", "date", "campaign", "state"),
        ((page.slug, page.locale, page.date, page.campaign_id, _state(page)) for page in found),
    )


@app.command("hide")
def hide_command(issue: IssueName, locale: OnlyLocales = None) -> None:
    """Take the pages of an issue off the web, at once."""
    changed = _set_hidden(issue, locale or [], hidden=True)
    say(f"{', '.join(changed)}: nobody can read it on the web any more" if changed else "it was hidden already")


@app.command("show")
def show_command(issue: IssueName, locale: OnlyLocales = None) -> None:
    """Put hidden pages of an issue back."""
    changed = _set_hidden(issue, locale or [], hidden=False)
    say(f"{', '.join(changed)}: shown again" if changed else "nothing of it was hidden")


def _set_hidden(issue: str, locales: list[str], *, hidden: bool) -> list[str]:
    house = open_house()
    slug = house.workspace.slug(issue)

    async def run() -> list[str]:
        async with house.stores() as stores:
            pages = await stores.archive.shelf()
            _require(pages, slug, locales)
            return await stores.archive.set_hidden(slug, locales, house.who, hidden=hidden)

    return asyncio.run(run())


def _require(pages: list[Shelved], slug: str, locales: list[str]) -> None:
    """There are such pages; UsageError if not."""
    own = {page.locale for page in pages if page.slug == slug}
    if not own:
        known = {page.slug for page in pages}
        hint = did_you_mean(slug, known) or "'newsletter archive list' lists what there is"
        raise UsageError(f"the archive has no pages of '{slug}'", hint)
    for locale in locales:
        if locale not in own:
            raise UsageError(f"the archive has no page of '{slug}' in '{locale}'", did_you_mean(locale, own))


async def _shelf(house: House) -> list[Shelved]:
    async with house.stores() as stores:
        return await stores.archive.shelf()


def _state(page: Shelved) -> str:
    if page.hidden:
        return "hidden"
    return "shown" if page.begun else "not sent yet"


def _url(house: House, page: Shelved) -> str:
    from newsletter.render.links import archive_url

    return archive_url(house.composer.letterhead, page.slug, page.locale)
