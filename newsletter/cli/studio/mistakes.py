"""Errors as the studio shows them: as mistakes at their places, or as sentences with what to do."""

from __future__ import annotations

import re
from pathlib import Path

from newsletter.errors import Finding, FindingsError, NewsletterError, SourceSpan, TemplateError
from newsletter.web.preview.studio import Mistake, Place
from newsletter.wording import headline, said
from newsletter.workspace import Workspace

AROUND = 2  # lines before and after a mistake that its panel shows
Told = tuple[str, str]
"""A sentence, and what to do."""
OUR_FAULT: Told = (said("something went wrong in the program itself"), said("the terminal shows more"))


def told(error: NewsletterError) -> tuple[Told, ...]:
    """What stands in the way, a sentence each."""
    if isinstance(error, FindingsError):
        return tuple(
            (said("%(where)s: %(what)s", where=one.where, what=one.message), one.hint) for one in error.findings
        )
    return ((headline(error.message), error.hint),)


def mistakes_of(error: NewsletterError, workspace: Workspace) -> tuple[Mistake, ...]:
    """What is wrong, with the lines around it."""
    if isinstance(error, FindingsError):
        return tuple(_mistake(finding, workspace) for finding in error.findings)
    where = SourceSpan("", line=0)
    if isinstance(error, TemplateError):
        where = _template_place(error.message, workspace) or where
    return (_mistake(Finding(where, error.code, error.message, error.hint), workspace),)


def _template_place(message: str, workspace: Workspace) -> SourceSpan | None:
    found = re.match(r"(?P<path>.+?\.j2):(?P<line>\d+): ", message)
    return SourceSpan(workspace.shown(Path(found["path"])), int(found["line"])) if found else None


def _mistake(finding: Finding, workspace: Workspace) -> Mistake:
    where = finding.where
    excerpt: tuple[tuple[int, str], ...] = ()
    if where.line:
        try:
            lines = (workspace.root / where.path).read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            lines = []
        first = max(1, where.line - AROUND)
        excerpt = tuple(enumerate(lines[first - 1 : where.line + AROUND], first))
    place = Place(where.path, where.line)
    return Mistake(finding.code, finding.message, finding.hint, place, where.column, excerpt)
