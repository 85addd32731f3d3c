"""People of the list as commands and the studio ask for them: one by the address, many by segment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

from typer import Argument

from newsletter.audience.csvlist import parse_locale
from newsletter.audience.subscribers import parse_address
from newsletter.errors import UsageError
from newsletter.wording import said

if TYPE_CHECKING:
    from newsletter.audience.segments import Rule
    from newsletter.cli.wiring import House, Stores
    from newsletter.store.people import Recipient

Address = Annotated[str, Argument(metavar="ADDRESS", help="The address of one person.")]


def parsed(address: str) -> str:
    """An address in the form in which lists are stored.  Raises UsageError."""
    try:
        return parse_address(address, international=True)
    except ValueError as error:
        raise UsageError(said("'%(address)s' is no address: %(why)s", address=address, why=error)) from None


def nobody(address: str) -> UsageError:
    """That the address is not on the list."""
    return UsageError(
        f"nobody on the list has the address '{address}'", "'newsletter subscribers list' shows who is there"
    )


def parsed_locale(text: str) -> str:
    """A language as it stands in a list.  Raises UsageError."""
    try:
        return parse_locale(text)
    except ValueError as error:
        raise UsageError(str(error)) from None


async def count_editions(
    house: House, stores: Stores, rules: Mapping[str, Rule]
) -> tuple[list[str], dict[str, dict[str, int]]]:
    """How many people of each rule would get which edition; and every edition that there is, the pairs last."""
    offer, known = house.settings.offer(), house.settings.segments
    counted = await stores.subscribers.count({**known, **rules}, list(rules), tuple(offer.bilingual))
    chosen = {
        name: [(offer.choose(row_locale, within).locale, number) for (row_locale, within), number in found.items()]
        for name, found in counted.items()
    }
    pairs = sorted({locale for found in chosen.values() for locale, _number in found} - set(offer.locales))
    locales = [*offer.locales, *pairs]
    counts = {name: dict.fromkeys(locales, 0) for name in chosen}
    for name, found in chosen.items():
        for locale, number in found:
            counts[name][locale] += number
    return locales, counts


async def first_people(house: House, stores: Stores, name: str, limit: int) -> tuple[list[Recipient], bool]:
    """The first people of a segment, and whether there are more."""
    found: list[Recipient] = []
    async for recipient in stores.subscribers.recipients(house.settings.segments, [name]):
        found.append(recipient)
        if len(found) > limit:
            break
    return found[:limit], len(found) > limit
