"""One text, read for comparison: its words without markup, its links in order, its Markdown shape.

Placeholders, URLs and addresses are no words: each is one ``STAND_IN`` in
``plain``, so that neither "{first_name|friend}" nor "example.org/2019" is
counted, translated or spoken.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache

from markdown_it.token import Token

from newsletter.content.fields import TextKind
from newsletter.content.markup import parse
from newsletter.content.placeholders import COUNTED, MARK, PLACEHOLDER
from newsletter.wording import quoted

STAND_IN = "\ufffc"  # object replacement character: "something that is no text stands here"
_ADDRESS = re.compile(r"(?:https?://|mailto:|tel:|www\.)[^\s<>\"“”«»]+|[\w.+\-]+@[\w\-]+(?:\.[\w\-]+)+", re.IGNORECASE)
_MAYBE_ADDRESS = re.compile(r"[@:]|www\.", re.IGNORECASE)
WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_TRAILING = ".,;:!?…)]}'’*_"
# What can only be a letter or a space in Markdown: a text of nothing else is one paragraph without markup.
_MARKUP = re.compile(r"[*_\[\]<>#&\\`!]|^[ \t]*(?:[-+]|\d+[.)])[ \t]", re.MULTILINE)
_STRUCTURE = {"bullet_list_open": "list", "ordered_list_open": "numbered list", "list_item_open": "item"}
_STRUCTURE |= {"blockquote_open": "quote"}


@lru_cache(1_000)
def any_of(words: tuple[str, ...]) -> re.Pattern[str]:
    """Finds these words.  A pattern of the few that are there is many times faster than one of all that might be."""
    return re.compile(rf"\b(?:{'|'.join(sorted(words, key=len, reverse=True))})\b")


def shown(plain: str, most: int) -> str:
    """The beginning of a plain text in quotation marks, as a message shows it: without stand-ins."""
    return quoted(plain.replace(STAND_IN, "…")[:most])


def listed(words: str) -> list[str]:
    """A list of words that is written as text, so that it can be read and mended like one."""
    return words.split()


@dataclass(slots=True)
class _Reading:
    plain: list[str]
    links: list[str]
    blocks: list[str]
    strong: int = 0
    emphasis: int = 0


class Text:
    """One text in one language (``en``, not ``en_US``)."""

    def __init__(self, raw: str, kind: TextKind, language: str) -> None:
        self.raw = raw
        self.kind = kind
        self.language = language
        read = _Reading([], [], [])
        if kind is TextKind.MARKDOWN and _MARKUP.search(raw):
            _read_markdown(parse(raw), read)
        else:
            read.plain.append(_without_addresses(PLACEHOLDER.sub(STAND_IN, raw), read.links))
        self.plain = COUNTED.sub(STAND_IN, "".join(read.plain)).strip("\n")
        self.links = tuple(read.links)
        self.blocks = tuple(read.blocks)
        self.strong = read.strong
        self.emphasis = read.emphasis

    @cached_property
    def words(self) -> list[str]:
        """The words, as written, without punctuation."""
        return WORD.findall(self.plain)

    @cached_property
    def lowered(self) -> list[str]:
        """The words in small letters."""
        return list(map(str.lower, self.words))

    @cached_property
    def vocabulary(self) -> frozenset[str]:
        """Which words there are; to ask for one costs far less than to search for it."""
        return frozenset(self.lowered)

    def those_in(self, listed_words: Collection[str]) -> tuple[str, ...]:
        """Which of these words there are, as they are written here."""
        return tuple(dict.fromkeys(w for w, low in zip(self.words, self.lowered, strict=True) if low in listed_words))

    @cached_property
    def sentences(self) -> list[str]:
        """The sentences, without the spaces around them."""
        # What goes on in small letters is the same sentence: "5 p.m. sharp", "“Who?” she asked".
        pieces = re.split(r"(?<=[.!?…])[\"”»’)]*\s+(?![a-zà-ÿ])|\n+", self.plain)
        return [piece.strip() for piece in pieces if piece.strip()]

    @cached_property
    def shown(self) -> str:
        """The text as a reader without a name sees it; to measure its length."""
        return PLACEHOLDER.sub(lambda found: found["fallback"], self.raw)


@dataclass(frozen=True, slots=True)
class Pair:
    """A source text and its translation."""

    context: str
    source: Text
    target: Text


def _without_addresses(text: str, links: list[str]) -> str:
    if not _MAYBE_ADDRESS.search(text):
        return text

    def take(found: re.Match[str]) -> str:
        address = found.group()
        kept = address.rstrip(_TRAILING)
        links.append(kept)
        return STAND_IN + address[len(kept) :]

    return _ADDRESS.sub(take, text)


def _read_markdown(tokens: Iterable[Token], read: _Reading) -> None:
    for token in tokens:
        if token.type == "heading_open":
            read.blocks.append(f"heading {token.tag[1]}")
        elif token.type in _STRUCTURE:
            read.blocks.append(_STRUCTURE[token.type])
        elif token.type == "inline":
            _read_inline(token.children or [], read)
            read.plain.append("\n")


def _read_inline(tokens: Iterable[Token], read: _Reading) -> None:
    inside = 0
    for token in tokens:
        match token.type:
            case "text" | "text_special":
                # An address that is its own label is one link, not two.
                found: list[str] = [] if inside else read.links
                read.plain.append(_without_addresses(MARK.sub(STAND_IN, token.content), found))
            case "placeholder":
                read.plain.append(STAND_IN)
            case "softbreak" | "hardbreak":
                read.plain.append(" ")
            case "link_open":
                inside += 1
                read.links.append(str(token.attrs.get("href", "")))
            case "link_close":
                inside -= 1
            case "strong_open":
                read.strong += 1
            case "em_open":
                read.emphasis += 1
