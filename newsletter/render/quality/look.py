"""All checks of quality of one letter: ``look_over(letter, rendered, …) → remarks``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from newsletter.render.bilingual import Bilingual, Letter
from newsletter.render.quality.inbox import listen, look_at_inbox
from newsletter.render.quality.links import look_at_letters, look_at_links
from newsletter.render.quality.page import look_at_page
from newsletter.render.quality.passages import Passages, passages
from newsletter.render.quality.pictures import look_at_pictures
from newsletter.render.quality.remarks import Remark
from newsletter.render.rendered import Rendered


def look_over(
    letter: Letter, rendered: Rendered, postal_address: str, sizes: Sequence[tuple[str, int]] = ()
) -> list[Remark]:
    """Everything that somebody's program would object to.

    Of a bilingual letter only the page; each half is looked over as an edition.
    """
    if isinstance(letter, Bilingual):
        return list(look_at_page(rendered, postal_address, sizes))
    found = passages(letter.issue)
    language = letter.locale.replace("-", "_").partition("_")[0].lower()
    remarks = [
        *look_at_inbox(letter.issue),
        *listen(found),
        *look_at_links(found.links, language),
        *look_at_letters(letter.issue),
        *look_at_pictures(found.pictures),
        *(_in_its_block(remark, found) for remark in look_at_page(rendered, postal_address, sizes)),
    ]
    return list(dict.fromkeys(remarks))


def _in_its_block(remark: Remark, found: Passages) -> Remark:
    """A remark about a heading of the page, with the text that the heading stands in."""
    if not remark.needle:
        return remark
    contexts: Iterator[str] = (text.context for text in found.texts if remark.needle in text.text)
    return replace(remark, context=next(contexts, ""))
