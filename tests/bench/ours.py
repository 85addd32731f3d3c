"""One campaign of N invented people by ``newsletter send``, of which only the sending is measured.

python -m tests.bench.ours WORKSPACE N PORT CONNECTIONS WORKERS CORES     prints one JSON object; CORES 0 for all

``send`` is called twice in this process.  The first call, with ``--queue``, only freezes the
campaign.  The second goes on with it, as after any interruption: that is what is measured,
to the end of the command.  When its first connection was opened, the sink knows.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import os
import resource
import sys
import time
from pathlib import Path

from newsletter.cli.main import main
from newsletter.cli.wiring import open_house
from tests.bench.campaign import ISSUE, people
from tests.bench.letter import SEGMENT


def send(*options: str) -> None:
    """``newsletter send``, as if it had been typed; ends this process if it fails."""
    sys.argv = ["newsletter", "send", ISSUE, "--segment", SEGMENT, "--yes", "--json", *options]
    code: object = 0
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
        try:
            main()
        except SystemExit as end:
            code = end.code
    if code:
        sys.exit(f"'{' '.join(sys.argv)}' ended with {code}:\n{out.getvalue()}{err.getvalue()}")


def cpu_s() -> float:
    """Seconds of processor of this process and of its children that have ended."""
    both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in both)


async def import_people(number: int) -> None:
    """Fill the database."""
    async with open_house().stores() as stores:
        await stores.subscribers.import_rows(people(number), lambda _key: ())


def measure(
    workspace: Path, number: int, port: int, connections: int, workers: int, cores: int = 0
) -> dict[str, float]:
    """Import, freeze, send."""
    os.chdir(workspace)
    smtp = {"HOST": "127.0.0.1", "PORT": port, "CONNECTIONS": connections, "SECURITY": "none"}
    os.environ.update({f"NEWSLETTER_SMTP__{key}": str(value) for key, value in smtp.items()})
    asyncio.run(import_people(number))
    send("--queue")
    if cores:
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])
    before = cpu_s()
    send(*(["--workers", str(workers)] if workers > 1 else []))
    ended = time.perf_counter()
    return {"ended": ended, "cpu_s": cpu_s() - before}


if __name__ == "__main__":
    folder, *counts = sys.argv[1:]
    print(json.dumps(measure(Path(folder), *map(int, counts))))  # noqa: T201 - what the parent reads
