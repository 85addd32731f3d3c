"""Letter → plain text, written to be read as such, not scraped out of the HTML.

Headings are underlined, links are numbered and listed below the paragraph they
stand in, buttons stand on their own line with their address, pictures are told
in words with theirs, lines are wrapped at WIDTH.  So whatever the page links to
or shows, the text names as often.  Reader placeholders stand in it as marks,
unbroken.  The halves of a bilingual letter follow each other, with a rule
between that names the second's language, and share one header and one footer.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from newsletter.content.blocks import (
    Action,
    ActionKind,
    Appeal,
    Block,
    Divider,
    Figures,
    ImageBlock,
    Quote,
    Story,
    Text,
    Video,
)
from newsletter.content.event import Event
from newsletter.content.markup import PlainText, paragraphs, to_text
from newsletter.content.parts import CallScript, Image, LetterDraft, Sharing
from newsletter.content.placeholders import MARK, mark, to_marks
from newsletter.i18n.formats import Formats
from newsletter.i18n.locales import own_name
from newsletter.i18n.translate import Edition
from newsletter.render.bilingual import Letter, editions_of
from newsletter.render.links import (
    PREFERENCES_FIELD,
    Links,
    Offered,
    archive_url,
    other_editions,
)
from newsletter.render.theme import Letterhead
from newsletter.render.ways import letter_lines
from newsletter.render.words import Words

WIDTH = 72  # columns; RFC 5322 §2.1.1 recommends under 78, and replies add "> "
_GLUE = "\ue002"  # stands for a space inside a mark while lines are wrapped
_HEADING = re.compile(r"#{1,6}\s")


def event_times(event: Event, formats: Formats) -> list[str]:
    """When an event is, in two lines: the day and the hours, or its first and its last moment."""
    starts, ends, zone = event.starts_at, event.ends_at, formats.zone(event.starts_at)
    if ends is None or ends.date() == starts.date():
        return [formats.day(starts.date()), f"{formats.hours(starts, ends)} ({zone})"]
    first, last = (f"{formats.day(moment.date())}, {formats.hours(moment, None)}" for moment in (starts, ends))
    return [f"{first} –", f"{last} ({zone})"]


def appeal_amounts(appeal: Appeal, formats: Formats) -> str:
    """The suggested amounts as one phrase: "$10, $25, or $50"."""
    return formats.list([formats.money(amount, appeal.currency) for amount in appeal.amounts], "or")


def write_text(
    letter: Letter, letterhead: Letterhead, words_for: Callable[[str], Words], picture: Callable[[str], str]
) -> str:
    """The plain-text part of a letter, lines ended by ``\\n``; ``picture`` gives the address of a picture's ``src``."""

    def half_of(edition: Edition) -> _Half:
        words = words_for(edition.locale)
        return _Half(edition, letterhead.name(edition.locale), words, Links(letterhead, edition, words), picture)

    first, *others = halves = [half_of(edition) for edition in editions_of(letter)]
    elsewhere = [f"{other.label}:\n  {other.url}" for other in other_editions(letterhead, letter, words_for)]
    parts = list(first.parts([*(half.below() for half in others), *elsewhere]))
    for half in others:
        parts += [f" {own_name(half.edition.locale).upper()} ".center(WIDTH, "="), *half.parts()]
    parts.append("\n\n".join(_footer(halves, letterhead)))
    return "\n\n\n".join(part.strip("\n") for part in parts if part) + "\n"


def _footer(halves: Sequence[_Half], letterhead: Letterhead) -> Iterator[str]:
    yield "-" * WIDTH
    for half in halves:
        yield from half.leaving(archive_url(letterhead, half.edition.slug, half.edition.locale))
    yield "\n".join((*dict.fromkeys(half.name for half in halves), _wrap(letterhead.postal_address)))


