"""``newsletter subscribers list`` and ``export``: people on the screen or in a file, or all of one person."""

from __future__ import annotations

import asyncio
import csv
import datetime as dt
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from newsletter.audience.audit import Deed, Entry
from newsletter.audience.cells import guarded
from newsletter.audience.consent import Consent
from newsletter.audience.csvlist import COLUMNS
from newsletter.audience.segments import All, HasAttribute, HasLocale, HasTag, Rule
from newsletter.audience.subscribers import Status, Subscriber
from newsletter.cli.exporting import STDOUT, Force, exporting, tell_written
from newsletter.cli.output import AsJson, counted, iso, say, say_json, table
from newsletter.cli.people import nobody, parsed, parsed_locale
from newsletter.cli.shape import OnlyLocales
from newsletter.cli.wiring import House, open_house
from newsletter.errors import UsageError

if TYPE_CHECKING:
    from newsletter.store.people import Filter


class Wanted(StrEnum):
    """The statuses to choose from."""

    SUBSCRIBED = "subscribed"
    UNSUBSCRIBED = "unsubscribed"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    ANY = "any"


@dataclass(frozen=True, slots=True)
class Asked:
    """A filter as it stands on the command line: one of each kind that is named must hold."""

    segments: Sequence[str]
    tags: Sequence[str]
    locales: Sequence[str]
    where: Sequence[str]
    statuses: Sequence[Wanted]

    def filter(self, house: House) -> Filter:
        """The same for the store.  Raises UsageError."""
        from newsletter.store.people import Filter

        rules = [house.settings.segments[name] for name in house.require_segments(self.segments)]
        if self.tags:
            rules.append(HasTag(tuple(tag.lower() for tag in self.tags)))
        if self.locales:
            rules.append(HasLocale(tuple(parsed_locale(locale) for locale in self.locales)))
        rules += self._attributes()
        some = [Status(wanted.value) for wanted in self.statuses if wanted is not Wanted.ANY]
        if Wanted.ANY in self.statuses:
            some = [status for status in Status if status is not Status.ERASED]
        return Filter(All(tuple(rules)), frozenset(some or [Status.SUBSCRIBED]))

    def told(self) -> dict[str, object]:
        """What was asked for, for the audit log."""
        asked = {
            "segments": self.segments,
            "tags": self.tags,
            "locales": self.locales,
            "where": self.where,
            "statuses": [status.value for status in self.statuses],
        }
        return {name: list(words) for name, words in asked.items() if words}

    def _attributes(self) -> list[Rule]:
        values: dict[str, list[str]] = {}
        for pair in self.where:
            name, equals, value = pair.partition("=")
            if not name or not equals:
                raise UsageError(f"'{pair}' is no condition", "write --where county=Addison")
            values.setdefault(name, []).append(value)
        return [HasAttribute(name, tuple(found)) for name, found in values.items()]


Segments = Annotated[list[str] | None, typer.Option("--segment", "-s", help="Only this segment; all, if repeated.")]
Tags = Annotated[list[str] | None, typer.Option("--tag", help="Only with this tag; one of them, if repeated.")]
Where = Annotated[
    list[str] | None,
    typer.Option("--where", metavar="COLUMN=VALUE", help="Only with this value in a further column: county=Addison."),
]
Statuses = Annotated[
    list[Wanted] | None, typer.Option("--status", help="Only with this status; those subscribed, if left out.")
]


def register(app: typer.Typer) -> None:
    """Add the commands to the group."""
    app.command("list")(list_command)
    app.command("export")(export_command)


