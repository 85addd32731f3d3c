"""The table of translation pairs: no blocking error is missed, and nothing is reported that is right."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from newsletter.content.fields import TextKind
from newsletter.i18n.checks.address import check_address
from newsletter.i18n.checks.edition import compare, malformed
from newsletter.i18n.checks.structure import Limits
from newsletter.i18n.checks.text import Pair, Text
from newsletter.i18n.glossary import read_glossary
from newsletter.i18n.messages import Message

from .helpers import ROOT

TABLE = Path(__file__).parents[1] / "data" / "translation-pairs.csv"
GLOSSARY = read_glossary(ROOT / "locales" / "glossary.csv", "glossary.csv", ("en", "es"))


def rows() -> list[dict[str, str]]:
    with TABLE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def codes(source: str, target: str, from_locale: str, field: str) -> set[str]:
    """What the checks find in one pair."""
    to_locale = {"en": "es", "es": "en"}[from_locale]
    kind = TextKind.MARKDOWN if field == "body" else TextKind.LINE
    context = field if field in ("subject", "preheader") else f"story.{field}"
    pair = Pair(context, Text(source, kind, from_locale), Text(target, kind, to_locale))
    problems = [
        *malformed(Message(context, source, kind), target),
        *compare(pair, Limits(), GLOSSARY.terms(from_locale, to_locale)),
        *(problem for _pair, problem in check_address([pair])),
    ]
    return {problem.code for problem in problems}


@pytest.mark.parametrize("row", rows(), ids=lambda row: f"{row['from']}: {row['target'][:50]}")
def test_pair_gives_what_the_table_says(row: dict[str, str]) -> None:
    found = codes(row["source"], row["target"], row["from"], row["field"])
    assert found == set(row["expected"].split()), row["source"]
