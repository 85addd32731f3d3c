"""How many faults the checks of translations find, and how much that is right they report.

``.venv/bin/python -m tests.bench.translation_rates [TABLE] [--each]`` reads a table of pairs that was written
without looking at the checks: tests/data/translation-heldout.csv, or the second one beside it.  Each row is right,
or has the one fault that it names.  *Stopped* is what keeps the edition in the house until somebody mends or waives
it.  ``--each`` prints every pair that was judged wrongly.  No glossary: how its terms are said is each
organisation's own rule.
"""

from __future__ import annotations

import argparse
import csv
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

from newsletter.content.fields import TextKind
from newsletter.i18n.checks.address import check_address
from newsletter.i18n.checks.edition import compare, malformed
from newsletter.i18n.checks.findings import Severity, severity_of
from newsletter.i18n.checks.structure import Limits
from newsletter.i18n.checks.text import Pair, Text
from newsletter.i18n.glossary import Glossary
from newsletter.i18n.messages import Message

Judged = list[tuple[dict[str, str], set[str]]]  # rows of the table, with the codes of what was found

TABLE = Path(__file__).parents[1] / "data" / "translation-heldout.csv"


def found(row: dict[str, str]) -> set[str]:
    """The codes of all that the checks find in a row."""
    to_locale = {"en": "es", "es": "en"}[row["from"]]
    kind = TextKind.MARKDOWN if row["field"] == "body" else TextKind.LINE
    context = row["field"] if row["field"] in ("subject", "preheader") else f"story.{row['field']}"
    pair = Pair(context, Text(row["source"], kind, row["from"]), Text(row["target"], kind, to_locale))
    return {
        problem.code
        for problem in (
            *malformed(Message(context, row["source"], kind), row["target"]),
            *compare(pair, Limits(), Glossary().terms(row["from"], to_locale)),
            *(problem for _pair, problem in check_address([pair])),
        )
    }


def blocks(codes: set[str]) -> bool:
    """Whether the edition stays in the house."""
    return any(severity_of(code) is not Severity.WARNING for code in codes)


def share(pairs: list[set[str]]) -> str:
    """How many of the pairs are stopped: ``12 of 30 (40%)``."""
    stopped = sum(map(blocks, pairs))
    return f"{stopped} of {len(pairs)} ({stopped / len(pairs):.0%})"


def rates(judged: Judged) -> Iterator[str]:
    """Both rates, what was reported of right pairs, and the faults one by one."""
    right = [codes for row, codes in judged if not row["fault"]]
    yield f"right: {share(right)} stopped, {sum(1 for codes in right if codes and not blocks(codes))} warned of"
    for code, times in Counter(code for codes in right for code in codes).most_common():
        yield f"  {code} {times}"

    faults: defaultdict[str, list[set[str]]] = defaultdict(list)
    for row, codes in judged:
        if row["fault"]:
            faults[row["fault"]].append(codes)
    broken = [codes for each in faults.values() for codes in each]
    yield f"broken: {share(broken)} stopped, {sum(1 for codes in broken if codes and not blocks(codes))} warned of"
    for fault, each in faults.items():
        by = ", ".join(Counter(code for codes in each for code in codes))
        yield f"  {fault:16} {sum(map(blocks, each)):2} of {len(each):2}  {by}".rstrip()


def wrong(judged: Judged) -> Iterator[str]:
    """Every pair that was judged wrongly, and every right one that was warned of."""
    for row, codes in judged:
        if blocks(codes) != bool(row["fault"]) or (codes and not row["fault"]):
            told = ", ".join(sorted(codes)) or "nothing found"
            yield f"\n{row['fault'] or 'right'}: {told}\n  {row['source']}\n  {row['target']}"


def main() -> None:
    """Print the rates."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("table", nargs="?", type=Path, default=TABLE)
    parser.add_argument("--each", action="store_true", help="print every pair that was judged wrongly")
    options = parser.parse_args()
    with options.table.open(encoding="utf-8", newline="") as file:
        judged = [(row, found(row)) for row in csv.DictReader(file)]
    print("\n".join([*rates(judged), *(wrong(judged) if options.each else ())]))  # noqa: T201 - a script


if __name__ == "__main__":
    main()
