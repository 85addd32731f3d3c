"""``newsletter send --workers N``: several processes of this machine deliver one campaign together.

One process fills one core of the machine.  The parent holds the lock, the
lease and the desk, freezes and reports; each part (``commands/send_part.py``) is a
process with connections of its own and a branch of the desk
(``delivery/branch.py``), and a lock by which the next ``send`` knows whether it
is still there.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from newsletter.cli.output import tell
from newsletter.delivery.branch import BranchLine, OnResult
from newsletter.delivery.desk import Desk

LONGEST_LINE = 1 << 24  # bytes; what a server says is kept to 500 characters, and a line speaks of each connection once
_TOLD = (0, 1, 2, 3, 70)  # ends of which the part itself has said why
COMMAND = "send-part"  # hidden: it is called by its parent only


async def deliver_in_parts(
    root: Path, run_words: list[str], desk: Desk, connections: int, workers: int, on_result: OnResult
) -> None:
    """Let ``workers`` processes deliver what the desk gives out.  ``run_words`` name the campaign and the run.

    A part tells its errors on standard error itself.  Raises StoreError.
    """
    shares = [connections * (n + 1) // workers - connections * n // workers for n in range(workers)]
    parts = [
        _part(root, [COMMAND, *run_words, str(share), str(n)], desk, on_result)
        for n, share in enumerate(shares)
        if share
    ]
    ended = asyncio.gather(*parts, return_exceptions=True)
    await desk.serve(ended)
    for failure in filter(None, await ended):
        raise failure


async def _part(root: Path, words: list[str], desk: Desk, on_result: OnResult) -> None:
    """Start one process, and serve it until it ends."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "newsletter", *words, cwd=root, stdin=pipe, stdout=pipe, limit=LONGEST_LINE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    line = BranchLine(desk, process.stdin.write, on_result)
    watching = asyncio.ensure_future(_stop_with(desk, line))
    try:
        async for said in process.stdout:
            line.hear(said)
    finally:
        watching.cancel()
        line.close()
    code = await process.wait()
    if code not in _TOLD:
        tell(f"warning: a part of this sending ended with {code}; what it held is in doubt, the others go on")


async def _stop_with(desk: Desk, line: BranchLine) -> None:
    await desk.stopped.wait()
    line.stop()