@dataclass(frozen=True, slots=True)
class _Half:
    """Writes what one edition has of its own: ``name`` is the organisation's, ``words`` the templates' words."""

    edition: Edition
    name: str
    words: Words
    links: Links
    picture: Callable[[str], str]

    def parts(self, notes: Sequence[str] = ()) -> Iterator[str]:
        """The heading, with ``notes`` below the date and the preheader below the subject, then each block."""
        issue, formats = self.edition.issue, self.edition.formats
        heading = [_title(issue.subject, "="), "", _wrap(issue.preheader)]
        yield "\n".join([self.name.upper(), formats.date(issue.date), *notes, "", *heading])
        yield from ("\n\n".join(self._block(block)) for block in issue.blocks)

    def below(self) -> str:
        """What tells, at the top, that this half comes below."""
        return self.words("Read this in %(language)s below", language=own_name(self.edition.locale)) + " ↓"

    def leaving(self, page: str) -> Iterator[str]:
        """Why the letter came, how to have fewer of them, and where it can be read otherwise."""
        yield _wrap(self.words("You get this because you asked %(organisation)s for news.", organisation=self.name))
        rows = [
            (self.words("Unsubscribe"), self.links.unsubscribe),
            (self.words("Change what you get"), mark(PREFERENCES_FIELD)),
        ]
        if self.edition.issue.archive:
            rows.append((self.words("View in your browser"), page))
        yield "\n".join(f"{label}:\n  {url}" for label, url in rows)

    def _block(self, block: Block) -> Iterator[str]:
        match block:
            case Text(title=title, body=body):
                yield from self._titled(title, body)
            case Story():
                yield from self._titled(block.title, block.body, block.image)
                if block.link:
                    yield self._button(block.link.label, block.link.url)
            case Quote():
                yield self._quote(block)
            case ImageBlock(image=image, link=link):
                yield "\n".join([*self._image(image), *([f"{self._arrow} {link}"] if link else [])])
            case Video():
                yield _title(block.title, "-")
                yield from self._image(block.poster, still=True)
                yield from _body(block.body)
                yield self._button(self._watch(block), block.url)
            case Figures():
                yield from self._figures(block)
            case Divider():
                yield "* * *".center(WIDTH).rstrip()
            case Appeal():
                yield from self._appeal(block)
            case Action():
                yield from self._action(block)

    def _quote(self, block: Quote) -> str:
        lines = [_wrap(self.words("“%(quote)s”", quote=block.text), "    ", "    ")]
        lines += [_wrap(f"— {block.by}", "    ", "      ")] if block.by else []
        return "\n".join(lines)

    def _watch(self, block: Video) -> str:
        label = block.label or self.words("Watch the video")
        if not block.minutes:
            return label
        return self.words("%(label)s (%(length)s)", label=label, length=self.edition.formats.minutes(block.minutes))

    def _titled(self, title: str, body: str, image: Image | None = None) -> Iterator[str]:
        if title:
            yield _title(title, "-")
        yield from self._image(image)
        yield from _body(body)

    def _image(self, image: Image | None, *, still: bool = False) -> Iterator[str]:
        """A picture in words, and where to see it unless it is a ``still`` of what a button leads to."""
        if image and (image.alt or image.caption or image.credit):
            told = [_wrap(self.words("[Picture: %(alt)s]", alt=image.alt))] if image.alt else []
            there = [] if still else [f"  {self.picture(str(image.src))}"]
            below = " ".join(line for line in (image.caption, image.credit) if line)
            yield "\n".join([*told, *there, *([_wrap(below)] if below else [])])

    @property
    def _arrow(self) -> str:
        return "←" if self.edition.direction == "rtl" else "→"

    def _button(self, label: str, url: object) -> str:
        return f"{_wrap(f'{label}:', f'{self._arrow} ', '  ')}\n  {url}"

    def _appeal(self, block: Appeal) -> Iterator[str]:
        yield from self._titled(block.title, block.body, block.image)
        if block.amounts:
            label = self.words("Give once:") if block.monthly else self.words("Choose an amount:")
            yield _offers(label, self.links.gifts(block))
            if block.monthly:
                yield _offers(self.words("Give every month:"), self.links.gifts(block, monthly=True))
        own = self.words("Choose your own amount") if block.amounts else self.words("Donate")
        yield self._button(block.label or own, self.links.gift(block))

    def _figures(self, block: Figures) -> Iterator[str]:
        """Numbers in a column of their own, what they count beside them."""
        if block.title:
            yield _title(block.title, "-")
        numbers = [f"{row.about} {self.edition.formats.number(row.number)}".lstrip() for row in block.figures]
        width = max(map(len, numbers))
        rows = zip(numbers, block.figures, strict=True)
        yield "\n".join(_wrap(row.what, f"{number:>{width}}  ", " " * (width + 2)) for number, row in rows)

    def _action(self, block: Action) -> Iterator[str]:
        yield f"{self._kind(block.kind).upper()}\n{_title(block.title, '-')}"
        yield from self._titled("", block.body, block.image)
        if block.goal:
            count, goal = (self.edition.formats.number(number) for number in (block.count or 0, block.goal))
            yield _wrap(block.progress or self.words("%(count)s of %(goal)s", count=count, goal=goal))
        rows = list(self._rows(block))
        indent = max((len(label) for label, _value in rows), default=0) + 3
        if rows:
            yield "\n".join(
                _wrap(value, f"{label + ':' if label else '':<{indent}}", " " * indent) for label, value in rows
            )
        if block.call:
            yield from self._call(block.call)
        if block.letter:
            yield from self._letter(block.letter)
        if block.share:
            yield from self._share(block.share)
        for target in block.targets:
            yield self._button(target.label, target.url)

    def _call(self, call: CallScript) -> Iterator[str]:
        yield "\n".join(_wrap(f"{phone.name}: {phone.number}", "  ", "    ") for phone in call.to)
        if call.script:
            yield self.words("What to say:")
            yield "\n\n".join(textwrap.indent(piece, "    ") for piece in _body(call.script, WIDTH - 4))

    def _letter(self, letter: LetterDraft) -> Iterator[str]:
        """The letter as it stands: to copy it is easier than to read its address, in which every space is "%20"."""
        yield _wrap(self.words("Copy this letter into a mail of your own, and put your name below it."))
        rows = [(self.words("To"), ", ".join(letter.to)), (self.words("Subject"), letter.subject)]
        indent = max(len(label) for label, _value in rows) + 2
        yield "\n".join(_wrap(value, f"    {label + ':':<{indent}}", " " * (indent + 4)) for label, value in rows)
        yield "\n".join(_wrap(line, "    ", "    ") for line in letter_lines(letter))

    def _share(self, share: Sharing) -> Iterator[str]:
        yield self.words("Pass it on:")
        yield f"{_wrap(share.text, '    ', '    ')}\n    {self.links.shared(share)}"

    def _kind(self, kind: ActionKind) -> str:
        match kind:
            case ActionKind.PETITION:
                return self.words("Petition")
            case ActionKind.LETTER:
                return self.words("Letter")
            case ActionKind.CALL:
                return self.words("Call")
            case ActionKind.EVENT:
                return self.words("Event")
            case ActionKind.MARCH:
                return self.words("March")
            case ActionKind.RSVP:
                return self.words("RSVP")
            case ActionKind.SHARE:
                return self.words("Share")

    def _rows(self, block: Action) -> Iterator[tuple[str, str]]:
        """Each line of the box of an event, with its label; what continues a row has none."""
        if block.event:
            first, *others = event_times(block.event, self.edition.formats)
            yield self.words("When"), first
            yield from (("", other) for other in others)
            if block.event.place:
                yield self.words("Where"), block.event.place
            if block.event.map:
                yield self.words("Map"), self.links.map(block.event)
            label = self.words("Route")
            for stop in block.event.stops:
                time = f"{self.edition.formats.clock(stop.at)} – " if stop.at else ""
                yield label, f"{time}{stop.place}"
                label = ""
            if block.event.online:
                yield self.words("Online"), str(block.event.online)
            if calendar := self.links.calendar(block):
                yield self.words("Calendar"), calendar
        if block.deadline:
            yield self.words("Deadline"), self.edition.formats.day(block.deadline)


