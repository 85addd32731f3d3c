"""An issue as messages: each translatable text with its context, one message a paragraph.

``map_texts`` is the one walk over the models.  Extraction records what it
meets; translation replaces it.  Context is ``<block id>.<field path>``, for
the issue's own texts the field alone (``subject``); it never holds an index,
so that moving or inserting blocks and targets touches nothing else.

No message: the texts of a block that says ``translate: false``, and for one
locale those of a block that its readers never see.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from pydantic import BaseModel

from newsletter.content.fields import TextByLocale, TextKind, Translatable
from newsletter.content.load import LoadedIssue
from newsletter.content.markup import paragraphs
from newsletter.content.schema import Issue
from newsletter.wording import said

_M = TypeVar("_M", bound=BaseModel)
_HEADLINES = ("title", "text")  # what a block is known by, if it has one of them
_SHOWN = 50  # characters of a headline that a note shows


@dataclass(frozen=True, slots=True)
class Message:
    """One text to translate.  ``kind`` tells whether it is a line or a piece of Markdown.

    ``note`` tells a translator where it stands.  It depends on the block's own
    headline only, so that no paragraph changes the note of its neighbours.
    ``others`` is what the issue's file itself says in other locales.
    """

    context: str
    text: str
    kind: TextKind
    note: str = ""
    others: Mapping[str, str] = field(default_factory=dict, compare=False)


Change = Callable[[Message], str]


def map_texts(issue: Issue, change: Change, locale: str | None = None) -> Issue:
    """The same issue with every translatable text replaced by ``change(message)``, paragraph by paragraph.

    With a locale, blocks that its readers never see stay as they are.
    """
    return _map_model(issue, _Place(), change, locale)


def messages(issue: Issue, locale: str | None = None) -> Iterator[Message]:
    """Every message of the issue in the order of the file, each (context, text) once.

    With a locale, only what its readers see.
    """
    found: dict[tuple[str, str], Message] = {}

    def record(message: Message) -> str:
        found.setdefault((message.context, message.text), message)
        return message.text

    map_texts(issue, record, locale)
    yield from found.values()


def messages_for(loaded: LoadedIssue, locale: str) -> list[Message]:
    """What is translated into one locale, with what the issue's file itself says of it."""
    return list(messages(loaded.written or loaded.issue, locale))


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the walk is: the path of contexts, the block, and what the block is known by."""

    path: str = ""
    owner: str = ""
    headline: str = ""

    def inside(self, key: str) -> str:
        """The context of a field."""
        return f"{self.path}.{key}" if self.path else key

    def note(self, key: str, text: str) -> str:
        """What a translator is told of a text in a field."""
        label = f"{self.owner}, {key}" if self.owner else key
        if not self.headline or text == self.headline:
            return label
        headline = textwrap.shorten(self.headline, _SHOWN, placeholder="…")
        return said("%(label)s; under “%(headline)s”", label=label, headline=headline)


def _map_model(model: _M, place: _Place, change: Change, locale: str | None) -> _M:
    if not _is_translated(model, locale):
        return model
    if name := getattr(model, "id", ""):
        headline = next((text for key in _HEADLINES if (text := getattr(model, key, ""))), "")
        place = _Place(name, f"{getattr(model, 'type', '')} '{name}'", headline)
    changed: dict[str, Any] = {}
    for key, info in type(model).model_fields.items():
        value = getattr(model, key)
        marker = next((entry for entry in info.metadata if isinstance(entry, Translatable)), None)
        if marker and value:
            changed[key] = _map_text(value, marker.kind, place, key, change)
        elif isinstance(value, BaseModel):
            changed[key] = _map_model(value, replace(place, path=place.inside(key)), change, locale)
        elif isinstance(value, tuple) and any(isinstance(item, BaseModel) for item in value):
            inner = place if key == "blocks" else replace(place, path=place.inside(key))
            changed[key] = tuple(_map_model(item, inner, change, locale) for item in value)
    return model.model_copy(update=changed)


def _is_translated(model: BaseModel, locale: str | None) -> bool:
    if getattr(model, "translate", True) is False:
        return False
    only = getattr(model, "only", None)
    return locale is None or not only or not only.locales or locale in only.locales


def _map_text(text: str, kind: TextKind, place: _Place, key: str, change: Change) -> str:
    others = text.others if isinstance(text, TextByLocale) else {}
    note = place.note(key, text)
    if kind is TextKind.LINE:
        return change(Message(place.inside(key), str(text), kind, note, others))
    by_locale = {locale: paragraphs(other) for locale, other in others.items()}
    pieces = [
        change(
            Message(
                place.inside(key), piece, kind, note, {locale: parts[number] for locale, parts in by_locale.items()}
            )
        )
        for number, piece in enumerate(paragraphs(text))
    ]
    return "\n\n".join(piece for piece in pieces if piece)
