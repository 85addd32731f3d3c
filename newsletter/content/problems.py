"""A mistake inside one text, before it is known where in which file the text stands.

Checks of single values (a URL, a Markdown body) cannot know lines and columns.
They return Problems; ``source.validate`` turns each into a Finding by looking
for ``needle`` in the raw YAML of the value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic_core import InitErrorDetails, PydanticCustomError, ValidationError

PROBLEMS = "problems"  # the type of the pydantic error that carries Problems


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, by which code it is documented, and the words to look for in the file."""

    code: str
    message: str
    hint: str = ""
    needle: str = ""
    last: bool = False  # look for the last needle, not the first


def raise_problems(problems: Sequence[Problem]) -> None:
    """Let pydantic collect these with all others.  No problems, no error."""
    if problems:
        raise PydanticCustomError(PROBLEMS, "{count} problems", {"count": len(problems), PROBLEMS: tuple(problems)})


def merge_problems(error: ValidationError, problems: Sequence[Problem]) -> ValidationError:
    """A new error that reports what ``error`` reports, and these problems of the whole mapping too."""
    details: list[InitErrorDetails] = []
    for known in error.errors(include_url=False):
        context = known.get("ctx", {})
        kind: str | PydanticCustomError = known["type"]
        if kind == PROBLEMS:
            kind = PydanticCustomError(PROBLEMS, "{count} problems", context)
        details.append(InitErrorDetails(type=kind, loc=known["loc"], input=known["input"], ctx=context))
    own = PydanticCustomError(PROBLEMS, "{count} problems", {"count": len(problems), PROBLEMS: tuple(problems)})
    details.append(InitErrorDetails(type=own, loc=(), input=None))
    return ValidationError.from_exception_data(error.title, details)
