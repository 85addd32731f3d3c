"""``newsletter flyer`` and ``newsletter share``: an issue for walls, and for phones."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli.output import AsJson, say, say_files, say_json, tell, writing_into
from newsletter.cli.publishing import flyer_press, print_flyer, public_edition
from newsletter.cli.shape import IssueName, OnlyLocales
from newsletter.cli.wiring import House, open_house
from newsletter.errors import UsageError
from newsletter.render.facts import PublicEdition
from newsletter.render.links import archive_url

if TYPE_CHECKING:
    from newsletter.render.sharing import Shared

PAPERS = ("a4", "letter")


def register(app: typer.Typer) -> None:
    """Add these commands to the root."""
    app.command("flyer")(flyer_command)
    app.command("share")(share_command)


def flyer_command(
    issue: IssueName,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="The folder to write into.")],
    locale: OnlyLocales = None,
    paper: Annotated[
        list[str] | None, typer.Option("--paper", help="a4 or letter; may be repeated; both, if left out.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write one page to print, with a code to scan for each call to action."""
    from newsletter.render.flyer import Paper

    for wanted in paper or []:
        if wanted not in PAPERS:
            raise UsageError(f"unknown paper '{wanted}'", "there are a4 and letter")
    house = open_house()
    written = []
    for edition in _editions(house, issue, locale):
        over = [ask.title for ask in edition.facts.asks if ask.is_over(house.clock.now())]
        if over:
            tell(f"note: over, so not on the {edition.locale} flyer: {'; '.join(over)}")
        for wanted in paper or PAPERS:
            path = out / f"{edition.slug}.{edition.locale}.{wanted}.pdf"
            made = print_flyer(house, flyer_press(house), edition, Paper(wanted))
            with writing_into(out):
                path.write_bytes(made)
            written.append(path)
    say_files(written, as_json=as_json)


def share_command(issue: IssueName, locale: OnlyLocales = None, as_json: AsJson = False) -> None:
    """Show a text to pass on by WhatsApp or SMS, and how long it is."""
    from newsletter.render.sharing import share_text, sms_text

    house = open_house()
    found = []
    for edition in _editions(house, issue, locale):
        page = archive_url(house.composer.letterhead, edition.slug, edition.locale)
        texts = {
            "WhatsApp": share_text(edition.subject, edition.facts, page, house.clock.now()),
            "SMS": sms_text(edition.subject, page),
        }
        found.append((edition.locale, texts))
    if as_json:
        say_json({one: {name.lower(): _json(text) for name, text in texts.items()} for one, texts in found})
        return
    for one, texts in found:
        for name, text in texts.items():
            say(f"{one}, {name}: {_size(text)}", "bold")
            say(f"{text.text}\n")


def _size(text: Shared) -> str:
    several = f"{text.messages} messages" if text.messages > 1 else "1 message"
    return f"{text.bytes} bytes; as SMS {several} ({text.units} of {text.alphabet})"


def _json(text: Shared) -> dict[str, object]:
    return {
        "text": text.text,
        "bytes": text.bytes,
        "sms": {"alphabet": text.alphabet.value, "units": text.units, "messages": text.messages},
    }


def _editions(house: House, issue: str, locales: list[str] | None) -> list[PublicEdition]:
    """The public editions asked for; UsageError for a language that there is not."""
    house.require_locales(locales or [])
    loaded = house.issue(issue)
    return [public_edition(house, loaded, locale) for locale in locales or house.settings.locales]
