"""One campaign of N invented people to a sink, measured from inside its own process.

python -m tests.bench.campaign N PORT CONNECTIONS     prints one JSON object
"""

from __future__ import annotations

import contextlib
import io
import json
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from newsletter.audience.csvlist import GoodRow
from newsletter.audience.subscribers import NewSubscriber
from newsletter.cli.commands.sending import Sending
from newsletter.cli.loop import run
from newsletter.cli.wiring import House, with_settings
from newsletter.settings import Security, SmtpSettings
from newsletter.workspace import find_workspace

ROOT = Path(__file__).parents[2]
ISSUE = "2019-06-no-polimigra"


def people(number: int) -> Iterator[GoodRow]:
    """Invented people, every other one Spanish."""
    for n in range(number):
        locale = "es" if n % 2 else "en"
        yield GoodRow(n, NewSubscriber(f"r{n}@example.org", f"Réader{n} Ibáñez", locale, frozenset({"supporter"})))


async def measure(number: int, port: int, connections: int) -> dict[str, float]:
    """Import, freeze, send and report; seconds for each, and the peak of memory in MB."""
    folder = Path(tempfile.mkdtemp(prefix="newsletter-bench-"))
    try:
        for name in ("issues", "locales", "templates"):
            shutil.copytree(ROOT / name, folder / name)
        shutil.copy(ROOT / "newsletter.yaml", folder)
        smtp = SmtpSettings(host="127.0.0.1", port=port, security=Security.NONE, connections=connections)
        house = with_settings(House(find_workspace(folder, {})), smtp=smtp)
        times = [time.perf_counter()]
        async with house.stores() as stores:
            await stores.subscribers.import_rows(people(number), lambda _key: ())
        times.append(time.perf_counter())
        with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()) as said:
            await Sending(house, ISSUE, ["supporters"]).run(yes=True, as_json=True, queue=True)
            times.append(time.perf_counter())
            await Sending(house, ISSUE, ["supporters"]).run(yes=True, as_json=True)
            times.append(time.perf_counter())
            await Sending(house, ISSUE, ["supporters"]).dry_run(as_json=True)  # what it tells of a started campaign
            times.append(time.perf_counter())
    finally:
        shutil.rmtree(folder)
    if said.getvalue().count(f'"accepted": {number // 2}') < 2:
        sys.exit(f"not everybody has their copy:\n{said.getvalue()}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    seconds = [after - before for before, after in pairwise(times)]
    return dict(zip(("import_s", "freeze_s", "send_s", "report_s"), seconds, strict=True)) | {"peak_mb": peak}


if __name__ == "__main__":
    print(json.dumps(run(measure(*map(int, sys.argv[1:])))))  # noqa: T201 - what the parent reads
