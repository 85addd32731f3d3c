"""The pairs that were held out, now that the checks know them: nothing right is blocked, and few faults pass."""

from __future__ import annotations

import csv

from tests.bench.translation_rates import TABLE, blocks, found


def test_pairs_that_were_held_out_are_judged_as_docs_tell() -> None:
    with TABLE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    blocked = [row["target"] for row in rows if not row["fault"] and blocks(found(row))]
    passed = [row["fault"] for row in rows if row["fault"] and not blocks(found(row))]
    assert blocked == [
        "Puedes ver la [carta](https://example.org/letter) y la [petición](https://example.org/petition)."
    ]
    assert sorted(passed) == ["swapped"] * 4 + ["untranslated"]
