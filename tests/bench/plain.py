"""Python's own ways to hand over a finished message: smtplib in threads, and aiosmtplib.

python -m tests.bench.plain smtplib|aiosmtplib MESSAGE_FILE PORT N CONNECTIONS     prints one JSON object
"""

from __future__ import annotations

import asyncio
import itertools
import json
import resource
import smtplib
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import aiosmtplib

SENDER = "bounces@example.org"


def by_smtplib(message: bytes, port: int, number: int, connections: int) -> None:
    """A thread for each connection."""
    numbers = itertools.count()

    def work(_connection: int) -> None:
        with smtplib.SMTP("127.0.0.1", port, local_hostname="example.org") as server:
            while (index := next(numbers)) < number:
                server.sendmail(SENDER, [f"r{index}@example.org"], message)

    with ThreadPoolExecutor(connections) as pool:
        list(pool.map(work, range(connections)))


def by_aiosmtplib(message: bytes, port: int, number: int, connections: int) -> None:
    """A task for each connection."""
    numbers = itertools.count()

    async def work() -> None:
        server = aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False, local_hostname="example.org")
        async with server:
            while (index := next(numbers)) < number:
                await server.sendmail(SENDER, [f"r{index}@example.org"], message)

    async def everybody() -> None:
        await asyncio.gather(*(work() for _ in range(connections)))

    asyncio.run(everybody())


WAYS: dict[str, Callable[[bytes, int, int, int], None]] = {"smtplib": by_smtplib, "aiosmtplib": by_aiosmtplib}


def measure(way: str, file: Path, port: int, number: int, connections: int) -> dict[str, float]:
    """Send; when it began and ended, and the seconds of processor between."""
    message = file.read_bytes()
    before, started = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    WAYS[way](message, port, number, connections)
    ended, after = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"started": started, "ended": ended, "cpu_s": used}


if __name__ == "__main__":
    way, file, *counts = sys.argv[1:]
    print(json.dumps(measure(way, Path(file), *map(int, counts))))  # noqa: T201 - what the parent reads
