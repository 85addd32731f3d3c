"""``newsletter subscribers import`` and ``check``: lists in, and what is suspicious about the addresses on them."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.audience.consent import MAX_SOURCE, parse_moment
from newsletter.audience.csvlist import Said, read_list
from newsletter.audience.lookalikes import likely_domain, near_key
from newsletter.audience.subscribers import Status, clean_text
from newsletter.cli.output import AsJson, counted, say, say_json, tell
from newsletter.cli.wiring import House, open_house
from newsletter.errors import UsageError

if TYPE_CHECKING:
    from newsletter.store.importing import ImportReport
    from newsletter.store.people import PeopleStore

SHOWN = 50  # bad rows printed; --json has all
COUNTERS = 1 << 24  # of one byte, to find near-duplicates

Near = list[list[tuple[str, Status]]]
"""Groups of addresses that are probably the same person's."""


def register(app: typer.Typer) -> None:
    """Add the commands to the group."""
    app.command("import")(import_command)
    app.command("check")(check_command)


def import_command(
    file: Annotated[
        Path, typer.Argument(metavar="FILE.csv", help="Columns: email, name, locale, tags, and any other.")
    ],
    source: Annotated[
        str, typer.Option("--consent-source", help="Where these people agreed, unless a row says it.")
    ] = "",
    date: Annotated[
        str, typer.Option("--consent-date", metavar="DAY", help="When they did, unless a row says it: 2026-06-10.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Add and update people from a CSV file; rows that cannot go in are listed with the reason."""
    report, near = asyncio.run(import_list(open_house(), file, source, date))
    if as_json:
        say_json(
            {
                "added": report.added,
                "changed": report.changed,
                "unchanged": report.unchanged,
                "left": report.left,
                "bounced": report.bounced,
                "erased": report.erased,
                "kept": report.kept,
                "consents": report.consents,
                "without_consent": report.without_consent,
                "attributes": sorted(report.attributes),
                "near": _near_json(near),
                "bad": [{"line": row.line, "reason": row.reason} for row in report.bad],
                "notices": [{"line": line, "notice": notice} for line, notice in report.notices],
            }
        )
    else:
        print_report(report, file)
        _print_near(near)
    if report.bad:
        raise typer.Exit(1)


async def import_list(house: House, file: Path, source: str, date: str) -> tuple[ImportReport, Near]:
    """Import one file, and look for near-duplicates of those it added; AudienceError if it is no list at all."""
    said = Said(house.clock.now(), house.zone, clean_text(source, MAX_SOURCE), date.strip())
    if bool(said.source) != bool(said.date):
        raise UsageError("a consent needs its source and its date", "give --consent-source and --consent-date")
    if said.date:
        try:
            parse_moment(said.date, said.zone, said.now)
        except ValueError as error:
            raise UsageError(f"--consent-date: {error}") from None
    async with house.stores() as stores:
        tokens = await house.tokens(stores.database)
        report = await stores.subscribers.import_rows(read_list(file, said), tokens.address_hashes)
        return report, await find_near(stores.people, report.near)


def print_report(report: ImportReport, file: Path) -> None:
    """Tell what an import did."""
    say(f"{file}: {report.added} added, {report.changed} changed, {report.unchanged} as they were")
    in_the_file = (
        report.added,
        report.changed,
        report.unchanged,
        report.left,
        report.bounced,
        report.erased,
        report.bad,
    )
    if not any(in_the_file):
        say("  there are no rows below the one that names the columns")
    if report.attributes:
        say(f"  further columns, for segments: {', '.join(sorted(report.attributes))}")
    if report.left:
        say(f"  {report.left} of them unsubscribed earlier and stay so")
    if report.bounced:
        say(f"  {report.bounced} bounced: their mail came back, for good; they get no more")
        say("  next: 'newsletter subscribers show ADDRESS' tells what the server said, and what to do if it was wrong")
    if report.erased:
        say(f"  {report.erased} had themselves erased, and were not added")
    if report.kept:
        say(f"  of {report.kept} the file says another status, kind of mail or pause; what the list says stays")
    if report.consents:
        say(f"  {counted(report.consents, 'consent', 'consents')} recorded")
    if report.without_consent:
        say(f"  of {report.without_consent} added nobody says where and when they agreed to get mail")
        say("  next: import the file again with --consent-source and --consent-date, if you know")
    for line, notice in report.notices[:SHOWN]:
        say(f"  line {line}: {notice}")
    _print_bad(report)


def _print_bad(report: ImportReport) -> None:
    """What did not go in, and why."""
    for row in report.bad[:SHOWN]:
        tell(f"  line {row.line} did not go in: {row.reason}")
    if len(report.bad) > SHOWN:
        tell(f"  … and {len(report.bad) - SHOWN} more; --json lists them all")
    if report.bad:
        rows = "this row" if len(report.bad) == 1 else f"these {len(report.bad)} rows"
        tell(f"  hint: mend {rows} and import the file again")


def check_command(as_json: AsJson = False) -> None:
    """Look for addresses that are probably misspelt, or the same person's.  Changes nothing; shows addresses."""
    house = open_house()

    async def run() -> tuple[list[tuple[str, str]], Near]:
        async with house.stores() as stores:
            misspelt = [
                (address, likely)
                async for some in stores.people.addresses()
                for address, status in some
                if status == Status.SUBSCRIBED and (likely := likely_domain(address.rpartition("@")[2]))
            ]
            return misspelt, await find_near(stores.people)

    misspelt, near = asyncio.run(run())
    if as_json:
        say_json(
            {
                "misspelt": [{"email": address, "likely": likely} for address, likely in misspelt],
                "near": _near_json(near),
            }
        )
        return
    for address, likely in misspelt[:SHOWN]:
        say(f"{address}: did they mean '{likely}'?")
    if len(misspelt) > SHOWN:
        say(f"… and {len(misspelt) - SHOWN} more; --json lists them all")
    _print_near(near)
    if not misspelt and not near:
        say("no address looks misspelt, and no two look like the same person's")
    else:
        say("nothing was changed; ask the people, and use 'newsletter subscribers add' and 'unsubscribe'")


async def find_near(people: PeopleStore, only: Collection[int] | None = None) -> Near:
    """Groups of near-duplicates; with ``only``, those whose near key has one of these hashes.

    The list is read twice, and kept of it meanwhile is a fixed number of counters: a million addresses would take much
    memory.  Who shares a counter with others is looked at closely.
    """
    if only is not None and not only:
        return []
    counters = bytearray(COUNTERS)
    async for some in people.addresses():
        for address, _status in some:
            place = hash(near_key(address)) % COUNTERS
            counters[place] = min(counters[place] + 1, 2)
    groups: dict[str, list[tuple[str, Status]]] = {}
    async for some in people.addresses():
        for address, status in some:
            near = near_key(address)
            if counters[hash(near) % COUNTERS] > 1:
                groups.setdefault(near, []).append((address, Status(status)))
    twice = {near: group for near, group in groups.items() if len(group) > 1}
    if only is not None:
        hashes = {hash(near) for near in twice}
        added = {key for key in only if key in hashes}
        twice = {near: group for near, group in twice.items() if hash(near) in added}
    return [sorted(group) for _near, group in sorted(twice.items())]


def _near_json(near: Near) -> list[list[dict[str, str]]]:
    return [[{"email": address, "status": status.value} for address, status in group] for group in near]


def _print_near(near: Near) -> None:
    for group in near[:SHOWN]:
        told = ", ".join(
            address if status is Status.SUBSCRIBED else f"{address} ({status})" for address, status in group
        )
        say(f"  probably the same person: {told}")
    if len(near) > SHOWN:
        say(f"  … and {len(near) - SHOWN} more; --json lists them all")
