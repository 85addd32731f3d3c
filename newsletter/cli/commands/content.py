"""``newsletter init | new | schema | render``: writing an issue and seeing what it becomes."""

from __future__ import annotations

import html
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from newsletter import skeleton
from newsletter.cli.output import AsJson, say, say_files, writing_into
from newsletter.cli.shape import IssueName
from newsletter.cli.wiring import House, open_house
from newsletter.content.load import LoadedIssue
from newsletter.content.placeholders import fill_marks
from newsletter.content.schema import Issue
from newsletter.errors import UsageError, did_you_mean
from newsletter.i18n.locales import halves_of
from newsletter.render.links import PREFERENCES_FIELD, UNSUBSCRIBE_FIELD, without_kind
from newsletter.render.pictures import place_media

if TYPE_CHECKING:
    from newsletter.render.rendered import Rendered


def register(app: typer.Typer) -> None:
    """Add these commands to the root."""
    app.command("init")(init_command)
    app.command("new")(new_command)
    app.command("schema")(schema_command)
    app.command("render")(render_command)


def init_command(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="A folder that does not exist yet, or an empty one.")
    ],
) -> None:
    """Make a workspace with settings to fill in and a first issue in English and Spanish."""
    skeleton.write_workspace(folder)
    (folder / "issues" / skeleton.SCHEMA_NAME).write_text(issue_schema(), encoding="utf-8")
    say(f"made the workspace {folder}")
    say(f"  next: cd {folder}; newsletter check; newsletter preview")
    say("  then: put your organisation's name and addresses into newsletter.yaml")


def new_command(
    slug: Annotated[
        str, typer.Argument(metavar="SLUG", help="What its file and links are called, e.g. 2019-06-summer.")
    ],
) -> None:
    """Begin an issue: a commented file with one block of each kind."""
    house = open_house()
    file = skeleton.write_issue(house.workspace.issues, slug, house.clock.now().date(), house.settings.locales[0])
    schema = house.workspace.issues / skeleton.SCHEMA_NAME
    if not schema.exists():
        schema.write_text(issue_schema(), encoding="utf-8")
    say(f"wrote {house.workspace.shown(file)}")
    say(f"  next: edit it; then newsletter check {slug}; newsletter i18n sync {slug}")


def schema_command() -> None:
    """Print the JSON Schema of an issue, by which editors complete and check as you type."""
    typer.echo(issue_schema(), nl=False)


def issue_schema() -> str:
    """The JSON Schema of an issue, as a file's text."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **Issue.model_json_schema()}
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def render_command(
    issue: IssueName,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="The folder to write into.")],
    locale: Annotated[
        list[str] | None, typer.Option("--locale", help="Only this language, or pair (es+en); may be repeated.")
    ] = None,
    public: Annotated[
        bool, typer.Option("--public", help="As anybody may see it: without blocks that are only for some segments.")
    ] = False,
    draft: Annotated[
        bool, typer.Option("--draft", help="Also if not fully translated; holes are marked ⟦so⟧.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write each edition as a web page, plain text, MJML and a whole message, with its pictures."""
    house = open_house()
    for wanted in locale or []:
        halves = halves_of(wanted)
        if len(halves) > 2 or len(set(halves)) < len(halves) or not set(halves) <= set(house.settings.locales):  # noqa: PLR2004
            raise UsageError(f"unknown locale '{wanted}'", did_you_mean(wanted, house.settings.editions()))
    loaded = house.issue(issue)
    written = write_editions(house, loaded, out, locale or house.settings.editions(), public=public, draft=draft)
    say_files(written, as_json=as_json)


def write_editions(
    house: House, loaded: LoadedIssue, out: Path, locales: list[str], *, public: bool = False, draft: bool = False
) -> list[Path]:
    """Render editions into files, all or none; returns the pages, texts, MJML and messages written."""
    segments: frozenset[str] | None = frozenset() if public else None
    rendered = [house.render(house.letter(loaded, locale, segments, draft=draft)) for locale in locales]
    written: list[Path] = []
    with writing_into(out):
        house.pictures.publish(out)
        for edition in rendered:
            for suffix, data in _files(house, edition).items():
                path = out / f"{edition.slug}.{edition.locale}.{suffix}"
                path.write_bytes(data)
                written.append(path)
    return written


def _files(house: House, edition: Rendered) -> dict[str, bytes]:
    """The four files of an edition, as somebody sees them of whom nothing is known."""
    from newsletter.delivery.message import MessageTemplate, Reader

    sender = house.sender(edition.locale)
    leave = f"mailto:{sender.reply_to}?subject=unsubscribe"
    links = {UNSUBSCRIBE_FIELD: leave, PREFERENCES_FIELD: f"mailto:{sender.reply_to}?subject=preferences"}
    nobody = Reader("reader@example.org", "", "", token="preview")  # noqa: S106 - no token of anybody
    frozen = house.freeze(edition)
    message = MessageTemplate(frozen).fill(nobody, f"<preview@{sender.domain}>", house.clock.now())

    def page(text: str) -> bytes:
        filled = fill_marks(
            without_kind(place_media(text, "")), lambda field, fallback: html.escape(links.get(field, "")) or fallback
        )
        return filled.encode()

    return {
        "html": page(edition.html),
        "mjml": page(edition.mjml),
        "txt": fill_marks(without_kind(frozen.text), links.get).encode(),
        "eml": bytes(message),
    }
