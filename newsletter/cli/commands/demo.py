"""``newsletter demo``: the main job from end to end, on this machine alone.

Checks and renders an issue, imports invented people, starts a mail server on
a free loopback port, sends, and shows what that server received.  Everything
it makes lies under ``var/demo/``, which it empties first; no mail leaves the
machine.
"""

from __future__ import annotations

import asyncio
import csv
import email
import email.policy
import itertools
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from newsletter.cli.commands.check import check_issue
from newsletter.cli.commands.content import write_editions
from newsletter.cli.commands.subscribers_import import import_list, print_report
from newsletter.cli.output import counted, say, table
from newsletter.cli.wiring import House, open_house, with_settings
from newsletter.content.load import LoadedIssue
from newsletter.errors import ContentError, Level, UsageError
from newsletter.settings import Security, SmtpSettings

PEOPLE = 200

# Invented people: every first name meets every last name at a domain reserved by RFC 2606.
_FIRST = {
    "en": ("Abigail", "Caleb", "Hannah", "Owen", "Ruth", "Zoë", "Noah", "Siobhán", "Eli", "Maeve"),
    "es": ("José", "María", "Ángel", "Lucía", "Íñigo", "Guadalupe", "Óscar", "Xóchitl", "Ramón", "Begoña"),
}
_LAST = {
    "en": ("Allen", "Brooks", "Chase", "Dow", "Ellis", "Fisk", "Gray", "Hale", "Ide", "Jewett"),
    "es": ("Muñoz", "Peña", "Ibáñez", "Güell", "Quiñones", "López", "Núñez", "Ávila", "Cárdenas", "Yáñez"),
}
_DOMAINS = ("example.org", "example.com", "example.net")
_COUNTIES = ("Addison", "Franklin", "Orleans", "Chittenden")


def register(app: typer.Typer) -> None:
    """Add the command to the root."""
    app.command("demo")(demo_command)


def demo_command(
    issue: Annotated[str, typer.Argument(metavar="ISSUE", help="Which issue; the newest, if none.")] = "",
) -> None:
    """Send an issue to invented people through a mail server of its own, and show what arrived."""
    house = open_house()
    files = [house.workspace.issue_file(issue)] if issue else house.workspace.issue_files()
    if not files:
        raise UsageError("this workspace has no issue yet", "'newsletter new SLUG' begins one")
    entries = [entry for file in files for entry in check_issue(house, file)]
    findings = [entry.finding for entry in entries if entry.level is Level.ERROR]
    if findings:
        raise ContentError(findings)
    loaded = max((house.load(file) for file in files), key=lambda found: found.issue.date)
    say(f"checked {counted(len(files), 'issue', 'issues')}: all is well; sending '{loaded.slug}'")
    asyncio.run(_run(house, loaded))


async def _run(house: House, loaded: LoadedIssue) -> None:
    from newsletter.cli.commands.sending import Sending

    folder = house.workspace.root / "var" / "demo"
    shutil.rmtree(folder, ignore_errors=True)
    received = folder / "received"
    received.mkdir(parents=True)
    pages = write_editions(house, loaded, folder / "rendered", list(house.settings.locales))
    async with _mail_server(received) as port:
        changes: dict[str, Any] = {
            "database": f"sqlite:///{folder / 'newsletter.db'}",
            "secret_key_file": str(folder / "secret.key"),
            "smtp": SmtpSettings(host="127.0.0.1", port=port, security=Security.NONE),
        }
        demo_house = with_settings(house, **changes)
        people = folder / "people.csv"
        _write_people(people, house.settings.locales)
        report, _near = await import_list(demo_house, people, "newsletter demo", house.clock.now().isoformat())
        print_report(report, Path(house.workspace.shown(people)))
        segments = list(house.settings.segments)
        everybody = [name for name in segments if name in ("everyone", "everybody")] or segments
        say("")
        await Sending(demo_house, loaded.slug, everybody).run(yes=True, as_json=False)
    _show(house, received, pages)


@asynccontextmanager
async def _mail_server(folder: Path) -> AsyncIterator[int]:
    """An SMTP server on a free loopback port, which keeps each message as a file; yields the port."""
    try:
        from aiosmtpd.smtp import SMTP, Envelope
    except ImportError:
        raise UsageError(
            "the demo needs a mail server to send to",
            "install newsletter with its extra 'demo' (in a checkout, 'make setup' does)",
        ) from None
    numbers = itertools.count(1)

    class Keep:
        async def handle_DATA(self, _server: object, _session: object, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
            content = envelope.content if isinstance(envelope.content, bytes) else b""
            (folder / f"{next(numbers):04}.eml").write_bytes(content)
            return "250 kept"

    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(Keep(), loop=loop), "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()


def _write_people(path: Path, locales: tuple[str, ...]) -> None:
    """A list of PEOPLE invented people, each locale's share alike."""
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        writer = csv.writer(file)
        writer.writerow(("email", "name", "locale", "tags", "county"))
        for number in range(PEOPLE):
            locale = locales[number % len(locales)]
            own = number // len(locales)
            first, last = _FIRST.get(locale, _FIRST["en"]), _LAST.get(locale, _LAST["en"])
            name = f"{first[own % len(first)]} {last[own // len(first) % len(last)]}"
            tags = "supporter" if number % 5 else "supporter,farmworker"
            address = f"reader{number + 1:03}@{_DOMAINS[number % 3]}"
            writer.writerow((address, name if number % 7 else "", locale, tags, _COUNTIES[number % 4]))


def _show(house: House, received: Path, pages: list[Path]) -> None:
    examples: dict[str, Path] = {}
    for path in sorted(received.glob("*.eml")):
        message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        examples.setdefault(str(message["Content-Language"]), path)
    shown = [(f"a received message in {language}", path) for language, path in sorted(examples.items())]
    shown += [("a rendered page", path) for path in pages if path.suffix == ".html"]
    say("")
    table(("what", "where"), ((what, house.workspace.shown(path)) for what, path in shown))
