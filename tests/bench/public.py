"""How many one-click unsubscribes a second the public pages take, and whether one is lost.

    python -m tests.bench.public            10,000 people
    python -m tests.bench.public --quick    2,000

``newsletter serve`` as a process of its own, over a new SQLite database on the disk below ``var/``, which is waited
for at every commit.  The clients run in this process, on the same machine: so many connections, each a POST as RFC
8058 has it, the next when the answer to the last is there; every person once, in no order.  Then the database is
asked: every answer that was 200 must be somebody who has left, and everybody must have had one.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sqlite3
import statistics
import tempfile
import time
from pathlib import Path

import yaml

from newsletter.audience.csvlist import GoodRow
from newsletter.audience.subscribers import NewSubscriber
from newsletter.cli.wiring import House
from newsletter.workspace import find_workspace
from tests.bench.sink import ROOT
from tests.browser.studio import served

BODY = b"List-Unsubscribe=One-Click"


async def fill(root: Path, people: int) -> list[str]:
    """A list of so many people; their tokens."""
    house = House(find_workspace(root, {}))
    async with house.stores() as stores:
        rows = (GoodRow(n, NewSubscriber(f"reader{n}@example.org", f"Reader {n}", "es")) for n in range(people))
        tokens = await house.tokens(stores.database)
        await stores.subscribers.import_rows(rows, tokens.address_hashes)
        file = stores.database.file
    assert file is not None
    with sqlite3.connect(file) as database:
        refs = [ref for (ref,) in database.execute("select ref from subscribers")]
    database.close()
    random.Random(8058).shuffle(refs)
    return [tokens.reader_token(ref) for ref in refs]


async def client(port: int, tokens: list[str], taken: list[float], good: list[str]) -> None:
    """One connection that posts until nobody is left."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while tokens:
        token = tokens.pop()
        begun = time.perf_counter()
        writer.write(
            f"POST /u/{token} HTTP/1.1\r\nHost: news.example.org\r\nContent-Length: {len(BODY)}\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\n\r\n".encode()
            + BODY
        )
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        await reader.readexactly(length)
        taken.append(time.perf_counter() - begun)
        if head.startswith(b"HTTP/1.1 200"):
            good.append(token)
    writer.close()


async def crowd(port: int, connections: int, tokens: list[str]) -> tuple[float, list[float], list[str]]:
    """All clients at once: seconds, the time of each answer, and the tokens that were answered with 200."""
    taken: list[float] = []
    good: list[str] = []
    left = list(tokens)
    begun = time.perf_counter()
    await asyncio.gather(*(client(port, left, taken, good) for _number in range(connections)))
    return time.perf_counter() - begun, taken, good


def measure(people: int, connections: int) -> None:
    """Print one line."""
    folder = ROOT / "var" / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as name:
        root = Path(name)
        settings = yaml.safe_load((ROOT / "newsletter.yaml").read_text(encoding="utf-8"))
        (root / "newsletter.yaml").write_text(yaml.safe_dump(settings, allow_unicode=True), encoding="utf-8")
        tokens = asyncio.run(fill(root, people))
        with served(root, "serve", "--port", "0") as (address, _pid):
            seconds, taken, good = asyncio.run(crowd(int(address.rpartition(":")[2]), connections, tokens))
        with sqlite3.connect(root / "var" / "newsletter.db") as database:
            left = {ref for (ref,) in database.execute("select ref from subscribers where status = 'unsubscribed'")}
            (noted,) = database.execute("select count(*) from audit where what = 'unsubscribed'").fetchone()
        database.close()
    lost = [token for token in good if token.partition(".")[0] not in left]
    slowest = statistics.quantiles(taken, n=100)[98]
    print(  # noqa: T201 - a benchmark prints
        f"{connections:4} connections: {len(good) / seconds:7,.0f} one-click POSTs/s; median answer "
        f"{statistics.median(taken) * 1000:.1f} ms, 99 % within {slowest * 1000:.0f} ms; "
        f"{len(good):,} of {people:,} answered with 200, {len(lost)} of them lost, {noted:,} in the audit log",
        flush=True,
    )
    if lost or len(good) != people or noted != people:
        raise SystemExit(1)


def main() -> None:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(description="Measure one-click unsubscribing.")
    parser.add_argument("--quick", action="store_true", help="fewer people")
    given = parser.parse_args()
    for connections in (1, 20, 100):
        measure(2_000 if given.quick else 10_000, connections)


if __name__ == "__main__":
    main()
