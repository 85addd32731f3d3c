"""The checks of quality by name, how grave each is unless the settings say otherwise, and what one of them found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from newsletter.errors import Level


class Quality(StrEnum):
    """The name of each check; docs/checks.md explains them."""

    NO_UNSUBSCRIBE = "no-unsubscribe"
    NO_POSTAL_ADDRESS = "no-postal-address"

    CLIPPED = "clipped"
    MISLEADING_LINK = "misleading-link"
    LETTER_LONG = "letter-long"
    DEAD_LINK = "dead-link"
    PRIVATE_LINK = "private-link"

    OVER_BUDGET = "over-budget"
    MOSTLY_PICTURES = "mostly-pictures"
    HEADING_ORDER = "heading-order"

    NO_ALT = "no-alt"
    ALT_FILE_NAME = "alt-file-name"
    ALT_LONG = "alt-long"
    ALT_REPEATS = "alt-repeats"
    ALT_ANNOUNCES = "alt-announces"
    PICTURE_SMALL = "picture-small"
    PICTURE_HEAVY = "picture-heavy"

    SUBJECT_LONG = "subject-long"
    PREHEADER_LONG = "preheader-long"
    PREHEADER_SHORT = "preheader-short"
    PREHEADER_REPEATS = "preheader-repeats"
    SHOUTING = "shouting"
    EXCLAMATIONS = "exclamations"
    FILTER_WORDS = "filter-words"

    VAGUE_LINK = "vague-link"
    SAME_WORDS = "same-words"
    BARE_ADDRESS = "bare-address"
    INSECURE_LINK = "insecure-link"
    SHORT_LINK = "short-link"
    TRACKED_LINK = "tracked-link"
    MOVED_LINK = "moved-link"
    LINK_UNKNOWN = "link-unknown"


# The law and the readers want them in every mail, so no setting makes less of them.
GUARDS = frozenset({Quality.NO_UNSUBSCRIBE, Quality.NO_POSTAL_ADDRESS})
_ERRORS = GUARDS | {
    Quality.CLIPPED,
    Quality.MISLEADING_LINK,
    Quality.LETTER_LONG,
    Quality.DEAD_LINK,
    Quality.PRIVATE_LINK,
}


def level_of(code: str) -> Level:
    """How grave a remark is by itself."""
    return Level.ERROR if code in _ERRORS else Level.WARNING


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing that somebody's program would object to.

    ``context`` is the message it is about (``greeting.body``), a block
    (``greeting``), or "" for the whole edition; ``needle`` the words to look
    for in the file.
    """

    code: str
    context: str
    message: str
    hint: str
    needle: str = ""
