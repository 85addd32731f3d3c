"""Findings as GitHub shows them, at their lines of the files of a pull request.

Source: GitHub, "Workflow commands for GitHub Actions"; escapes as in actions/toolkit.
"""

from __future__ import annotations

from newsletter.errors import Finding


def annotation(kind: str, finding: Finding) -> str:
    """One workflow command; ``kind`` is error, warning or notice."""
    where = finding.where
    text = f"{finding.message}\n{finding.hint}" if finding.hint else finding.message
    place = f"file={_escaped(where.path, ':,')},line={max(where.line, 1)}"
    if where.column > 1:
        place += f",col={where.column}"
    return f"::{kind} {place},title={_escaped(finding.code, ':,')}::{_escaped(text)}"


def _escaped(text: str, also: str = "") -> str:
    return "".join(f"%{ord(char):02X}" if char in "%\r\n" or char in also else char for char in text)
