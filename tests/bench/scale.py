"""Whether a campaign of a million costs a hundred times one of ten thousand, and no more memory.

python -m tests.bench.scale [NUMBER…]     10000, 100000 and 1000000 if none are named (some ten minutes)

Each campaign is a process of its own: import, freeze, send to a local sink with the ledger
on, report. The peak of memory is that of the whole process.
"""

from __future__ import annotations

import json
import subprocess
import sys

from tests.bench.campaign import ROOT
from tests.bench.sink import sink

NUMBERS = (10_000, 100_000, 1_000_000)
CONNECTIONS = 20
STEPS = ("import_s", "freeze_s", "send_s", "report_s")


def main(numbers: list[int]) -> None:
    """Measure each, and print microseconds a person and the peak of memory."""
    print(f"{'people':>10}" + "".join(f"{step[:-2]:>12}" for step in STEPS) + "        peak of memory")  # noqa: T201
    print(f"{'':>10}" + "".join(f"{'µs each':>12}" for _ in STEPS))  # noqa: T201
    first = 0.0
    with sink() as port:
        for number in numbers:
            command = [sys.executable, "-m", "tests.bench.campaign", str(number), str(port), str(CONNECTIONS)]
            done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
            measured = json.loads(done.stdout.splitlines()[-1])
            first = first or measured["peak_mb"]
            each = "".join(f"{measured[step] / number * 1e6:>12.1f}" for step in STEPS)
            ratio = measured["peak_mb"] / first
            print(f"{number:>10,}{each}{measured['peak_mb']:>12.1f} MB, {ratio:.2f} times", flush=True)  # noqa: T201


if __name__ == "__main__":
    main([int(number) for number in sys.argv[1:]] or list(NUMBERS))
