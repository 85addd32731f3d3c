"""``newsletter check --links``: every link that staff wrote, followed once for all editions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from newsletter.adapters.web_links import Answer, Verdict, follow
from newsletter.cli.quality import placed
from newsletter.cli.todo import Entry, as_entry
from newsletter.cli.wiring import House
from newsletter.content.load import LoadedIssue
from newsletter.errors import NewsletterError
from newsletter.render.quality.passages import addresses
from newsletter.render.quality.remarks import Quality, Remark

_Place = tuple[LoadedIssue, str, str]


async def follow_links(house: House, files: Sequence[Path]) -> list[Entry]:
    """What is wrong with the links of every edition that can be made; of the others nothing is known yet."""
    places: dict[str, list[_Place]] = {}
    for file in files:
        for locale in house.settings.locales:
            try:
                loaded = house.load(file)
                edition = house.edition(loaded, locale)
            except NewsletterError:
                continue  # the list says why
            for url, context in addresses(edition.issue).items():
                places.setdefault(url, []).append((loaded, locale, context))
    split = urlsplit(house.settings.public_url)
    answers = await follow(places, {split.netloc, split.hostname or ""} - {"", "localhost", "127.0.0.1", "::1"})
    if answers and all(answer.silent for answer in answers.values()):
        loaded, locale, _context = next(iter(places.values()))[0]
        first = next(iter(answers.values())).said
        message = f"none of {len(answers)} links could be followed; is there a network? ({first})"
        remark = Remark(Quality.LINK_UNKNOWN, "", message, "try again when this machine is online")
        return [as_entry(one, "") for one in placed(house, loaded, locale, [remark])]
    entries = []
    for url, answer in answers.items():
        for loaded, locale, context in places[url]:
            remarks = _remarks(url, context, answer)
            entries += [as_entry(one, locale) for one in placed(house, loaded, locale, remarks)]
    return entries


def _remarks(url: str, context: str, answer: Answer) -> Iterator[Remark]:
    said = f"{url}: {answer.said}"
    match answer.verdict:
        case Verdict.DEAD:
            yield Remark(Quality.DEAD_LINK, context, said, "mend the address, or take the link out", url)
        case Verdict.PRIVATE:
            yield Remark(Quality.PRIVATE_LINK, context, said, "link to a page that everybody can open", url)
        case Verdict.MOVED:
            yield Remark(Quality.MOVED_LINK, context, said, "write the new address", url)
        case Verdict.UNKNOWN:
            yield Remark(Quality.LINK_UNKNOWN, context, said, "try again later, or open it yourself", url)
