"""``issues/<slug>.yaml`` → Issue.  The name of the file is the slug of the issue.

Texts that the file gives for several locales become plain texts in the source
locale; what it says in the others is kept beside the issue, as ``written``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from newsletter.content.fields import TextByLocale, Vocabulary
from newsletter.content.places import Source
from newsletter.content.rebuild import rebuild
from newsletter.content.schema import Issue
from newsletter.content.source import read_source, validate


@dataclass(frozen=True, slots=True)
class LoadedIssue:
    """An issue, with the slug that its files and URLs are named by.

    Every text of ``issue`` is plain and in its source locale.  ``written`` is
    the same issue, in which some texts also know their other locales
    (``TextByLocale``); None where the file gives no text by locale.
    """

    slug: str
    issue: Issue
    written: Issue | None = None


def load_issue(path: Path, words: Vocabulary, shown: str | None = None) -> LoadedIssue:
    """Read and check one issue file.  Raises ContentError with every finding of the file."""
    return issue_from(path.stem, read_source(path, shown or str(path)), words)


def issue_from(slug: str, source: Source, words: Vocabulary) -> LoadedIssue:
    """The issue that a file's text says.  Raises ContentError with every finding of the file."""
    home = source.data.get("source_locale") if isinstance(source.data, dict) else ""
    written = validate(source, Issue, replace(words, source_locale=home if isinstance(home, str) else ""))
    several = False

    def plain(value: object) -> object:
        nonlocal several
        if not isinstance(value, TextByLocale):
            return value
        several = True
        return str(value)

    issue = rebuild(written, plain)
    return LoadedIssue(slug, issue, written if several else None)
