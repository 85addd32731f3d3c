"""``python -m tests.bench.i18n_sync``: what sync and status cost, each at three sizes.

Nothing here passes or fails; the targets stand beside the figures.  "Linear"
means that the figure for one message, or one issue, stays about the same.
Seconds are those of the processor, so that other programs do not count; on an
idle machine they are those of the clock, since next to nothing waits.
"""

from __future__ import annotations

import platform
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import polib
import yaml

from newsletter.cli.commands.i18n import statuses
from newsletter.cli.wiring import House
from newsletter.content.fields import Vocabulary
from newsletter.content.load import LoadedIssue, issue_from
from newsletter.content.source import parse
from newsletter.i18n.catalog import catalog_path, read_catalog, write_catalog
from newsletter.i18n.memory import Memory
from newsletter.i18n.sync import sync
from newsletter.workspace import find_workspace
from tests.bench.__main__ import RUNS, row
from tests.bench.campaign import ROOT

LENGTH = 500  # characters of a message
PARAGRAPHS = 35  # in one text block; what a body may hold at most, some 20,000 characters
EDITED = 20  # one message in so many is edited
SIZES = (500, 1_000, 2_000)  # messages
WORKSPACES = (12, 25, 50)  # issues
WORDS = Vocabulary(("en", "es"), frozenset(), "America/New_York")
HEAD = {"source_locale": "en", "date": "2019-06-03", "subject": "A subject", "preheader": "A line"}


def timed(action: Callable[[], object], runs: int = RUNS) -> list[float]:
    """Milliseconds of the processor of each of ``runs`` runs, after one that does not count."""
    action()
    times = []
    for _run in range(runs):
        started = time.process_time()
        action()
        times.append((time.process_time() - started) * 1000)
    return times


def sentences(seed: int) -> str:
    """Some text of the length of a message, of words that come as often as words do."""
    rng = random.Random(seed)
    syllables = [f"{first}{second}" for first in "bcdfglmnprst" for second in "aeiou"]
    rare = ["".join(rng.choice(syllables) for _ in range(rng.randint(2, 4))) for _ in range(40)]
    vocabulary = ["the", "and", "of", "to", "we", "in", "that", "our", *rare]
    text = ""
    while len(text) < LENGTH:
        text += f"{rng.choice(vocabulary)} "
    return f"{text[: LENGTH - 1].strip()}."


def issue_of(number: int, *, edited: bool, paragraphs: int = PARAGRAPHS) -> LoadedIssue:
    """An issue of so many messages, in text blocks of so many paragraphs."""
    texts = [sentences(seed) for seed in range(number)]
    if edited:
        texts[::EDITED] = [f"So {text.replace(' and ', ' or ', 1)}" for text in texts[::EDITED]]
    bodies = [texts[at : at + paragraphs] for at in range(0, number, paragraphs)]
    blocks = [{"type": "text", "id": f"b{at}", "body": "\n\n".join(body)} for at, body in enumerate(bodies)]
    issues = {**HEAD, "blocks": blocks}
    return issue_from("bench", parse(yaml.safe_dump(issues, sort_keys=False, width=10**6), "bench.yaml"), WORDS)


def one_context(loaded: LoadedIssue) -> LoadedIssue:
    """The same messages, all in one context: what no issue can hold, and the hardest for a search for neighbours."""
    first, *others = loaded.issue.blocks
    body = "\n\n".join(block.body for block in (first, *others))  # type: ignore[union-attr]
    issue = loaded.issue.model_copy(update={"blocks": (first.model_copy(update={"body": body}),)})
    return LoadedIssue(loaded.slug, issue)


def translated(loaded: LoadedIssue) -> polib.POFile:
    """The finished catalog of an issue."""
    catalog = sync(loaded, "es", polib.POFile(wrapwidth=0))
    for entry in catalog:
        entry.msgstr = f"« {entry.msgid} »"
    return catalog


def bench_sync(folder: Path, what: str, arrange: Callable[[LoadedIssue], LoadedIssue], earlier: int) -> None:
    """Read the catalog, merge, write: after an edit of one message in twenty."""
    for size in SIZES:
        before, after = (arrange(issue_of(size, edited=edited)) for edited in (False, True))
        locales = folder / f"{what}-{size}"
        file = catalog_path(locales, "es", "bench")
        write_catalog(translated(before), file)
        for number in range(earlier):
            write_catalog(translated(issue_of(20, edited=True)), catalog_path(locales, "es", f"earlier-{number}"))
        out = file.with_suffix(".out")

        def run(after: LoadedIssue = after, file: Path = file, locales: Path = locales, out: Path = out) -> None:
            write_catalog(sync(after, "es", read_catalog(file), Memory(locales, "en", "es")), out)

        found = polib.pofile(str(out)) if timed(run, 1) else None
        fuzzy = sum(entry.fuzzy for entry in found or ())
        target = "target 2,000" if size == SIZES[-1] else ""
        times = timed(run)
        row(f"{what}: {size:,} messages, {fuzzy} fuzzy", times, "ms", target)
        row("  for one message", [milliseconds * 1000 / size for milliseconds in times], "µs")


@contextmanager
def workspace(number: int) -> Iterator[House]:
    """So many issues of 20 messages, translated."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        (root / "issues").mkdir()
        settings = yaml.safe_load((ROOT / "newsletter.yaml").read_text(encoding="utf-8"))
        (root / "newsletter.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
        body = "\n\n".join(sentences(seed) for seed in range(18))
        for at in range(number):
            issue = {**HEAD, "blocks": [{"type": "text", "id": "greeting", "body": f"Hello {at}\n\n{body}"}]}
            file = root / "issues" / f"issue-{at:03}.yaml"
            file.write_text(yaml.safe_dump(issue, sort_keys=False), encoding="utf-8")
        house = House(find_workspace(root, {}))
        for loaded in house.issues(None):
            write_catalog(translated(loaded), catalog_path(root / "locales", "es", loaded.slug))
        yield house


def bench_status() -> None:
    """Load every issue and its catalog, check and count."""
    for number in WORKSPACES:
        with workspace(number) as house:

            def run(house: House = house) -> None:
                for loaded in house.issues(None):
                    assert all(status.counts.complete for status in statuses(house, loaded))

            times = timed(run)
            row(f"{number} issues", times, "ms", "target 2,000" if number == WORKSPACES[-1] else "")
            row("  for one issue", [milliseconds / number for milliseconds in times], "ms")


def main() -> None:
    """Measure and print."""
    print(f"Python {platform.python_version()}, messages of {LENGTH} characters, 1 in {EDITED} edited\n")  # noqa: T201
    with tempfile.TemporaryDirectory() as name:
        print("sync")  # noqa: T201
        bench_sync(Path(name), "in blocks of 35", lambda loaded: loaded, earlier=0)
        bench_sync(Path(name), "one context", one_context, earlier=0)
        bench_sync(Path(name), "beside 50 issues", lambda loaded: loaded, earlier=50)
    print("status")  # noqa: T201
    bench_status()


if __name__ == "__main__":
    main()
