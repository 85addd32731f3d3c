"""docs/checks.md: every check with its severity, and the counts of the table of pairs."""

from __future__ import annotations

import re

from newsletter.i18n.checks.findings import Check, severity_of
from newsletter.render.quality.remarks import Quality, level_of

from .helpers import ROOT
from .test_checks_pairs import rows

PAGE = (ROOT / "docs" / "checks.md").read_text(encoding="utf-8")


def test_every_check_is_documented_with_its_severity_and_source() -> None:
    line = r"^\| `([a-z-]+)` \| `([a-z-]+)` \| (?:(?:\\\||[^|\n])+\|){2} [^|\n]{5,} \|$"
    documented = dict(re.findall(line, PAGE, re.MULTILINE))
    translations = {str(check): str(severity_of(check)) for check in Check}
    assert documented == translations | {str(check): str(level_of(check)) for check in Quality}


def test_counts_of_the_pairs_are_true() -> None:
    pairs = rows()
    good = sum(not row["expected"] for row in pairs)
    english = sum(row["from"] == "en" for row in pairs)
    words = " ".join(PAGE.split())
    assert f"holds {len(pairs)} pairs" in words
    assert f"{good} good ones" in words
    assert f"and {len(pairs) - good} broken ones" in words
    assert f"{english} go from English to Spanish and {len(pairs) - english} from Spanish" in words


def test_every_check_of_two_texts_is_in_the_table() -> None:
    expected = {code for row in rows() for code in row["expected"].split()}
    of_editions = {"missing-translation", "fuzzy-translation", "plural-forms", "reading-level", "stale-waiver"}
    assert set(Check) - of_editions <= expected
