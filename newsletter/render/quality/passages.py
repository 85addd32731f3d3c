"""An edition as its reader gets it, in pieces: each text, picture, button and link with the context it stands in.

The walk knows the models by what they have (``src`` and ``alt``; ``url`` and
``label``), not by their types, so that a new block needs nothing here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from newsletter.content.fields import TextKind, Translatable
from newsletter.content.markup import parse
from newsletter.content.placeholders import MARK, PLACEHOLDER
from newsletter.content.schema import Issue


@dataclass(frozen=True, slots=True)
class Passage:
    """One text, as somebody reads it of whom nothing is known; Markdown keeps its marks."""

    context: str
    text: str
    kind: TextKind


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture; ``linked`` says that a click on it leads somewhere."""

    context: str
    src: str
    alt: str
    caption: str
    alone: bool
    linked: bool


@dataclass(frozen=True, slots=True)
class Link:
    """What a reader can click on: its words and its address, and the contexts of both.

    ``bare`` says that the address is its own label.
    """

    context: str
    words: str
    url: str
    url_context: str
    bare: bool = False


@dataclass(frozen=True, slots=True)
class Passages:
    """All of an edition, each kind in the order of reading."""

    texts: tuple[Passage, ...]
    pictures: tuple[Picture, ...]
    links: tuple[Link, ...]


def passages(issue: Issue) -> Passages:
    """Every text, picture and link of an issue whose values by locale are chosen."""
    texts: list[Passage] = []
    pictures: list[Picture] = []
    links: list[Link] = []
    for context, model in _models(issue, ""):
        for key, info in type(model).model_fields.items():
            marker = next((entry for entry in info.metadata if isinstance(entry, Translatable)), None)
            if marker and (text := getattr(model, key)):
                passage = Passage(_inside(context, key), shown(text), marker.kind)
                texts.append(passage)
                links += _links_in(passage) if marker.kind is TextKind.MARKDOWN else ()
        if hasattr(model, "src") and hasattr(model, "alt"):
            pictures.append(_picture(issue, context, model))
        label, url = getattr(model, "label", ""), getattr(model, "url", "")
        if label and isinstance(url, str) and url:
            links.append(Link(_inside(context, "label"), shown(label), url, _inside(context, "url")))
    return Passages(tuple(texts), tuple(pictures), tuple(links))


def addresses(issue: Issue) -> dict[str, str]:
    """Every web address that staff wrote into an issue, with the context where it stands first."""
    found: dict[str, str] = {}
    for context, model in _models(issue, ""):
        for key in type(model).model_fields:
            value = getattr(model, key)
            if isinstance(value, str) and value.startswith(("https://", "http://")):
                found.setdefault(value, _inside(context, key))
    for link in passages(issue).links:
        if link.url.startswith(("https://", "http://")):
            found.setdefault(link.url, link.context)
    return found


def shown(text: str) -> str:
    """A text with each placeholder's fall-back in its place."""
    return PLACEHOLDER.sub(lambda found: found["fallback"], text)


def _models(model: BaseModel, context: str) -> Iterator[tuple[str, BaseModel]]:
    """Every model with the context of its fields, as ``i18n/messages.py`` names them."""
    context = getattr(model, "id", "") or context
    yield context, model
    for key in type(model).model_fields:
        value = getattr(model, key)
        inner = "" if key == "blocks" else _inside(context, key)
        for item in value if isinstance(value, tuple) else (value,):
            if isinstance(item, BaseModel):
                yield from _models(item, inner)


def _inside(context: str, key: str) -> str:
    return f"{context}.{key}" if context else key


def _picture(issue: Issue, context: str, model: Any) -> Picture:
    block = next((block for block in issue.blocks if getattr(block, "id", "") == context.partition(".")[0]), None)
    alone = getattr(block, "type", "") == "image"
    linked = alone and bool(getattr(block, "link", None))
    return Picture(context, str(model.src), shown(model.alt), shown(getattr(model, "caption", "")), alone, linked)


def _links_in(passage: Passage) -> Iterator[Link]:
    for token in parse(passage.text):
        url, words = "", list[str]()
        for child in token.children or []:
            match child.type:
                case "link_open":
                    url, words = str(child.attrs.get("href", "")), []
                case "link_close":
                    label = "".join(words)
                    yield Link(passage.context, label, url, passage.context, bare=child.markup == "autolink")
                    url = ""
                case "text" | "text_special" | "placeholder" if url:
                    words.append(MARK.sub(lambda found: found["fallback"], child.content))
                case "softbreak" | "hardbreak" if url:
                    words.append(" ")