def _title(title: str, underline: str) -> str:
    wrapped = _wrap(title)
    longest = max(len(_visible(line)) for line in wrapped.split("\n"))
    return f"{wrapped}\n{underline * min(WIDTH, longest)}"


def _visible(text: str) -> str:
    return MARK.sub(lambda found: found["fallback"], text)


def _offers(label: str, offers: Sequence[Offered]) -> str:
    width = max(len(offer.label) for offer in offers)
    return "\n".join([label, *(f"  {offer.label:>{width}}  {offer.url}" for offer in offers)])


def _body(markdown: str, width: int = WIDTH) -> Iterator[str]:
    first = 1
    for piece in paragraphs(markdown):
        plain = to_text(piece, first)
        if _HEADING.match(piece):
            yield _title(plain.paragraphs[0][2], "~")
        else:
            yield _joined(plain, width)
        if plain.links:
            yield "\n".join(f"[{number}] {url}" for number, url in enumerate(plain.links, first))
        first += len(plain.links)


def _joined(plain: PlainText, width: int) -> str:
    """One paragraph, quote or list.  The items of a list stand close together."""
    text = ""
    for first, rest, words in plain.paragraphs:
        if text:
            starts_item = first != rest
            text += "\n" if starts_item else f"\n{rest.rstrip()}\n"
        lines = words.split("\n")
        text += "\n".join(_wrap(line, first if not number else rest, rest, width) for number, line in enumerate(lines))
    return text


def _wrap(text: str, first: str = "", rest: str = "", width: int = WIDTH) -> str:
    glued = MARK.sub(lambda found: found.group().replace(" ", _GLUE), to_marks(text))
    wrapped = textwrap.fill(
        glued, width, initial_indent=first, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False
    )
    return wrapped.replace(_GLUE, " ")
