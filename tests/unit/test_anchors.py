"""Anchors before blocks are seen by the preview alone: without them a page is the mail, to the byte."""

from __future__ import annotations

from pathlib import Path

import pytest

from newsletter.cli.wiring import House
from newsletter.content.blocks import Divider
from newsletter.content.fields import Vocabulary
from newsletter.content.load import LoadedIssue, load_issue
from newsletter.render.anchors import block_sizes, without_anchors
from newsletter.render.bilingual import editions_of
from newsletter.workspace import find_workspace

ROOT = Path(__file__).parents[2]
HOUSE = House(find_workspace(ROOT, {}))


def load(file: Path) -> LoadedIssue:
    if file.parent == HOUSE.workspace.issues:
        return HOUSE.load(file)
    return load_issue(file, Vocabulary(("en", "es", "ar"), frozenset({"supporters"}), "America/New_York"))


@pytest.mark.parametrize("locale", ["en", "es", "es+en"])
@pytest.mark.parametrize(
    "file", [*HOUSE.workspace.issue_files(), ROOT / "tests/data/all-blocks.yaml"], ids=lambda f: f.stem
)
def test_page_without_anchors_is_the_mail(file: Path, locale: str) -> None:
    letter = HOUSE.letter(load(file), locale, draft=True)
    mail, anchored = HOUSE.render(letter), HOUSE.render(letter, anchored=True)
    assert anchored.html != mail.html
    assert without_anchors(anchored.html) == mail.html
    assert without_anchors(mail.html) == mail.html
    assert (anchored.text, anchored.subject) == (mail.text, mail.subject)


def test_every_block_has_its_size() -> None:
    letter = HOUSE.letter(load(ROOT / "tests/data/all-blocks.yaml"), "en", draft=True)
    html = HOUSE.render(letter, anchored=True).html
    sizes = dict(block_sizes(html))
    blocks = [block for half in editions_of(letter) for block in half.issue.blocks]
    assert list(sizes) == [block.id for block in blocks if not isinstance(block, Divider)]
    assert all(size > 500 for size in sizes.values())
    assert sum(sizes.values()) < len(html.encode())
    assert list(block_sizes("<html></html>")) == []
