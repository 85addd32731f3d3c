"""The page itself, whatever templates made it: its weight, its outline, and what every mail must carry.

Sources: Gmail cuts a message at 102 KB, and whoever reads there finds neither
the postal address nor the way out (15 U.S.C. 7704(a) wants both); WCAG
2.2, 1.3.1 and 2.4.6 on headings; SpamAssassin's HTML_IMAGE_ONLY_*.
"""

from __future__ import annotations

import html as html_escapes
from collections.abc import Iterator, Sequence
from html.parser import HTMLParser
from itertools import pairwise

from newsletter.content.placeholders import MARK, mark
from newsletter.render.links import UNSUBSCRIBE_FIELD
from newsletter.render.quality.remarks import Quality, Remark
from newsletter.render.rendered import CLIPPED_AT, CLIPPED_HINT, Rendered, clipped
from newsletter.wording import said

BUDGET = 90_000  # bytes of HTML; leaves room for the links of one reader, and for what list servers add
FEW_WORDS = 400  # characters below which pictures weigh more; SpamAssassin's gravest step
LARGEST = 3  # blocks that a report of the weight names


def look_at_page(rendered: Rendered, postal_address: str, sizes: Sequence[tuple[str, int]]) -> Iterator[Remark]:
    """What is wrong with one page.  ``sizes`` are the bytes of each block, if they are known."""
    page = _Page(rendered.html)
    yield from _weight(rendered, sizes, _first_needed(rendered.html, postal_address))
    yield from _outline(page.headings)
    if page.pictures and len(page.words) < FEW_WORDS:
        values = {"characters": len(page.words), "pictures": page.pictures}
        message = said("%(characters)s characters of text beside %(pictures)s pictures", **values)
        hint = said("say in words what the pictures say: many programs load none, and filters distrust such mail")
        yield Remark(Quality.MOSTLY_PICTURES, "", message, hint)
    hint = said("the footer of the templates must have it; compare yours with the built-in one")
    pages = {"page": said("page"), "plain text": said("plain text")}
    link = mark(UNSUBSCRIBE_FIELD)
    on_page = any(target.startswith(link) for target in page.targets)  # the kind of mail may follow it
    for where, there in (("page", on_page), ("plain text", link in rendered.text)):
        if not there:
            yield Remark(
                Quality.NO_UNSUBSCRIBE, "", said("the %(where)s has no link to unsubscribe", where=pages[where]), hint
            )
    wanted = _plain(postal_address)
    for where, text in (("page", page.words), ("plain text", rendered.text)):
        if wanted not in _plain(text):
            yield Remark(
                Quality.NO_POSTAL_ADDRESS, "", said("the %(where)s has no postal address", where=pages[where]), hint
            )


def _first_needed(html: str, postal_address: str) -> int:
    """How many bytes of a page a reader must get to see a way out and the address."""
    wanted = (mark(UNSUBSCRIBE_FIELD), html_escapes.escape(postal_address))
    ends = [html.index(words) + len(words) if words in html else len(html) for words in wanted]
    return len(html[: max(ends)].encode())


def _weight(rendered: Rendered, sizes: Sequence[tuple[str, int]], needed: int) -> Iterator[Remark]:
    size = len(rendered.html.encode())
    if size <= BUDGET:
        return
    together: dict[str, int] = {}
    for block, its in sizes:
        together[block] = together.get(block, 0) + its
    largest = sorted(together.items(), key=lambda pair: -pair[1])[:LARGEST]
    told = ", ".join(f"{block} {its / 1000:.0f} KB" for block, its in largest)
    most = said("; the most have %(blocks)s", blocks=told) if told else ""
    if needed > CLIPPED_AT:
        yield Remark(
            Quality.CLIPPED,
            "",
            said("%(what)s%(more)s", what=clipped(rendered.locale, rendered.html), more=most),
            CLIPPED_HINT,
        )
        return
    values = {"locale": rendered.locale, "size": f"{size / 1000:.0f}", "enough": BUDGET // 1000, "most": most}
    message = said("the %(locale)s edition has %(size)s KB, and %(enough)s are enough%(most)s", **values)
    yield Remark(Quality.OVER_BUDGET, "", message, said("Gmail hides what comes after 102 KB; shorten it"))


def _outline(headings: Sequence[tuple[int, str]]) -> Iterator[Remark]:
    hint = said("screen readers leap from heading to heading; go down one level at a time")
    first = [text for level, text in headings if level == 1]
    if len(first) != 1:
        message = said("the page has %(number)s headings of the first level, and needs one", number=len(first))
        by = said("the templates give it; compare yours with the built-in ones")
        yield Remark(Quality.HEADING_ORDER, "", message, by)
    for (before, _text), (level, text) in pairwise(headings):
        if level > before + 1:
            values = {"text": text[:60], "level": level, "above": before}
            message = said("‘%(text)s’ is a heading of level %(level)s right below level %(above)s", **values)
            yield Remark(Quality.HEADING_ORDER, "", message, hint, text)


def _plain(text: str) -> str:
    return "".join(text.split())


class _Page(HTMLParser):
    """Headings with their levels, targets of links, words, and the number of pictures."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.headings: list[tuple[int, str]] = []
        self.targets: set[str] = set()
        self.pictures = 0
        self._words: list[str] = []
        self._level = 0
        self._hidden = 0
        self.feed(html)
        self.close()

    @property
    def words(self) -> str:
        """All text that is shown, on one line."""
        return " ".join(" ".join(self._words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what is looked at."""
        if tag in {"style", "title"}:
            self._hidden += 1
        elif tag == "img":
            self.pictures += 1
        elif tag == "a":
            self.targets.add(dict(attrs).get("href") or "")
        elif len(tag) == 2 and tag[0] == "h" and tag[1].isdigit():  # noqa: PLR2004 - h1 to h6
            self._level = int(tag[1])
            self.headings.append((self._level, ""))

    def handle_endtag(self, tag: str) -> None:
        """Leave it."""
        if tag in {"style", "title"}:
            self._hidden -= 1
        elif len(tag) == 2 and tag[0] == "h":  # noqa: PLR2004 - h1 to h6
            self._level = 0

    def handle_data(self, data: str) -> None:
        """Keep the words."""
        if self._hidden:
            return
        text = MARK.sub(lambda found: html_escapes.unescape(found["fallback"]), data)
        self._words.append(text)
        if self._level:
            level, before = self.headings[-1]
            self.headings[-1] = level, f"{before} {text}".strip()
