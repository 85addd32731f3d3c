"""What a worker says on standard error: one event a line, as JSON or as text, and never whom it concerns.

A log is copied, kept and read by people who have no business with the list.
So no line can hold an address, a name or a server's reply: our own events
take only numbers, members of enums and kinds of errors (``note`` has no place
for a text), and of a library's warning only its origin is told, since its
words may quote anything.  The words themselves are where staff look them up:
``newsletter campaigns list`` and ``show``.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import sys
import traceback
from enum import StrEnum
from types import TracebackType
from typing import Annotated

from typer import Option

LOGGER = logging.getLogger("newsletter.worker")

Fact = int | float | StrEnum | type[BaseException]
"""What an event may tell."""


class LogFormat(StrEnum):
    """How the log is written."""

    JSON = "json"
    TEXT = "text"


AsLogFormat = Annotated[
    LogFormat | None, Option("--log-format", help="json or text; left out, text in a terminal, else JSON.")
]


def note(event: str, level: int = logging.INFO, error: BaseException | None = None, /, **facts: Fact) -> None:
    """Log one event.  ``event`` is a word of ours; of an ``error``, its kind and its place in the program are told."""
    LOGGER.log(level, event, extra={"facts": facts}, exc_info=error)


def start(form: LogFormat | None) -> None:
    """Send all logging of this process to standard error: our events, and the warnings of libraries."""
    form = form or (LogFormat.TEXT if sys.stderr.isatty() else LogFormat.JSON)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Json() if form is LogFormat.JSON else _Text())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.captureWarnings(capture=True)
    LOGGER.setLevel(logging.INFO)
    # It warns of every form that is broken, and strangers can post as many as they like.
    logging.getLogger("python_multipart").setLevel(logging.ERROR)


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return json.dumps(_told(record))


class _Text(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        told = _told(record)
        head = [str(told.pop(key)) for key in ("time", "level", "event")]
        return "  ".join([*head, *(f"{key}={value}" for key, value in told.items())])


def _told(record: logging.LogRecord) -> dict[str, object]:
    """All that is told of a record."""
    ours = record.name == LOGGER.name
    told: dict[str, object] = {
        "time": dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(timespec="milliseconds"),
        "level": record.levelname.lower(),
        "event": record.msg if ours else "library",
    }
    if ours:
        facts: dict[str, Fact] = getattr(record, "facts", {})
        told |= {key: _fact(value) for key, value in facts.items()}
    else:
        told |= {"logger": record.name, "at": f"{record.filename}:{record.lineno}"}
    if record.exc_info and record.exc_info[1] is not None:
        told |= {"error": _kinds(record.exc_info[1]), "where": _where(record.exc_info[2])}
    return told


def _fact(value: Fact) -> object:
    if isinstance(value, float):
        return round(value, 3)
    return value.__name__ if isinstance(value, type) else value


def _kinds(error: BaseException) -> str:
    """The kinds of an error and of what caused it, without their words."""
    kinds = [type(error).__name__]
    while (cause := error.__cause__) is not None:
        error = cause
        kinds.append(type(error).__name__)
    return " < ".join(kinds)


def _where(trace: TracebackType | None) -> str:
    """The last places in the program, the innermost last; lines of code, which hold no data."""
    frames = traceback.extract_tb(trace)[-3:]
    return " > ".join(f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in frames)