def list_command(
    segments: Segments = None,
    tags: Tags = None,
    locales: OnlyLocales = None,
    where: Where = None,
    statuses: Statuses = None,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, help="How many people to list.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List people.  Shows addresses."""
    house = open_house()
    which = Asked(segments or (), tags or (), locales or (), where or (), statuses or ()).filter(house)

    async def run() -> tuple[int, list[tuple[Subscriber, Consent | None]]]:
        async with house.stores() as stores:
            found = []
            async for one in stores.people.all(which):
                found.append(one)
                if len(found) == limit:
                    break
            return await stores.people.count(which), found

    number, found = asyncio.run(run())
    if as_json:
        say_json({"matching": number, "people": [_as_json(*one) for one in found]})
        return
    table(
        ("address", "name", "locale", "status", "tags"),
        ((p.email, p.name, p.locale, p.status, ", ".join(sorted(p.tags))) for p, _consent in found),
        none="nobody on the list fits",
    )
    if more := number - len(found):
        say(f"… and {more:,} more; --limit lists more, 'newsletter subscribers export' writes all to a file")


def _as_json(person: Subscriber, consent: Consent | None) -> dict[str, object]:
    return {
        "email": person.email,
        "name": person.name,
        "locale": person.locale,
        "status": person.status.value,
        "tags": sorted(person.tags),
        "attributes": dict(person.attributes),
        "declined": person.declined,
        "paused_until": iso(person.paused_until),
        "consent": {"source": consent.source, "given_at": consent.given_at.isoformat()} if consent else None,
    }


def export_command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file to write; - for standard output.")],
    segments: Segments = None,
    tags: Tags = None,
    locales: OnlyLocales = None,
    where: Where = None,
    statuses: Statuses = None,
    person: Annotated[
        str, typer.Option("--person", metavar="ADDRESS", help="All that is stored of one person, as JSON.")
    ] = "",
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Write people into a CSV file that 'import' reads, or all of one person into a JSON file.  Keep it to yourself."""
    house = open_house()
    asked = Asked(segments or (), tags or (), locales or (), where or (), statuses or ())
    if person and any((segments, tags, locales, where, statuses)):
        raise UsageError("--person is all of one person; no filter goes with it")
    written = asyncio.run(_export_person(house, person, file, force) if person else _export(house, asked, file, force))
    if file == STDOUT:
        return
    if as_json:
        say_json({"file": str(file), "people": written})
        return
    tell_written(file, counted(written, "person", "people"))


async def _export(house: House, asked: Asked, file: Path, force: bool) -> int:
    which = asked.filter(house)
    async with house.stores() as stores:
        entry = Entry(house.who, Deed.EXPORTED, "list", asked.told())
        async with exporting(stores, entry, file, force=force) as to:
            names = await stores.people.attribute_names(which)
            return await write_people(stores.people.all(which), names, to, house.zone)


async def write_people(
    people: AsyncIterator[tuple[Subscriber, Consent | None]], names: Sequence[str], to: TextIO, zone: dt.tzinfo
) -> int:
    """Write them one by one, with ``names`` as further columns; returns how many."""
    writer = csv.writer(to, lineterminator="\r\n")
    writer.writerow([*COLUMNS, *(guarded(name) for name in names)])
    number = 0
    async for person, consent in people:
        number += 1
        cells = (
            person.email,
            person.name,
            person.locale,
            ", ".join(sorted(person.tags)),
            consent.source if consent else "",
            consent.given_at.astimezone(zone).isoformat(" ") if consent else "",
            person.status.value,
            person.declined,
            person.paused_until.astimezone(zone).isoformat(" ") if person.paused_until else "",
            *(person.attributes.get(name, "") for name in names),
        )
        writer.writerow([guarded(cell) for cell in cells])
    return number


async def _export_person(house: House, address: str, file: Path, force: bool) -> int:
    async with house.stores() as stores:
        email = parsed(address)
        dossier = await stores.people.dossier(email)
        if dossier is None:
            raise nobody(address)
        found = await stores.subscribers.find(email)
        about = f"subscriber {found.ref}" if found else "a form that waits to be confirmed"
        entry = Entry(house.who, Deed.EXPORTED, about)
        text = json.dumps(dossier, ensure_ascii=False, indent=2, default=lambda moment: moment.isoformat()) + "\n"
        async with exporting(stores, entry, file, force=force, encoding="utf-8") as to:
            to.write(text)
    return 1
