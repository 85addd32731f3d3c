"""In the documents no link is dead, no picture without words, no page out of reach, and no host real."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.pages import HEADING, LINK, PAGES, PICTURE, ROOT, without_code

_HOST = re.compile(r"https?://([^/\s\"'`)>:{}…]+)")
_RESERVED = re.compile(r"(.*\.)?example\.(org|com|net)|localhost|127\.0\.0\.1")


def anchors(text: str) -> set[str]:
    """The names of the headings, as GitHub makes them."""
    found: list[str] = []
    for line in without_code(text).splitlines():
        if heading := HEADING.fullmatch(line):
            words = LINK.sub(lambda link: link["label"], heading[2]).strip().lower()
            name = re.sub(r"[^\w\- ]", "", words).replace(" ", "-")
            found.append(name if name not in found else f"{name}-{found.count(name)}")
    return set(found)


def links() -> Iterator[tuple[str, str]]:
    """Every link and picture, as (page, target)."""
    for path in PAGES:
        text = without_code(path.read_text(encoding="utf-8"))
        text = re.sub(r"`[^`\n]*`", "", text)
        targets = [found["target"] for found in LINK.finditer(text)] + PICTURE.findall(text)
        for target in dict.fromkeys(targets):
            yield path.relative_to(ROOT).as_posix(), target


@pytest.mark.parametrize(("path", "target"), list(links()))
def test_no_link_or_picture_is_dead(path: str, target: str) -> None:
    assert ":" not in target, "documents link only to each other"
    name, _hash, anchor = target.partition("#")
    file = (ROOT / path).parent / name if name else ROOT / path
    assert file.exists(), f"{path} links to {target}, which is not there"
    if anchor:
        assert anchor in anchors(file.read_text(encoding="utf-8")), f"{path} links to {target}"


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_pictures_have_alternative_texts_and_hosts_are_reserved(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for tag in re.findall(r"<img[^>]*>", text):
        assert re.search(r'alt="[^"]{20,}"', tag)
    assert "![](" not in text
    assert [host for host in _HOST.findall(text) if not _RESERVED.fullmatch(host)] == []


def test_every_page_can_be_found_from_the_readme() -> None:
    linked: dict[str, set[str]] = {}
    for path, target in links():
        name = target.partition("#")[0]
        file = ((ROOT / path).parent / name).resolve()
        if name and file.is_relative_to(ROOT):
            linked.setdefault(path, set()).add(file.relative_to(ROOT).as_posix())
    seen, waiting = set(), ["README.md"]
    while waiting:
        current = waiting.pop()
        if current not in seen:
            seen.add(current)
            waiting += linked.get(current, ())
    assert {path.relative_to(ROOT).as_posix() for path in PAGES} <= seen
