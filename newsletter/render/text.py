"""Edition → plain text, written to be read as such, not scraped out of the HTML.

Headings are underlined, links are numbered and listed below the block they
stand in, buttons stand on their own line with their address, lines are wrapped
at WIDTH.  Reader placeholders stand in it as marks, unbroken.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from newsletter.content.markup import to_text
from newsletter.content.placeholders import MARK, mark, to_marks
from newsletter.content.schema import (
    Action,
    Appeal,
    Block,
    Divider,
    Event,
    Image,
    ImageBlock,
    Link,
    Quote,
    Story,
    Text,
)
from newsletter.i18n.translate import Edition
from newsletter.render.links import PREFERENCES_FIELD, UNSUBSCRIBE_FIELD, archive_url, other_editions
from newsletter.render.theme import Letterhead
from newsletter.render.words import Words

WIDTH = 72  # columns; RFC 5322 §2.1.1 recommends under 78, and replies add "> "
_GLUE = "\ue002"  # stands for a space inside a mark while lines are wrapped


@dataclass(frozen=True, slots=True)
class TextWriter:
    """Writes the plain-text part of one edition."""

    edition: Edition
    letterhead: Letterhead
    words_for: Callable[[str], Words]

    @property
    def words(self) -> Words:
        """The template words of the edition's own locale."""
        return self.words_for(self.edition.locale)

    def write(self) -> str:
        """The whole text, lines ended by ``\\n``."""
        issue, letterhead, locale = self.edition.issue, self.letterhead, self.edition.locale
        header = [letterhead.name(locale).upper(), self.edition.formats.date(issue.date), "", *_title(issue.subject, "=")]
        parts = ["\n".join(header)]
        parts += ["\n\n".join(self._block(block)) for block in issue.blocks]
        parts.append("\n\n".join(self._footer()))
        return "\n\n\n".join(part.strip("\n") for part in parts) + "\n"

    def _block(self, block: Block) -> Iterator[str]:
        match block:
            case Text(title=title, body=body):
                yield from self._titled(title, body)
            case Story(title=title, body=body, image=image, link=link):
                yield from self._titled(title, body)
                yield from self._image(image)
                yield from self._links([link] if link else [])
            case Quote(text=text, by=by):
                yield _wrap(self.words("“%(quote)s”", quote=text), "    ", "    ")
                if by:
                    yield _wrap(f"— {by}", "    ", "      ")
            case ImageBlock(image=image, link=link):
                yield from self._image(image)
                if isinstance(link, str):
                    yield link
            case Divider():
                yield "* * *".center(WIDTH).rstrip()
            case Appeal():
                yield from self._appeal(block)
            case Action():
                yield from self._action(block)

    def _titled(self, title: str, body: str) -> Iterator[str]:
        if title:
            yield "\n".join(_title(title, "-"))
        if body:
            yield from _body(body)

    def _image(self, image: Image | None) -> Iterator[str]:
        if image and image.alt:
            yield _wrap(self.words("[Picture: %(alt)s]", alt=image.alt))
        if image and image.caption:
            yield _wrap(image.caption)

    def _links(self, links: Sequence[Link]) -> Iterator[str]:
        for link in links:
            yield f"{_wrap(f'→ {link.label}:', '', '  ')}\n  {link.url}"

    def _appeal(self, block: Appeal) -> Iterator[str]:
        yield from self._titled(block.title, block.body)
        if block.amounts:
            amounts = [self.edition.formats.money(amount, block.currency) for amount in block.amounts]
            yield _wrap(self.words("Give %(amounts)s, or what you can.", amounts=self.edition.formats.list(amounts)))
        label = block.label or self.words("Donate")
        yield f"→ {label}:\n  {block.url}"

    def _action(self, block: Action) -> Iterator[str]:
        yield from self._titled(block.title, block.body)
        if block.event:
            yield "\n".join(self._event(block.event))
        if block.deadline:
            yield _wrap(self.words("Until %(date)s", date=self.edition.formats.day(block.deadline)))
        yield from self._links(block.targets)

    def _event(self, event: Event) -> Iterator[str]:
        formats = self.edition.formats
        rows = [
            (self.words("When"), formats.day(event.starts_at.date())),
            ("", f"{formats.hours(event.starts_at, event.ends_at)} ({formats.zone(event.starts_at)})"),
            (self.words("Where"), event.place),
            (self.words("Online"), event.online or ""),
        ]
        rows = [(label, str(value)) for label, value in rows if value]
        indent = max(len(label) for label, _value in rows) + 3
        for label, value in rows:
            yield _wrap(value, f"{label + ':' if label else '':<{indent - 1}} ", " " * indent)

    def _footer(self) -> Iterator[str]:
        letterhead, locale = self.letterhead, self.edition.locale
        name = letterhead.name(locale)
        yield "-" * WIDTH
        yield _wrap(self.words("You get this because you asked %(organisation)s for news.", organisation=name))
        rows = [
            (self.words("Unsubscribe"), mark(UNSUBSCRIBE_FIELD)),
            (self.words("Change what you get"), mark(PREFERENCES_FIELD)),
            (self.words("View in your browser"), archive_url(letterhead, self.edition.slug, locale)),
        ]
        rows += [(other.label, other.url) for other in other_editions(letterhead, self.edition, self.words_for)]
        yield "\n".join(f"{label}:\n  {url}" for label, url in rows)
        yield name + "\n" + letterhead.postal_address


def _title(title: str, underline: str) -> list[str]:
    lines = _wrap(title).split("\n")
    return [*lines, underline * min(WIDTH, max(len(_visible(line)) for line in lines))]


def _visible(text: str) -> str:
    return MARK.sub(lambda found: found["fallback"], text)


def _body(markdown: str) -> Iterator[str]:
    plain = to_text(markdown)
    lines: list[str] = []
    for first, rest, text in plain.paragraphs:
        wrapped = "\n".join(_wrap(line, first if i == 0 else rest, rest) for i, line in enumerate(text.split("\n")))
        # Items of one list stand close together; anything else is its own paragraph.
        if lines and first.strip() and first.strip() != ">" and lines[-1][:1] not in ("", ">") and _is_item(lines[-1]):
            lines[-1] += f"\n{wrapped}"
        else:
            lines.append(wrapped)
    yield from lines
    if plain.links:
        yield "\n".join(f"[{number}] {url}" for number, url in enumerate(plain.links, 1))


def _is_item(paragraph: str) -> bool:
    return bool(re.match(r"\s*(?:-|\d+\.) ", paragraph))


def _wrap(text: str, first: str = "", rest: str = "") -> str:
    glued = MARK.sub(lambda found: found.group().replace(" ", _GLUE), to_marks(text))
    wrapped = textwrap.fill(
        glued, WIDTH, initial_indent=first, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False
    )
    return wrapped.replace(_GLUE, " ")

