"""What a look finds, and the words for it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum

from newsletter.cli.wiring import House


class Verdict(StrEnum):
    """What a look found."""

    WELL = "well"
    PROBLEM = "problem"
    UNKNOWN = "not checked"


@dataclass(frozen=True, slots=True)
class Look:
    """One thing that was looked at: what was found, and what to do about it."""

    what: str
    verdict: Verdict
    found: str
    do: str = ""


Check = Callable[[House], Awaitable[list[Look]]]
"""Looks at one thing, and changes nothing.  It may raise NoAnswerError, and take its time: both are told."""


def well(what: str, found: str, do: str = "") -> Look:
    """All is well; ``do`` may still be worth doing."""
    return Look(what, Verdict.WELL, found, do)


def problem(what: str, found: str, do: str) -> Look:
    """Something is wrong, and can be mended."""
    return Look(what, Verdict.PROBLEM, found, do)


def unknown(what: str, why: str, do: str = "") -> Look:
    """It could not be looked at, or nothing follows from what was seen."""
    return Look(what, Verdict.UNKNOWN, why, do)
