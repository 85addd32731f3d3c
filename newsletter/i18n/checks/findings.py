"""The checks by name, how grave each is, and what one of them found.

Comparisons of two texts return ``Problem``s, as the checks of single texts
do.  ``edition.py`` adds what they cannot know, the message and its place in
the PO file, and makes a ``CheckFinding`` of each.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from newsletter.errors import Finding, SourceSpan
from newsletter.wording import said

EXCERPT = 80  # characters of a text that a report shows


class Severity(StrEnum):
    """What a finding means for the edition."""

    BLOCKING = "blocking"
    UNLESS_WAIVED = "blocking-unless-waived"
    WARNING = "warning"


class Check(StrEnum):
    """The name of each check; docs/checks.md explains them."""

    MISSING = "missing-translation"
    FUZZY = "fuzzy-translation"
    PLURAL_FORMS = "plural-forms"
    PLACEHOLDERS = "placeholders"
    LINKS = "links"
    MARKDOWN = "markdown"
    EDGE_SPACE = "edge-space"
    TOO_LONG = "too-long"

    LINK_ORDER = "link-order"
    NUMBERS = "numbers"
    AMOUNTS = "amounts"
    DATES = "dates"
    TIMES = "times"
    UNTRANSLATED = "untranslated"
    SHORTENED = "shortened"
    INVERTED_MARKS = "inverted-marks"
    GLOSSARY = "glossary"
    FORM_OF_ADDRESS = "form-of-address"

    EMPHASIS = "emphasis"
    DOUBLE_SPACE = "double-space"
    FINAL_PUNCTUATION = "final-punctuation"
    VALUE_ORDER = "value-order"
    OTHER_LANGUAGE_LINK = "other-language-link"
    READING_LEVEL = "reading-level"
    STALE_WAIVER = "stale-waiver"


_WAIVABLE = (
    Check.LINK_ORDER,
    Check.NUMBERS,
    Check.AMOUNTS,
    Check.DATES,
    Check.TIMES,
    Check.UNTRANSLATED,
    Check.SHORTENED,
    Check.INVERTED_MARKS,
    Check.GLOSSARY,
    Check.FORM_OF_ADDRESS,
)
_WARNINGS = (
    Check.EMPHASIS,
    Check.DOUBLE_SPACE,
    Check.FINAL_PUNCTUATION,
    Check.VALUE_ORDER,
    Check.OTHER_LANGUAGE_LINK,
    Check.READING_LEVEL,
    Check.STALE_WAIVER,
)


def severity_of(check: str) -> Severity:
    """How grave a finding is.  What is malformed in any language (``raw-html``) blocks too."""
    if check in _WAIVABLE:
        return Severity.UNLESS_WAIVED
    return Severity.WARNING if check in _WARNINGS else Severity.BLOCKING


@dataclass(frozen=True, slots=True)
class CheckFinding:
    """One thing that one check found in one message.

    ``reason`` is that of the waiver, if there is one; ``raised`` says that the
    settings take a warning for an error.
    """

    code: str
    where: SourceSpan
    context: str
    source: str
    target: str
    message: str
    hint: str = ""
    reason: str = ""
    raised: bool = False

    @property
    def severity(self) -> Severity:
        """How grave it is."""
        severity = severity_of(self.code)
        return Severity.UNLESS_WAIVED if self.raised and severity is Severity.WARNING else severity

    @property
    def blocks(self) -> bool:
        """Whether it keeps the edition in the house."""
        severity = self.severity
        return severity is Severity.BLOCKING or (severity is Severity.UNLESS_WAIVED and not self.reason)

    def as_finding(self) -> Finding:
        """The same as what an error or a report of all findings holds."""
        message = said("%(context)s: %(what)s", context=self.context, what=self.message)
        return Finding(self.where, self.code, message, self.hint)


def excerpt(text: str) -> str:
    """The beginning of a text on one line."""
    line = " ".join(text.split())
    return line if len(line) <= EXCERPT else f"{line[: EXCERPT - 1]}…"
