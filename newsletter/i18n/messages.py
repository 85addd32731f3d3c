"""An issue as messages: each translatable text with its context, one message a paragraph.

``map_texts`` is the one walk over the models.  Extraction records what it
meets; translation replaces it.  Context is ``<block id>.<field path>``, for
the issue's own texts the field alone (``subject``); it never holds an index,
so that moving or inserting blocks and targets touches nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel

from newsletter.content.fields import TextKind, Translatable
from newsletter.content.markup import paragraphs
from newsletter.content.schema import Issue

_M = TypeVar("_M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Message:
    """One text to translate.  ``kind`` tells whether it is a line or a piece of Markdown."""

    context: str
    text: str
    kind: TextKind
    note: str = ""


def map_texts(issue: Issue, change: Callable[[Message], str]) -> Issue:
    """The same issue with every translatable text replaced by ``change(message)``, paragraph by paragraph."""
    return _map_model(issue, "", "", change)


def messages(issue: Issue) -> Iterator[Message]:
    """Every message of the issue in the order of the file, each (context, text) once."""
    found: dict[tuple[str, str], Message] = {}

    def record(message: Message) -> str:
        found.setdefault((message.context, message.text), message)
        return message.text

    map_texts(issue, record)
    yield from found.values()


def _map_model(model: _M, path: str, note: str, change: Callable[[Message], str]) -> _M:
    name = getattr(model, "id", "")
    if name:
        path, note = name, f"{getattr(model, 'type', '')} '{name}'"
    changed: dict[str, Any] = {}
    for field, info in type(model).model_fields.items():
        value = getattr(model, field)
        where = f"{path}.{field}" if path else field
        marker = next((entry for entry in info.metadata if isinstance(entry, Translatable)), None)
        if marker and value:
            label = f"{note}, {field}" if note else field
            changed[field] = _map_text(value, marker.kind, where, label, change)
        elif isinstance(value, BaseModel):
            changed[field] = _map_model(value, where, note, change)
        elif isinstance(value, tuple) and any(isinstance(item, BaseModel) for item in value):
            inner = "" if field == "blocks" else where
            changed[field] = tuple(_map_model(item, inner, note, change) for item in value)
    return model.model_copy(update=changed)


def _map_text(text: str, kind: TextKind, where: str, note: str, change: Callable[[Message], str]) -> str:
    if kind is TextKind.LINE:
        return change(Message(where, text, kind, note))
    pieces = [change(Message(where, piece, kind, note)) for piece in paragraphs(text)]
    return "\n\n".join(piece for piece in pieces if piece)
