"""Findings as SARIF 2.1.0, which code hosts and editors read.

Source: OASIS, "Static Analysis Results Interchange Format (SARIF) Version 2.1.0", §3.13 and below.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from newsletter import __version__
from newsletter.cli.todo import Entry

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def sarif(entries: Sequence[Entry]) -> dict[str, object]:
    """One run with one result for each entry, in their order."""
    codes = list(dict.fromkeys(str(entry.finding.code) for entry in entries))
    driver = {"name": "newsletter", "version": __version__, "rules": [{"id": code} for code in codes]}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(entry, codes) for entry in entries],
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _result(entry: Entry, codes: list[str]) -> dict[str, object]:
    finding, where = entry.finding, entry.finding.where
    text = f"{finding.message}\n{finding.hint}" if finding.hint else finding.message
    place: dict[str, object] = {"artifactLocation": {"uri": quote(where.path)}}
    if where.line:
        place["region"] = {"startLine": where.line, "startColumn": max(where.column, 1)}
    return {
        "ruleId": finding.code,
        "ruleIndex": codes.index(finding.code),
        "level": entry.level.value,
        "message": {"text": text},
        "locations": [{"physicalLocation": place}],
    }
