"""``issues/<slug>.yaml`` → Issue.  The name of the file is the slug of the issue."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from newsletter.content.fields import Vocabulary
from newsletter.content.schema import Issue
from newsletter.content.source import read_source, validate


@dataclass(frozen=True, slots=True)
class LoadedIssue:
    """An issue, with the slug that its files and URLs are named by."""

    slug: str
    issue: Issue


def load_issue(path: Path, words: Vocabulary, shown: str | None = None) -> LoadedIssue:
    """Read and check one issue file.  Raises ContentError with every finding of the file."""
    source = read_source(path, shown or str(path))
    return LoadedIssue(path.stem, validate(source, Issue, words))
