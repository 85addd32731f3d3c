"""``make bench``: what the main job costs, as medians over several runs on this machine.

Nothing here passes or fails; the targets stand beside the figures.  Machines
are noisy: compare figures of one run, not of two days.
"""

from __future__ import annotations

import json
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

from newsletter.audience.subscribers import Addressee
from newsletter.audience.tokens import Tokens
from newsletter.cli.publishing import frozen_edition
from newsletter.cli.wiring import House
from newsletter.delivery.message import MessageTemplate, reader_of
from newsletter.workspace import find_workspace
from tests.bench.campaign import ISSUE, ROOT
from tests.bench.sink import sink

RUNS = 5
MESSAGES = 2_000  # composed in one run
FEW, MANY = 1_000, 100_000  # recipients between which memory may grow 1.5 times
RATE_PEOPLE = 5_000  # recipients of a run that measures the rate
CONNECTIONS = 20
SIZE = 40_000  # bytes of the message that is composed


def timed(action: Callable[[], object], runs: int = RUNS) -> list[float]:
    """Seconds of each of ``runs`` runs, after one that does not count."""
    action()
    times = []
    for _run in range(runs):
        started = time.perf_counter()
        action()
        times.append(time.perf_counter() - started)
    return times


def row(what: str, values: list[float], unit: str, target: str = "") -> None:
    """One line of the report."""
    middle, low, high = statistics.median(values), min(values), max(values)
    print(f"{what:<46} {middle:>10,.1f} {unit:<12} ({low:,.1f} to {high:,.1f}) {target}".rstrip())  # noqa: T201


def campaign(number: int, port: int) -> dict[str, float]:
    """One campaign in a process of its own."""
    command = [sys.executable, "-m", "tests.bench.campaign", str(number), str(port), str(CONNECTIONS)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    measured: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return measured


def main() -> None:
    """Measure and print."""
    print(f"Python {platform.python_version()}, medians of {RUNS} runs (lowest to highest)\n")  # noqa: T201
    house = House(find_workspace(ROOT, {}))
    loaded = house.load(house.workspace.issue_file(ISSUE))
    row(
        "an edition: translate, compose, compile",
        [t * 1e3 for t in timed(lambda: frozen_edition(house, loaded, "es"))],
        "ms",
    )

    edition = frozen_edition(house, loaded, "es")
    tokens = Tokens((b"k" * 32,))
    person = Addressee(1, "Ye17ne-TuVLg", "ana@example.org", "Ana María Ñandú", "Ana")
    template = MessageTemplate(edition)
    now = house.clock.now()

    def compose() -> int:
        size = 0
        for number in range(MESSAGES):
            reader = reader_of(person, tokens)
            message_id = tokens.message_id("campaign", f"{number}", template.sender.domain)
            size += len(template.fill(reader, message_id, now))
        return size

    size = compose() // MESSAGES
    micros = [t / MESSAGES * 1e6 for t in timed(compose)]
    row(f"a personalised message of {size:,} bytes", micros, "µs", f"target: under 150 for {SIZE:,}")
    row("  that is", [1e6 / value for value in micros], "messages/s")

    with sink() as port:
        rates = [RATE_PEOPLE / campaign(RATE_PEOPLE, port)["send_s"] for _run in range(3)]
        row(f"sent to a local sink, {RATE_PEOPLE:,} people, ledger on", rates, "messages/s")
        few, many = campaign(FEW, port), campaign(MANY, port)
    row(f"peak memory, {FEW:,} recipients", [few["peak_mb"]], "MB")
    row(f"peak memory, {MANY:,} recipients", [many["peak_mb"]], "MB")
    row("  that is", [many["peak_mb"] / few["peak_mb"]], "times", "target: at most 1.5")
    row(f"import of {MANY:,} people", [many["import_s"]], "s")


if __name__ == "__main__":
    main()
