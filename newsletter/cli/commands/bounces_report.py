"""``newsletter bounces report``: what came back, by campaign, mail domain and language."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli.output import AsJson, say, say_json, table, tell
from newsletter.cli.wiring import open_house

if TYPE_CHECKING:
    from newsletter.store.returns import Count, Objection

COLUMNS = ("delivered", "soft", "hard", "sender", "complaint")
HEADINGS = ("delivered", "soft", "hard", "sender's fault", "complaints")
SHOWN = 20  # domains in a table; --json has all
ERASED = "erased"  # instead of the domain of people of whom nothing else is left


@dataclass(frozen=True, slots=True)
class Told:
    """All that is told of one campaign."""

    number: int
    slug: str
    counts: Sequence[Count]
    objections: Sequence[Objection]


def register(app: typer.Typer) -> None:
    """Add the command to its group."""
    app.command("report")(report_command)


def report_command(
    campaign: Annotated[int | None, typer.Argument(metavar="[CAMPAIGN]", help="Only this campaign.")] = None,
    as_json: AsJson = False,
) -> None:
    """Tell what came back of each campaign: delivered, soft, hard, sender's fault, complaints."""
    told = asyncio.run(_gather(campaign))
    if as_json:
        say_json({"campaigns": [_json(one) for one in told]})
    elif campaign is None:
        rows = ((one.number, one.slug, *_sums(one.counts)) for one in told)
        table(("number", "issue", *HEADINGS), rows)
    else:
        for one in told:
            say(one.slug)
            for heading, name in (("language", _locale), ("mail domain", _domain)):
                groups = _grouped(one.counts, name)
                say("")
                table((heading, *HEADINGS), ((key or ERASED, *_sums(group)) for key, group in groups[:SHOWN]))
                if len(groups) > SHOWN:
                    say(f"… and {len(groups) - SHOWN:,} more; --json has all")
    for one in told:
        _warn(one)


async def _gather(campaign: int | None) -> list[Told]:
    from newsletter.cli.standing import find
    from newsletter.store.returns import Returns

    async with open_house().stores() as stores:
        if campaign is not None:
            await find(stores, campaign)
        returns = Returns(stores.database)
        counts, objections = await returns.counts(campaign), await returns.objections(campaign)
    numbers = dict.fromkeys((count.campaign_id, count.slug) for count in counts)
    return [
        Told(
            number,
            slug,
            [count for count in counts if count.campaign_id == number],
            [objection for objection in objections if objection.campaign_id == number],
        )
        for number, slug in numbers
    ]


def _locale(count: Count) -> str:
    return count.locale


def _domain(count: Count) -> str:
    return count.domain


def _grouped(counts: Iterable[Count], name: Callable[[Count], str]) -> list[tuple[str, list[Count]]]:
    """The counts by name, those with most that came back first."""
    groups: dict[str, list[Count]] = {}
    for count in counts:
        groups.setdefault(name(count), []).append(count)
    return sorted(groups.items(), key=lambda item: (-sum(_sums(item[1])[1:]), -_sums(item[1])[0], item[0]))


def _sums(counts: Iterable[Count]) -> list[int]:
    counts = list(counts)
    return [sum(getattr(count, column) for count in counts) for column in COLUMNS]


def _named(counts: Iterable[Count]) -> dict[str, int]:
    return dict(zip(COLUMNS, _sums(counts), strict=True))


def _json(told: Told) -> dict[str, object]:
    return {
        "number": told.number,
        "issue": told.slug,
        **_named(told.counts),
        "languages": {locale: _named(group) for locale, group in _grouped(told.counts, _locale)},
        "domains": {domain: _named(group) for domain, group in _grouped(told.counts, _domain)},
        "objections": [
            {"domain": one.domain, "status": one.status, "number": one.number, "example": one.example}
            for one in told.objections
        ],
    }


def _warn(told: Told) -> None:
    """Say it loudly where servers object to us: every reader there is without the news, and the next ones will be."""
    if not told.objections:
        return
    number = sum(one.number for one in told.objections)
    mails = "1 mail of campaign {} was" if number == 1 else f"{number} mails of campaign {{}} were"
    tell(f"attention: {mails.format(told.number)} refused because of us, not of the readers")
    for one in told.objections:
        times = "once" if one.number == 1 else f"{one.number} times"
        tell(f"  {one.domain or ERASED}: {times}{f': {one.example}' if one.example else ''}")
    tell("  hint: docs/bounces.md tells what to do; 'newsletter doctor' checks SPF, DKIM and DMARC")
    tell(f"  then: 'newsletter send {told.slug} --missed {told.number}' sends it again to just these people")
