"""The pages of documents, taken apart: sections, tables, examples."""

from __future__ import annotations

import itertools
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])

HEADING = re.compile(r"(#{1,6}) +(.+)")
_FENCE = re.compile(r"^(?P<indent> *)```(?P<language>\w*)\n(?P<text>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[(?P<label>(?:[^\[\]]|\\.)*)\]\((?P<target>[^()\s]+)\)")
PICTURE = re.compile(r'(?:src|srcset)="([^"]+)"')


def page(name: str) -> str:
    """One of ``docs/``, by its name there."""
    return (DOCS / name).read_text(encoding="utf-8")


def without_code(text: str) -> str:
    """A page without its fenced blocks."""
    return _FENCE.sub("", text)


def examples(text: str, *languages: str) -> list[str]:
    """The fenced blocks in these languages, without their indentation."""
    return [textwrap.dedent(found["text"]) for found in _FENCE.finditer(text) if found["language"] in languages]


def sections(text: str) -> dict[str, str]:
    """The text below each heading, up to the next of the same level or a higher one."""
    found: list[tuple[int, str, list[str]]] = []
    open_levels: list[int] = []
    in_code = False
    for line in text.splitlines():
        in_code ^= line.lstrip().startswith("```")
        heading = None if in_code else HEADING.fullmatch(line)
        if heading:
            level = len(heading[1])
            open_levels = [index for index in open_levels if found[index][0] < level]
            found.append((level, heading[2].strip(), []))
            open_levels.append(len(found) - 1)
            continue
        for index in open_levels:
            found[index][2].append(line)
    return {title: "\n".join(lines) for _level, title, lines in found}


def titles_below(title: str, text: str) -> list[str]:
    """The headings inside the section of that title."""
    lines = without_code(text).splitlines()
    headings = [found for line in lines if (found := HEADING.fullmatch(line))]
    start = next(index for index, found in enumerate(headings) if found[2] == title)
    inside = itertools.takewhile(lambda found: len(found[1]) > len(headings[start][1]), headings[start + 1 :])
    return [found[2] for found in inside]


def rows(text: str) -> Iterator[list[str]]:
    """The cells of every row of every table."""
    for line in without_code(text).splitlines():
        if line.startswith("|"):
            yield [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]


def named_rows(text: str, header: str) -> dict[str, str]:
    """The rows of all tables whose first column is ``header``, by the name in backticks that each begins with."""
    named = {}
    column = ""
    for line in without_code(text).splitlines():
        if not line.startswith("|"):
            column = ""
            continue
        first, *others = next(rows(line))
        column = column or first
        if column == header and (found := re.match(r"`([^`]+)`", first)):
            named[found[1]] = " | ".join((first, *others))
    return named
